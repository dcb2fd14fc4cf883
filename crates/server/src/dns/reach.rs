//! Which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whom we ask, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// The port.
    pub(super) port: u16,
    /// Whether an address may be asked.
    pub(super) may_ask: fn(IpAddr) -> bool,
}

impl Reach {
    /// Public addresses, at the port of DNS.
    pub(super) const PUBLIC: Self = Self { port: 53, may_ask: is_public };

    /// Where the server at this address is asked; nowhere if it may not be.
    pub(super) fn of(&self, ip: IpAddr) -> Option<SocketAddr> {
        (self.may_ask)(ip).then(|| SocketAddr::new(ip, self.port))
    }
}

/// Whether an address belongs to one place on the Internet (the registries of special-purpose addresses, RFC 6890).
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        // 6to4: the next four bytes are the address.
        [0x2002, high, low, ..] => is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
        // Teredo, benchmarks, ORCHID; documentation.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] => second >= 0x1000,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_not_public() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2001:500:2::c",
            "2002:808:808::",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}

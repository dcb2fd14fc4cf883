//! Which addresses may be called when others name the URL: public ones, and those that the operator allows besides.
//!
//! The rule is asked about the URL before a call, and again about each address that its name resolves to, at the moment
//! of connecting: a name that is public when it is looked at and private when it is called gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use url::{Host, Url};

/// Something that may be called though it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Every address of a network.
    Network(IpNet),
    /// A host, whatever addresses its name has.
    Host(String),
}

impl Allowed {
    /// Reads a network, an address or a host name.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(network) = text.parse() {
            return Some(Self::Network(network));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Network(ip.into()));
        }
        match Host::parse(text).ok()? {
            Host::Ipv4(ip) => Some(Self::Network(IpAddr::from(ip).into())),
            Host::Ipv6(ip) => Some(Self::Network(IpAddr::from(ip).into())),
            Host::Domain(name) => {
                let is_name =
                    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
                is_name.then_some(Self::Host(name))
            }
        }
    }
}

/// Whom we call.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    allowed: Vec<Allowed>,
}

impl Rule {
    /// Public addresses and these; every loopback address too when `with_loopback`.
    pub(super) fn new(mut allowed: Vec<Allowed>, with_loopback: bool) -> Self {
        if with_loopback {
            allowed.extend(["127.0.0.0/8", "::1/128"].iter().filter_map(|net| Allowed::parse(net)));
        }
        Self { allowed }
    }

    /// Whether a URL may be called as far as it shows.
    pub(super) fn allows(&self, url: &Url) -> bool {
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => is_localhost(name),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return false,
        };
        let has_scheme = url.scheme() == "https" || url.scheme() == "http" && is_loopback;
        let has_address = match url.host() {
            Some(Host::Domain(name)) => !is_loopback || self.allows_localhost(name),
            Some(Host::Ipv4(ip)) => self.allows_address(ip.into()),
            Some(Host::Ipv6(ip)) => self.allows_address(ip.into()),
            None => false,
        };
        has_scheme && has_address && url.username().is_empty() && url.password().is_none()
    }

    /// Whether an address may be connected to that `name` resolves to.
    fn allows_resolved(&self, name: &str, ip: IpAddr) -> bool {
        // The one name that `http` is good for: it stays on this machine, whatever name servers say.
        if is_localhost(name) && !ip.is_loopback() {
            return false;
        }
        self.names(name) || self.allows_address(ip)
    }

    fn allows_address(&self, ip: IpAddr) -> bool {
        let ip = embedded(ip).unwrap_or(ip);
        is_public(ip) || self.allowed.iter().any(|a| matches!(a, Allowed::Network(net) if net.contains(&ip)))
    }

    fn allows_localhost(&self, name: &str) -> bool {
        self.names(name)
            || self.allows_address(Ipv4Addr::LOCALHOST.into())
            || self.allows_address(Ipv6Addr::LOCALHOST.into())
    }

    fn names(&self, name: &str) -> bool {
        self.allowed.iter().any(|a| matches!(a, Allowed::Host(host) if host.eq_ignore_ascii_case(name)))
    }
}

impl Resolve for Rule {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found = lookup_host((name, 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|a| rule.allows_resolved(name, a.ip())).collect();
            if allowed.is_empty() {
                return Err(Box::new(NotAllowed) as Box<dyn std::error::Error + Send + Sync>);
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// Every address of a host is one that may not be called.
#[derive(Debug)]
pub(super) struct NotAllowed;

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no address of the host may be called")
    }
}

impl std::error::Error for NotAllowed {}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

/// The IPv4 address that a call to this IPv6 address ends at: mapped ones, and those of NAT64 (RFC 6052).
fn embedded(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = ip else { return None };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return Some(v4.into());
    }
    match v6.octets() {
        [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => {
            Some(Ipv4Addr::new(a, b, c, d).into())
        }
        _ => None,
    }
}

/// Whether the registries of special-purpose addresses (RFC 6890) leave this one to everybody.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !matches!(
            v4.octets(),
            [0 | 10 | 127 | 224..=255, ..]
                | [100, 64..=127, ..]
                | [169, 254, ..]
                | [172, 16..=31, ..]
                | [192, 168, ..]
                | [192, 0, 0 | 2, _]
                | [192, 88, 99, _]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
        ),
        // Only 2000::/3 was given out, less protocols' addresses, documentation and 6to4.
        IpAddr::V6(v6) => match v6.segments() {
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(allowed: &[&str]) -> Rule {
        Rule::new(allowed.iter().map(|text| Allowed::parse(text).unwrap()).collect(), false)
    }

    fn allows(rule: &Rule, url: &str) -> bool {
        rule.allows(&Url::parse(url).unwrap())
    }

    #[test]
    fn only_public_addresses_may_be_called() {
        let rule = rule(&[]);
        for host in
            ["1.1.1.1", "192.0.1.1", "198.20.0.1", "[2606:4700::1111]", "[2001:200::1]", "[64:ff9b::101:101]"]
        {
            assert!(allows(&rule, &format!("https://{host}/keys")), "{host}");
        }
        for host in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[ff02::1]",
            "localhost",
            "LOCALHOST",
        ] {
            assert!(!allows(&rule, &format!("https://{host}/keys")), "{host}");
        }
    }

    #[test]
    fn names_are_judged_by_what_they_resolve_to() {
        let rule = rule(&["10.1.0.0/16", "idp.internal"]);
        let resolved = |name: &str, ip: &str| rule.allows_resolved(name, ip.parse().unwrap());
        assert!(allows(&rule, "https://rebound.example/"));
        assert!(resolved("rebound.example", "1.1.1.1"));
        assert!(
            !resolved("rebound.example", "127.0.0.1") && !resolved("rebound.example", "::ffff:192.168.0.1")
        );
        assert!(resolved("rebound.example", "10.1.2.3") && !resolved("rebound.example", "10.2.2.3"));
        assert!(resolved("IDP.internal", "192.168.0.1") && !resolved("x.idp.internal", "192.168.0.1"));
        assert!(!resolved("localhost", "1.1.1.1"));
    }

    #[tokio::test]
    async fn what_a_name_resolves_to_is_checked_when_it_is_connected_to() {
        let resolved = async |rule: Rule| rule.resolve("localhost".parse().unwrap()).await;
        let refused = resolved(rule(&["10.0.0.0/8"])).await.err().unwrap();
        assert!(refused.is::<NotAllowed>());
        let addresses: Vec<_> = resolved(rule(&["127.0.0.1"])).await.ok().unwrap().collect();
        assert!(
            !addresses.is_empty() && addresses.iter().all(|a| a.ip() == Ipv4Addr::LOCALHOST),
            "{addresses:?}"
        );
    }

    #[test]
    fn plain_http_is_for_loopback_addresses_that_are_allowed() {
        let local = rule(&["127.0.0.1"]);
        assert!(allows(&local, "http://127.0.0.1:9/") && allows(&local, "http://localhost:9/"));
        assert!(!allows(&local, "http://127.0.0.2/") && !allows(&local, "http://[::1]/"));
        assert!(!allows(&local, "http://1.1.1.1/") && !allows(&local, "http://example.com/"));
        assert!(!allows(&rule(&["10.0.0.0/8"]), "http://10.0.0.1/"));
        assert!(!allows(&rule(&[]), "http://127.0.0.1/") && !allows(&rule(&[]), "http://localhost/"));
        assert!(allows(&Rule::new(Vec::new(), true), "http://[::1]:8080/keys"));
    }

    #[test]
    fn other_schemes_and_urls_with_a_user_are_not_called() {
        let rule = rule(&["127.0.0.1"]);
        for url in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:,x",
            "https://user@example.com/",
            "https://:pw@1.1.1.1/",
        ] {
            assert!(!allows(&rule, url), "{url}");
        }
    }

    #[test]
    fn networks_addresses_and_names_are_read() {
        assert_eq!(Allowed::parse("fd00::1"), Some(Allowed::Network("fd00::1/128".parse().unwrap())));
        assert_eq!(Allowed::parse("[fd00::1]"), Some(Allowed::Network("fd00::1/128".parse().unwrap())));
        assert_eq!(Allowed::parse("10.0.0.0/8"), Some(Allowed::Network("10.0.0.0/8".parse().unwrap())));
        assert_eq!(Allowed::parse("IdP.Internal"), Some(Allowed::Host("idp.internal".to_owned())));
        for text in ["", "10.0.0.0/33", "https://idp.internal", "idp.internal:443", "*.internal", "a b"] {
            assert_eq!(Allowed::parse(text), None, "{text}");
        }
    }
}

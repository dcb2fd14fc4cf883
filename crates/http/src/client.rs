//! Where a request comes from: its address behind proxies, its program, its id (`contract/00` §§3, 9).

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

/// The address at the other end of the socket, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Most bytes of `User-Agent` that are kept.
const USER_AGENT_LIMIT: usize = 512;

/// The caller's address: the last entry of `X-Forwarded-For` that is no trusted proxy, believed only when the peer is one.
pub(crate) fn address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer.map(|ip| ip.to_canonical())?;
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let mut best = peer;
    for value in headers.get_all("x-forwarded-for").iter().rev() {
        for entry in value.to_str().unwrap_or("?").rsplit(',') {
            // What a proxy of ours did not write as an address says nothing about what stands before it.
            let Some(ip) = entry_address(entry) else { return Some(best) };
            best = ip;
            if !is_trusted(&ip) {
                return Some(best);
            }
        }
    }
    Some(best)
}

fn entry_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|e| e.strip_suffix(']')).unwrap_or(entry);
    let ip = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|a| a.ip()))?;
    Some(IpAddr::to_canonical(&ip))
}

/// `User-Agent` without control characters, cut to 512 bytes.
pub(crate) fn user_agent(value: &HeaderValue) -> Arc<str> {
    let text = String::from_utf8_lossy(value.as_bytes());
    let end = text.floor_char_boundary(USER_AGENT_LIMIT);
    match text.get(..end) {
        Some(cut) if cut.chars().any(char::is_control) => cut.replace(char::is_control, " ").into(),
        Some(cut) => cut.into(),
        None => "".into(),
    }
}

/// Makes request ids: a part drawn at start, which tells nodes apart, and a count.
pub(crate) struct RequestIds {
    node: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(random: [u8; 8]) -> Self {
        Self { node: u64::from_be_bytes(random), count: AtomicU64::new(0) }
    }

    /// The id that the client sent, if it is one, otherwise a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Arc<str> {
        let sent = headers.get("x-request-id").and_then(|v| v.to_str().ok()).filter(|id| is_request_id(id));
        match sent {
            Some(id) => id.into(),
            None => self.next(),
        }
    }

    /// 50 bits of the node and 40 of the count, in lower-case Crockford base32.
    fn next(&self) -> Arc<str> {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut text = [b'0'; 18];
        for (place, slot) in text.iter_mut().rev().enumerate() {
            let bits = if place < 8 { count >> (5 * place) } else { self.node >> (5 * (place - 8)) };
            let index = usize::try_from(bits & 31).unwrap_or_default();
            *slot = DIGITS.get(index).copied().unwrap_or(b'0');
        }
        std::str::from_utf8(&text).unwrap_or_default().into()
    }
}

fn is_request_id(id: &str) -> bool {
    (8..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header"));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|n| n.parse().expect("a network")).collect();
        address(Some(peer.parse().expect("an address")), &headers, &trusted).expect("an address").to_string()
    }

    #[test]
    fn without_proxies_the_peer_counts_whatever_the_client_says() {
        assert_eq!(found("192.0.2.1", &["203.0.113.7"], &[]), "192.0.2.1");
        assert_eq!(found("192.0.2.1", &["203.0.113.7"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(found("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }

    #[test]
    fn behind_proxies_the_last_address_that_is_none_of_them_counts() {
        let ours = &["10.0.0.0/8", "2001:db8::/32"];
        assert_eq!(found("10.0.0.1", &["203.0.113.7"], ours), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["1.1.1.1, 203.0.113.7, 10.0.0.2"], ours), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["1.1.1.1", "203.0.113.7:5000, 2001:db8::1"], ours), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["10.0.0.9"], ours), "10.0.0.9");
        assert_eq!(found("10.0.0.1", &[], ours), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], ours), "10.0.0.2");
        assert_eq!(found("10.0.0.1", &["[2001:dead::1]"], ours), "2001:dead::1");
    }

    #[test]
    fn a_good_request_id_is_kept_and_others_are_replaced() {
        let ids = RequestIds::new([7; 8]);
        let of = |value: &'static [u8]| {
            let value = axum::http::HeaderValue::from_bytes(value).expect("a header");
            ids.of(&HeaderMap::from_iter([(axum::http::HeaderName::from_static("x-request-id"), value)]))
                .to_string()
        };
        assert_eq!(of(b"abc.DEF_1-2"), "abc.DEF_1-2");
        for bad in
            [&b"short"[..], b"has space here", b"tab\there....", "ümläutümläut".as_bytes(), &[b'a'; 129]]
        {
            assert!(is_request_id(&of(bad)) && of(bad).as_bytes() != bad);
        }
        assert_ne!(of(b""), of(b""));
    }

    #[test]
    fn a_long_or_odd_user_agent_is_cut_and_cleaned() {
        let of = |value: &[u8]| user_agent(&HeaderValue::from_bytes(value).expect("a header"));
        assert_eq!(of("é".repeat(400).as_bytes()).len(), 512);
        assert_eq!(&*of(b"a\tb"), "a b");
    }
}

//! Redirect URIs (RFC 6749 §3.1.2, RFC 8252, RFC 9700 §2.1 and §4.1): which may be registered, and which of them a request
//! means.

use url::{Host, Url};

use crate::ClientType;

/// Most characters of one.
const CHARACTERS: usize = 2_048;
/// Schemes that a browser or the system gives a meaning to that is not "open this app".
const DANGEROUS: [&str; 12] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "ftp",
    "ws",
    "wss",
    "mailto",
    "tel",
    "view-source",
];

/// A URI that may be redirected to. Kept and compared as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    /// A native app's on this machine: where its port ends and begins in the text.
    free_port: Option<(usize, usize)>,
}

/// Why a URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectUriFault {
    /// Not an absolute URI in the form in which it will be compared.
    Malformed,
    /// It has a fragment.
    Fragment,
    /// It names a user or password.
    UserInfo,
    /// A scheme that is not for this client.
    Scheme,
    /// `http` is for loopback, in tests and for native apps.
    NotLoopback,
}

impl RedirectUri {
    /// A URI that a client of this type registers, in the environment `test` or `live`.
    pub fn register(text: &str, client: ClientType, is_test: bool) -> Result<Self, RedirectUriFault> {
        let is_plain = text.len() <= CHARACTERS
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}*".contains(&byte));
        if !is_plain {
            return Err(RedirectUriFault::Malformed);
        }
        if text.contains('#') {
            return Err(RedirectUriFault::Fragment);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriFault::Malformed)?;
        let native = client == ClientType::Native;
        let mut free_port = None;
        match url.scheme() {
            "https" | "http" => {
                if !has_authority(text) {
                    return Err(RedirectUriFault::Malformed);
                }
                if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
                    return Err(RedirectUriFault::UserInfo);
                }
                if url.scheme() == "http" && !(is_loopback(&url) && (is_test || native)) {
                    return Err(RedirectUriFault::NotLoopback);
                }
                if native && is_loopback(&url) {
                    free_port = Some(port(text));
                }
            }
            scheme if native && scheme.contains('.') && !DANGEROUS.contains(&scheme) => {}
            _ => return Err(RedirectUriFault::Scheme),
        }
        Ok(Self { text: text.to_owned(), free_port })
    }

    /// Whether a request that names `asked` means this one: the same text, and for a native app on this machine with any
    /// port (RFC 8252 §7.3).
    pub fn is_meant_by(&self, asked: &str) -> bool {
        if self.text == asked {
            return true;
        }
        let Some((begin, end)) = self.free_port else { return false };
        let (Some(before), Some(after)) = (self.text.get(..begin), self.text.get(end..)) else {
            return false;
        };
        let Some(rest) = asked.strip_prefix(before) else { return false };
        let Some(port) = rest.strip_suffix(after) else { return false };
        port.is_empty() || is_port(port)
    }

    /// As it was registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The redirect URI of a request: the one it names, if it is registered; without one the only one that is registered, unless
/// `openid` is asked for (OpenID Connect Core §3.1.2.1). `None`: nobody must be redirected anywhere.
pub fn find<'u>(registered: &'u [RedirectUri], asked: Option<&'u str>, is_openid: bool) -> Option<&'u str> {
    match (asked, registered) {
        (Some(asked), _) => registered.iter().any(|uri| uri.is_meant_by(asked)).then_some(asked),
        (None, [only]) if !is_openid => Some(only.as_str()),
        (None, _) => None,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn has_authority(text: &str) -> bool {
    !authority(text).is_empty()
}

/// What stands between `//` and the path.
fn authority(text: &str) -> &str {
    let after = text.split_once("://").map_or("", |(_, after)| after);
    after.split(['/', '?']).next().unwrap_or_default()
}

/// Where `:port` stands in the text; the place where it would stand when it is not there.
fn port(text: &str) -> (usize, usize) {
    let authority = authority(text);
    let begin = text.find("://").map_or(0, |at| at + 3);
    let end = begin + authority.len();
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    let colon = authority.get(host_end..).and_then(|rest| rest.find(':')).map(|at| begin + host_end + at);
    (colon.unwrap_or(end), end)
}

/// `:` and a number from 1 to 65535.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    digits.len() <= 5
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u16>().is_ok_and(|number| number > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn register(text: &str, client: ClientType) -> Result<RedirectUri, RedirectUriFault> {
        RedirectUri::register(text, client, false)
    }

    /// RFC 9700 §2.1 and §4.1.3.
    #[test]
    fn redirect_uris_are_compared_as_exact_strings() {
        let uri = register("https://app.example.com/callback?tenant=1", ClientType::Web).unwrap();
        assert!(uri.is_meant_by("https://app.example.com/callback?tenant=1"));
        for other in [
            "https://app.example.com/callback",
            "https://app.example.com/callback?tenant=1&x=2",
            "https://app.example.com/callback?tenant=1#x",
            "https://app.example.com/callback/?tenant=1",
            "https://app.example.com/a/../callback?tenant=1",
            "https://app.example.com:443/callback?tenant=1",
            "https://APP.example.com/callback?tenant=1",
            "https://app.example.com/%63allback?tenant=1",
            "https://app.example.com.evil.example/callback?tenant=1",
            "https://evil@app.example.com/callback?tenant=1",
            "http://app.example.com/callback?tenant=1",
            "",
        ] {
            assert!(!uri.is_meant_by(other), "{other}");
        }
    }

    /// RFC 8252 §7.3.
    #[test]
    fn the_port_of_a_native_app_on_loopback_is_free_and_nothing_else_is() {
        let free = register("http://127.0.0.1/callback", ClientType::Native).unwrap();
        for good in ["http://127.0.0.1/callback", "http://127.0.0.1:49152/callback"] {
            assert!(free.is_meant_by(good), "{good}");
        }
        let given = register("http://[::1]:8000/cb?x=1", ClientType::Native).unwrap();
        for good in ["http://[::1]:8000/cb?x=1", "http://[::1]:1/cb?x=1", "http://[::1]/cb?x=1"] {
            assert!(given.is_meant_by(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.1:80/callback/",
            "http://localhost:80/callback",
            "https://127.0.0.1:80/callback",
        ] {
            assert!(!free.is_meant_by(bad), "{bad}");
        }
        let web = RedirectUri::register("http://localhost:3000/cb", ClientType::Web, true).unwrap();
        assert!(!web.is_meant_by("http://localhost:3001/cb"));
    }

    #[test]
    fn only_safe_uris_are_registered() {
        use RedirectUriFault as Fault;
        for (text, client, fault) in [
            ("https://a.example/cb#x", ClientType::Web, Fault::Fragment),
            ("https://a.example/cb#", ClientType::Web, Fault::Fragment),
            ("/cb", ClientType::Web, Fault::Malformed),
            ("https:a.example/cb", ClientType::Web, Fault::Malformed),
            ("https://*.example/cb", ClientType::Web, Fault::Malformed),
            ("https://a.example\\@evil.example/", ClientType::Web, Fault::Malformed),
            ("https://a.example/c b", ClientType::Web, Fault::Malformed),
            ("https://user@a.example/cb", ClientType::Web, Fault::UserInfo),
            ("https://@a.example/cb", ClientType::Web, Fault::UserInfo),
            ("http://a.example/cb", ClientType::Web, Fault::NotLoopback),
            ("http://a.example/cb", ClientType::Native, Fault::NotLoopback),
            ("http://localhost/cb", ClientType::Spa, Fault::NotLoopback),
            ("http://127.0.0.2/cb", ClientType::Native, Fault::NotLoopback),
            ("com.example.app:/cb", ClientType::Web, Fault::Scheme),
            ("myapp:/cb", ClientType::Native, Fault::Scheme),
            ("javascript:alert(1)", ClientType::Native, Fault::Scheme),
        ] {
            assert_eq!(register(text, client), Err(fault), "{text}");
        }
        assert!(register("com.example.app:/cb", ClientType::Native).is_ok());
        assert!(RedirectUri::register("http://localhost:3000/cb", ClientType::Web, true).is_ok());
    }

    #[test]
    fn a_request_without_a_uri_means_the_only_one_and_with_openid_none() {
        let one = [register("https://a.example/cb", ClientType::Web).unwrap()];
        let two = [one[0].clone(), register("https://b.example/cb", ClientType::Web).unwrap()];
        assert_eq!(find(&one, None, false), Some("https://a.example/cb"));
        assert_eq!(
            (find(&one, None, true), find(&two, None, false), find(&[], None, false)),
            (None, None, None)
        );
        assert_eq!(find(&two, Some("https://b.example/cb"), true), Some("https://b.example/cb"));
        assert_eq!(find(&two, Some("https://c.example/cb"), true), None);
    }

    proptest! {
        #[test]
        fn no_text_but_the_port_may_differ(asked in "http://(127\\.0\\.0\\.1|localhost|a)(:[0-9]{0,6})?(@e)?/c(b|c)?") {
            let uri = register("http://127.0.0.1:9/cb", ClientType::Native).unwrap();
            if uri.is_meant_by(&asked) {
                let read = Url::parse(&asked).unwrap();
                prop_assert_eq!((read.host_str(), read.path(), read.username()), (Some("127.0.0.1"), "/cb", ""));
            }
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text: String, asked: String) {
            if let Ok(uri) = register(&text, ClientType::Native) {
                prop_assert!(uri.is_meant_by(&text));
                let _ = uri.is_meant_by(&asked);
            }
        }
    }
}

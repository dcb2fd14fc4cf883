//! Parameters of a query or a form (`application/x-www-form-urlencoded`): each at most once, none without end.

use url::form_urlencoded;

use crate::OAuthError;

/// Most bytes of a query or form.
pub const MAX_BYTES: usize = 65_536;
/// Most parameters.
const PARAMETERS: usize = 100;
/// Those that may be there more than once (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];
/// Most values of one of those.
const VALUES: usize = 20;
/// Most bytes of a value, where nothing else is said.
const VALUE: usize = 8_192;
/// The values that may be longer, and how long: tokens.
const LONG: [&str; 8] = [
    "request",
    "client_assertion",
    "id_token_hint",
    "subject_token",
    "actor_token",
    "token",
    "access_token",
    "logout_token",
];

/// Parameters that were read. One without a value is as if it were not there (RFC 6749 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads a query or a form. `invalid_request` when it is too large, holds what is not UTF-8, or has a parameter twice,
    /// whether we know it or not, with or without a value.
    pub fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        if text.len() > MAX_BYTES {
            return Err(OAuthError::request("the request is too large"));
        }
        let mut params = Self::default();
        let mut count = 0;
        let mut names: Vec<String> = Vec::new();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            count += 1;
            if count > PARAMETERS {
                return Err(OAuthError::request("there are too many parameters"));
            }
            let (name, value) = decode(pair)?;
            if names.contains(&name) && !REPEATABLE.contains(&name.as_str()) {
                return Err(OAuthError::request("a parameter was sent twice"));
            }
            let limit = if LONG.contains(&name.as_str()) { MAX_BYTES } else { VALUE };
            if value.len() > limit {
                return Err(OAuthError::request("a parameter is too long"));
            }
            names.push(name.clone());
            if !value.is_empty() {
                params.pairs.push((name, value));
            }
        }
        if REPEATABLE.iter().any(|name| params.all(name).count() > VALUES) {
            return Err(OAuthError::request("there are too many resources"));
        }
        Ok(params)
    }

    /// These, as a request object (RFC 9101) brings them: whatever is not a parameter was left out before.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self { pairs: pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect() }
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::request(missing))
    }

    /// All values of a parameter that may be repeated.
    pub fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.pairs.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Names and values, in their order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// As a query again, to be kept or sent on.
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }
}

/// Name and value of a pair. What is not UTF-8 is refused instead of being repaired: two repairs may be the same text.
fn decode(pair: &[u8]) -> Result<(String, String), OAuthError> {
    let mut read = form_urlencoded::parse(pair);
    let (name, value) = read.next().unwrap_or_default();
    let is_text = |text: &str| !text.contains('\u{fffd}') && !text.contains('\0');
    if is_text(&name) && is_text(&value) {
        Ok((name.into_owned(), value.into_owned()))
    } else {
        Err(OAuthError::request("a parameter is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_read_as_forms_write_them() {
        let params =
            Params::parse(b"scope=openid+profile&state=a%26b%3D%2B&empty=&resource=a&resource=b&&x").unwrap();
        assert_eq!(params.get("scope"), Some("openid profile"));
        assert_eq!(params.get("state"), Some("a&b=+"));
        assert_eq!((params.get("empty"), params.get("x")), (None, None));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(Params::parse(params.to_query().as_bytes()), Ok(params));
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_refused_but_resource_and_audience() {
        for text in ["state=a&state=a", "x=1&x=2", "a=&a=", "sta%74e=a&state=b", "a&a=1"] {
            assert_eq!(
                Params::parse(text.as_bytes()).unwrap_err().description,
                "a parameter was sent twice",
                "{text}"
            );
        }
        assert!(Params::parse(b"audience=a&audience=b&resource=a&resource=a").is_ok());
    }

    #[test]
    fn huge_and_broken_requests_are_refused() {
        for text in [
            "x=".to_owned() + &"a".repeat(VALUE + 1),
            "a".repeat(MAX_BYTES + 1),
            (0..=PARAMETERS).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&"),
            "resource=a&".repeat(VALUES + 1),
            "a=%ff".to_owned(),
            "a=%00".to_owned(),
        ] {
            assert!(Params::parse(text.as_bytes()).is_err());
        }
        assert!(Params::parse(&[b"request=".as_slice(), &vec![b'a'; 20_000]].concat()).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            if let Ok(params) = Params::parse(&bytes) {
                prop_assert_eq!(Params::parse(params.to_query().as_bytes()), Ok(params));
            }
        }
    }
}

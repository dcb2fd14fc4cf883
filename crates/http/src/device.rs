//! The cookie by which a browser is known again (`contract/10` §6). It holds a key for each of the last people who signed in at the
//! browser, the latest first: what one of them has there is nobody else's.

use avnology_core::sessions::BrowserKeyHashes;
use avnology_model::{
    secret_token::{SecretHash, sha256},
    sessions::DeviceKey,
};

use crate::{
    Access, Auth, Cookie, SetCookie,
    cookies::{self, YEARS},
};

/// How many people one browser knows.
const MOST: usize = 8;
/// Characters of a key: 32 bytes in base64url.
const CHARACTERS: usize = 43;

/// The keys of the browser that sent a request, and one for whom it does not know yet.
pub struct DeviceKeys {
    held: Vec<String>,
    fresh: String,
}

impl DeviceKeys {
    /// Reads the keys, and draws one.
    pub fn of<A: Access>(auth: &Auth<A>) -> Self {
        Self::read(auth.cookie(Cookie::Device).unwrap_or_default(), cookies::random_value(&auth.cx))
    }

    fn read(cookie: &str, fresh: String) -> Self {
        let is_key = |text: &&str| {
            text.len() == CHARACTERS && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        Self { held: cookie.split('.').filter(is_key).take(MOST).map(str::to_owned).collect(), fresh }
    }

    /// What is known by them.
    pub fn hashes(&self) -> BrowserKeyHashes {
        let hash = |key: &String| sha256(key.as_bytes());
        BrowserKeyHashes { held: self.held.iter().map(hash).collect(), fresh: hash(&self.fresh) }
    }

    /// The cookie after a sign-in of whom this key stands for.
    pub fn keep<A: Access>(&self, auth: &Auth<A>, key: Option<DeviceKey>) -> Option<SetCookie> {
        let value = self.after(key?)?;
        Some(cookies::set(&auth.app, Cookie::Device, &value, Some(YEARS)))
    }

    fn after(&self, key: DeviceKey) -> Option<String> {
        let is = |text: &String, hash: SecretHash| sha256(text.as_bytes()) == hash;
        let present = self.held.iter().chain([&self.fresh]).find(|text| is(text, key.present))?;
        let others = self
            .held
            .iter()
            .filter(|text| !is(text, key.present) && key.former.is_none_or(|former| !is(text, former)));
        let keys: Vec<&str> = std::iter::once(present).chain(others).take(MOST).map(String::as_str).collect();
        Some(keys.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: char) -> String {
        letter.to_string().repeat(CHARACTERS)
    }

    fn hash(letter: char) -> SecretHash {
        sha256(key(letter).as_bytes())
    }

    fn after(held: &str, present: char, former: Option<char>) -> Option<String> {
        let cookie: Vec<String> = held.chars().map(key).collect();
        let keys = DeviceKeys::read(&cookie.join("."), key('f'));
        let key = DeviceKey { present: hash(present), former: former.map(hash) };
        let value = keys.after(key)?;
        Some(value.split('.').filter_map(|text| text.chars().next()).collect())
    }

    #[test]
    fn the_latest_comes_first_and_a_replaced_key_goes() {
        assert_eq!(after("", 'f', None).as_deref(), Some("f"));
        assert_eq!(after("ab", 'b', None).as_deref(), Some("ba"));
        assert_eq!(after("ab", 'f', None).as_deref(), Some("fab"));
        assert_eq!(after("abc", 'f', Some('b')).as_deref(), Some("fac"));
        assert_eq!(after("ab", 'x', None), None, "nobody's key");
    }

    #[test]
    fn a_browser_knows_eight_people() {
        assert_eq!(after("abcdeghi", 'f', None).as_deref(), Some("fabcdegh"));
    }

    #[test]
    fn what_is_no_key_is_not_looked_up() {
        let keys = DeviceKeys::read(&format!("short.{}.{}!", key('a'), "b".repeat(42)), key('f'));
        assert_eq!(keys.hashes(), BrowserKeyHashes { held: vec![hash('a')], fresh: hash('f') });
    }
}

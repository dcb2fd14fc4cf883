//! What a request shows of the device that it comes from.

use avnology_model::secret_token::{SecretHash, sha256};

/// The longest name that an application may give its installation, in characters.
const MOST_CHARACTERS: usize = 128;
/// Fewer characters could be guessed: 22 of base64url are 128 bits.
const SECRET_CHARACTERS: usize = 22;

/// The keys of a browser, as their hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserKeyHashes {
    /// Those that its cookie holds.
    pub held: Vec<SecretHash>,
    /// One that was drawn just now, for whom none of the others stands.
    pub fresh: SecretHash,
}

/// What a request shows to be recognized by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    #[default]
    Nothing,
    /// A browser.
    Browser(BrowserKeyHashes),
    /// An installation of an application.
    Installation {
        /// Hash of what the application calls it.
        key: SecretHash,
        /// Whether that cannot be guessed.
        is_secret: bool,
    },
}

/// An installation that is called so; `None` for what is no name.
pub(crate) fn installation(name: &str) -> Option<Presented> {
    let is_name =
        (1..=MOST_CHARACTERS).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    // Our own ids are no secrets: sessions and audit records tell them.
    let is_secret = name.len() >= SECRET_CHARACTERS && !name.starts_with("dev_");
    is_name.then(|| Presented::Installation { key: sha256(name.as_bytes()), is_secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_nobody_can_guess_is_a_secret() {
        let is_secret = |name: &str| match installation(name) {
            Some(Presented::Installation { is_secret, .. }) => Some(is_secret),
            _ => None,
        };
        assert_eq!(is_secret("5f0c9e1e-6b7a-4a51-9c2e-0d7c8d5b9e11"), Some(true));
        assert_eq!(is_secret("iphone-1"), Some(false));
        assert_eq!(is_secret("dev_01kjpwd6m0emptw6bw4v8qtn83"), Some(false));
        for no_name in ["", "with space", "zoë", &"x".repeat(129)] {
            assert_eq!(is_secret(no_name), None, "{no_name}");
        }
    }
}

//! Passwords known from published breaches, found by their SHA-1 in a file of ours or at a service that speaks the
//! k-anonymity range format. Neither ever learns the password, and neither can stop anybody from setting one.

mod file;
mod range;

use std::path::Path;

use avnology_model::Result;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::file::write_file;
use self::{file::HashFile, range::RangeApi};

/// SHA-1 of a password: the form in which breached passwords are published.
pub(super) type Sha1 = [u8; 20];

/// Where breached passwords are looked up.
#[derive(Clone, Debug)]
pub struct Breaches(Source);

#[derive(Clone, Debug)]
enum Source {
    None,
    File(HashFile),
    Range(RangeApi),
}

impl Breaches {
    /// No source: no password is known.
    pub fn none() -> Self {
        Self(Source::None)
    }

    /// A file made by [`write_file`]. It may be replaced by a newer one while we run.
    ///
    /// Fails (`_999`) when it cannot be read or is not such a file.
    pub fn from_file(path: &Path) -> Result<Self> {
        HashFile::open(path).map(|file| Self(Source::File(file)))
    }

    /// A service that answers `GET {base}/{first five hexadecimal digits}` with lines of `{the other 35}:{count}`.
    pub fn range_api(base: &Url, client: reqwest::Client) -> Self {
        Self(Source::Range(RangeApi::new(base, client)))
    }

    /// Whether `password` is known from a breach. No when that cannot be found out, which is logged.
    pub async fn contains(&self, password: &SecretString) -> bool {
        match self.look_up(&sha1(password.expose_secret())).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the check for breached passwords failed; the password was let through");
                false
            }
        }
    }

    async fn look_up(&self, hash: &Sha1) -> Result<bool, String> {
        match &self.0 {
            Source::None => Ok(false),
            Source::File(file) => file.contains(hash).await,
            Source::Range(api) => api.contains(hash).await,
        }
    }
}

fn sha1(text: &str) -> Sha1 {
    let mut hash = [0; 20];
    hash.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_looked_up_by_its_sha1() {
        // The first vector of FIPS 180-2, appendix A.1.
        let hash = sha1("abc");
        assert_eq!(hash[..4], [0xa9, 0x99, 0x3e, 0x36]);
    }

    #[tokio::test]
    async fn without_a_source_nothing_is_known() {
        assert!(!Breaches::none().contains(&"password".to_owned().into()).await);
    }
}

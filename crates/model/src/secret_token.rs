//! Bearer secrets: a prefix, 43 base62 characters and a 6-character check (`contract/00` §5).

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY: usize = 43;
const CHECK: usize = 6;

/// The kinds of bearer secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// A session token.
    Session,
    /// The token of a link that we mail.
    Link,
    /// The token of an invitation into an organization.
    Invitation,
    /// A secret of an OAuth client.
    ClientSecret,
    /// An authorization code.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// A device code.
    DeviceCode,
    /// A token by which a client manages itself.
    RegistrationAccessToken,
    /// A token by which clients may register.
    InitialAccessToken,
    /// An API key of a live tenant.
    LiveKey,
    /// An API key of a test tenant.
    TestKey,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Session,
        Self::Link,
        Self::Invitation,
        Self::ClientSecret,
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::DeviceCode,
        Self::RegistrationAccessToken,
        Self::InitialAccessToken,
        Self::LiveKey,
        Self::TestKey,
    ];

    /// What its tokens begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "avnl_ses_",
            Self::Link => "avnl_lnk_",
            Self::Invitation => "avnl_inv_",
            Self::ClientSecret => "avnl_cs_",
            Self::AuthorizationCode => "avnl_ac_",
            Self::RefreshToken => "avnl_rt_",
            Self::DeviceCode => "avnl_dc_",
            Self::RegistrationAccessToken => "avnl_rat_",
            Self::InitialAccessToken => "avnl_iat_",
            Self::LiveKey => "ak_live_",
            Self::TestKey => "ak_test_",
        }
    }
}

/// SHA-256 of a whole token: what is kept in place of the secret.
pub type SecretHash = [u8; 32];

/// A well-formed bearer secret. Its text is shown once, by [`SecretToken::expose`], and never logged.
#[derive(Clone, Debug)]
pub struct SecretToken {
    kind: SecretKind,
    text: SecretString,
}

impl SecretToken {
    /// A new token of this kind from 256 random bits.
    pub fn new(kind: SecretKind, random: &[u8; 32]) -> Self {
        let mut text = String::with_capacity(kind.prefix().len() + BODY + CHECK);
        text.push_str(kind.prefix());
        push_base62(&mut text, random);
        let check = check_digits(&text);
        text.push_str(&check);
        Self { kind, text: text.into() }
    }

    /// Reads a token; `None` unless its prefix is known and its check is right, so that garbage costs no look-up.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = SecretKind::ALL.iter().copied().find(|k| text.starts_with(k.prefix()))?;
        let body = text.strip_prefix(kind.prefix())?;
        if body.len() != BODY + CHECK || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let (before, check) = text.split_at_checked(text.len() - CHECK)?;
        (check_digits(before) == check).then(|| Self { kind, text: text.into() })
    }

    /// What kind of secret this is.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// SHA-256 of the secret.
    pub fn hash(&self) -> SecretHash {
        sha256(self.expose().as_bytes())
    }

    /// The type prefix and the first four characters, as in `ak_live_9fK2`: what later reads show.
    pub fn shown_prefix(&self) -> String {
        self.expose().chars().take(self.kind.prefix().len() + 4).collect()
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> SecretHash {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// 256 bits as 43 base62 digits, most significant first.
pub fn base62(bits: &[u8; 32]) -> String {
    let mut text = String::with_capacity(BODY);
    push_base62(&mut text, bits);
    text
}

/// Appends 256 bits as 43 base62 digits, most significant first.
fn push_base62(text: &mut String, bits: &[u8; 32]) {
    let mut number = *bits;
    let mut digits = [0_u8; BODY];
    for slot in digits.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        *slot = digit(remainder);
    }
    text.extend(digits.iter().copied().map(char::from));
}

/// CRC-32 (ISO-HDLC) of `text` in base62, left-padded with `0`.
fn check_digits(text: &str) -> String {
    let mut crc = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECK];
    for slot in digits.iter_mut().rev() {
        *slot = digit(crc % 62);
        crc /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

fn digit(value: u32) -> u8 {
    usize::try_from(value).ok().and_then(|i| DIGITS.get(i)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_of_the_contract_vector_is_right() {
        let before = "avnl_ses_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
        assert_eq!(check_digits(before), "3kjoz6");
        assert!(SecretToken::parse(&format!("{before}3kjoz6")).is_some());
        assert!(SecretToken::parse(&format!("{before}3kjoz7")).is_none());
    }

    #[test]
    fn a_secret_is_not_in_its_debug_text() {
        let token = SecretToken::new(SecretKind::LiveKey, &[9; 32]);
        assert!(!format!("{token:?}").contains(token.expose()));
        assert_eq!(token.shown_prefix().len(), "ak_live_".len() + 4);
    }

    proptest! {
        #[test]
        fn every_token_reads_back(random: [u8; 32]) {
            for kind in SecretKind::ALL {
                let token = SecretToken::new(*kind, &random);
                let back = SecretToken::parse(token.expose());
                prop_assert!(back.is_some_and(|b| b.kind() == *kind && b.hash() == token.hash()));
            }
        }

        #[test]
        fn any_changed_character_is_noticed(random: [u8; 32], at in 0_usize..58, with in "[0-9A-Za-z]") {
            let token = SecretToken::new(SecretKind::Session, &random);
            let mut text = token.expose().to_owned();
            text.replace_range(at..=at, &with);
            prop_assert_eq!(SecretToken::parse(&text).is_some(), text == token.expose());
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,80}") {
            let _ = SecretToken::parse(&text);
        }
    }
}

//! Page tokens: where the next page starts, bound to the list it continues and sealed against change.
//!
//! A token is base64url of a version byte, the binding, the time of issue, the keys of the last row and a MAC
//! over all of it. It is not encrypted: the keys can be read by who holds the token, who has seen that row.

use std::{fmt, hint::black_box};

use crate::base64url;

const VERSION: u8 = 1;
const MAC_LENGTH: usize = 16;
const NULL: u8 = 0;
const NUMBER: u8 = 1;
const TEXT: u8 = 2;

/// How long a token is good for (24 hours).
pub const MAX_AGE_SECONDS: i64 = 86_400;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken {
    /// A fingerprint of caller, path, organization scope, `filter` and `order_by`.
    pub binding: [u8; 8],
    /// When the token was made, in seconds since 1970.
    pub issued_at_seconds: i64,
    /// The values of the ordering columns in the last row of the page.
    pub position: Vec<Key>,
}

/// The value of one ordering column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A text.
    Text(String),
    /// A number; times are numbers too.
    Number(i64),
    /// No value.
    Null,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageTokenError {
    /// Not a token of ours, or changed since.
    Malformed,
    /// A token of another caller, path, organization scope, `filter` or `order_by`.
    Mismatch,
    /// Older than a token may be.
    Expired,
}

impl fmt::Display for PageTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a page token of this list",
            Self::Mismatch => "the page token belongs to a request with other parameters",
            Self::Expired => "the page token is too old; start again from the first page",
        })
    }
}

impl std::error::Error for PageTokenError {}

impl PageToken {
    /// The token's text. `mac` is a keyed hash (such as HMAC-SHA-256 cut to 16 bytes) under a key that serves
    /// nothing else.
    pub fn encode(&self, mac: impl Fn(&[u8]) -> [u8; MAC_LENGTH]) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.binding);
        bytes.extend(self.issued_at_seconds.to_be_bytes());
        for key in &self.position {
            match key {
                Key::Null => bytes.push(NULL),
                Key::Number(number) => {
                    bytes.push(NUMBER);
                    bytes.extend(number.to_be_bytes());
                }
                Key::Text(text) => {
                    bytes.push(TEXT);
                    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
                    bytes.extend(text.bytes());
                }
            }
        }
        let seal = mac(&bytes);
        bytes.extend(seal);
        base64url::encode(&bytes)
    }

    /// Reads what [`PageToken::encode`] wrote with the same `mac`, for a request whose fingerprint is
    /// `expected_binding`. `max_age_seconds` is usually [`MAX_AGE_SECONDS`]; a token of that very age is good.
    pub fn decode(
        text: &str,
        mac: impl Fn(&[u8]) -> [u8; MAC_LENGTH],
        expected_binding: &[u8; 8],
        now_seconds: i64,
        max_age_seconds: i64,
    ) -> Result<Self, PageTokenError> {
        let bytes = base64url::decode(text).ok_or(PageTokenError::Malformed)?;
        let (payload, seal) = bytes.split_last_chunk::<MAC_LENGTH>().ok_or(PageTokenError::Malformed)?;
        if !equal_in_constant_time(&mac(payload), seal) {
            return Err(PageTokenError::Malformed);
        }
        let token = Reader(payload).token().ok_or(PageTokenError::Malformed)?;
        if !equal_in_constant_time(&token.binding, expected_binding) {
            return Err(PageTokenError::Mismatch);
        }
        if now_seconds.saturating_sub(token.issued_at_seconds) > max_age_seconds {
            return Err(PageTokenError::Expired);
        }
        Ok(token)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn token(&mut self) -> Option<PageToken> {
        let [VERSION] = self.take()? else { return None };
        let binding = self.take()?;
        let issued_at_seconds = i64::from_be_bytes(self.take()?);
        let mut position = Vec::new();
        while !self.0.is_empty() {
            position.push(self.key()?);
        }
        Some(PageToken { binding, issued_at_seconds, position })
    }

    fn key(&mut self) -> Option<Key> {
        match self.take()? {
            [NULL] => Some(Key::Null),
            [NUMBER] => Some(Key::Number(i64::from_be_bytes(self.take()?))),
            [TEXT] => {
                let length = usize::try_from(u32::from_be_bytes(self.take()?)).ok()?;
                let (text, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Some(Key::Text(std::str::from_utf8(text).ok()?.to_owned()))
            }
            _ => None,
        }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// Looks at every byte whatever it finds, so that the time taken says nothing about where a guess went wrong.
fn equal_in_constant_time<const N: usize>(left: &[u8; N], right: &[u8; N]) -> bool {
    let difference = left.iter().zip(right).fold(0, |seen, (l, r)| black_box(seen | (l ^ r)));
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_442_000;

    /// No MAC, but it depends on every byte and place, which is all that these tests need.
    fn mac(bytes: &[u8]) -> [u8; 16] {
        let seed = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
        let sum = bytes.iter().fold(seed, |sum, &b| {
            (sum ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
        sum.to_be_bytes()
    }

    fn token() -> PageToken {
        PageToken {
            binding: *b"binding!",
            issued_at_seconds: NOW,
            position: vec![Key::Text("jané".to_owned()), Key::Number(-5), Key::Null],
        }
    }

    fn decode(text: &str, now: i64) -> Result<PageToken, PageTokenError> {
        PageToken::decode(text, mac, b"binding!", now, MAX_AGE_SECONDS)
    }

    #[test]
    fn a_token_is_good_for_a_day() {
        let text = token().encode(mac);
        assert_eq!(decode(&text, NOW), Ok(token()));
        assert_eq!(decode(&text, NOW + MAX_AGE_SECONDS), Ok(token()));
        assert_eq!(decode(&text, NOW + MAX_AGE_SECONDS + 1), Err(PageTokenError::Expired));
    }

    #[test]
    fn a_node_whose_clock_is_behind_still_reads_it() {
        assert_eq!(decode(&token().encode(mac), NOW - 3), Ok(token()));
    }

    #[test]
    fn a_token_of_another_request_is_a_mismatch_however_old() {
        let text = token().encode(mac);
        for now in [NOW, NOW + 2 * MAX_AGE_SECONDS] {
            let read = PageToken::decode(&text, mac, b"binding?", now, MAX_AGE_SECONDS);
            assert_eq!(read, Err(PageTokenError::Mismatch));
        }
    }

    #[test]
    fn a_token_under_another_key_is_malformed() {
        let text = token().encode(|bytes| mac(&[b"other key", bytes].concat()));
        assert_eq!(decode(&text, NOW), Err(PageTokenError::Malformed));
    }

    #[test]
    fn sealed_bytes_that_are_no_token_are_malformed() {
        let head = [&[VERSION][..], b"binding!", &NOW.to_be_bytes()].concat();
        let other_version = [&[VERSION + 1][..], b"binding!", &NOW.to_be_bytes()].concat();
        for payload in [
            vec![],
            vec![VERSION],
            other_version,
            [&head[..], &[9]].concat(),
            [&head[..], &[NUMBER, 0, 0]].concat(),
            [&head[..], &[TEXT, 0, 0, 0, 2, b'a']].concat(),
            [&head[..], &[TEXT, 0, 0, 0, 1, 0xff]].concat(),
        ] {
            let sealed = base64url::encode(&[&payload[..], &mac(&payload)].concat());
            assert_eq!(decode(&sealed, NOW), Err(PageTokenError::Malformed), "{payload:?}");
        }
        for text in ["", "A", "not a token", "AAAA"] {
            assert_eq!(decode(text, NOW), Err(PageTokenError::Malformed), "{text}");
        }
    }
}

//! Why a key or a token is not taken.

use std::fmt;

/// Why a key or a token is not taken. For logs and tests: whoever sent it learns no more than that it is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Larger than [`crate::MAX_BYTES`].
    TooLarge,
    /// Not the form that the standard describes.
    Malformed,
    /// Signed by a key that is not in the set, or without saying by which.
    UnknownKey,
    /// Another algorithm than that of the key.
    WrongAlgorithm,
    /// Another `typ` than was asked for.
    WrongType,
    /// It names extensions that must be understood and are not (`crit`).
    UnknownExtension,
    /// The signature does not fit.
    BadSignature,
    /// No key of a kind that we use.
    BadKey,
    /// The cryptographic library could not do its work.
    Failure,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "too large",
            Self::Malformed => "malformed",
            Self::UnknownKey => "signed by an unknown key",
            Self::WrongAlgorithm => "another algorithm than the key's",
            Self::WrongType => "another type of token",
            Self::UnknownExtension => "an unknown critical extension",
            Self::BadSignature => "the signature does not fit",
            Self::BadKey => "not a key that can be used",
            Self::Failure => "the cryptographic library failed",
        })
    }
}

impl std::error::Error for Refusal {}

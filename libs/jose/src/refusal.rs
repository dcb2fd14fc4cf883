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
    /// It brings its own key along or says where to fetch one (`jwk`, `jku`, `x5u`), where that has no place.
    KeyInHeader,
    /// Another algorithm than the key has and the caller allows.
    WrongAlgorithm,
    /// Another `typ` than was asked for.
    WrongType,
    /// It names extensions that must be understood and are not (`crit`), or is compressed (`zip`).
    UnknownExtension,
    /// The signature does not fit.
    BadSignature,
    /// It cannot be decrypted, whatever the reason: to tell more would help whoever guesses.
    Undecryptable,
    /// No key of a kind that we use, or a weak one.
    BadKey,
    /// A claim that must be there is not.
    MissingClaim(&'static str),
    /// A claim is of the wrong kind.
    BadClaim(&'static str),
    /// Issued by somebody else.
    WrongIssuer,
    /// Meant for somebody else.
    WrongAudience,
    /// Its time is over.
    Expired,
    /// Its time has not come, or it was issued in the future.
    NotYetValid,
    /// The cryptographic library could not do its work.
    Failure,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "too large",
            Self::Malformed => "malformed",
            Self::UnknownKey => "signed by an unknown key",
            Self::KeyInHeader => "it brings its own key",
            Self::WrongAlgorithm => "an algorithm that the key does not have or that is not allowed",
            Self::WrongType => "another type of token",
            Self::UnknownExtension => "an unknown critical extension",
            Self::BadSignature => "the signature does not fit",
            Self::Undecryptable => "it cannot be decrypted",
            Self::BadKey => "not a key that can be used",
            Self::MissingClaim(name) => return write!(f, "the claim {name} is missing"),
            Self::BadClaim(name) => return write!(f, "the claim {name} is not what it should be"),
            Self::WrongIssuer => "from another issuer",
            Self::WrongAudience => "meant for somebody else",
            Self::Expired => "expired",
            Self::NotYetValid => "not valid yet",
            Self::Failure => "the cryptographic library failed",
        })
    }
}

impl std::error::Error for Refusal {}

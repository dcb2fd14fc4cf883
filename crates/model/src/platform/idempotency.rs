//! The key by which a client repeats a creating request safely (`contract/00` §8).

use crate::secret_token::SecretHash;

/// A client's key, bound to caller, method and path, and what it was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Hash of caller, method, path and key.
    pub scope: SecretHash,
    /// Hash of the body as canonical JSON.
    pub body: SecretHash,
}

//! Password hashes of other systems, as an import names them (`contract/10` §4.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::text_enum;

text_enum! {
    /// How a password was hashed elsewhere.
    pub enum HashAlgorithm {
        /// Argon2, any variant.
        Argon2 = "argon2",
        /// bcrypt.
        Bcrypt = "bcrypt",
        /// scrypt.
        Scrypt = "scrypt",
        /// The scrypt of Firebase.
        FirebaseScrypt = "firebase-scrypt",
        /// PBKDF2.
        Pbkdf2 = "pbkdf2",
        /// SHA-1 of salt and password.
        Sha1 = "sha1",
        /// SHA-256 of salt and password.
        Sha256 = "sha256",
        /// SHA-512 of salt and password.
        Sha512 = "sha512",
        /// MD5 of salt and password.
        Md5 = "md5",
        /// LDAP's `{SSHA}`.
        Ssha = "ssha",
        /// LDAP's `{SSHA256}`.
        Ssha256 = "ssha256",
        /// LDAP's `{SSHA512}`.
        Ssha512 = "ssha512",
        /// The portable hash of phpass.
        Phpass = "phpass",
        /// SHA-crypt on SHA-256.
        CryptSha256 = "crypt-sha256",
        /// SHA-crypt on SHA-512.
        CryptSha512 = "crypt-sha512",
    }
}

impl HashAlgorithm {
    /// Whether it is quick to guess: such hashes are counted on their own in an import.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::Sha1 | Self::Sha256 | Self::Sha512 | Self::Md5)
    }
}

text_enum! {
    /// The hash below PBKDF2.
    pub enum Prf {
        /// SHA-1.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-512.
        Sha512 = "sha512",
    }
}

text_enum! {
    /// A hash that is no password hash.
    pub enum DigestKind {
        /// MD5.
        Md5 = "md5",
        /// SHA-1.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-512.
        Sha512 = "sha512",
    }
}

text_enum! {
    /// On which side of the password the salt stands.
    pub enum SaltPosition {
        /// Before.
        Prefix = "prefix",
        /// Behind.
        Suffix = "suffix",
    }
}

text_enum! {
    /// How `hash` and `salt` of the bare hashes are written.
    pub enum BinaryEncoding {
        /// Hexadecimal.
        Hex = "hex",
        /// Base64.
        Base64 = "base64",
    }
}

/// A password hash of another system. Which members belong to it depends on `algorithm`.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordHash {
    /// How it was made.
    pub algorithm: HashAlgorithm,
    /// The whole hash as one text, where its world has such a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    pub encoded: Option<String>,
    /// The hash alone; base64 unless `encoding` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub hash: Option<String>,
    /// The salt, written as `hash` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub salt: Option<String>,
    /// `scrypt`: the cost N, a power of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// `scrypt`: the block size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r: Option<u32>,
    /// `scrypt`: the parallelization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<u32>,
    /// `scrypt`: bytes of the hash; those that it has when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// `firebase-scrypt`: the project's signer key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub signer_key: Option<String>,
    /// `firebase-scrypt`: the project's salt separator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub salt_separator: Option<String>,
    /// `firebase-scrypt`: 1–8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// `firebase-scrypt`: 1–14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem_cost: Option<u32>,
    /// `pbkdf2` and the bare hashes: how often it was repeated; once for the bare ones when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
    /// `pbkdf2`: the hash below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Prf>,
    /// The bare hashes: where the salt stands; before the password when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt_position: Option<SaltPosition>,
    /// The bare hashes: how `hash` and `salt` are written; base64 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<BinaryEncoding>,
}

impl PasswordHash {
    /// A hash of this kind with no members yet.
    pub const fn new(algorithm: HashAlgorithm) -> Self {
        Self {
            algorithm,
            encoded: None,
            hash: None,
            salt: None,
            n: None,
            r: None,
            p: None,
            length: None,
            signer_key: None,
            salt_separator: None,
            rounds: None,
            mem_cost: None,
            iterations: None,
            digest: None,
            salt_position: None,
            encoding: None,
        }
    }
}

impl std::fmt::Debug for PasswordHash {
    /// Without what belongs to the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHash").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

//! Credentials: what people prove themselves with.

mod factor;
mod imported_hash;
mod password;
mod webauthn;

pub use factor::{CredentialKind, Factor};
pub use imported_hash::{BinaryEncoding, DigestKind, HashAlgorithm, PasswordHash, Prf, SaltPosition};
pub use password::{ArgonCost, PasswordPolicy};
pub use webauthn::{AttestationConveyance, UserVerification, WebauthnSettings, authenticator_name};

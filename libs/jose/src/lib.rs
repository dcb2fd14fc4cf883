//! JOSE: keys, JWK sets, and claims that are signed (RFC 7515, 7517, 7518, 7519, 7638).
//!
//! Nothing here reads a clock, asks a network or keeps anything; the bytes that a key is made of are the caller's. (The
//! nonce of an ECDSA signature is drawn by the cryptographic library, which nobody should be able to steer.) When claims
//! are good, and for whom, is for whoever reads them to decide.
//!
//! ```
//! use avnology_jose::{KeySet, SigningKey, jwt};
//!
//! let key = SigningKey::from_secret(&[7; 32])?;
//! let claims = serde_json::json!({ "sub": "usr_1" }).as_object().cloned().unwrap_or_default();
//! let token = jwt::sign(&key, "session+jwt", &claims)?;
//!
//! let published = KeySet::new(vec![key.public().clone()]).to_json();
//! let known = KeySet::parse(&published.to_string())?;
//! assert_eq!(jwt::verify(&token, &known, "session+jwt")?, claims);
//! assert!(jwt::verify(&token, &known, "at+jwt").is_err());
//! # Ok::<(), avnology_jose::Refusal>(())
//! ```

mod algorithm;
mod base64url;
pub mod canonical;
mod claims;
mod der;
mod header;
pub mod json;
pub mod jwe;
mod jwk;
pub mod jws;
pub mod jwt;
mod key_set;
mod material;
mod refusal;
mod signing_key;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub use jwk::PublicKey;
pub use key_set::KeySet;
pub use refusal::Refusal;
pub use signing_key::SigningKey;

/// Most bytes of a token or key set that is read, and of a token that is made.
pub const MAX_BYTES: usize = 65_536;

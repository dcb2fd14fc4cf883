//! Credentials: hashing passwords, judging their strength and knowing the breached ones, and what second factors are
//! made of.
//!
//! The rules stand in `model::credentials`, the rows in `store::credentials`. Who may set a password, and what
//! else happens then, belongs to the verbs of `identities` and `flows`.

mod attestation;
mod breach;
mod hasher;
mod imported_hash;
mod new_password;
pub(crate) mod recovery_codes;
pub mod strength;
pub(crate) mod totp;
pub(crate) mod webauthn;

pub(crate) use attestation::is_certificate;
pub use breach::{Breaches, write_file as write_breach_file};
pub use hasher::{HasherConfig, PasswordHasher, Verdict};
pub(crate) use imported_hash::text_of as text_of_imported_hash;
pub(crate) use new_password::check_new_password;
pub use webauthn::related_origins;

//! Credentials: what people prove themselves with.

mod factor;
mod password;

pub use factor::{CredentialKind, Factor};
pub use password::{ArgonCost, PasswordPolicy};

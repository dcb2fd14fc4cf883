//! Credentials: what people prove themselves with.

mod factor;
mod password;
mod webauthn;

pub use factor::{CredentialKind, Factor};
pub use password::{ArgonCost, PasswordPolicy};
pub use webauthn::{UserVerification, WebauthnSettings, authenticator_name};

//! Credentials: what people prove themselves with. Passwords are the only kind so far.

mod password;

pub use password::{ArgonCost, CredentialKind, PasswordPolicy};

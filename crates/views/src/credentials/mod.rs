//! Account pages about the ways to sign in.

mod factor;
mod security;

pub use factor::{FactorPage, FactorSection, PasskeyRow};
pub use security::{PasswordSection, Security};

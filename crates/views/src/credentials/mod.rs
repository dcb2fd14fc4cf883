//! Account pages about the ways to sign in.

mod security;

pub use security::{PasswordSection, Security};

//! Credentials and the failures to show them.

pub mod lockouts;
pub mod passkeys;
pub mod passwords;
pub mod recovery_codes;
pub mod sms;
pub mod totp;

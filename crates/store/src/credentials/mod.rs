//! Credentials: password hashes with their history, and the locks that failures bring.

pub mod lockouts;
pub mod passwords;

//! The kinds of credentials, and which of them are second factors.

use crate::text::text_enum;

text_enum! {
    /// The kinds of credentials.
    pub enum CredentialKind {
        /// Password.
        Password = "password",
        /// Authenticator application (RFC 6238).
        Totp = "totp",
        /// Backup codes.
        RecoveryCode = "recovery_code",
    }
}

text_enum! {
    /// A second factor.
    pub enum Factor {
        /// Authenticator application.
        Totp = "totp",
        /// Backup codes.
        RecoveryCode = "recovery_code",
    }
}

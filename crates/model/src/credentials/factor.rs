//! The kinds of credentials, and which of them are second factors.

use crate::text::text_enum;

text_enum! {
    /// The kinds of credentials.
    pub enum CredentialKind {
        /// Password.
        Password = "password",
        /// Passkey (WebAuthn).
        Passkey = "passkey",
        /// Authenticator application (RFC 6238).
        Totp = "totp",
        /// Phone that is sent codes.
        Sms = "sms",
        /// Backup codes.
        RecoveryCode = "recovery_code",
    }
}

text_enum! {
    /// A second factor.
    pub enum Factor {
        /// Authenticator application.
        Totp = "totp",
        /// Passkey with user verification.
        Passkey = "passkey",
        /// Code by text message.
        Sms = "sms",
        /// Backup codes.
        RecoveryCode = "recovery_code",
    }
}

impl Factor {
    /// Whether people set it up; backup codes only come along.
    pub const fn is_set_up(self) -> bool {
        !matches!(self, Self::RecoveryCode)
    }
}

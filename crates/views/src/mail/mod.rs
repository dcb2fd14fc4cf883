//! Mails: each a typed struct whose `render` gives subject, text and HTML with the same content.
//!
//! `letter` is the one layout; the other files hold the words. Nothing is sent here. What people wrote themselves never
//! becomes a link, a header or a line of its own.

mod codes;
mod deletion;
mod factor_recovery;
mod letter;
mod name;
mod notices;
mod organizations;

pub use codes::{RecoveryCode, RecoveryNotPossible, SignInCode, SignInLink, VerificationCode};
pub use deletion::{DataExported, DeletionCancelled, DeletionScheduled};
pub use factor_recovery::{FactorRecoveryCancelled, FactorRecoveryReady, FactorRecoveryStarted};
pub use notices::{
    AccountLocked, EmailChanged, FactorChanged, NewDevice, PasswordChanged, PhoneChanged,
    RegistrationAttempted, UndoLink, Welcome,
};
pub use organizations::{DomainLost, Invitation, ServiceAccountOwnerLost};

/// A mail, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line without control characters.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

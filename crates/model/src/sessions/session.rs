//! The session and its assurance.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SessionDevice;
use crate::{
    Timestamp,
    ids::{CredentialId, DeviceId, IdentityId, OrganizationId, SessionId},
    secret_token::SecretHash,
    text::text_enum,
};

text_enum! {
    /// How well the person was authenticated (`contract/10` §7.1, after NIST SP 800-63B).
    pub enum Aal {
        /// One factor.
        Aal1 = "aal1",
        /// Two factors, or a passkey with user verification.
        Aal2 = "aal2",
        /// An attested, device-bound passkey.
        Aal3 = "aal3",
    }
}

#[expect(clippy::derivable_impls, reason = "`text_enum!` writes the variants")]
impl Default for Aal {
    fn default() -> Self {
        Self::Aal1
    }
}

text_enum! {
    /// A way to authenticate.
    pub enum Method {
        /// Password.
        Password = "password",
        /// Passkey.
        Passkey = "passkey",
        /// Authenticator application.
        Totp = "totp",
        /// One-time code by text message, as first or second factor.
        Sms = "sms",
        /// Backup code.
        RecoveryCode = "recovery_code",
        /// One-time code by mail.
        Code = "code",
        /// Mailed link.
        Link = "link",
        /// Recovery of the account.
        Recovery = "recovery",
    }
}

text_enum! {
    /// What a session may be used for.
    pub enum SessionKind {
        /// Everything.
        Standard = "standard",
        /// The settings flow that recovery opened, and nothing else.
        Recovery = "recovery",
    }
}

text_enum! {
    /// Why a session ended before its time (`session.revoked`, `contract/70` §2).
    pub enum RevokeReason {
        /// The person signed out.
        Logout = "logout",
        /// The person ended it from another session.
        User = "user",
        /// An administrator ended it.
        Admin = "admin",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// A factor was removed or reset, or the account was proven to be someone else's.
        FactorChanged = "factor_changed",
        /// The identity was deactivated.
        Deactivated = "deactivated",
    }
}

/// One completed step of authentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompletedMethod {
    /// The way.
    pub method: Method,
    /// What it reached.
    pub aal: Aal,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub completed_at: Timestamp,
    /// Social provider, when one was used.
    pub provider: Option<String>,
    /// SSO connection, when one was used.
    pub connection_id: Option<String>,
    /// Credential used, when there is one.
    pub credential_id: Option<String>,
}

impl CompletedMethod {
    /// A first factor completed now.
    pub fn first_factor(method: Method, now: Timestamp) -> Self {
        Self {
            method,
            aal: Aal::Aal1,
            completed_at: now,
            provider: None,
            connection_id: None,
            credential_id: None,
        }
    }

    /// A passkey used now, and what it reached: with its owner verified it is two factors at once.
    pub fn passkey(id: CredentialId, aal: Aal, now: Timestamp) -> Self {
        Self { aal, credential_id: Some(id.to_string()), ..Self::first_factor(Method::Passkey, now) }
    }

    /// A second factor completed now.
    pub fn second_factor(method: Method, now: Timestamp) -> Self {
        Self { aal: Aal::Aal2, ..Self::first_factor(method, now) }
    }
}

/// A session as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub identity_id: IdentityId,
    /// What it may be used for.
    pub kind: SessionKind,
    /// Highest assurance completed since `authenticated_at`.
    pub aal: Aal,
    /// Steps completed.
    pub methods: Vec<CompletedMethod>,
    /// Last full authentication.
    pub authenticated_at: Timestamp,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Last use, to the minute.
    pub last_used_at: Timestamp,
    /// Absolute limit.
    pub expires_at: Timestamp,
    /// Set once: revoked.
    pub revoked_at: Option<Timestamp>,
    /// The device it was made on, when that is known.
    pub device_id: Option<DeviceId>,
    /// What is known of that device now.
    pub device: Option<SessionDevice>,
    /// Address of the sign-in.
    pub ip: String,
    /// User agent of the sign-in.
    pub user_agent: String,
    /// The organization that it acts for, while nothing else is said.
    pub organization_id: Option<OrganizationId>,
    /// SHA-256 of the present token.
    pub token_hash: SecretHash,
}

impl Session {
    /// When the session ends if it is not used again: never after the absolute limit.
    pub fn idle_expires_at(&self, idle_timeout_seconds: u32) -> Timestamp {
        self.expires_at.min(self.last_used_at.plus_seconds(i64::from(idle_timeout_seconds)))
    }
}

//! Messages to people: which there are, and what the event that asks for one holds.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    credentials::Factor,
    flows::Channel,
    identities::Identity,
    ids::{FlowId, IdentityId},
    text::text_enum,
};

text_enum! {
    /// The messages we send.
    pub enum MessageType {
        /// Code to sign in.
        SignInCode = "sign_in_code",
        /// Link to sign in.
        SignInLink = "sign_in_link",
        /// Code as second factor, or to set that up.
        MfaCode = "mfa_code",
        /// Code and link to prove an address.
        Verification = "verification",
        /// Code and link to recover.
        Recovery = "recovery",
        /// Why a recovery is not possible.
        RecoveryUnavailable = "recovery_unavailable",
        /// Somebody tried to register with an address that has an account.
        AccountExists = "account_exists",
        /// An account was made by an administrator: set a password.
        Welcome = "welcome",
        /// Notice: the password changed.
        PasswordChanged = "password_changed",
        /// Notice: a second factor was enrolled.
        FactorEnrolled = "factor_enrolled",
        /// Notice: a second factor was removed.
        FactorRemoved = "factor_removed",
        /// Notice to the old address: the e-mail changed; can be undone.
        EmailChanged = "email_changed",
        /// Notice: the phone was replaced or removed.
        PhoneChanged = "phone_changed",
        /// Notice: a sign-in on a device that is new.
        NewDevice = "new_device",
        /// Notice: too many failures.
        AccountLocked = "account_locked",
        /// Notice: lost second factors will be removed; can be cancelled.
        FactorRecoveryStarted = "factor_recovery_started",
        /// The same once more, shortly before.
        FactorRecoveryReminder = "factor_recovery_reminder",
        /// Link to remove lost second factors.
        FactorRecoveryReady = "factor_recovery_ready",
        /// Notice: the second factors stay.
        FactorRecoveryCancelled = "factor_recovery_cancelled",
        /// Notice: the account will be deleted.
        DeletionScheduled = "deletion_scheduled",
        /// Notice: the account stays.
        DeletionCancelled = "deletion_cancelled",
        /// Notice: an administrator has had all data of the account copied.
        DataExported = "data_exported",
        /// Someone is asked to join an organization.
        Invitation = "invitation",
        /// Notice to owners: the proof of a domain is gone.
        DomainLost = "domain_lost",
        /// Notice to owners: whoever answered for a service account is no longer a member.
        ServiceAccountOwnerLost = "service_account_owner_lost",
    }
}

/// Browser, address and time of what made a message necessary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageOrigin {
    /// As in "Firefox on Linux".
    pub device: Option<String>,
    /// Network address.
    pub place: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The organization that a message is about, and what of it the message tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageOrganization {
    /// Display name.
    pub name: String,
    /// Name in URLs.
    pub slug: String,
    /// Who invites; none when that is not a person.
    pub inviter: Option<String>,
    /// Name of the role that is offered.
    pub role: Option<String>,
    /// Words of whoever invites.
    pub words: Option<String>,
    /// The domain, or the name of the service account.
    pub subject: Option<String>,
}

/// A message that is wanted. Its secrets (code and link) travel beside it, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRequest {
    /// Which message.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// How it travels.
    #[serde(default, skip_serializing_if = "is_mail")]
    pub channel: Channel,
    /// Address, or phone in E.164.
    pub to: String,
    /// The person, when known.
    pub identity_id: Option<IdentityId>,
    /// The flow that asked for it.
    pub flow_id: Option<FlowId>,
    /// Name to greet.
    pub name: Option<String>,
    /// Language wanted.
    pub locale: Option<String>,
    /// Until when code and link are good, or when what is announced happens.
    pub until: Option<Timestamp>,
    /// The new address, in the notice of a change.
    pub new_address: Option<String>,
    /// The second factor it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Factor>,
    /// What asked for it, for a person to recognize.
    pub origin: Option<MessageOrigin>,
    /// Where whoever has the link sees how far what is announced has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_url: Option<String>,
    /// The host whose pages alone the code of a text message is for, so that browsers fill it in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<String>,
    /// The organization it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<MessageOrganization>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_mail(channel: &Channel) -> bool {
    *channel == Channel::Email
}

impl MessageRequest {
    /// A message of this kind to this address.
    pub fn new(kind: MessageType, to: impl Into<String>) -> Self {
        Self {
            kind,
            channel: Channel::Email,
            to: to.into(),
            identity_id: None,
            flow_id: None,
            name: None,
            locale: None,
            until: None,
            new_address: None,
            factor: None,
            origin: None,
            receipt_url: None,
            bound_to: None,
            organization: None,
        }
    }

    /// A message of this kind to an address of a person, who is greeted by name and in their language.
    pub fn to_person(kind: MessageType, to: impl Into<String>, person: &Identity) -> Self {
        Self {
            identity_id: Some(person.id),
            name: Some(person.display_name()),
            locale: person.locale.clone(),
            ..Self::new(kind, to)
        }
    }
}

//! The envelope and the types emitted so far.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Code, Timestamp,
    ids::{DeviceId, EventId, IdentityId, OrganizationId, SessionId},
    text::text_enum,
};

text_enum! {
    /// What happened. The text is audit `action` and webhook `event_type` at once.
    pub enum EventType {
        /// An import of identities is over.
        ImportCompleted = "import.completed",
        /// An identity was made.
        UserCreated = "user.created",
        /// Profile fields changed.
        UserUpdated = "user.updated",
        /// An identity is gone.
        UserDeleted = "user.deleted",
        /// An identity was switched off.
        UserDisabled = "user.disabled",
        /// An identity was switched on.
        UserEnabled = "user.enabled",
        /// Too many failures.
        UserLocked = "user.locked",
        /// A lock was lifted.
        UserUnlocked = "user.unlocked",
        /// An e-mail was proven.
        UserEmailVerified = "user.email_verified",
        /// An e-mail was replaced.
        UserEmailChanged = "user.email_changed",
        /// A phone was proven.
        UserPhoneVerified = "user.phone_verified",
        /// A phone was replaced or removed.
        UserPhoneChanged = "user.phone_changed",
        /// A password was set, changed or removed.
        UserPasswordChanged = "user.password_changed",
        /// A passkey was added.
        UserPasskeyAdded = "user.passkey_added",
        /// A passkey was removed.
        UserPasskeyRemoved = "user.passkey_removed",
        /// A passkey may have been copied.
        UserCredentialSuspicious = "user.credential_suspicious",
        /// A second factor was enrolled.
        UserMfaEnrolled = "user.mfa_enrolled",
        /// A second factor was removed.
        UserMfaRemoved = "user.mfa_removed",
        /// An administrator removed second factors.
        UserMfaReset = "user.mfa_reset",
        /// A recovery was asked for.
        UserRecoveryRequested = "user.recovery_requested",
        /// A recovery succeeded.
        UserRecoveryCompleted = "user.recovery_completed",
        /// An administrator made a recovery link.
        UserRecoveryLinkCreated = "user.recovery_link_created",
        /// Lost second factors are to be removed.
        UserFactorRecoveryStarted = "user.factor_recovery_started",
        /// They will not be removed.
        UserFactorRecoveryCancelled = "user.factor_recovery_cancelled",
        /// They were removed after the waiting period.
        UserFactorRecoveryCompleted = "user.factor_recovery_completed",
        /// An administrator read a person's sessions.
        UserSessionsRead = "user.sessions_read",
        /// A deletion is to come.
        UserDeletionScheduled = "user.deletion_scheduled",
        /// A deletion will not come.
        UserDeletionCancelled = "user.deletion_cancelled",
        /// What is reported of a device changed.
        DevicePostureChanged = "device.posture_changed",
        /// A device was removed.
        DeviceRemoved = "device.removed",
        /// A sign-in succeeded.
        SessionCreated = "session.created",
        /// A sign-in failed.
        SessionLoginFailed = "session.login_failed",
        /// A session was authenticated again or better.
        SessionElevated = "session.elevated",
        /// A session was ended.
        SessionRevoked = "session.revoked",
        /// A session reached its limit.
        SessionExpired = "session.expired",
        /// A session's active organization was changed.
        SessionOrganizationSwitched = "session.organization_switched",
        /// An organization was made.
        OrganizationCreated = "organization.created",
        /// Settings of an organization changed.
        OrganizationUpdated = "organization.updated",
        /// An organization is ready, or no longer suspended.
        OrganizationActivated = "organization.activated",
        /// An organization was suspended.
        OrganizationSuspended = "organization.suspended",
        /// An organization is to be destroyed.
        OrganizationDeletionScheduled = "organization.deletion_scheduled",
        /// An organization will not be destroyed.
        OrganizationRestored = "organization.restored",
        /// An organization is gone.
        OrganizationDeleted = "organization.deleted",
        /// An owner made another member owner.
        OwnershipTransferred = "organization.ownership_transferred",
        /// Someone became a member.
        MemberAdded = "organization.member.added",
        /// A member has another role.
        MemberRoleChanged = "organization.member.role_changed",
        /// A membership changed.
        MemberUpdated = "organization.member.updated",
        /// A membership was suspended.
        MemberSuspended = "organization.member.suspended",
        /// A membership is active again.
        MemberReactivated = "organization.member.reactivated",
        /// Someone is no longer a member.
        MemberRemoved = "organization.member.removed",
        /// Someone was invited.
        InvitationCreated = "organization.invitation.created",
        /// An invitation was sent again.
        InvitationResent = "organization.invitation.resent",
        /// An invitation was accepted.
        InvitationAccepted = "organization.invitation.accepted",
        /// An invitation was declined.
        InvitationDeclined = "organization.invitation.declined",
        /// An invitation was revoked.
        InvitationRevoked = "organization.invitation.revoked",
        /// An invitation ran out.
        InvitationExpired = "organization.invitation.expired",
        /// A domain was added.
        DomainAdded = "organization.domain.added",
        /// A domain was proven.
        DomainVerified = "organization.domain.verified",
        /// A domain's proof is gone.
        DomainVerificationLost = "organization.domain.verification_lost",
        /// A domain was removed.
        DomainRemoved = "organization.domain.removed",
        /// A custom role was made.
        RoleCreated = "organization.role.created",
        /// A custom role changed.
        RoleUpdated = "organization.role.updated",
        /// A custom role was removed.
        RoleDeleted = "organization.role.deleted",
        /// A group was made.
        GroupCreated = "organization.group.created",
        /// A group changed.
        GroupUpdated = "organization.group.updated",
        /// A group was removed.
        GroupDeleted = "organization.group.deleted",
        /// Someone joined a group.
        GroupMemberAdded = "organization.group.member_added",
        /// Someone left a group.
        GroupMemberRemoved = "organization.group.member_removed",
        /// Settings of the tenant changed.
        TenantUpdated = "tenant.updated",
        /// A key that signs is replaced.
        SigningKeyRotated = "signing_key.rotated",
        /// A relation tuple was written.
        PermissionGranted = "permission.granted",
        /// A relation tuple was removed.
        PermissionRevoked = "permission.revoked",
        /// The schema of permissions was replaced.
        PermissionSchemaUpdated = "permission.schema_updated",
        /// A service account was made.
        ServiceAccountCreated = "service_account.created",
        /// An API key was made.
        ApiKeyCreated = "api_key.created",
        /// A service account changed.
        ServiceAccountUpdated = "service_account.updated",
        /// A service account is gone, and its keys with it.
        ServiceAccountDeleted = "service_account.deleted",
        /// An API key was replaced.
        ApiKeyRotated = "api_key.rotated",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key.revoked",
        /// An API key ran out.
        ApiKeyExpired = "api_key.expired",
        /// An OAuth client was made.
        OauthClientCreated = "oauth.client.created",
        /// An OAuth client changed.
        OauthClientUpdated = "oauth.client.updated",
        /// An OAuth client is gone.
        OauthClientDeleted = "oauth.client.deleted",
        /// An OAuth client has another secret.
        OauthClientSecretRotated = "oauth.client.secret_rotated",
        /// A token by which clients may register was made.
        OauthInitialAccessTokenCreated = "oauth.initial_access_token.created",
        /// A resource that tokens are for was made.
        OauthResourceCreated = "oauth.resource.created",
        /// A resource changed.
        OauthResourceUpdated = "oauth.resource.updated",
        /// A resource is gone.
        OauthResourceDeleted = "oauth.resource.deleted",
        /// Somebody agreed to what a client asks for.
        OauthConsentGranted = "oauth.consent.granted",
        /// Somebody does not agree any more.
        OauthConsentRevoked = "oauth.consent.revoked",
        /// An organization decided on a client for its members.
        OauthClientRuleUpdated = "oauth.client_rule.updated",
        /// A client got tokens of a person.
        OauthTokenIssued = "oauth.token.issued",
        /// Tokens of a client were ended.
        OauthTokenRevoked = "oauth.token.revoked",
        /// A refresh token came back that its successor had replaced.
        OauthTokenReuseDetected = "oauth.token.reuse_detected",
        /// Somebody acts as another person.
        OauthImpersonationStarted = "oauth.impersonation.started",
        /// An audit log was exported.
        AuditExported = "audit.exported",
        /// A copy of all that is held about a person is wanted.
        PrivacyExportRequested = "privacy.export.requested",
        /// That copy is there.
        PrivacyExportCompleted = "privacy.export.completed",
        /// Somebody wants their account deleted.
        PrivacyDeletionRequested = "privacy.deletion.requested",
        /// Somebody keeps their account after all.
        PrivacyDeletionCancelled = "privacy.deletion.cancelled",
        /// Somebody does not want their data sold.
        PrivacyOptOutRecorded = "privacy.opt_out.recorded",
        /// Internal: a message to a person is wanted. Never leaves the house.
        MessageRequested = "message.requested",
        /// Internal: an algorithm has its first key. Never leaves the house.
        SigningKeyMade = "signing_key.made",
    }
}

impl EventType {
    /// Whether the event is for our own consumers only.
    pub fn is_internal(self) -> bool {
        matches!(self, Self::MessageRequested | Self::SigningKeyMade)
    }
}

text_enum! {
    /// Who acted.
    pub enum ActorType {
        /// A person.
        Identity = "identity",
        /// A program.
        ServiceAccount = "service_account",
        /// A client that speaks for itself.
        Client = "client",
        /// The server itself.
        System = "system",
        /// Nobody known.
        Anonymous = "anonymous",
    }
}

text_enum! {
    /// How it ended.
    pub enum EventResult {
        /// Done.
        Success = "success",
        /// Tried in vain.
        Failure = "failure",
        /// Refused.
        Denied = "denied",
    }
}

/// Who acted, from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// Its id.
    pub id: Option<String>,
    /// The session used.
    pub session_id: Option<SessionId>,
}

impl Actor {
    /// Nobody known.
    pub const ANONYMOUS: Self = Self { kind: ActorType::Anonymous, id: None, session_id: None };

    /// The server itself.
    pub const SYSTEM: Self = Self { kind: ActorType::System, id: None, session_id: None };

    /// A person.
    pub fn identity(id: IdentityId, session_id: Option<SessionId>) -> Self {
        Self { kind: ActorType::Identity, id: Some(id.to_string()), session_id }
    }
}

/// What was acted upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// `identity`, `session`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl Target {
    /// A target of this kind.
    pub fn new(kind: &str, id: &impl ToString) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// The request that an event came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Client address.
    pub ip: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// The device of the session that was used or made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// Request id.
    pub request_id: Option<String>,
}

/// One thing that happened, as it is written to the log in the transaction that made it happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Id.
    pub event_id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// Raised only when the payload changes incompatibly.
    pub schema_version: u32,
    /// When.
    pub timestamp: Timestamp,
    /// Who.
    pub actor: Actor,
    /// In which organization.
    pub organization_id: Option<OrganizationId>,
    /// How it ended.
    pub result: EventResult,
    /// Code of a failure or refusal.
    pub error_code: Option<String>,
    /// Upon what, most specific first.
    pub targets: Vec<Target>,
    /// From where.
    pub origin: Origin,
    /// The particulars (`contract/70` §2).
    pub payload: Value,
}

impl Event {
    /// The same, ended by this refusal.
    #[must_use]
    pub fn failed(mut self, code: Code) -> Self {
        self.result = EventResult::Failure;
        self.error_code = Some(code.text().to_owned());
        self
    }

    /// The same, refused with this code.
    #[must_use]
    pub fn denied(mut self, code: Code) -> Self {
        self.result = EventResult::Denied;
        self.error_code = Some(code.text().to_owned());
        self
    }

    /// The same, in this organization.
    #[must_use]
    pub fn in_organization(mut self, organization: OrganizationId) -> Self {
        self.organization_id = Some(organization);
        self
    }

    /// The same, acted upon this.
    #[must_use]
    pub fn on(mut self, kind: &str, id: &impl ToString) -> Self {
        self.targets.push(Target::new(kind, id));
        self
    }
}

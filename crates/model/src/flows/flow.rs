//! The stages of a flow and what it keeps between two submits (`contract/11` §§1–2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Message;
use crate::{
    Timestamp,
    credentials::Factor,
    identities::Realm,
    ids::{ClientId, CredentialId, FlowId, IdentityId, OrganizationId, SessionId},
    organizations::{Delivery, Slug},
    platform::{LoginMethod, RegistrationField},
    secret_token::SecretHash,
    sessions::Aal,
    text::text_enum,
};

text_enum! {
    /// Which dialogue a flow is.
    pub enum FlowKind {
        /// Sign-in and step-up.
        Login = "login",
        /// Making an account.
        Registration = "registration",
        /// Getting back into an account.
        Recovery = "recovery",
        /// Proving an address.
        Verification = "verification",
        /// Changing one's own account.
        Settings = "settings",
    }
}

impl FlowKind {
    /// How long a flow of this kind lives, in seconds (`contract/11` §1.3).
    pub const fn life_seconds(self) -> i64 {
        match self {
            Self::Login | Self::Registration | Self::Settings => 30 * 60,
            Self::Recovery | Self::Verification => 60 * 60,
        }
    }
}

text_enum! {
    /// How the client speaks: a browser with cookies, or a program.
    pub enum Transport {
        /// Bound to the browser's cookie; ends in a session cookie.
        Browser = "browser",
        /// Bound to nothing; ends in a session token.
        Api = "api",
    }
}

text_enum! {
    /// Where a flow stands (`contract/11` §2.4).
    pub enum FlowState {
        /// Login: who signs in, and how.
        ChooseMethod = "choose_method",
        /// Registration, recovery, verification, settings: the form.
        ShowForm = "show_form",
        /// Registration: the passkey of the new account.
        CreatePasskey = "create_passkey",
        /// A message with a code or link is on its way.
        SentEmail = "sent_email",
        /// A text message with a code is on its way.
        SentSms = "sent_sms",
        /// Login: the second factor. Settings after recovery: the same, before anything else.
        SecondFactor = "second_factor",
        /// Login, registration: a second factor must be set up before going on.
        EnrollFactor = "enroll_factor",
        /// The address must be proven before going on.
        VerifyAddress = "verify_address",
        /// Required fields or a new password are missing.
        CompleteProfile = "complete_profile",
        /// Who signs in would join the organization, and says whether they want to.
        ChooseOrganization = "choose_organization",
        /// Done.
        Passed = "passed",
        /// The address is proven.
        PassedChallenge = "passed_challenge",
    }
}

text_enum! {
    /// How a one-time code travels.
    pub enum Channel {
        /// By mail.
        Email = "email",
        /// By text message.
        Sms = "sms",
    }
}

#[expect(clippy::derivable_impls, reason = "`text_enum!` writes the variants")]
impl Default for Channel {
    fn default() -> Self {
        Self::Email
    }
}

impl Channel {
    /// Where a flow stands once a code has left this way.
    pub const fn sent(self) -> FlowState {
        match self {
            Self::Email => FlowState::SentEmail,
            Self::Sms => FlowState::SentSms,
        }
    }
}

/// The one live code or link of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChallenge {
    /// Where it was sent, as entered.
    pub address: String,
    /// The identity it proves, when there is one; never told to the client.
    pub identity_id: Option<IdentityId>,
    /// The method it belongs to: `code` or `link`; `sms` for a second factor.
    pub method: String,
    /// How it travelled.
    #[serde(default)]
    pub channel: Channel,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Browser that asked for it, as in "Firefox on Linux".
    #[serde(default)]
    pub device: Option<String>,
    /// Network address that asked for it.
    #[serde(default)]
    pub place: Option<String>,
}

/// What whoever has lost their second factors can do in the settings flow of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostFactors {
    /// Say so.
    Offered,
    /// Wait until then.
    Waiting(Timestamp),
    /// Remove them, with the password where it is asked for.
    Ready {
        /// Whether the password of the account is asked for.
        asks_password: bool,
    },
}

/// The organization that a flow is about, as it was at the last step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowOrganization {
    /// Id.
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    pub slug: Slug,
    /// First factors offered there; empty for the tenant's.
    pub allowed_methods: Vec<LoginMethod>,
    /// Whether single sign-on is the only way in.
    pub sso_required: bool,
    /// Whether the flow leads in there and nowhere else; otherwise the address that was entered led to it.
    pub restricts: bool,
}

/// The client that a flow was begun for, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowClient {
    /// Id.
    pub id: ClientId,
    /// Name.
    pub name: String,
    /// Its picture.
    pub logo_url: Option<String>,
    /// How it handles data.
    pub policy_url: Option<String>,
    /// Its terms.
    pub terms_url: Option<String>,
    /// The host that it sends people back to, of one that registered itself: what it calls itself is its own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_host: Option<String>,
    /// Where it begins a sign-in anew (OpenID Connect Core §4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
}

/// The invitation that a registration answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowInvitation {
    /// SHA-256 of its token: one that is sent again or taken back is not found by it any more.
    pub token: SecretHash,
    /// The address that it is for.
    pub email: String,
    /// How it came: the token of a mail proves the address, a link that was passed on does not.
    pub delivery: Delivery,
}

/// A passkey that a flow may use, or must not make again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPasskey {
    /// Id.
    pub id: CredentialId,
    /// The authenticator's name for it, in base64url.
    pub credential_id: String,
    /// How it can be reached.
    pub transports: Vec<String>,
}

/// A passkey that was removed here, for the browser to tell its keeper (WebAuthn Level 3 §5.1.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedPasskey {
    /// The domain that it was for.
    pub rp_id: String,
    /// The authenticator's name for it, in base64url.
    pub credential_id: String,
}

/// Backup codes that a flow shows, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCodes {
    /// The codes, sealed, in base64.
    pub sealed: String,
    /// Whether they wait for the person to have saved them; until then the former ones count.
    pub wait: bool,
    /// Login, registration: the settings flow that shows them once the sign-in is done.
    pub flow: FlowId,
}

/// A flow as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Id.
    pub id: FlowId,
    /// Which dialogue.
    pub kind: FlowKind,
    /// Browser or API.
    pub transport: Transport,
    /// Where it stands.
    pub state: FlowState,
    /// Method in progress, empty before one is chosen.
    pub active: String,
    /// Begin.
    pub issued_at: Timestamp,
    /// End.
    pub expires_at: Timestamp,
    /// Set once: the flow is over.
    pub completed_at: Option<Timestamp>,
    /// Hash of the key of the browser that began it.
    pub browser_hash: Option<SecretHash>,
    /// The session it belongs to: step-up, settings, or the one it made.
    pub session_id: Option<SessionId>,
    /// The identity it belongs to, once that is proven or given by the session.
    pub identity_id: Option<IdentityId>,
    /// Submits so far; 50 are accepted.
    pub submits: u32,
    /// Keyed hash of the live code.
    pub code_hash: Option<SecretHash>,
    /// Wrong tries at the live code; five are accepted.
    pub code_tries: u32,
    /// SHA-256 of the live link's token.
    pub link_hash: Option<SecretHash>,
    /// Until when the live code and link are good.
    pub secret_expires_at: Option<Timestamp>,
    /// Everything that only the engine reads.
    pub data: FlowData,
}

impl FlowState {
    /// Whether a code or link was sent, and is waited for in the first step.
    pub const fn is_sent(self) -> bool {
        matches!(self, Self::SentEmail | Self::SentSms)
    }
}

impl Flow {
    /// Within what the addresses and names entered here are unique.
    pub fn realm(&self) -> Realm {
        self.data.realm.into()
    }

    /// The organization that the flow is restricted to.
    pub fn restricted_to(&self) -> Option<OrganizationId> {
        self.data.organization.as_ref().filter(|place| place.restricts).map(|place| place.id)
    }

    /// The organization that the flow leads into: the one it is restricted to, and in strict mode the one that was found.
    pub fn leads_into(&self) -> Option<OrganizationId> {
        let leads = |place: &&FlowOrganization| place.restricts || self.data.realm == Some(place.id);
        self.data.organization.as_ref().filter(leads).map(|place| place.id)
    }
}

/// What a flow remembers between two submits; kept as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was asked for or done")]
pub struct FlowData {
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// Assurance asked for.
    pub requested_aal: Aal,
    /// Whether to authenticate again although a session exists.
    pub refresh: bool,
    /// What was entered as identifier.
    pub identifier: Option<String>,
    /// How the address that is asked for is reached; settings after recovery: how the one was that recovery proved.
    pub channel: Channel,
    /// What is shown of the phone that is the second factor.
    pub phone_hint: Option<String>,
    /// Settings: the flow that proves a new address or phone.
    pub verification: Option<FlowId>,
    /// The live code or link.
    pub challenge: Option<CodeChallenge>,
    /// Fields entered so far that are not secret, by node name, to be shown again.
    pub values: BTreeMap<String, String>,
    /// Messages about the whole flow, since the last submit.
    pub messages: Vec<Message>,
    /// Messages about single nodes, by node name, since the last submit.
    pub node_messages: BTreeMap<String, Vec<Message>>,
    /// What was completed in this flow, or in the session that it steps up, for steps that follow.
    pub completed: Vec<crate::sessions::CompletedMethod>,
    /// Login: whether the second factor is to be skipped on this device from now on.
    pub remember_device: bool,
    /// Second factors that the identity can show.
    pub factors: Vec<Factor>,
    /// What the next answer of a passkey has to sign, in base64url; used once.
    pub challenge_of_passkey: Option<String>,
    /// The passkeys of the flow's identity.
    pub passkeys: Vec<KnownPasskey>,
    /// Settings: the passkey that the last step removed.
    pub removed_passkey: Option<RemovedPasskey>,
    /// Registration: the identity that a passkey is made for.
    pub new_identity: Option<IdentityId>,
    /// Backup codes to be shown.
    pub codes: Option<ShownCodes>,
    /// Login: required fields of the identity that are missing and asked for now.
    pub missing: Vec<RegistrationField>,
    /// Registration: what was entered, kept until the address is proven; the password as its hash.
    pub pending: Option<serde_json::Value>,
    /// Settings: the section asked for, empty for all.
    pub section: String,
    /// Strict mode: the organization whose identities are meant.
    pub realm: Option<OrganizationId>,
    /// Strict mode: those are meant who run the platform, and belong to no organization.
    pub is_personal: bool,
    /// Login, registration: the organization that it is about.
    pub organization: Option<FlowOrganization>,
    /// Login, registration: the client that it was begun for.
    pub client: Option<FlowClient>,
    /// Registration: the invitation that it answers.
    pub invitation: Option<FlowInvitation>,
    /// Login: whether there were so many failures that the next submit asks for a CAPTCHA.
    pub asks_captcha: bool,
    /// Submits that need no CAPTCHA any more, because a code by mail was entered in its place.
    pub free_submits: u32,
    /// Settings after recovery: the address that recovery proved.
    pub recovered_address: Option<String>,
    /// Settings after recovery: what can be done about second factors that are lost.
    pub lost_factors: Option<LostFactors>,
}

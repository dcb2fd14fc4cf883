//! What a person granted to a client: the code that carries it, and the tokens that follow from it.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{ClientId, GrantId, IdentityId, OrganizationId, SessionId},
    secret_token::SecretHash,
    sessions::{Aal, CompletedMethod},
};

/// When, by what and how surely the person signed in; kept, because a grant may outlive its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInFacts {
    /// When.
    pub authenticated_at: Timestamp,
    /// How surely.
    pub aal: Aal,
    /// By what.
    pub methods: Vec<CompletedMethod>,
}

/// What was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedRights {
    /// The scopes, in the order asked for.
    pub scopes: Vec<String>,
    /// For which resources.
    pub resources: Vec<String>,
    /// Claims asked for singly, for the ID token.
    pub id_token_claims: Vec<String>,
    /// Claims asked for singly, for userinfo.
    pub userinfo_claims: Vec<String>,
    /// The sign-in.
    pub signed_in: SignInFacts,
    /// The key that the code or the refresh tokens are bound to (RFC 9449).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
}

/// An authorization code, which waits to be redeemed or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub hash: SecretHash,
    /// The grant that redeeming it makes.
    pub grant_id: GrantId,
    /// To whom it was given.
    pub client_id: ClientId,
    /// Who granted.
    pub identity_id: IdentityId,
    /// In which session.
    pub session_id: SessionId,
    /// For which organization.
    pub organization_id: Option<OrganizationId>,
    /// What was granted.
    pub rights: GrantedRights,
    /// The redirect URI that was used.
    pub redirect_uri: String,
    /// Whether the request named it.
    pub redirect_uri_was_sent: bool,
    /// What the verifier must fit.
    pub code_challenge: Option<String>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// When it was given.
    pub create_time: Timestamp,
    /// Until when it can be redeemed.
    pub expires_at: Timestamp,
    /// When it was redeemed or used up.
    pub used_at: Option<Timestamp>,
}

/// A grant in force, or one that was: the family of what was issued from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Id; the tokens name it.
    pub id: GrantId,
    /// To whom.
    pub client_id: ClientId,
    /// By whom.
    pub identity_id: IdentityId,
    /// In which session.
    pub session_id: SessionId,
    /// For which organization.
    pub organization_id: Option<OrganizationId>,
    /// What was granted.
    pub rights: GrantedRights,
    /// Whether it outlives the session (`offline_access`).
    pub is_offline: bool,
    /// The number of the newest refresh token.
    pub generation: u64,
    /// When it was given.
    pub create_time: Timestamp,
    /// When it ends whatever is done.
    pub expires_at: Timestamp,
    /// When it ends if nobody uses it.
    pub idle_expires_at: Timestamp,
    /// Last use of a refresh token.
    pub last_used_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// A refresh token of a grant, which is known by its hash alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Of which grant.
    pub grant_id: GrantId,
    /// Its number.
    pub generation: u64,
    /// When it was used first.
    pub first_used_at: Option<Timestamp>,
}

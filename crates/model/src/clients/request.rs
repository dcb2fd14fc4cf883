//! An authorization request that waits: for a person, or to be used.

use crate::{
    Timestamp,
    ids::{ClientId, IdentityId},
    secret_token::SecretHash,
};

/// A request, and what a person decided on it so far. The browser knows it by its `login_challenge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequestRow {
    /// SHA-256 of the challenge.
    pub hash: SecretHash,
    /// Who asks.
    pub client_id: ClientId,
    /// The parameters as they were sent, as a query.
    pub parameters: String,
    /// The browser that it belongs to.
    pub holder: SecretHash,
    /// When it began: a sign-in since then is one that it asked for.
    pub began_at: Timestamp,
    /// Whether the account was chosen since.
    pub account_was_chosen: bool,
    /// Who agreed to it.
    pub consented_by: Option<IdentityId>,
    /// To which scopes they did.
    pub consented_scopes: Vec<String>,
    /// The organization that was chosen; empty for none.
    pub chosen_organization: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A request that a client pushed (RFC 9126), to be used by it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRequest {
    /// SHA-256 of the part of its URI that nobody can guess.
    pub hash: SecretHash,
    /// Who pushed it.
    pub client_id: ClientId,
    /// The parameters that count, as a query.
    pub parameters: String,
    /// Until when it can be begun with.
    pub expires_at: Timestamp,
    /// When an authorization by it ended in a code or an error.
    pub used_at: Option<Timestamp>,
}

//! Clients that register themselves (RFC 7591, 7592, `contract/30` §11).

use serde::{Deserialize, Serialize};

use super::GrantType;
use crate::{Timestamp, secret_token::SecretHash};

/// What a client that registers itself may ask for. An empty list allows everything that such clients may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationLimits {
    /// What it may get tokens for.
    pub grant_types: Vec<GrantType>,
    /// The most that it may ask for.
    pub scopes: Vec<String>,
}

/// A token by which clients may register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAccessToken {
    /// SHA-256 of it.
    pub hash: SecretHash,
    /// What those clients may ask for.
    pub limits: RegistrationLimits,
    /// How many may still register.
    pub uses_left: u32,
    /// Creation.
    pub create_time: Timestamp,
    /// End.
    pub expires_at: Timestamp,
}

/// A document on the web that describes a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDocument {
    /// Where it is; the `client_id`.
    pub url: String,
    /// Until when it need not be fetched again.
    pub fresh_until: Timestamp,
}

/// How a client registered itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRegistration {
    /// SHA-256 of the token by which it manages itself.
    pub token_hash: Option<SecretHash>,
    /// What it may ask for, now and at every change.
    pub limits: RegistrationLimits,
    /// Set when a document describes it.
    pub document: Option<ClientDocument>,
    /// When it got its last token, to the day; before the first one, when it registered.
    pub last_token_at: Timestamp,
}

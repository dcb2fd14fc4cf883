//! A client as the server keeps it.

use super::{ClientDocument, ClientRegistration, ClientSettings};
use crate::{Timestamp, ids::ClientId, secret_token::SecretHash};

/// Most secrets that are good at once.
pub const MOST_SECRETS: usize = 2;

/// A client.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// Id; the `client_id`.
    pub id: ClientId,
    /// What may be written of it.
    pub settings: ClientSettings,
    /// Its secrets, the newest first.
    pub secrets: Vec<ClientSecret>,
    /// What was issued to it before this moment is refused.
    pub revoked_before: Option<Timestamp>,
    /// Set when it registered itself.
    pub registration: Option<ClientRegistration>,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
}

/// A secret of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// SHA-256 of it.
    pub hash: SecretHash,
    /// Type prefix and first four characters.
    pub prefix: String,
    /// Creation.
    pub create_time: Timestamp,
    /// End; none until it is replaced.
    pub expires_at: Option<Timestamp>,
}

impl ClientSecret {
    /// Whether it is good at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl Client {
    /// Its entity tag, without quotes.
    pub fn etag(&self) -> String {
        format!("{:x}", self.update_time.micros())
    }

    /// The document that describes it, if one does.
    pub fn document(&self) -> Option<&ClientDocument> {
        self.registration.as_ref()?.document.as_ref()
    }

    /// What it is called in requests and tokens: its id, or the URL of its document.
    pub fn client_id(&self) -> String {
        self.document().map_or_else(|| self.id.to_string(), |document| document.url.clone())
    }

    /// Whether what was issued to it at this second is good still.
    pub fn honours(&self, issued_at: i64) -> bool {
        self.revoked_before.is_none_or(|limit| issued_at >= limit.seconds())
    }
}

//! A client that has yet to be told that a session ended (OpenID Connect Back-Channel Logout).

use crate::ids::{ClientId, IdentityId, SessionId};

/// A call to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogout {
    /// The session that ended.
    pub session_id: SessionId,
    /// Who is told.
    pub client_id: ClientId,
    /// Whose session it was.
    pub identity_id: IdentityId,
    /// How often it was tried, this time included.
    pub tries: u32,
}

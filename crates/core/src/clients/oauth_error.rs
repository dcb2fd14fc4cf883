//! Why a call of the protocol is refused.

use avnology_model::Error;
use avnology_oauth::{ErrorCode, OAuthError};

/// A refusal in the words of the protocol, or a failure of ours.
#[derive(Debug)]
pub enum Refusal {
    /// The client is told why.
    OAuth(OAuthError),
    /// Something of ours failed.
    Failed(Error),
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A refusal with this code.
pub(super) fn refuse(code: ErrorCode, why: &'static str) -> Refusal {
    Refusal::OAuth(OAuthError::new(code, why))
}

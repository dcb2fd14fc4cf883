//! The keys as administrators see them.

use avnology_model::{
    Result, Timestamp,
    platform::{SigningAlgorithm, SigningKeyState},
};
use avnology_store::platform::signing_keys::StoredSigningKey;
use serde::Serialize;
use utoipa::ToSchema;

use super::load;
use crate::{Cx, Tenant};

/// A key that signs, did, or will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyView {
    /// Its id in the published set: its thumbprint (RFC 7638).
    pub kid: String,
    /// How it signs.
    pub alg: SigningAlgorithm,
    /// Where it stands.
    pub state: SigningKeyState,
    /// Since when it is in the published set.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// From when on it signs.
    #[schema(value_type = String, format = DateTime)]
    pub activates_at: Timestamp,
    /// When it leaves the published set; null before and while it signs.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retires_at: Option<Timestamp>,
}

/// The keys that are published, by algorithm, the newest of each first.
pub async fn list_signing_keys(app: &Tenant, cx: &Cx) -> Result<Vec<SigningKeyView>> {
    super::ring(app, cx, SigningAlgorithm::ALWAYS).await?;
    Ok(views(&load::read(app, cx).await?))
}

pub(super) fn views(stored: &[StoredSigningKey]) -> Vec<SigningKeyView> {
    let mut views: Vec<SigningKeyView> = stored.iter().filter_map(view).collect();
    views.sort_by_key(|view| view.alg);
    views
}

/// None for a key of an algorithm that only newer releases know.
fn view(row: &StoredSigningKey) -> Option<SigningKeyView> {
    let state = match row {
        row if row.active => SigningKeyState::Active,
        row if row.is_next() => SigningKeyState::Next,
        _ => SigningKeyState::Retiring,
    };
    Some(SigningKeyView {
        kid: row.kid.clone(),
        alg: SigningAlgorithm::parse(&row.algorithm)?,
        state,
        published_at: row.create_time,
        activates_at: row.activate_time,
        retires_at: row.retire_time,
    })
}

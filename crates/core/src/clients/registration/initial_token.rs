//! Tokens by which clients may register.

use avnology_model::{
    Error, FieldCode, Result, Timestamp,
    clients::{GrantType, InitialAccessToken, RegistrationLimits},
    events::EventType,
    secret_token::SecretKind,
};
use avnology_store::clients::{initial_tokens, resources};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::{input::push, scopes};
use crate::{Cx, Tenant, events::emit, service_accounts::ShownOnce};

/// Shortest and longest life, in seconds.
const LIFE: (u32, u32) = (60, 31_536_000);
/// Most clients that one may register.
const MOST_USES: u32 = 10_000;
/// Most scopes that it names.
const SCOPES: usize = 100;

/// What a token for registrations allows.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = CreateInitialAccessToken)]
pub struct NewInitialToken {
    /// For how many seconds it is good, 60–31536000.
    #[schema(minimum = 60, maximum = 31_536_000)]
    pub expires_in_seconds: u32,
    /// How many clients may register with it, 1–10000.
    #[schema(minimum = 1, maximum = 10_000)]
    pub max_uses: u32,
    /// What those clients may get tokens for; anything when empty.
    pub grant_types: Vec<GrantType>,
    /// The most that those clients may ask for; whatever registered clients may have when empty.
    pub scopes: Vec<String>,
}

impl Default for NewInitialToken {
    fn default() -> Self {
        Self { expires_in_seconds: 2_592_000, max_uses: 1, grant_types: Vec::new(), scopes: Vec::new() }
    }
}

/// A token for registrations.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = InitialAccessToken)]
pub struct InitialToken {
    /// The token: in this answer, and never again.
    #[schema(value_type = String)]
    pub token: ShownOnce,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// How many clients may register with it.
    pub max_uses: u32,
}

/// Makes a token by which clients may register. `_902`.
pub async fn create_initial_token(app: &Tenant, cx: &Cx, asked: NewInitialToken) -> Result<InitialToken> {
    let mut errors = Vec::new();
    let (life, uses) = (asked.expires_in_seconds, asked.max_uses);
    for (field, value, (low, high)) in
        [("expires_in_seconds", life, LIFE), ("max_uses", uses, (1, MOST_USES))]
    {
        if value < low {
            push(&mut errors, field, FieldCode::TooSmall, &format!("At least {low}."));
        } else if value > high {
            push(&mut errors, field, FieldCode::TooLarge, &format!("At most {high}."));
        }
    }
    if asked.scopes.len() > SCOPES {
        push(&mut errors, "scopes", FieldCode::TooLong, "At most 100.");
    }
    Error::from_fields(errors)?;
    let (secret, expires_at) = (cx.secret(SecretKind::InitialAccessToken), cx.now.plus_seconds(life.into()));
    let token = InitialAccessToken {
        hash: secret.hash(),
        limits: RegistrationLimits { grant_types: asked.grant_types, scopes: asked.scopes },
        uses_left: uses,
        create_time: cx.now,
        expires_at,
    };
    let cx = cx.clone();
    let write = app.store.identity().write(move |tx| {
        let known = resources::list(tx)?;
        let mut errors = Vec::new();
        for (n, scope) in token.limits.scopes.iter().enumerate() {
            if !scopes::is_known(scope, &known) {
                push(&mut errors, &format!("scopes[{n}]"), FieldCode::NotInEnum, "There is no such scope.");
            }
        }
        Error::from_fields(errors)?;
        initial_tokens::insert(tx, &token)?;
        let payload = json!({
            "max_uses": uses, "expires_at": expires_at, "grant_types": token.limits.grant_types,
            "scopes": token.limits.scopes,
        });
        emit(tx, &cx.event(EventType::OauthInitialAccessTokenCreated, payload))
    });
    write.await?;
    Ok(InitialToken { token: ShownOnce::of(&secret), expires_at, max_uses: uses })
}

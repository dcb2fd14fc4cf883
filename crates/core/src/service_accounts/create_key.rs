//! Making an API key.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
    permissions::{Scope, ScopeSet},
    platform::IdempotencyKey,
    secret_token::SecretToken,
    service_accounts::{ApiKey, IpNet, ServiceAccount},
};
use avnology_store::{
    IdentityTx,
    service_accounts::{accounts, keys},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{ApiKeyView, Keeper, authenticate::kind_of, default_account, input, view::key_event};
use crate::{Cx, Tenant, events::emit, platform};

/// Most keys of an account that are good and not replaced.
const MOST: u32 = 10;
/// Most characters of a name.
pub(super) const NAME: usize = 100;
/// How often a default account that somebody else makes at the same time is looked for.
const TRIES: u32 = 3;

/// What is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateApiKey)]
pub struct NewApiKey {
    /// Name, 1–100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it allows, of what its account may; all of that when empty.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Networks that it may be used from, at most 50; any when empty.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub allowed_cidrs: Vec<String>,
    /// End; null for never.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Timestamp>,
}

/// To which account a new key belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This one; `_901` when it is not there.
    Account(ServiceAccountId),
    /// This one, named in the body: `_902` when it is not there.
    Named(ServiceAccountId),
    /// The default one of the organization, made on first use.
    Default,
}

/// What was asked for, read and checked.
#[derive(Clone)]
struct Wanted {
    name: String,
    scopes: Vec<String>,
    networks: Vec<IpNet>,
    end: Option<Timestamp>,
}

/// Ids and the secret, drawn outside the transaction.
#[derive(Clone)]
struct Drawn {
    id: ApiKeyId,
    default_account: ServiceAccountId,
    token: SecretToken,
}

/// Makes a key, which is in this answer and never shown again. `_911`; `_902`; `_901`; `_910` for an inactive account;
/// `_100` when it would allow more than the caller holds; `_914` beyond 10 active keys of an account.
pub async fn create_key(
    app: &Arc<Tenant>,
    cx: &Cx,
    keeper: &Keeper,
    (whose, new): (Whose, NewApiKey),
    key: Option<&IdempotencyKey>,
) -> Result<ApiKeyView> {
    keeper.check_feature(app)?;
    let wanted = read(cx, new)?;
    let drawn = Drawn {
        id: ApiKeyId::new(cx.now, cx.random()),
        default_account: ServiceAccountId::new(cx.now, cx.random()),
        token: cx.secret(kind_of(app.config.environment)),
    };
    for _ in 0..TRIES {
        let (job, keeper, cx, key) = (Arc::clone(app), keeper.clone(), cx.clone(), key.copied());
        let (wanted, drawn) = (wanted.clone(), drawn.clone());
        let made = app
            .store
            .identity()
            .write(move |tx| {
                let account = match whose {
                    Whose::Default => default_of(tx, &cx, &keeper, drawn.default_account)?,
                    Whose::Account(id) => Some(accounts::get(tx, keeper.organization_id(), id)?),
                    Whose::Named(id) => Some(named(tx, &keeper, id)?),
                };
                let Some(account) = account else { return Ok(None) };
                let made = make(tx, &cx, &keeper, &account, (&wanted, &drawn))?;
                let view = ApiKeyView::of(&made, cx.now).with_secret(&drawn.token);
                let body = serde_json::to_vec(&view).map_err(Error::internal)?;
                platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
                Ok(Some(view))
            })
            .await?;
        if let Some(view) = made {
            return Ok(view);
        }
    }
    Err(Error::new(Code::Unavailable).with_retry_after(1))
}

fn read(cx: &Cx, new: NewApiKey) -> Result<Wanted> {
    let mut errors = Vec::new();
    let name = input::name(&mut errors, &new.name, NAME);
    let networks = input::networks(&mut errors, &new.allowed_cidrs);
    input::end(&mut errors, new.expire_time, cx.now);
    Error::from_fields(errors)?;
    Ok(Wanted { name, scopes: new.scopes, networks, end: new.expire_time })
}

fn named(tx: &mut IdentityTx<'_>, keeper: &Keeper, id: ServiceAccountId) -> Result<ServiceAccount> {
    accounts::get(tx, keeper.organization_id(), id).map_err(|error| match error.code() {
        Code::NotFound => {
            Error::field("service_account_id", FieldCode::NotFound, "There is no such account.")
        }
        _ => error,
    })
}

fn default_of(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keeper: &Keeper,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>> {
    let place =
        keeper.organization_id().ok_or_else(|| Error::internal("the tenant has no default account"))?;
    default_account::find_or_make(tx, cx, keeper, place, id)
}

fn make(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keeper: &Keeper,
    account: &ServiceAccount,
    (wanted, drawn): (&Wanted, &Drawn),
) -> Result<ApiKey> {
    let key = ApiKey {
        id: drawn.id,
        service_account_id: account.id,
        organization_id: account.organization_id,
        hash: drawn.token.hash(),
        prefix: drawn.token.shown_prefix(),
        name: wanted.name.clone(),
        scopes: scopes_within(account, &wanted.scopes)?,
        account_scopes: account.scopes.clone(),
        account_active: account.active,
        allowed_cidrs: wanted.networks.clone(),
        expire_time: wanted.end,
        replaced_by: None,
        last_used_at: None,
        last_used_ip: None,
        create_time: cx.now,
        revoked_at: None,
    };
    keeper.check_holds(key.effective_scopes())?;
    check_active(account)?;
    let used = keys::count_active(tx, account.id, cx.now)?;
    if used >= MOST {
        return Err(Error::new(Code::LimitReached).with_member("limit", MOST).with_member("used", used));
    }
    keys::insert(tx, &key)?;
    emit(tx, &key_event(cx, EventType::ApiKeyCreated, &key, Value::Null))?;
    Ok(key)
}

/// The scopes of a key: none but those of its account. `_902`.
fn scopes_within(account: &ServiceAccount, texts: &[String]) -> Result<Vec<Scope>> {
    let of_account: ScopeSet = account.scopes.iter().copied().collect();
    let mut errors = Vec::new();
    let scopes = input::scopes(&mut errors, texts, |scope| of_account.contains(scope));
    Error::from_fields(errors)?;
    Ok(scopes)
}

/// `_910` when the account is inactive.
pub(super) fn check_active(account: &ServiceAccount) -> Result<()> {
    if account.active {
        return Ok(());
    }
    Err(Error::new(Code::ConflictingState)
        .with_detail("The service account is inactive.")
        .with_member("state", "inactive"))
}

//! `/organizations/{id}/api-keys`.

use std::collections::BTreeMap;

use avnology_core::{
    identities::ListQuery,
    organizations::Acting,
    service_accounts::{self, ApiKeyView, Keeper, NewApiKey, ServiceAccountView, Whose},
};
use avnology_http::{Auth, Form, PageInOrganization, Query, Response, Route, ScopeMarker, csrf, scopes};
use avnology_model::{Error, Result, Timestamp, ids::ApiKeyId, permissions::Scope};
use avnology_views::organizations::{AccountRow, KeyRow, Keys, NewKey, Refusal, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    outcome,
};

type Reader = Auth<PageInOrganization<scopes::KeysRead>>;
type Writer = Auth<PageInOrganization<scopes::KeysWrite>>;

/// How long a key that was replaced still works.
const GRACE_SECONDS: u32 = 3_600;
const DAY: i64 = 86_400;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("revoked", "The key was ended. It works nowhere any more."),
    ("account", "The service account was made. Now give it a key."),
];

/// What was entered and refused.
#[derive(Clone, Copy, Default)]
struct Draft<'a> {
    name: &'a str,
    networks: &'a str,
}

pub(super) fn keeper<S: ScopeMarker>(auth: &Auth<PageInOrganization<S>>) -> Result<Keeper> {
    Ok(Keeper::of_organization(auth.acting()?, Some(auth.session().identity.id)))
}

async fn list(auth: Reader, Query(q): Query<Params>) -> Result<Response> {
    let mut place = Place::of(&auth).await?;
    place.notice = outcome::notice(q.done.as_deref(), DONE);
    place.refusals = outcome::refusals(q.failed.as_deref());
    draw(&auth, &place, None, Draft::default(), 200).await
}

async fn draw<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    place: &Place,
    made: Option<NewKey<'_>>,
    draft: Draft<'_>,
    status: u16,
) -> Result<Response> {
    let acting = auth.acting()?;
    let keeper = keeper(auth)?;
    let query =
        ListQuery { filter: None, order_by: Vec::new(), page_size: 100, after: None, include_total: false };
    let accounts = if acting.scopes.contains(Scope::ServiceAccountsRead) {
        service_accounts::list_accounts(&auth.app, &keeper, query).await?.service_accounts
    } else {
        Vec::new()
    };
    let keys = service_accounts::list_keys_of_organization(&auth.app, &auth.cx, &keeper).await?;
    let scopes = if acting.scopes.contains(Scope::KeysWrite) { scopes_to_give(acting) } else { Vec::new() };
    let sees_accounts = acting.scopes.contains(Scope::ServiceAccountsRead);
    let accounts_url = place.url("/api-keys/accounts");
    let html = Keys {
        frame: place.frame(),
        accounts: &accounts.iter().map(account).collect::<Vec<_>>(),
        rows: &keys.iter().map(|key| row(key, &accounts)).collect::<Vec<_>>(),
        scopes: &scopes,
        name: draft.name,
        networks: draft.networks,
        accounts_url: sees_accounts.then_some(accounts_url.as_str()),
        made,
    }
    .render();
    Ok(answer(auth, html, status))
}

/// The scopes of keys that the caller holds, and so may give.
pub(super) fn scopes_to_give(acting: &Acting) -> Vec<String> {
    let may = |scope: &&Scope| scope.is_for_keys() && acting.scopes.contains(**scope);
    Scope::ALL.iter().filter(may).map(|scope| scope.as_str().to_owned()).collect()
}

/// The scopes that were ticked: fields named `scope:…`.
pub(super) fn ticked(fields: &BTreeMap<String, String>) -> Vec<String> {
    fields.keys().filter_map(|name| name.strip_prefix("scope:")).map(str::to_owned).collect()
}

fn account(view: &ServiceAccountView) -> AccountRow {
    AccountRow {
        id: view.id.to_string(),
        name: view.name.clone(),
        scopes: texts(&view.scopes),
        active: view.active,
    }
}

pub(super) fn texts(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

fn row(key: &ApiKeyView, accounts: &[ServiceAccountView]) -> KeyRow {
    let account = accounts.iter().find(|account| account.id == key.service_account_id);
    KeyRow {
        id: key.id.to_string(),
        account: account.map_or_else(|| key.service_account_id.to_string(), |account| account.name.clone()),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        scopes: texts(&key.scopes),
        networks: key.allowed_cidrs.iter().map(ToString::to_string).collect(),
        active: key.active,
        last_used_at: key.last_used_at,
        expire_time: key.expire_time,
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    key: String,
    name: String,
    service_account: String,
    days: String,
    allowed_cidrs: String,
    /// `scope:…` for each scope that was ticked.
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

async fn act(auth: Writer, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let url = format!("/organizations/{}/api-keys", acting.organization.organization.slug);
    let fields = form.fields;
    match fields.action.as_str() {
        "create" => create(&auth, fields).await,
        "rotate" => match rotate(&auth, &fields.key).await {
            Err(error) => outcome::failed(&url, error),
            done => done,
        },
        "revoke" => {
            let id = fields.key.parse::<ApiKeyId>().map_err(|_| Error::not_found())?;
            match service_accounts::revoke_key(&auth.app, &auth.cx, &keeper(&auth)?, None, id).await {
                Ok(()) => Ok(outcome::done(&url, "revoked")),
                Err(error) => outcome::failed(&url, error),
            }
        }
        _ => Err(Error::not_found()),
    }
}

async fn create(auth: &Writer, fields: Fields) -> Result<Response> {
    let whose = match fields.service_account.as_str() {
        "" => Whose::Default,
        id => Whose::Named(id.parse().map_err(|_| Error::not_found())?),
    };
    let days = fields.days.parse::<i64>().ok();
    let new = NewApiKey {
        name: fields.name.clone(),
        scopes: ticked(&fields.ticked),
        allowed_cidrs: fields.allowed_cidrs.split_whitespace().map(str::to_owned).collect(),
        expire_time: days.map(|days| auth.cx.now.plus_seconds(days.clamp(1, 3_650) * DAY)),
    };
    let mut place = Place::of(auth).await?;
    match service_accounts::create_key(&auth.app, &auth.cx, &keeper(auth)?, (whose, new), None).await {
        Ok(key) => shown(auth, &place, &key, None).await,
        Err(error) if error.is_failure() => Err(error),
        Err(error) => {
            place.refusals = refusal(&error).into_iter().map(of_networks).collect();
            let draft = Draft { name: &fields.name, networks: &fields.allowed_cidrs };
            draw(auth, &place, None, draft, error.code().status()).await
        }
    }
}

/// A flaw of one network is one of their field.
fn of_networks(refusal: Refusal) -> Refusal {
    let nth = refusal.field.strip_prefix("allowed_cidrs[").and_then(|rest| rest.strip_suffix(']'));
    let Some(nth) = nth.and_then(|nth| nth.parse::<u32>().ok()) else { return refusal };
    let text = format!("Number {}: {}", nth + 1, refusal.text);
    Refusal { field: "allowed_cidrs".to_owned(), text, ..refusal }
}

async fn rotate(auth: &Writer, key: &str) -> Result<Response> {
    let id = key.parse::<ApiKeyId>().map_err(|_| Error::not_found())?;
    let keeper = keeper(auth)?;
    let keys = service_accounts::list_keys_of_organization(&auth.app, &auth.cx, &keeper).await?;
    let account = keys.iter().find(|key| key.id == id).map(|key| key.service_account_id);
    let account = account.ok_or_else(Error::not_found)?;
    let asked = (account, id, GRACE_SECONDS);
    let rotated = service_accounts::rotate_key(&auth.app, &auth.cx, &keeper, asked, None).await?;
    let place = Place::of(auth).await?;
    shown(auth, &place, &rotated.new_key, Some(rotated.old_key_expires_at)).await
}

/// The page with a key that is shown this once.
async fn shown(
    auth: &Writer,
    place: &Place,
    key: &ApiKeyView,
    old_until: Option<Timestamp>,
) -> Result<Response> {
    let secret = key.key.as_ref().map(|key| key.expose().to_owned()).unwrap_or_default();
    let made = NewKey { name: &key.name, secret: &secret, old_until };
    draw(auth, place, Some(made), Draft::default(), 200).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/api-keys", list).answers_html(200),
        Route::post("/organizations/{id}/api-keys", act).answers_redirect(303),
    ]
}

//! `/organizations/{id}/api-keys`.

use std::collections::BTreeMap;

use avnology_core::{
    identities::ListQuery,
    service_accounts::{self, ApiKeyView, Keeper, NewApiKey, ServiceAccountView, Whose},
};
use avnology_http::{Auth, Form, PageInOrganization, Query, Response, Route, ScopeMarker, csrf, scopes};
use avnology_model::{Error, Result, Timestamp, ids::ApiKeyId, permissions::Scope};
use avnology_views::organizations::{AccountRow, KeyRow, Keys, NewKey, refusal};
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

fn keeper<S: ScopeMarker>(auth: &Auth<PageInOrganization<S>>) -> Result<Keeper> {
    Ok(Keeper::of_organization(auth.acting()?, Some(auth.session().identity.id)))
}

async fn list(auth: Reader, Query(q): Query<Params>) -> Result<Response> {
    let mut place = Place::of(&auth).await?;
    place.notice =
        outcome::notice(q.done.as_deref(), &[("revoked", "The key was ended. It works nowhere any more.")]);
    place.refusals = outcome::refusals(q.failed.as_deref());
    draw(&auth, &place, None, "", 200).await
}

async fn draw<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    place: &Place,
    made: Option<NewKey<'_>>,
    name: &str,
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
    let may = acting.scopes.contains(Scope::KeysWrite);
    let scopes: Vec<String> = Scope::ALL
        .iter()
        .filter(|scope| may && scope.is_for_keys() && acting.scopes.contains(**scope))
        .map(|scope| scope.as_str().to_owned())
        .collect();
    let html = Keys {
        frame: place.frame(),
        accounts: &accounts.iter().map(account).collect::<Vec<_>>(),
        rows: &keys.iter().map(|key| row(key, &accounts)).collect::<Vec<_>>(),
        scopes: &scopes,
        name,
        made,
    }
    .render();
    Ok(answer(auth, html, status))
}

fn account(view: &ServiceAccountView) -> AccountRow {
    AccountRow {
        id: view.id.to_string(),
        name: view.name.clone(),
        scopes: texts(&view.scopes),
        active: view.active,
    }
}

fn texts(scopes: &[Scope]) -> Vec<String> {
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
        scopes: fields
            .ticked
            .keys()
            .filter_map(|name| name.strip_prefix("scope:"))
            .map(str::to_owned)
            .collect(),
        allowed_cidrs: Vec::new(),
        expire_time: days.map(|days| auth.cx.now.plus_seconds(days.clamp(1, 3_650) * DAY)),
    };
    let mut place = Place::of(auth).await?;
    match service_accounts::create_key(&auth.app, &auth.cx, &keeper(auth)?, (whose, new), None).await {
        Ok(key) => shown(auth, &place, &key, None).await,
        Err(error) if error.is_failure() => Err(error),
        Err(error) => {
            place.refusals = refusal(&error);
            draw(auth, &place, None, &fields.name, error.code().status()).await
        }
    }
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
    draw(auth, place, Some(made), "", 200).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/api-keys", list).answers_html(200),
        Route::post("/organizations/{id}/api-keys", act).answers_redirect(303),
    ]
}

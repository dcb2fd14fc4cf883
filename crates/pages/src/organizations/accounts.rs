//! `/organizations/{id}/api-keys/accounts`.

use std::collections::BTreeMap;

use avnology_core::{
    identities::ListQuery,
    service_accounts::{self, NewServiceAccount, ServiceAccountChange, ServiceAccountView},
};
use avnology_http::{
    Auth, Form, PageInOrganization, Query, Reply, Response, Route, ScopeMarker, SeeOther, csrf, scopes,
};
use avnology_model::{Error, Result, permissions::Scope};
use avnology_views::organizations::{Refusal, ServiceAccountRow, ServiceAccounts, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    keys::{keeper, scopes_to_give, texts, ticked},
    outcome,
};

type Reader = Auth<PageInOrganization<scopes::ServiceAccountsRead>>;
type Writer = Auth<PageInOrganization<scopes::ServiceAccountsWrite>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("disabled", "The service account is off. None of its keys works."),
    ("enabled", "The service account is on. Its keys work again."),
];

async fn list(auth: Reader, Query(q): Query<Params>) -> Result<Response> {
    let mut place = Place::of(&auth).await?;
    place.notice = outcome::notice(q.done.as_deref(), DONE);
    place.refusals = outcome::refusals(q.failed.as_deref());
    draw(&auth, &place, ("", ""), 200).await
}

async fn draw<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    place: &Place,
    draft: (&str, &str),
    status: u16,
) -> Result<Response> {
    let acting = auth.acting()?;
    let query = ListQuery { page_size: 100, ..ListQuery::default() };
    let accounts = service_accounts::list_accounts(&auth.app, &keeper(auth)?, query).await?.service_accounts;
    let may = acting.scopes.contains(Scope::ServiceAccountsWrite);
    let html = ServiceAccounts {
        frame: place.frame(),
        rows: &accounts.iter().map(row).collect::<Vec<_>>(),
        scopes: &if may { scopes_to_give(acting) } else { Vec::new() },
        draft,
    }
    .render();
    Ok(answer(auth, html, status))
}

fn row(view: &ServiceAccountView) -> ServiceAccountRow {
    ServiceAccountRow {
        id: view.id.to_string(),
        name: view.name.clone(),
        description: view.description.clone(),
        scopes: texts(&view.scopes),
        active: view.active,
        last_used_at: view.last_used_at,
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    account: String,
    name: String,
    description: String,
    /// `scope:…` for each scope that was ticked.
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

async fn act(auth: Writer, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let mut place = Place::of(&auth).await?;
    let url = place.url("/api-keys/accounts");
    let fields = form.fields;
    match fields.action.as_str() {
        "create" => match create(&auth, &fields).await {
            Ok(_) => Ok(SeeOther(place.url("/api-keys?done=account")).respond()),
            Err(error) if error.is_failure() => Err(error),
            Err(error) => {
                let first = scopes_to_give(auth.acting()?).into_iter().next().unwrap_or_default();
                place.refusals = refusal(&error).into_iter().map(|flaw| of_scopes(flaw, &first)).collect();
                draw(&auth, &place, (&fields.name, &fields.description), error.code().status()).await
            }
        },
        "disable" | "enable" => match switch(&auth, &fields).await {
            Ok(_) => Ok(outcome::done(&url, if fields.action == "enable" { "enabled" } else { "disabled" })),
            Err(error) => outcome::failed(&url, error),
        },
        _ => Err(Error::not_found()),
    }
}

/// A flaw of the scopes stands beside the first box.
fn of_scopes(refusal: Refusal, first: &str) -> Refusal {
    if !refusal.field.starts_with("scopes") {
        return refusal;
    }
    Refusal { field: format!("scope:{first}"), text: "Tick what its keys may do.".to_owned(), ..refusal }
}

async fn create(auth: &Writer, fields: &Fields) -> Result<ServiceAccountView> {
    let new = NewServiceAccount {
        name: fields.name.clone(),
        description: Some(fields.description.clone()).filter(|text| !text.trim().is_empty()),
        owner_id: None,
        organization_id: None,
        scopes: ticked(&fields.ticked),
    };
    service_accounts::create_account(&auth.app, &auth.cx, &keeper(auth)?, new, None).await
}

async fn switch(auth: &Writer, fields: &Fields) -> Result<ServiceAccountView> {
    let id = fields.account.parse().map_err(|_| Error::not_found())?;
    let active = Some(Some(fields.action == "enable"));
    let change = ServiceAccountChange { active, ..ServiceAccountChange::default() };
    service_accounts::update_account(&auth.app, &auth.cx, &keeper(auth)?, id, change).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/api-keys/accounts", list).answers_html(200),
        Route::post("/organizations/{id}/api-keys/accounts", act).answers_redirect(303),
    ]
}

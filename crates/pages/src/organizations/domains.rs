//! `/organizations/{id}/domains`.

use avnology_core::organizations::{self, DomainView, NewDomain};
use avnology_http::{Auth, Form, PageInOrganization, Query, Response, Route, csrf, scopes};
use avnology_model::{Code, Error, Result};
use avnology_views::organizations::{DomainRow, Domains, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    outcome,
};

/// Whoever changes settings keeps the domains as well.
pub(super) type Keeper = Auth<PageInOrganization<scopes::OrganizationsWrite>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
}

async fn list(auth: Keeper, Query(q): Query<Params>) -> Result<Response> {
    let mut place = Place::of(&auth).await?;
    let known = &[("removed", "The domain was removed. Members who came by it stay.")];
    place.notice = outcome::notice(q.done.as_deref(), known);
    draw(&auth, &place, "", 200).await
}

async fn draw(auth: &Keeper, place: &Place, draft: &str, status: u16) -> Result<Response> {
    let domains = organizations::list_domains(&auth.app, auth.acting()?).await?;
    let rows: Vec<DomainRow> = domains.iter().map(|domain| row(place, domain)).collect();
    Ok(answer(auth, Domains { frame: place.frame(), rows: &rows, draft }.render(), status))
}

fn row(place: &Place, view: &DomainView) -> DomainRow {
    DomainRow {
        domain: view.domain.clone(),
        status: view.status,
        last_checked_at: view.last_checked_at,
        auto_join: view.auto_join,
        sign_in_routing: view.sign_in_routing,
        href: place.url(&format!("/domains/{}", view.id)),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    domain: String,
}

async fn add(auth: Keeper, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let name = form.fields.domain;
    let new = NewDomain {
        domain: name.trim().to_owned(),
        auto_join: None,
        sign_in_routing: None,
        default_role: None,
        connection_id: None,
    };
    match organizations::create_domain(&auth.app, &auth.cx, acting, new, None).await {
        Ok(made) => {
            let slug = &acting.organization.organization.slug;
            Ok(outcome::done(&format!("/organizations/{slug}/domains/{}", made.id), "added"))
        }
        Err(error) if outcome::is_elsewhere(&error) => outcome::failed(
            &format!("/organizations/{}/domains", acting.organization.organization.slug),
            error,
        ),
        Err(error) => {
            let mut place = Place::of(&auth).await?;
            place.refusals = refused(&error);
            draw(&auth, &place, &name, error.code().status()).await
        }
    }
}

/// Everything that can be wrong here is wrong with the name.
fn refused(error: &Error) -> Vec<avnology_views::organizations::Refusal> {
    let mut all = refusal(error);
    for one in &mut all {
        if error.code() != Code::LimitReached && error.code() != Code::FeatureDisabled {
            "domain".clone_into(&mut one.field);
        }
        if error.code() == Code::AlreadyExists {
            "This domain is here already. You find it below.".clone_into(&mut one.text);
        }
    }
    all
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/domains", list).answers_html(200),
        Route::post("/organizations/{id}/domains", add).answers_redirect(303),
    ]
}

//! `/organizations/new`.

use avnology_core::{
    flows::resolve_return_to,
    organizations::{self, CreatedOrganization, NewOrganization},
};
use avnology_http::{Auth, Form, PageSignedIn, Query, Response, Route, csrf};
use avnology_model::{Code, Error, Result};
use avnology_views::organizations::{NewTeam, NewTeamClosed, SlugPreview, refusal};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{outcome, switch};
use crate::shell::{brand, entry_page};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    name: String,
    slug: String,
    /// `check` looks at the address and makes nothing.
    action: String,
    /// Where the person came from, who goes back there with the new team.
    return_to: String,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// Where the person came from.
    return_to: String,
}

async fn show(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    if !organizations::may_create(&auth.app, auth.session()) {
        let is_proven = auth.session().identity.email_verified;
        // Whether proving the address would help is what making one would say.
        let code = if is_proven { Code::OrganizationCreationRefused } else { Code::VerificationRequired };
        return Ok(closed(&auth, code, &q.return_to));
    }
    let fields = Fields { return_to: q.return_to, ..Fields::default() };
    Ok(draw(&auth, &fields, None, None))
}

async fn create(auth: Auth<PageSignedIn>, form: Form<Fields>) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    let fields = form.fields;
    if fields.action == "check" {
        let text = if fields.slug.trim().is_empty() { &fields.name } else { &fields.slug };
        let checked = organizations::check_slug(&auth.app, &auth.cx, text).await?;
        let suggestion = checked.suggestion.map(|slug| slug.to_string()).unwrap_or_default();
        let is_available = checked.available || fields.slug.trim().is_empty();
        return Ok(draw(&auth, &fields, Some((is_available, &suggestion)), None));
    }
    let slug = Some(fields.slug.trim().to_owned()).filter(|slug| !slug.is_empty());
    let new = NewOrganization::named(fields.name.clone(), slug);
    let is_platform = auth.caller.holds(avnology_model::permissions::Scope::OrganizationsCreate);
    match organizations::create(&auth.app, &auth.cx, Some(live), is_platform, new, None).await {
        Ok(CreatedOrganization::Made(made) | CreatedOrganization::WouldBe(made)) => {
            let usual = || format!("/organizations/{}/invitations?done=created", made.slug);
            let next = resolve_return_to(&auth.app, &fields.return_to).unwrap_or_else(usual);
            match switch::enter(&auth, live, made.slug.as_str(), Some(&next)).await {
                Err(error) if error.code() == Code::OrganizationNotReady => {
                    Ok(outcome::done("/account/organizations", "preparing"))
                }
                answer => answer,
            }
        }
        Err(error)
            if matches!(error.code(), Code::OrganizationCreationRefused | Code::VerificationRequired) =>
        {
            Ok(closed(&auth, error.code(), &fields.return_to))
        }
        Err(error) if error.is_failure() => Err(error),
        Err(error) => Ok(draw(&auth, &fields, None, Some(&error))),
    }
}

fn closed(auth: &Auth<PageSignedIn>, code: Code, return_to: &str) -> Response {
    let brand = brand(&auth.app);
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let here = match return_to {
        "" => "/organizations/new".to_owned(),
        target => format!("/organizations/new?return_to={}", encoded(target)),
    };
    let verify_url = format!("/verify?return_to={}", encoded(&here));
    let verify_url = (code == Code::VerificationRequired).then_some(verify_url.as_str());
    let cx = avnology_views::Context::english(&brand, auth.cx.now);
    let html = NewTeamClosed { cx, verify_url }.render();
    entry_page(auth, html, code.status(), Vec::new())
}

fn draw(
    auth: &Auth<PageSignedIn>,
    fields: &Fields,
    preview: Option<(bool, &str)>,
    error: Option<&Error>,
) -> Response {
    let brand = brand(&auth.app);
    let refusals = error.map(refused).unwrap_or_default();
    let html = NewTeam {
        cx: avnology_views::Context::english(&brand, auth.cx.now),
        csrf_token: &csrf::page_token(&auth.app, auth.session().id()),
        name: &fields.name,
        slug: &fields.slug,
        return_to: &fields.return_to,
        prefix: &format!("{}/organizations/", auth.app.config.origin()),
        preview: preview.map(|(is_available, suggestion)| SlugPreview { is_available, suggestion }),
        refusals: &refusals,
    }
    .render();
    entry_page(auth, html, error.map_or(200, |error| error.code().status()), Vec::new())
}

/// A slug that is taken is said beside its field.
fn refused(error: &Error) -> Vec<avnology_views::organizations::Refusal> {
    let mut all = refusal(error);
    if error.code() == Code::AlreadyExists {
        for one in &mut all {
            "slug".clone_into(&mut one.field);
            "This address is taken, or looks like one that is. Choose another one.".clone_into(&mut one.text);
        }
    }
    all
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/new", show).answers_html(200),
        Route::post("/organizations/new", create).answers_redirect(303),
    ]
}

//! `/organizations/{id}/settings`.

use avnology_core::organizations::{self, OrganizationSettings, OrganizationView};
use avnology_http::{Auth, Form, PageInOrganization, Precondition, Query, Response, Route, csrf, scopes};
use avnology_model::{
    Code, Error, Result,
    organizations::{DomainStatus, SessionLimits},
    platform::LoginMethod,
};
use avnology_views::organizations::{Settings, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::pairs,
    outcome,
};

type Keeper = Auth<PageInOrganization<scopes::OrganizationsWrite>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
    failed: Option<String>,
}

async fn show(auth: Keeper, Query(q): Query<Params>) -> Result<Response> {
    let mut place = Place::of(&auth).await?;
    place.notice =
        outcome::notice(q.done.as_deref(), &[("saved", "The settings were saved. They are in force.")]);
    place.refusals = outcome::refusals(q.failed.as_deref());
    let view = organizations::get(&auth.app, auth.acting()?).await?;
    draw(&auth, &place, &view, 200).await
}

async fn draw(auth: &Keeper, place: &Place, view: &OrganizationView, status: u16) -> Result<Response> {
    let acting = auth.acting()?;
    let offered = &auth.app.settings().settings.allowed_methods;
    let allowed =
        |method: &LoginMethod| view.allowed_methods.is_empty() || view.allowed_methods.contains(method);
    let methods: Vec<(LoginMethod, bool)> = offered.iter().map(|method| (*method, allowed(method))).collect();
    let mut roles = pairs(organizations::roles_assignable_by_default(acting));
    // What it is now can stay, whoever may give it.
    if !roles.iter().any(|(key, _)| key == view.default_role.as_str()) {
        roles.push((view.default_role.to_string(), acting.organization.role_name(&view.default_role)));
    }
    let domains = organizations::list_domains(&auth.app, acting).await?;
    let joining = domains.into_iter().filter(|d| d.status == DomainStatus::Verified && d.auto_join);
    let auto_join: Vec<String> = joining.map(|domain| domain.domain).collect();
    let html = Settings {
        frame: place.frame(),
        etag: &view.etag,
        name: &view.name,
        registration_mode: view.registration_mode,
        auto_join: &auto_join,
        default_role: view.default_role.as_str(),
        roles: &roles,
        mfa_required: view.mfa_required,
        methods: &methods,
        limits: view.session_policy,
        is_owner: acting.is_owner(),
    }
    .render();
    Ok(answer(auth, html, status))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a box of the form")]
struct Fields {
    etag: String,
    name: String,
    registration_mode: String,
    default_role: String,
    mfa_required: bool,
    method_password: bool,
    method_passkey: bool,
    method_code: bool,
    method_link: bool,
    idle_hours: String,
    absolute_hours: String,
    privileged_minutes: String,
}

impl Fields {
    /// The ways allowed; none named when all that are offered are.
    fn methods(&self, offered: &[LoginMethod]) -> Vec<LoginMethod> {
        let ticked = |method: &LoginMethod| match method {
            LoginMethod::Password => self.method_password,
            LoginMethod::Passkey => self.method_passkey,
            LoginMethod::Code => self.method_code,
            LoginMethod::Link => self.method_link,
        };
        let chosen: Vec<LoginMethod> = offered.iter().copied().filter(ticked).collect();
        if chosen.len() == offered.len() { Vec::new() } else { chosen }
    }
}

/// A whole number of hours or minutes as seconds; none for an empty field.
fn seconds(field: &str, text: &str, unit: u32) -> Result<Option<u32>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let seconds = text.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    let flaw =
        || Error::field(field, avnology_model::FieldCode::InvalidFormat, "Enter a whole number, or nothing.");
    seconds.map(Some).ok_or_else(flaw)
}

async fn save(auth: Keeper, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let fields = form.fields;
    let settings = auth.app.settings();
    let offered = &settings.settings.allowed_methods;
    let before = organizations::get(&auth.app, acting).await?;
    let saved = async {
        let methods = fields.methods(offered);
        if methods.is_empty()
            && !(fields.method_password || fields.method_passkey || fields.method_code || fields.method_link)
        {
            let words = "Allow at least one way to sign in.";
            let first = offered.first().map_or("password", |method| method.as_str());
            return Err(Error::field(format!("method_{first}"), avnology_model::FieldCode::Required, words));
        }
        let change = OrganizationSettings {
            name: fields.name.clone(),
            registration_mode: fields.registration_mode.clone(),
            default_role: fields.default_role.clone(),
            mfa_required: fields.mfa_required,
            allowed_methods: methods,
            session_policy: SessionLimits {
                idle_timeout_seconds: seconds("idle_hours", &fields.idle_hours, 3_600)?,
                absolute_timeout_seconds: seconds("absolute_hours", &fields.absolute_hours, 3_600)?,
                privileged_max_age_seconds: seconds("privileged_minutes", &fields.privileged_minutes, 60)?,
                ..before.session_policy
            },
        };
        let expected = Precondition::OneOf(vec![fields.etag.clone()]);
        organizations::update(&auth.app, &auth.cx, acting, &expected, change.into_patch()).await
    };
    match saved.await {
        Ok(view) => Ok(outcome::done(&format!("/organizations/{}/settings", view.slug), "saved")),
        Err(error) if error.is_failure() => Err(error),
        Err(error) => {
            let mut place = Place::of(&auth).await?;
            place.refusals = refusal(&error);
            for one in &mut place.refusals {
                field_of(&mut one.field);
            }
            let status = if error.code() == Code::ValidationFailed { 400 } else { error.code().status() };
            draw(&auth, &place, &entered(before, &fields), status).await
        }
    }
}

/// The field of the form for the member that was refused.
fn field_of(field: &mut String) {
    let name = match field.as_str() {
        "session_policy.idle_timeout_seconds" => "idle_hours",
        "session_policy.absolute_timeout_seconds" => "absolute_hours",
        "session_policy.privileged_max_age_seconds" => "privileged_minutes",
        _ => return,
    };
    name.clone_into(field);
}

/// What was entered, to be shown again.
fn entered(mut view: OrganizationView, fields: &Fields) -> OrganizationView {
    view.name.clone_from(&fields.name);
    view.mfa_required = fields.mfa_required;
    if let Some(mode) =
        avnology_model::organizations::RegistrationMode::parse_alias(&fields.registration_mode)
    {
        view.registration_mode = mode;
    }
    view
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/settings", show).answers_html(200),
        Route::post("/organizations/{id}/settings", save).answers_redirect(303),
    ]
}

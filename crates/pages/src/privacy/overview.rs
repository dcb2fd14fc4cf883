//! `/account/privacy`: what is held about the person, a copy of it, the objection to its sale, and the deletion.

use avnology_core::{
    identities::own_summary,
    privacy::{self, CategoryView, DeletionOrder, PrivacyExportView},
};
use avnology_http::{Auth, Form, PageSignedIn, Query, Reply as _, Response, Route, SeeOther, csrf};
use avnology_model::{
    Code, Error, Result, Timestamp,
    identities::Identity,
    privacy::{Category, DeletionReason},
};
use avnology_views::{
    Notice, NoticeKind,
    privacy::{CategoryRow, DeletionForm, ExportCard, Owned, Privacy},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{page, person_of, shell};

const PATH: &str = "/account/privacy";
const STEP_UP: &str = "/sign-in?refresh=true&return_to=%2Faccount%2Fprivacy";

type Own = Auth<PageSignedIn>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// What was just done.
    done: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct NoFields {}

async fn show(auth: Own, Query(q): Query<Params>) -> Result<Response> {
    let notice = match q.done.as_deref() {
        Some("export") => Some(Notice::info("Your copy is being made. That takes a moment.")),
        Some("opt-out") => Some(Notice::success("Your choice was recorded.")),
        Some("delete") => {
            Some(Notice::info("Your account will be deleted. We have sent you a mail about it."))
        }
        Some("keep") => Some(Notice::success("Your account stays.")),
        _ => None,
    };
    // Who acts for an organization is told beforehand; for others the word does not occur until it matters.
    let is_told = auth.organization_scope().is_some();
    draw(&auth, notice, DeletionForm::default(), is_told, 200).await
}

async fn draw(
    auth: &Own,
    notice: Option<Notice>,
    form: DeletionForm,
    tells_owned: bool,
    status: u16,
) -> Result<Response> {
    let live = auth.session();
    let settings = auth.app.settings();
    let identity = own_summary(&auth.app, &auth.cx, live).await?.identity;
    let export = privacy::newest_export(&auth.app, &auth.cx, live).await?.map(card);
    let owned = if tells_owned { owned(auth).await? } else { Vec::new() };
    let deletion = deletion(auth, &identity).await?;
    let asks = live.check_privileged(&settings.settings, auth.cx.now).is_err();
    let shell = shell(auth).await?;
    let is_shown = |held: &CategoryView| held.key != Category::Organizations || shell.has_organizations();
    let categories: Vec<CategoryRow> =
        privacy::categories(&auth.app).into_iter().filter(is_shown).map(category).collect();
    let html = Privacy {
        cx: shell.cx(),
        person: &person_of(&identity),
        notice: notice.as_ref(),
        csrf_token: &csrf::page_token(&auth.app, live.id()),
        step_up_url: asks.then_some(STEP_UP),
        export: export.as_ref(),
        opted_out_at: opted_out_at(&identity),
        deletion,
        form: &form,
        owned: &owned,
        grace_days: settings.settings.deletion_grace_days,
        categories: &categories,
    }
    .render();
    let mut response = page(auth, html);
    *response.status_mut() = status.try_into().map_err(Error::internal)?;
    Ok(response)
}

fn card(export: PrivacyExportView) -> ExportCard {
    ExportCard {
        status: export.status,
        progress: export.progress,
        download_url: export.download_url,
        size: export.size_bytes,
        kept_until: export.expires_at,
    }
}

fn category(category: CategoryView) -> CategoryRow {
    let CategoryView { title, description, purpose, retention, .. } = category;
    CategoryRow { title, description, purpose, retention }
}

fn opted_out_at(identity: &Identity) -> Option<Timestamp> {
    identity.metadata.public.get(privacy::OPTED_OUT)?.as_str().and_then(Timestamp::parse)
}

/// When the account goes, and whether the person can cancel that.
async fn deletion(auth: &Own, identity: &Identity) -> Result<Option<(Timestamp, bool)>> {
    let Some(deletion) = &identity.deletion else { return Ok(None) };
    let is_own = privacy::may_cancel(&auth.app, auth.session(), deletion.id).await?;
    Ok(Some((deletion.scheduled_for, is_own)))
}

async fn owned(auth: &Own) -> Result<Vec<Owned>> {
    let found = privacy::solely_owned(&auth.app, auth.session()).await?;
    let shown =
        |(name, slug): (String, String)| Owned { name, url: format!("/organizations/{slug}/settings") };
    Ok(found.into_iter().map(shown).collect())
}

fn done(word: &str) -> Response {
    SeeOther(format!("{PATH}?done={word}")).respond()
}

/// The page again with why it was not done; a sign-in that is too old or too weak leads through a new one.
async fn failed(auth: &Own, error: Error, form: DeletionForm) -> Result<Response> {
    let text = match error.code() {
        Code::StepUpRequired | Code::SecondFactorRequired => {
            return Ok(SeeOther(STEP_UP.to_owned()).respond());
        }
        Code::JobRunning => "That is on its way already.",
        Code::TooManyRequests => "You have had three copies made today. Please come back tomorrow.",
        Code::LastOwner if error.members().contains_key("organization_ids") => {
            "Nothing was deleted: somebody has to answer for what you alone own."
        }
        Code::LastOwner => "Nothing was deleted: you are the only administrator of this service.",
        Code::DeletionFinal => "An administrator has decided to delete this account. Ask them to keep it.",
        Code::ValidationFailed => "Nothing was deleted: at most 1,000 characters in your words, please.",
        _ => return Err(error),
    };
    let notice = Notice { kind: NoticeKind::Warning, text: text.to_owned() };
    let status = error.code().status();
    draw(auth, Some(notice), form, error.code() == Code::LastOwner, status).await
}

async fn export(auth: Own, form: Form<NoFields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    match privacy::export_own(&auth.app, &auth.cx, auth.session()).await {
        Ok(_) => Ok(done("export")),
        Err(error) => failed(&auth, error, DeletionForm::default()).await,
    }
}

async fn opt_out(auth: Own, form: Form<NoFields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    privacy::opt_out(&auth.app, &auth.cx, auth.session()).await?;
    Ok(done("opt-out"))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    reason: String,
    note: String,
    revoke_sessions: String,
    cancel_on_login: String,
}

async fn delete(auth: Own, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let fields = form.fields;
    let entered = DeletionForm {
        reason: DeletionReason::parse(&fields.reason).unwrap_or(DeletionReason::Other),
        note: fields.note,
        revoke_sessions: fields.revoke_sessions == "true",
        cancel_on_login: fields.cancel_on_login == "true",
    };
    let order = DeletionOrder {
        reason: entered.reason,
        note: Some(entered.note.clone()),
        revoke_sessions: entered.revoke_sessions,
        cancel_on_login: entered.cancel_on_login,
    };
    match privacy::request_deletion(&auth.app, &auth.cx, auth.session(), order).await {
        Ok(_) if entered.revoke_sessions => Ok(SeeOther("/sign-out?done".to_owned()).respond()),
        Ok(_) => Ok(done("delete")),
        Err(error) => failed(&auth, error, entered).await,
    }
}

async fn keep(auth: Own, form: Form<NoFields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let identity = own_summary(&auth.app, &auth.cx, auth.session()).await?.identity;
    // It was kept meanwhile.
    let Some(deletion) = identity.deletion else { return Ok(done("keep")) };
    match privacy::cancel_deletion(&auth.app, &auth.cx, auth.session(), deletion.id).await {
        Ok(_) => Ok(done("keep")),
        Err(error) => failed(&auth, error, DeletionForm::default()).await,
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, show).answers_html(200),
        Route::post("/account/privacy/export", export).answers_redirect(303),
        Route::post("/account/privacy/opt-out", opt_out).answers_redirect(303),
        Route::post("/account/privacy/delete", delete).answers_redirect(303),
        Route::post("/account/privacy/keep", keep).answers_redirect(303),
    ]
}

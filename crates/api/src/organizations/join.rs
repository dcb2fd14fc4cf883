//! Joining an organization without an invitation (`contract/20` §6).

use avnology_core::organizations::{self, MemberView};
use avnology_http::{Json, Path1, Route, step_up::with_step_up};
use avnology_model::{Code, Error, Result};

use super::mine::{Own, person};

async fn join(auth: Own, Path1(name): Path1<String>) -> Result<Json<MemberView>> {
    check_header(&auth, &name).await?;
    let caller = person(&auth)?;
    let joined = organizations::join_organization(&auth.app, &auth.cx, caller, &name).await;
    with_step_up(&auth, caller, joined).await.map(Json)
}

/// `_303` when the header names another organization than the path; who joins belongs to neither yet, perhaps.
async fn check_header(auth: &Own, path: &str) -> Result<()> {
    let Some(header) = auth.headers.get(cookie_name()).and_then(|value| value.to_str().ok()) else {
        return Ok(());
    };
    let header = header.trim();
    if header.is_empty() || header == path {
        return Ok(());
    }
    let named = organizations::find_named(&auth.app, &auth.cx, header).await?;
    let meant = organizations::find_named(&auth.app, &auth.cx, path).await?;
    match (named, meant) {
        (Some(named), Some(meant)) if named.id() == meant.id() => Ok(()),
        _ => Err(Error::new(Code::OrganizationMismatch)),
    }
}

/// Header and cookie have one name.
fn cookie_name() -> &'static str {
    avnology_http::cookies::ORGANIZATION
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/organizations/{id}:join", join)
            .operation_id("joinOrganization")
            .summary("Join an organization that one's account fits")
            .tag("organizations")
            .answers::<MemberView>(200, "The new member.")
            .refuses(&[
                Code::StepUpRequired,
                Code::RegistrationDisabled,
                Code::MemberExists,
                Code::SeatLimitReached,
            ]),
    ]
}

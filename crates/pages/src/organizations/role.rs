//! `/organizations/{id}/roles/{role}`.

use avnology_core::organizations::{self, RoleView};
use avnology_http::{
    Auth, Form, PageInOrganization, Path1, Precondition, Query, Response, Route, ScopeMarker, csrf,
};
use avnology_model::{
    Code, Error, Result,
    organizations::Feature,
    permissions::{RoleKey, Scope},
};
use avnology_views::organizations::{Removal, RoleDraft, RolePage, Thing};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::pairs,
    outcome,
    role_form::{Fields, Grants, Writer, draft_of},
    roles::{Reader, base_name, url},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// Asks whether to delete it.
    remove: bool,
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("created", "The role was made. Give it to people on their member page, by an invitation or by a group."),
    ("saved", "The role was saved. It is in force for everyone who has it."),
];

async fn show(auth: Reader, (Path1(name), Query(q)): (Path1<String>, Query<Params>)) -> Result<Response> {
    let acting = auth.acting()?;
    let role = organizations::get_role(&auth.app, &auth.cx, acting, &name).await?;
    let mut place = Place::of(&auth).await?;
    place.refusals = outcome::refusals(q.failed.as_deref());
    if q.remove && role.id.is_some() && acting.scopes.contains(Scope::RolesWrite) {
        return question(&auth, &place, &role, None, 200);
    }
    place.notice = outcome::notice(q.done.as_deref(), DONE);
    draw(&auth, &place, &role, &draft_of(&role), 200)
}

fn draw<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    place: &Place,
    role: &RoleView,
    draft: &RoleDraft,
    status: u16,
) -> Result<Response> {
    let acting = auth.acting()?;
    let rights = acting.organization.role(&role.key).ok_or_else(Error::not_found)?;
    let is_scope = |text: &&String| Scope::parse(text).is_some();
    let permissions: Vec<String> = role.permissions.iter().filter(|text| !is_scope(text)).cloned().collect();
    let grants = Grants::of(acting);
    let may_write = role.id.is_some()
        && acting.scopes.contains(Scope::RolesWrite)
        && acting.check_feature(&auth.app, Feature::CustomRoles).is_ok();
    let members = place.url(&format!("/members?role={}", role.key));
    let sees_members = acting.scopes.contains(Scope::MembersRead);
    let html = RolePage {
        frame: place.frame(),
        name: &role.name,
        key: role.key.as_str(),
        description: role.description.as_deref(),
        base: base_name(acting, role).as_deref(),
        url: &url(place, role),
        member_count: role.member_count,
        members_url: sees_members.then_some(members.as_str()),
        group_count: role.group_count,
        scopes: &rights.scopes.iter().collect::<Vec<_>>(),
        permissions: &permissions,
        editor: may_write.then(|| grants.editor(draft)),
    }
    .render();
    Ok(answer(auth, html, status))
}

/// Asks whether to delete a role, and which one takes its place.
fn question<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    place: &Place,
    role: &RoleView,
    chosen: Option<&str>,
    status: u16,
) -> Result<Response> {
    let mut others = pairs(organizations::roles_assignable_by_default(auth.acting()?));
    others.retain(|(key, _)| key != role.key.as_str());
    let is_used = role.member_count > 0 || role.group_count > 0;
    let usual = RoleKey::member();
    let first = chosen.unwrap_or(if is_used { usual.as_str() } else { "" });
    others.push((String::new(), "None: nobody and nothing has it".to_owned()));
    others.sort_by_key(|(key, _)| key != first);
    let consequences = [
        format!(
            "{} it now. They keep everything but what only this role allows.",
            match role.member_count {
                0 => "No active member has".to_owned(),
                1 => "One active member has".to_owned(),
                count => format!("{count} active members have"),
            }
        ),
        "Its key can be used for another role later.".to_owned(),
    ];
    let html = Removal {
        frame: place.frame(),
        thing: Thing::Role(&others),
        name: &role.name,
        url: &url(place, role),
        etag: &role.etag,
        consequences: &consequences,
    }
    .render();
    Ok(answer(auth, html, status))
}

async fn act(auth: Writer, (Path1(name), form): (Path1<String>, Form<Fields>)) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    match form.fields.action.as_str() {
        "save" => save(&auth, &name, &form.fields).await,
        "remove" => remove(&auth, &name, &form.fields).await,
        _ => Err(Error::not_found()),
    }
}

async fn save(auth: &Writer, name: &str, fields: &Fields) -> Result<Response> {
    let acting = auth.acting()?;
    let here = format!("/organizations/{}/roles/{name}", acting.organization.organization.slug);
    let expected = Precondition::OneOf(vec![fields.etag.clone()]);
    let saved = match fields.input() {
        Ok(input) => {
            let change = input.into_patch();
            organizations::update_role(&auth.app, &auth.cx, acting, name, &expected, change).await
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(outcome::done(&here, "saved")),
        Err(error) if outcome::is_elsewhere(&error) || error.code() == Code::NotFound => {
            outcome::failed(&here, error)
        }
        Err(error) => {
            let role = organizations::get_role(&auth.app, &auth.cx, acting, name).await?;
            let mut place = Place::of(auth).await?;
            place.refusals = fields.refused(&error);
            let mut draft = fields.draft();
            if error.code() == Code::EtagMismatch {
                // Saving again means it: what others changed was told.
                draft.etag.clone_from(&role.etag);
            }
            draw(auth, &place, &role, &draft, error.code().status())
        }
    }
}

async fn remove(auth: &Writer, name: &str, fields: &Fields) -> Result<Response> {
    let acting = auth.acting()?;
    let list = format!("/organizations/{}/roles", acting.organization.organization.slug);
    let expected = Precondition::OneOf(vec![fields.etag.clone()]);
    let instead = Some(fields.reassign_to.as_str()).filter(|key| !key.is_empty());
    match organizations::delete_role(&auth.app, &auth.cx, acting, name, &expected, instead).await {
        Ok(()) => Ok(outcome::done(&list, "deleted")),
        Err(error) if error.code() == Code::NotFound => Ok(outcome::done(&list, "deleted")),
        Err(error) if outcome::is_elsewhere(&error) => outcome::failed(&format!("{list}/{name}"), error),
        Err(error) => {
            let role = organizations::get_role(&auth.app, &auth.cx, acting, name).await?;
            let mut place = Place::of(auth).await?;
            place.refusals = avnology_views::organizations::refusal(&error);
            let about_it = matches!(error.code(), Code::RoleInUse | Code::RoleNotAssignable);
            for one in place.refusals.iter_mut().filter(|_| about_it) {
                "reassign_to".clone_into(&mut one.field);
            }
            question(auth, &place, &role, Some(&fields.reassign_to), error.code().status())
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/roles/{role}", show).answers_html(200),
        Route::post("/organizations/{id}/roles/{role}", act).answers_redirect(303),
    ]
}

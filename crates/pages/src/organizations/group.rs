//! `/organizations/{id}/groups/{group}`.

use avnology_core::organizations::{self, Acting, GroupView, MemberView};
use avnology_http::{
    Auth, Form, List, PageInOrganization, Path1, Precondition, Response, Route, ScopeMarker, csrf,
};
use avnology_model::{
    Code, Error, Result,
    ids::{GroupId, IdentityId},
    organizations::Feature,
    permissions::Scope,
};
use avnology_views::organizations::{GroupMemberRow, GroupPage, Paging, Removal, Thing, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    groups::{Reader, Writer},
    members::{paging, person_of, query_of},
    outcome,
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
    ("created", "The group was made."),
    ("saved", "The group was saved. Its role is in force, and its rule within a minute."),
    ("added", "The member was added to the group."),
    ("taken_out", "The member was taken out of the group."),
];

async fn show(auth: Reader, (Path1(id), list): (Path1<GroupId>, List<Params>)) -> Result<Response> {
    let acting = auth.acting()?;
    let group = organizations::get_group(&auth.app, acting, id).await?;
    let mut place = Place::of(&auth).await?;
    let q = &list.query;
    if q.remove && acting.scopes.contains(Scope::GroupsWrite) {
        return Ok(answer(&auth, question(&place, acting, &group), 200));
    }
    if list.position.is_none() {
        place.notice = outcome::notice(q.done.as_deref(), DONE);
        place.refusals = outcome::refusals(q.failed.as_deref());
    }
    let page = organizations::list_group_members(&auth.app, acting, id, query_of(&list)).await?;
    let paging = paging(&auth, &list, page.next);
    draw(&auth, &place, &group, Listed { members: &page.members, paging: &paging, draft: "" }, 200)
}

/// What of the members is shown.
#[derive(Clone, Copy)]
struct Listed<'a> {
    members: &'a [MemberView],
    paging: &'a Paging,
    draft: &'a str,
}

fn draw<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    place: &Place,
    group: &GroupView,
    listed: Listed<'_>,
    status: u16,
) -> Result<Response> {
    let acting = auth.acting()?;
    let row = |member: &MemberView| GroupMemberRow {
        person: person_of(member),
        role: acting.organization.role_name(&member.role),
        state: member.state,
    };
    let role = group.role.as_ref().map(|role| acting.organization.role_name(role));
    let html = GroupPage {
        frame: place.frame(),
        name: &group.name,
        description: group.description.as_deref(),
        url: &place.url(&format!("/groups/{}", group.id)),
        kind: group.kind,
        source: group.source,
        rule: group.rule.as_deref(),
        role: role.as_deref(),
        member_count: group.member_count,
        rows: &listed.members.iter().map(row).collect::<Vec<_>>(),
        paging: listed.paging,
        may_act: acting.scopes.contains(Scope::GroupsWrite)
            && acting.check_feature(&auth.app, Feature::Groups).is_ok(),
        draft: listed.draft,
    }
    .render();
    Ok(answer(auth, html, status))
}

fn question(place: &Place, acting: &Acting, group: &GroupView) -> String {
    let mut consequences = vec!["Its members stay members of the organization.".to_owned()];
    if let Some(role) = &group.role {
        consequences.push(format!(
            "They lose the role {} unless they have it otherwise.",
            acting.organization.role_name(role)
        ));
    }
    consequences.push("It cannot be taken back.".to_owned());
    Removal {
        frame: place.frame(),
        thing: Thing::Group,
        name: &group.name,
        url: &place.url(&format!("/groups/{}", group.id)),
        etag: &group.etag,
        consequences: &consequences,
    }
    .render()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    email: String,
    identity_id: String,
    etag: String,
}

async fn act(auth: Writer, (Path1(id), form): (Path1<GroupId>, Form<Fields>)) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let groups = format!("/organizations/{}/groups", acting.organization.organization.slug);
    let here = format!("{groups}/{id}");
    let fields = form.fields;
    let done = match fields.action.as_str() {
        "add" => {
            match organizations::add_group_member_by_email(&auth.app, &auth.cx, acting, id, &fields.email)
                .await
            {
                Ok(_) => Ok("added"),
                Err(error) if outcome::is_elsewhere(&error) || error.code() == Code::NotFound => Err(error),
                Err(error) => return redraw(&auth, id, &fields.email, &error).await,
            }
        }
        "take_out" => {
            let who = fields.identity_id.parse::<IdentityId>().map_err(|_| Error::not_found())?;
            organizations::remove_group_member(&auth.app, &auth.cx, acting, id, who)
                .await
                .map(|()| "taken_out")
        }
        "remove" => {
            let expected = Precondition::OneOf(vec![fields.etag]);
            match organizations::delete_group(&auth.app, &auth.cx, acting, id, &expected).await {
                Ok(()) => return Ok(outcome::done(&groups, "deleted")),
                Err(error) if error.code() == Code::NotFound => return Ok(outcome::done(&groups, "deleted")),
                Err(error) => Err(error),
            }
        }
        _ => return Err(Error::not_found()),
    };
    match done {
        Ok(word) => Ok(outcome::done(&here, word)),
        Err(error) => outcome::failed(&here, error),
    }
}

/// The page again, with the address that was refused.
async fn redraw(auth: &Writer, id: GroupId, email: &str, error: &Error) -> Result<Response> {
    let acting = auth.acting()?;
    let group = organizations::get_group(&auth.app, acting, id).await?;
    let query = avnology_core::identities::ListQuery {
        filter: None,
        order_by: Vec::new(),
        page_size: 25,
        after: None,
        include_total: false,
    };
    let page = organizations::list_group_members(&auth.app, acting, id, query).await?;
    let mut place = Place::of(auth).await?;
    place.refusals = refusal(error);
    for one in &mut place.refusals {
        let text = match error.code() {
            Code::NotAMember => "Nobody who belongs here has this address. Invite the person first.",
            Code::MemberExists => "This person belongs to the group already.",
            Code::PermissionDenied => {
                "This group gives a role that is not yours to give, so nothing was changed. Ask an owner."
            }
            _ => continue,
        };
        text.clone_into(&mut one.text);
        if error.code() != Code::PermissionDenied {
            "email".clone_into(&mut one.field);
        }
    }
    let listed = Listed { members: &page.members, paging: &Paging::default(), draft: email };
    draw(auth, &place, &group, listed, error.code().status())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/groups/{group}", show).answers_html(200),
        Route::post("/organizations/{id}/groups/{group}", act).answers_redirect(303),
    ]
}

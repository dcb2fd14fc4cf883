//! `/organizations/{id}/groups/new` and `/organizations/{id}/groups/{group}/edit`.

use avnology_core::organizations::{self, GroupInput, GroupView, RulePreview};
use avnology_http::{Form, NoInput, Path1, Precondition, Response, Route, csrf};
use avnology_model::{Code, Error, Result, ids::GroupId, organizations::GroupType};
use avnology_views::organizations::{GroupDraft, GroupForm, Refusal, RuleTrial, refusal};
use serde::Deserialize;

use super::{
    frame::{Place, answer},
    groups::Writer,
    members::{pairs, person_of},
    outcome,
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    etag: String,
    name: String,
    description: String,
    r#type: String,
    rule: String,
    role: String,
}

impl Fields {
    /// What was entered, to be shown again.
    fn draft(&self) -> GroupDraft {
        GroupDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.r#type.clone(),
            rule: self.rule.clone(),
            role: self.role.clone(),
            etag: self.etag.clone(),
        }
    }

    /// What is asked of core. The field for the rule belongs to groups that a rule decides on.
    fn input(&self) -> Result<GroupInput> {
        let kind = GroupType::parse(&self.r#type).ok_or_else(|| Error::new(Code::ValidationFailed))?;
        Ok(GroupInput {
            name: self.name.clone(),
            description: Some(self.description.clone()),
            kind,
            rule: (kind == GroupType::Dynamic).then(|| self.rule.trim().to_owned()),
            role: Some(self.role.clone()).filter(|role| !role.is_empty()),
        })
    }
}

/// Why a group was refused.
fn refused(error: &Error) -> Vec<Refusal> {
    let mut all = refusal(error);
    for one in &mut all {
        match error.code() {
            Code::AlreadyExists => {
                "name".clone_into(&mut one.field);
                "Another group has this name. Choose another one.".clone_into(&mut one.text);
            }
            Code::RoleNotAssignable => {
                "role".clone_into(&mut one.field);
                "This role cannot be given by this group: it allows more than you may do yourself, or runs the \
                 organization, which no rule decides on. Choose another one."
                    .clone_into(&mut one.text);
            }
            _ => {}
        }
    }
    all
}

async fn new(auth: Writer, _: NoInput) -> Result<Response> {
    let place = Place::of(&auth).await?;
    let draft = GroupDraft { kind: GroupType::Static.as_str().to_owned(), ..GroupDraft::default() };
    draw(&auth, (&place, None), &draft, None, 200)
}

async fn edit(auth: Writer, Path1(id): Path1<GroupId>) -> Result<Response> {
    let group = organizations::get_group(&auth.app, auth.acting()?, id).await?;
    let place = Place::of(&auth).await?;
    draw(&auth, (&place, Some(id)), &draft_of(&group), None, 200)
}

fn draft_of(group: &GroupView) -> GroupDraft {
    GroupDraft {
        name: group.name.clone(),
        description: group.description.clone().unwrap_or_default(),
        kind: group.kind.as_str().to_owned(),
        rule: group.rule.clone().unwrap_or_default(),
        role: group.role.as_ref().map(ToString::to_string).unwrap_or_default(),
        etag: group.etag.clone(),
    }
}

fn draw(
    auth: &Writer,
    (place, group): (&Place, Option<GroupId>),
    draft: &GroupDraft,
    trial: Option<&RuleTrial>,
    status: u16,
) -> Result<Response> {
    let acting = auth.acting()?;
    let mut roles = pairs(organizations::roles_assignable_by_default(acting));
    // What it is now can stay, whoever may give it.
    if let Some(role) = avnology_model::permissions::RoleKey::parse(&draft.role)
        && !roles.iter().any(|(key, _)| key == role.as_str())
    {
        roles.push((role.to_string(), acting.organization.role_name(&role)));
    }
    let url = group.map(|id| place.url(&format!("/groups/{id}")));
    let html =
        GroupForm { frame: place.frame(), group_url: url.as_deref(), draft, roles: &roles, trial }.render();
    Ok(answer(auth, html, status))
}

async fn create(auth: Writer, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let fields = form.fields;
    if fields.action == "preview" {
        return preview(&auth, None, &fields).await;
    }
    let groups = format!("/organizations/{}/groups", acting.organization.organization.slug);
    let made = match fields.input() {
        Ok(input) => organizations::create_group(&auth.app, &auth.cx, acting, input, None).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(group) => Ok(outcome::done(&format!("{groups}/{}", group.id), "created")),
        Err(error) => redraw(&auth, None, &fields, error).await,
    }
}

async fn save(auth: Writer, (Path1(id), form): (Path1<GroupId>, Form<Fields>)) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let fields = form.fields;
    if fields.action == "preview" {
        return preview(&auth, Some(id), &fields).await;
    }
    let expected = Precondition::OneOf(vec![fields.etag.clone()]);
    let saved = match fields.input() {
        Ok(input) => {
            let change = input.into_patch();
            organizations::update_group(&auth.app, &auth.cx, acting, id, &expected, change).await
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => {
            let slug = &acting.organization.organization.slug;
            Ok(outcome::done(&format!("/organizations/{slug}/groups/{id}"), "saved"))
        }
        Err(error) => redraw(&auth, Some(id), &fields, error).await,
    }
}

/// The page again, with what was entered and why it was refused.
async fn redraw(auth: &Writer, group: Option<GroupId>, fields: &Fields, error: Error) -> Result<Response> {
    let acting = auth.acting()?;
    if outcome::is_elsewhere(&error) || error.code() == Code::NotFound {
        let groups = format!("/organizations/{}/groups", acting.organization.organization.slug);
        let page = group.map_or_else(|| "new".to_owned(), |id| format!("{id}/edit"));
        return outcome::failed(&format!("{groups}/{page}"), error);
    }
    let mut place = Place::of(auth).await?;
    place.refusals = refused(&error);
    let mut draft = fields.draft();
    if error.code() == Code::EtagMismatch
        && let Some(id) = group
    {
        // Saving again means it: what others changed was told.
        draft.etag = organizations::get_group(&auth.app, acting, id).await?.etag;
    }
    draw(auth, (&place, group), &draft, None, error.code().status())
}

async fn preview(auth: &Writer, group: Option<GroupId>, fields: &Fields) -> Result<Response> {
    let acting = auth.acting()?;
    match organizations::preview_rule(&auth.app, acting, fields.rule.trim()).await {
        Ok(found) => {
            let place = Place::of(auth).await?;
            draw(auth, (&place, group), &fields.draft(), Some(&trial(&found)), 200)
        }
        Err(error) => redraw(auth, group, fields, error).await,
    }
}

fn trial(found: &RulePreview) -> RuleTrial {
    RuleTrial {
        people: found.members.iter().map(person_of).collect(),
        count: found.count,
        tried: found.tried,
        is_whole: found.is_whole,
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/groups/new", new).answers_html(200),
        Route::post("/organizations/{id}/groups/new", create).answers_redirect(303),
        Route::get("/organizations/{id}/groups/{group}/edit", edit).answers_html(200),
        Route::post("/organizations/{id}/groups/{group}/edit", save).answers_redirect(303),
    ]
}

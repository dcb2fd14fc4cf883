//! `/organizations/{id}/roles/new`, and the form that new and present roles share.

use std::collections::BTreeMap;

use avnology_core::organizations::{self, Acting, RoleInput, RoleView};
use avnology_http::{Auth, Form, NoInput, PageInOrganization, Response, Route, csrf, scopes};
use avnology_model::{Code, Error, Result, organizations::RoleBase, permissions::Scope};
use avnology_views::organizations::{NewRole, Refusal, RoleDraft, RoleEditor, refusal};
use serde::Deserialize;

use super::{
    frame::{Place, answer},
    outcome,
};

pub(super) type Writer = Auth<PageInOrganization<scopes::RolesWrite>>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub(super) action: String,
    pub(super) etag: String,
    pub(super) reassign_to: String,
    key: String,
    name: String,
    description: String,
    base: String,
    permissions: String,
    /// `scope:…` for each scope that was ticked.
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

impl Fields {
    /// What was entered, to be shown again.
    pub(super) fn draft(&self) -> RoleDraft {
        let named = |scope: &&Scope| self.ticked.contains_key(&format!("scope:{scope}"));
        RoleDraft {
            key: self.key.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            base: self.base.clone(),
            scopes: Scope::ALL.iter().filter(named).copied().collect(),
            permissions: self.permissions.clone(),
            etag: self.etag.clone(),
        }
    }

    /// The permissions that were written, then the scopes that were ticked.
    fn permissions(&self) -> Vec<String> {
        let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        let written = self.permissions.split(separates).filter(|text| !text.is_empty()).map(str::to_owned);
        written.chain(self.draft().scopes.iter().map(|scope| scope.as_str().to_owned())).collect()
    }

    /// What is asked of core.
    pub(super) fn input(&self) -> Result<RoleInput> {
        let base = RoleBase::parse(&self.base).ok_or_else(|| Error::new(Code::ValidationFailed))?;
        Ok(RoleInput {
            key: self.key.clone(),
            name: self.name.clone(),
            description: Some(self.description.clone()),
            base,
            permissions: self.permissions(),
        })
    }

    /// Why it was refused: what is said of one permission stands beside the field, with the permission.
    pub(super) fn refused(&self, error: &Error) -> Vec<Refusal> {
        let mut all = refusal(error);
        for one in &mut all {
            let number = one.field.strip_prefix("permissions[").and_then(|rest| rest.strip_suffix(']'));
            if let Some(number) = number {
                let written = number.parse::<usize>().ok().and_then(|n| self.permissions().get(n).cloned());
                one.text = format!("{}: {}", written.unwrap_or_default(), one.text);
                "permissions".clone_into(&mut one.field);
            }
            match error.code() {
                Code::PermissionDenied => {
                    "A role cannot allow what you may not do yourself, so nothing was saved. Leave that out, or ask \
                     an owner."
                        .clone_into(&mut one.text);
                }
                Code::AlreadyExists => {
                    "key".clone_into(&mut one.field);
                    "Another role has this key. Choose another one.".clone_into(&mut one.text);
                }
                Code::RoleNotAssignable => {
                    "A rule gives this role by a group, so it cannot be based on Admin. Nothing was saved."
                        .clone_into(&mut one.text);
                }
                _ => {}
            }
        }
        all
    }
}

/// A present role, as its form shows it.
pub(super) fn draft_of(role: &RoleView) -> RoleDraft {
    let (scopes, others): (Vec<_>, Vec<_>) =
        role.permissions.iter().partition(|text| Scope::parse(text).is_some());
    let others: Vec<&str> = others.into_iter().map(String::as_str).collect();
    RoleDraft {
        key: role.key.to_string(),
        name: role.name.clone(),
        description: role.description.clone().unwrap_or_default(),
        base: role.base.map(|base| base.as_str().to_owned()).unwrap_or_default(),
        scopes: scopes.into_iter().filter_map(|text| Scope::parse(text)).collect(),
        permissions: others.join("\n"),
        etag: role.etag.clone(),
    }
}

/// What the caller may enter of a role.
pub(super) struct Grants {
    scopes: Vec<Scope>,
    bases: Vec<RoleBase>,
}

impl Grants {
    pub(super) fn of(acting: &Acting) -> Self {
        Self {
            scopes: organizations::grantable_scopes(acting),
            bases: organizations::grantable_bases(acting),
        }
    }

    pub(super) fn editor<'a>(&'a self, draft: &'a RoleDraft) -> RoleEditor<'a> {
        RoleEditor { draft, grantable: &self.scopes, bases: &self.bases }
    }
}

async fn show(auth: Writer, _: NoInput) -> Result<Response> {
    let place = Place::of(&auth).await?;
    let draft = RoleDraft { base: RoleBase::Member.as_str().to_owned(), ..RoleDraft::default() };
    draw(&auth, &place, &draft, 200)
}

fn draw(auth: &Writer, place: &Place, draft: &RoleDraft, status: u16) -> Result<Response> {
    let grants = Grants::of(auth.acting()?);
    let html = NewRole { frame: place.frame(), editor: grants.editor(draft) }.render();
    Ok(answer(auth, html, status))
}

async fn create(auth: Writer, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let fields = form.fields;
    let roles = format!("/organizations/{}/roles", acting.organization.organization.slug);
    let made = match fields.input() {
        Ok(input) => organizations::create_role(&auth.app, &auth.cx, acting, input, None).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(role) => {
            let name = role.id.map(|id| id.to_string()).unwrap_or_default();
            Ok(outcome::done(&format!("{roles}/{name}"), "created"))
        }
        Err(error) if outcome::is_elsewhere(&error) => outcome::failed(&format!("{roles}/new"), error),
        Err(error) => {
            let mut place = Place::of(&auth).await?;
            place.refusals = fields.refused(&error);
            draw(&auth, &place, &fields.draft(), error.code().status())
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/roles/new", show).answers_html(200),
        Route::post("/organizations/{id}/roles/new", create).answers_redirect(303),
    ]
}

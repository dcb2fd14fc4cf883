//! The frame of the pages of one organization, for whoever looks.

use avnology_core::organizations::Acting;
use avnology_http::{Auth, PageInOrganization, Response, ScopeMarker, csrf};
use avnology_model::{Result, permissions::Scope};
use avnology_views::{
    Notice, Person,
    organizations::{Frame, Home, Refusal, Tab},
};

use crate::shell::{Shell, page, person, shell};

/// What the pages of one organization are made of.
pub(super) struct Place {
    shell: Shell,
    person: Person,
    pub(super) home: Home,
    tabs: Vec<Tab>,
    pub(super) csrf_token: String,
    pub(super) notice: Option<Notice>,
    pub(super) refusals: Vec<Refusal>,
}

impl Place {
    /// The place that the path names.
    pub(super) async fn of<S: ScopeMarker>(auth: &Auth<PageInOrganization<S>>) -> Result<Self> {
        let acting = auth.acting()?;
        let live = auth.session();
        let sees = |tab: &&Tab| acting.scopes.contains(needed(**tab));
        Ok(Self {
            shell: shell(auth).await?,
            person: person(live),
            home: home(acting),
            tabs: Tab::ALL.iter().filter(sees).copied().collect(),
            csrf_token: csrf::page_token(&auth.app, live.id()),
            notice: None,
            refusals: Vec::new(),
        })
    }

    /// The frame.
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            cx: self.shell.cx(),
            person: &self.person,
            home: &self.home,
            tabs: &self.tabs,
            csrf_token: &self.csrf_token,
            notice: self.notice.as_ref(),
            refusals: &self.refusals,
        }
    }

    /// The address of a page of this organization.
    pub(super) fn url(&self, below: &str) -> String {
        format!("{}{below}", self.home.href())
    }
}

/// The organization by name.
pub(super) fn home(acting: &Acting) -> Home {
    let organization = &acting.organization.organization;
    Home { id: organization.id, name: organization.name.clone(), slug: organization.slug.to_string() }
}

/// The answer with a page of an organization; with another status than 200 where something was refused.
pub(super) fn answer<S: ScopeMarker>(
    auth: &Auth<PageInOrganization<S>>,
    html: String,
    status: u16,
) -> Response {
    let mut response = page(auth, html);
    if let Ok(status) = avnology_http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    response
}

fn needed(tab: Tab) -> Scope {
    match tab {
        Tab::Overview => Scope::OrganizationsRead,
        Tab::Members | Tab::Invitations => Scope::MembersRead,
        Tab::Keys => Scope::KeysRead,
        Tab::Groups => Scope::GroupsRead,
        Tab::Roles => Scope::RolesRead,
        Tab::Domains | Tab::Settings => Scope::OrganizationsWrite,
        Tab::Permissions => Scope::PermissionsRead,
        Tab::Audit => Scope::AuditRead,
    }
}

//! A client's own conditions, beside those of the organization (`contract/30` §2.4).

use std::sync::Arc;

use avnology_model::{
    Code, Result,
    clients::{ClientSettings, RequiredRelation},
    ids::{IdentityId, OrganizationId},
    sessions::CompletedMethod,
};

use super::{
    LiveClient,
    rules::{self, Decided},
};
use crate::{
    Cx, Tenant,
    organizations::{Door, find_named},
    permissions,
};

/// The way of signing in that a client with `sso_required` asks for.
const SSO: &str = "sso";
/// The namespace whose objects may be named by slug.
const ORGANIZATIONS: &str = "organizations";

/// Why somebody may not use a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    /// They did not come by single sign-on.
    NoSso,
    /// They lack the relation that the client asks for.
    NoRelation,
}

impl Shut {
    /// In words for the client's makers.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NoSso => "the client is for people who came by single sign-on",
            Self::NoRelation => "the person lacks the relation that the client asks for",
        }
    }
}

/// Whether a person who signed in by these methods passes the conditions of a client.
pub(super) async fn check(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    person: IdentityId,
    methods: &[CompletedMethod],
) -> Result<Result<(), Shut>> {
    let settings = &live.client.settings;
    if settings.sso_required && !methods.iter().any(|done| done.method.as_str() == SSO) {
        return Ok(Err(Shut::NoSso));
    }
    match settings.required_relation.as_deref() {
        Some(relation) if !has_relation(app, cx, person, relation).await? => Ok(Err(Shut::NoRelation)),
        Some(_) | None => Ok(Ok(())),
    }
}

/// Whether the person has the relation now. What cannot be decided is not so.
async fn has_relation(app: &Arc<Tenant>, cx: &Cx, person: IdentityId, relation: &str) -> Result<bool> {
    let Some(wanted) = RequiredRelation::parse(relation) else { return Ok(false) };
    let object = if wanted.namespace == ORGANIZATIONS {
        match find_named(app, cx, &wanted.object).await? {
            Some(organization) => organization.id().to_string(),
            None => return Ok(false),
        }
    } else {
        wanted.object
    };
    let question = (wanted.namespace.as_str(), object.as_str(), wanted.relation.as_str());
    match permissions::check(app, None, cx.now, question, &person.to_string()).await {
        Err(error) if matches!(error.code(), Code::PermissionUnknown | Code::EvaluationLimit) => {
            tracing::warn!(relation, ?error, "the relation that a client asks for could not be checked");
            Ok(false)
        }
        answer => answer,
    }
}

/// The door that a client keeps before those of the tenant and of organizations (`contract/20` §6).
pub(crate) fn door_of(settings: &ClientSettings) -> Door {
    Door { mode: settings.registration_mode.unwrap_or(Door::OPEN.mode), sso_required: settings.sso_required }
}

/// Whether the organization has blocked a client since its members granted something to it.
pub(super) async fn is_blocked(
    app: &Tenant,
    live: &LiveClient,
    organization: Option<OrganizationId>,
) -> Result<bool> {
    if organization.is_none() {
        return Ok(false);
    }
    let (client, scopes) = (live.id(), live.rules.scopes.clone());
    let read =
        move |tx: &mut avnology_store::IdentityTx<'_>| rules::decided(tx, client, organization, &scopes);
    Ok(app.store.identity().read(read).await? == Decided::Blocked)
}

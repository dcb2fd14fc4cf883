//! The organization that a flow is about: given when it is opened, or found by the address that was entered
//! (`contract/11` §4.1). It never depends on an account.

use avnology_model::{
    Code, Error, FieldCode, Result,
    flows::{Flow, FlowKind, FlowOrganization, MessageId},
    organizations::{Organization, OrganizationState},
    platform::{FederationMode, LoginMethod, TenantSettings},
};
use avnology_store::{IdentityTx, organizations::organizations};
use serde_json::Value;

use super::{
    account::Identifier,
    client_door::ClientDoor,
    step::{Step, Work, refuse_method, refuse_with},
};
use crate::organizations::{check_state, discover_in};

/// Makes a flow be about an organization. In strict mode the addresses entered are those of its identities.
pub(super) fn put(flow: &mut Flow, mode: FederationMode, organization: &Organization, restricts: bool) {
    let o = organization.clone();
    flow.data.organization = Some(FlowOrganization {
        id: o.id,
        name: o.name,
        slug: o.slug,
        allowed_methods: o.allowed_methods,
        sso_required: o.sso_required,
        restricts,
    });
    flow.data.realm = (mode == FederationMode::Strict).then_some(o.id);
}

/// Brings a flow up to what its organization is now; the refusal when that lets nobody in at the moment.
pub(super) fn refresh(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow) -> Result<Option<Step>> {
    let mode = work.settings.settings.identity_federation_mode;
    if mode == FederationMode::Shared {
        flow.data.realm = None;
    }
    let Some(id) = flow.restricted_to() else { return Ok(None) };
    let found = organizations::find(tx, id)?;
    let organization = found.ok_or_else(|| Error::new(Code::OrganizationNotFound))?;
    put(flow, mode, &organization, true);
    Ok(refuse_inactive(flow, organization.state))
}

fn refuse_inactive(flow: &mut Flow, state: OrganizationState) -> Option<Step> {
    let error = check_state(state).err()?;
    Some(refuse_with(flow, error))
}

/// Home-realm discovery: the organization that signs in people with this identifier, unless the flow is restricted to one.
/// The refusal when that lets nobody in at the moment, and in strict mode when there is none.
pub(super) fn discover(
    tx: &mut IdentityTx<'_>,
    mode: FederationMode,
    flow: &mut Flow,
    identifier: &Identifier,
) -> Result<Option<Step>> {
    if flow.restricted_to().is_some() || flow.data.is_personal {
        return Ok(None);
    }
    (flow.data.organization, flow.data.realm) = (None, None);
    let found = match (ClientDoor::of(tx, flow)?.only_organization(), identifier) {
        // Whoever comes through a client of one organization signs in by its rules.
        (Some(only), _) if flow.kind == FlowKind::Login => organizations::find(tx, only)?,
        (_, Identifier::Email(email)) => discover_in(tx, email)?,
        (_, Identifier::Phone(_) | Identifier::Username(_)) => None,
    };
    let Some(organization) = found else {
        return Ok((mode == FederationMode::Strict).then(|| refuse_homeless(flow)));
    };
    put(flow, mode, &organization, false);
    Ok(refuse_inactive(flow, organization.state))
}

/// In strict mode, whose account an address of a recovery or a verification means. A flow that began with an account knows.
pub(super) fn find_realm(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identifier: &Identifier,
) -> Result<Option<Step>> {
    let mode = work.settings.settings.identity_federation_mode;
    let is_known = flow.data.organization.is_none() && flow.data.realm.is_some();
    if mode == FederationMode::Shared || is_known {
        return Ok(None);
    }
    discover(tx, mode, flow, identifier)
}

/// `_902`: in strict mode an address means nobody without an organization.
fn refuse_homeless(flow: &mut Flow) -> Step {
    flow.data.messages.push(MessageId::Invalid.into());
    Step::Refuse(Error::field("organization_id", FieldCode::Required, "Name the organization to sign in to."))
}

/// The first factors that a flow offers: the tenant's, as far as its organization allows them.
pub(super) fn methods(settings: &TenantSettings, flow: &Flow) -> Vec<LoginMethod> {
    let tenants = settings.allowed_methods.iter().copied();
    let Some(place) = &flow.data.organization else { return tenants.collect() };
    if place.sso_required {
        return Vec::new();
    }
    let own = &place.allowed_methods;
    tenants.filter(|method| own.is_empty() || own.contains(method)).collect()
}

/// The refusal when the flow does not offer a method: `_309` where only single sign-on leads in, `_013` otherwise.
pub(super) fn check_method(work: &Work, flow: &mut Flow, method: LoginMethod) -> Option<Step> {
    let offered = methods(&work.settings.settings, flow);
    if offered.contains(&method) {
        return None;
    }
    if flow.data.organization.as_ref().is_some_and(|place| place.sso_required) {
        let error = Error::new(Code::SsoRequired).with_member("connections", Value::Array(Vec::new()));
        return Some(refuse_with(flow, error));
    }
    Some(refuse_method(flow, offered.iter().map(|m| m.as_str()).collect()))
}

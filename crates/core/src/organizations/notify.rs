//! Notices to those who own an organization.

use avnology_model::{
    Result, Timestamp,
    events::{MessageOrganization, MessageRequest, MessageType},
    ids::{IdentityId, OrganizationId},
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::{memberships, organizations},
};

use crate::{Cx, events::emit_message};

/// What owners are told.
pub(crate) struct Notice {
    /// Which letter.
    pub(crate) kind: MessageType,
    /// What it is about.
    pub(crate) subject: String,
    /// When what it announces happens.
    pub(crate) until: Timestamp,
    /// Somebody who is about to own it no more.
    pub(crate) except: Option<IdentityId>,
}

/// Mails a notice to every owner whose membership is in force.
pub(crate) fn tell_owners(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    notice: &Notice,
) -> Result<()> {
    let Some(place) = organizations::find(tx, organization)? else { return Ok(()) };
    let about = MessageOrganization {
        name: place.name,
        slug: place.slug.to_string(),
        subject: Some(notice.subject.clone()),
        ..MessageOrganization::default()
    };
    for membership in memberships::owners(tx, organization)? {
        if notice.except == Some(membership.identity_id) || !membership.is_in_force(cx.now) {
            continue;
        }
        let Some(person) = identities::find(tx, membership.identity_id)? else { continue };
        let Some(address) = person.email.clone() else { continue };
        let mut request = MessageRequest::to_person(notice.kind, address, &person);
        request.until = Some(notice.until);
        request.organization = Some(about.clone());
        emit_message(tx, cx, &request, None)?;
    }
    Ok(())
}

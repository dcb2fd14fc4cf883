//! The mail that carries an invitation.

use avnology_model::{
    Code, Error, Result,
    events::{MessageOrganization, MessageRequest, MessageType},
    identities::Identity,
    ids::IdentityId,
    organizations::{Invitation, Organization},
    permissions::RoleKey,
    secret_token::SecretToken,
};
use avnology_store::{IdentityTx, identities::identities, organizations::roles};

use crate::{
    Cx, Tenant,
    events::{emit_message, seal},
    flows::take_message,
};

/// Where an invitation is answered.
pub(super) fn url(app: &Tenant, token: &SecretToken) -> String {
    format!("{}/invitations/{}", app.config.origin(), token.expose())
}

/// Mails an invitation. `_021` when the address had too many messages lately.
pub(super) fn send(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    organization: &Organization,
    (invitation, token): (&Invitation, &SecretToken),
) -> Result<()> {
    if let Some(seconds) = take_message(tx, app, cx, &invitation.email)? {
        return Err(Error::new(Code::TooManyRequests)
            .with_detail(format!("This address had a message lately. Try again in {seconds} seconds."))
            .with_retry_after(seconds));
    }
    let realm = app.realm_of(organization.id);
    // An account whose address was never proven may be anybody's: its name is not put into mail to that address.
    let person = identities::by_email(tx, &realm, &invitation.email_key)?.filter(|i| i.email_verified);
    let mut request = MessageRequest::new(MessageType::Invitation, &invitation.email);
    request.identity_id = person.as_ref().map(|i| i.id);
    request.name = person.as_ref().map(Identity::display_name);
    request.locale = person.and_then(|i| i.locale);
    request.until = Some(invitation.expires_at);
    request.organization = Some(MessageOrganization {
        name: organization.name.clone(),
        slug: organization.slug.to_string(),
        inviter: inviter_name(tx, invitation)?,
        role: Some(role_name(tx, organization, &invitation.role)?),
        words: invitation.message.clone(),
        subject: None,
    });
    let sealed = seal(&app.keys, &invitation.email, None, Some(&url(app, token)))?;
    emit_message(tx, cx, &request, Some(&sealed))
}

/// The name of the person who invited; none when that is a program, or somebody who is gone.
pub(super) fn inviter_name(tx: &mut IdentityTx<'_>, invitation: &Invitation) -> Result<Option<String>> {
    let person = invitation.invited_by.as_deref().and_then(|id| id.parse::<IdentityId>().ok());
    person.map_or(Ok(None), |person| identities::name(tx, person))
}

/// A role as people read it.
fn role_name(tx: &mut IdentityTx<'_>, organization: &Organization, role: &RoleKey) -> Result<String> {
    if role.built_in().is_none()
        && let Some(custom) = roles::by_key(tx, organization.id, role)?
    {
        return Ok(custom.name);
    }
    Ok(role.to_string())
}

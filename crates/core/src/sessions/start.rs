//! Making a session, and raising one that is there.

use avnology_model::{
    Error, Result, Timestamp,
    events::{EventType, MessageRequest, MessageType},
    identities::{Identity, IdentityState},
    ids::{DeviceId, IdentityId, OrganizationId, SessionId},
    platform::SessionPolicy,
    secret_token::{SecretHash, SecretKind, SecretToken},
    sessions::{Aal, CompletedMethod, Session, SessionDevice, SessionKind},
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    sessions::{devices as device_rows, sessions},
};
use serde_json::json;

use super::devices;
use crate::{
    Cx,
    events::{emit, emit_message},
};

/// Seconds that a replaced token lives on after the assurance rose, so that parallel requests are not signed out.
const REPLACED_TOKEN_SECONDS: i64 = 30;
/// Life of a recovery session, in seconds (`contract/11` §7).
const RECOVERY_SECONDS: i64 = 15 * 60;

/// What a session is made from. Drawn outside the transaction, so that a repeated transaction makes the same one.
#[derive(Clone)]
pub(crate) struct NewSession {
    id: SessionId,
    token: SecretToken,
    device: DeviceId,
    organization: Option<OrganizationId>,
}

impl NewSession {
    /// A new id and a new token.
    pub(crate) fn draw(cx: &Cx) -> Self {
        Self {
            id: SessionId::new(cx.now, cx.random()),
            token: cx.secret(SecretKind::Session),
            device: DeviceId::new(cx.now, cx.random()),
            organization: None,
        }
    }

    /// The same, acting in an organization from the beginning.
    pub(crate) fn in_organization(mut self, organization: Option<OrganizationId>) -> Self {
        self.organization = organization;
        self
    }

    /// The token.
    pub(crate) fn token(&self) -> &SecretToken {
        &self.token
    }
}

/// Makes a session of `identity` and everything that a sign-in brings: the time of the sign-in, the end of a
/// deletion that a sign-in cancels, its device with a notice of one that is new, the events.
pub(crate) fn start(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    new: &NewSession,
    identity: &mut Identity,
    kind: SessionKind,
    methods: &[CompletedMethod],
    policy: &SessionPolicy,
) -> Result<Session> {
    let life = match kind {
        SessionKind::Standard => i64::from(policy.absolute_timeout_seconds),
        SessionKind::Recovery => RECOVERY_SECONDS,
    };
    let aal = methods.iter().map(|m| m.aal).max().unwrap_or_default();
    let counts = (kind == SessionKind::Standard).then_some(aal);
    let place = devices::on_sign_in(tx, cx, new.device, identity.id, counts)?;
    if place.is_new && counts.is_some() && identity.last_login_at.is_some() {
        tell_of_new_device(tx, cx, identity)?;
    }
    let session = Session {
        id: new.id,
        identity_id: identity.id,
        kind,
        aal,
        methods: methods.to_vec(),
        authenticated_at: cx.now,
        issued_at: cx.now,
        last_used_at: cx.now.to_the_minute(),
        expires_at: cx.now.plus_seconds(life),
        revoked_at: None,
        device_id: place.device.as_ref().map(|device| device.id),
        device: place.device.as_ref().map(|device| SessionDevice { key: place.key, ..device.into() }),
        ip: cx.ip_text(),
        user_agent: cx.user_agent.to_string(),
        organization_id: new.organization,
        token_hash: new.token.hash(),
    };
    sessions::insert(tx, &session)?;
    if kind == SessionKind::Standard {
        note_sign_in(tx, cx, identity)?;
    }
    note_factor(tx, cx, identity.id, methods)?;
    emit(tx, &created(cx, &session))?;
    Ok(session)
}

/// Tells a person that somebody, perhaps they, signed in where they were not before.
fn tell_of_new_device(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity) -> Result<()> {
    let Some(address) = identity.email.as_ref().filter(|_| identity.email_verified) else { return Ok(()) };
    let notice = MessageRequest::to_person(MessageType::NewDevice, address, identity);
    emit_message(tx, cx, &notice, None)
}

/// Whoever has just shown a second factor has not lost it.
fn note_factor(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: IdentityId,
    methods: &[CompletedMethod],
) -> Result<()> {
    if methods.iter().any(|done| done.aal >= Aal::Aal2) {
        return crate::identities::factor_was_used(tx, cx, identity);
    }
    Ok(())
}

fn note_sign_in(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity) -> Result<()> {
    identity.last_login_at = Some(cx.now);
    let cancels = identity.deletion.as_ref().is_some_and(|d| d.cancel_on_login);
    if identity.state == IdentityState::ScheduledDeletion && cancels {
        return crate::identities::cancel_scheduled(tx, cx, identity, "sign_in");
    }
    identities::touch_login(tx, identity.id, cx.now)
}

fn created(cx: &Cx, session: &Session) -> avnology_model::events::Event {
    let methods: Vec<_> = session.methods.iter().map(|m| m.method.as_str()).collect();
    let shown = json!({
        "id": session.id, "identity_id": session.identity_id, "kind": session.kind, "aal": session.aal,
        "authenticated_at": session.authenticated_at, "issued_at": session.issued_at, "expires_at": session.expires_at,
        "ip": session.ip, "user_agent": session.user_agent, "device_id": session.device_id,
    });
    let mut event = cx
        .event(EventType::SessionCreated, json!({ "session": shown, "client_id": null, "methods": methods }))
        .on("session", &session.id)
        .on("identity", &session.identity_id);
    event.actor = avnology_model::events::Actor::identity(session.identity_id, Some(session.id));
    event.origin.device_id = session.device_id;
    event
}

/// Authenticates a session better or, when the first factor was repeated, `again`, which moves `authenticated_at`: the
/// methods are added, the token is replaced and lives on for 30 s. Answers the session and the hashes of its former tokens.
pub(crate) fn raise(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    session: SessionId,
    token: &SecretToken,
    methods: &[CompletedMethod],
    again: bool,
) -> Result<(Session, Vec<SecretHash>)> {
    let found = sessions::find(tx, session)?.filter(|s| s.revoked_at.is_none() && s.expires_at > cx.now);
    let mut session = found.ok_or(Error::new(avnology_model::Code::SessionInvalid))?;
    let previous: Aal = session.aal;
    if again {
        session.authenticated_at = cx.now;
    }
    session.methods.retain(|held| !methods.iter().any(|new| new.method == held.method));
    session.methods.extend(methods.iter().cloned());
    session.aal = session.methods.iter().map(|m| m.aal).max().unwrap_or_default();
    session.last_used_at = cx.now.to_the_minute();
    sessions::raise(tx, &session)?;
    if let (Some(device), Some(shown)) = (session.device_id, &mut session.device)
        && session.aal >= Aal::Aal2
    {
        device_rows::make_known(tx, device)?;
        shown.known = true;
    }
    note_factor(tx, cx, session.identity_id, methods)?;
    let until: Timestamp = cx.now.plus_seconds(REPLACED_TOKEN_SECONDS);
    session.token_hash = token.hash();
    let former = sessions::replace_token(tx, session.id, &session.token_hash, Some(until))?;
    let names: Vec<_> = methods.iter().map(|m| m.method.as_str()).collect();
    let payload = json!({
        "session_id": session.id, "user_id": session.identity_id, "previous_aal": previous, "aal": session.aal,
        "methods": names,
    });
    let event = cx.event(EventType::SessionElevated, payload);
    emit(tx, &event.on("session", &session.id).on("identity", &session.identity_id))?;
    Ok((session, former))
}

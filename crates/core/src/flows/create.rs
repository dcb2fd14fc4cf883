//! Opening a flow (`contract/11` §1.1).

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    credentials::WebauthnSettings,
    flows::{Channel, Flow, FlowClient, FlowData, FlowKind, FlowState, Transport},
    ids::FlowId,
    secret_token::SecretHash,
    sessions::{Aal, SessionKind},
};
use avnology_store::{IdentityTx, flows::flows};

use super::{
    Holder,
    account::Identifier,
    client_door::ClientDoor,
    entry, invitation, passkey, place, registration, return_to,
    step_up::{self, More},
};
use crate::{
    Cx, Tenant,
    clients::authorize::{client_named, client_of},
    organizations::{self, LiveOrganization},
    sessions::{LiveSession, SessionView, switch_organization},
};

/// The name that means no organization.
const PERSONAL: &str = "personal";

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct FlowRequest {
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// Login: `aal1`, `aal2`, `aal3` or `highest_available`.
    pub aal: Option<String>,
    /// Login: authenticate again although a session exists.
    pub refresh: bool,
    /// Login: the same if the last authentication is older, in seconds.
    pub max_age: Option<u32>,
    /// Login, registration: prefills the identifier.
    pub login_hint: Option<String>,
    /// Recovery, verification: prefills the address.
    pub email: Option<String>,
    /// Recovery, verification: asks for a phone, prefilled with this one unless it is empty.
    pub phone: Option<String>,
    /// Settings: the section to show.
    pub section: Option<String>,
    /// Login, registration: the organization that the flow is restricted to, by id or slug; in strict mode also that of an
    /// address to recover or to verify.
    pub organization: Option<String>,
    /// Login, registration: the client whose rules hold, where no request of one is continued.
    pub client: Option<String>,
    /// Registration: the token of the invitation that it answers.
    pub invitation: Option<String>,
}

/// A flow that was opened.
pub enum Created {
    /// To be gone through.
    Flow(Box<Flow>),
    /// A session is there already; nothing is asked.
    Passed(Box<Flow>, Box<SessionView>),
}

/// A flow of this kind with nothing in it yet.
pub(super) fn blank(cx: &Cx, kind: FlowKind, transport: Transport, holder: Holder) -> Flow {
    let mut flow = blank_at(cx.now, FlowId::new(cx.now, cx.random()), kind, transport);
    flow.browser_hash = holder.browser_hash().filter(|_| transport == Transport::Browser);
    passkey::challenge(&mut flow, &cx.random());
    flow
}

/// The same with an id that was drawn before, for whoever begins it.
pub(super) fn blank_at(now: Timestamp, id: FlowId, kind: FlowKind, transport: Transport) -> Flow {
    Flow {
        id,
        kind,
        transport,
        state: if kind == FlowKind::Login { FlowState::ChooseMethod } else { FlowState::ShowForm },
        active: String::new(),
        issued_at: now,
        expires_at: now.plus_seconds(kind.life_seconds()),
        completed_at: None,
        browser_hash: None,
        session_id: None,
        identity_id: None,
        submits: 0,
        code_hash: None,
        code_tries: 0,
        link_hash: None,
        secret_expires_at: None,
        data: FlowData::default(),
    }
}

/// Opens a flow. `_902` for a `return_to` that is not allowed or an assurance that cannot be reached; `_300`, `_310` and
/// `_312` by the organization that it is restricted to; `_304` for a closed registration, `_306` for the invitation; for
/// settings `_005` without a session and `_110` for a section that needs a fresh sign-in; `_006` where a session is to reach `aal3`
/// and its identity has nothing that does.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    kind: FlowKind,
    transport: Transport,
    holder: Holder,
    request: FlowRequest,
    live: Option<&LiveSession>,
) -> Result<Created> {
    let mut flow = blank(cx, kind, transport, holder);
    flow.data.client = client(app, cx, &request, flow.browser_hash).await?;
    flow.data.return_to = check_return_to(app, cx, &flow, request.return_to.as_deref()).await?;
    let organization = restrict(app, cx, &mut flow, request.organization.as_deref()).await?;
    match kind {
        FlowKind::Login => {
            flow.data.identifier = request.login_hint.as_deref().map(short).filter(|hint| !hint.is_empty());
            let wanted = read_aal(&app.settings().settings.webauthn, request.aal.as_deref())?;
            flow.data.requested_aal = wanted.unwrap_or_default();
            let live = live.filter(|live| live.session.kind == SessionKind::Standard);
            if let Some(live) = live
                && let Some(session) = login(app, cx, &mut flow, &request, wanted, live).await?
            {
                return Ok(passed(cx, flow, session));
            }
        }
        FlowKind::Registration => {
            if request.invitation.is_none() {
                let organization = organization.as_deref().map(|live| &live.organization);
                registration::check_open(&app.settings().settings, organization)?;
                let begun = flow.clone();
                let read = move |tx: &mut IdentityTx<'_>| Ok(ClientDoor::of(tx, &begun)?.check_open());
                app.store.identity().read(read).await??;
            }
            prefill(&mut flow, "traits.email", request.login_hint.as_deref());
        }
        FlowKind::Recovery => {
            prefill(&mut flow, "email", request.email.as_deref());
            prefill_phone(app, &mut flow, request.phone.as_deref());
        }
        FlowKind::Verification => {
            prefill(&mut flow, "email", request.email.as_deref());
            prefill_phone(app, &mut flow, request.phone.as_deref());
            flow.identity_id = live.map(|live| live.identity.id);
            flow.data.realm = flow.data.realm.or(live.and_then(|live| live.identity.realm.organization()));
        }
        FlowKind::Settings => {
            let live = live.ok_or_else(|| Error::new(Code::SessionInvalid))?;
            open_settings(app, cx, &mut flow, live, request.section.as_deref())?;
        }
    }
    let flow = insert(app, cx, flow, request.invitation).await?;
    Ok(Created::Flow(Box::new(flow)))
}

/// Keeps the flow, with the organization that its invitation or its prefilled identifier leads to.
async fn insert(app: &Arc<Tenant>, cx: &Cx, flow: Flow, invitation: Option<String>) -> Result<Flow> {
    let (settings, now) = (app.settings(), cx.now);
    let mode = settings.settings.identity_federation_mode;
    app.store
        .identity()
        .write(move |tx| {
            let mut flow = flow.clone();
            if let Some(token) = invitation.as_deref().filter(|_| flow.kind == FlowKind::Registration) {
                invitation::take(tx, mode, now, &mut flow, token)?;
            }
            let hint = flow.data.identifier.as_deref().and_then(Identifier::parse);
            if let Some(hint) = hint.filter(|_| flow.kind == FlowKind::Login && flow.identity_id.is_none())
                && place::discover(tx, mode, &mut flow, &hint)?.is_some()
            {
                flow.data.identifier = None;
            }
            passkey::note(tx, &settings.settings, &mut flow)?;
            passkey::may_reach(&flow)?;
            flows::insert(tx, &flow)?;
            Ok(flow)
        })
        .await
}

/// Restricts a flow to the organization named by id or slug. `_300`, `_310`, `_312`.
async fn restrict(
    app: &Arc<Tenant>,
    cx: &Cx,
    flow: &mut Flow,
    name: Option<&str>,
) -> Result<Option<Arc<LiveOrganization>>> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    if name == PERSONAL {
        flow.data.is_personal = app.is_strict();
        if flow.data.is_personal && flow.kind == FlowKind::Registration {
            return Err(Code::RegistrationDisabled.into());
        }
        return Ok(None);
    }
    let live = organizations::get_named(app, cx, name).await?;
    organizations::check_state(live.organization.state)?;
    let mode = app.settings().settings.identity_federation_mode;
    place::put(flow, mode, &live.organization, true);
    Ok(Some(live))
}

/// A login flow of somebody who is signed in: the session, where nothing more is asked for; else the flow is bound to it,
/// unless that identity has no business in the flow's organization, in which case anybody may sign in.
async fn login(
    app: &Arc<Tenant>,
    cx: &Cx,
    flow: &mut Flow,
    request: &FlowRequest,
    wanted: Option<Aal>,
    live: &LiveSession,
) -> Result<Option<SessionView>> {
    let too_old = request
        .max_age
        .is_some_and(|seconds| live.session.authenticated_at.plus_seconds(i64::from(seconds)) <= cx.now);
    let again = request.refresh || too_old;
    let settings = app.settings();
    let has_factor = !live.identity.second_factors(&settings.settings.second_factors).is_empty();
    // `highest_available` is as much as the person can show.
    let wanted = wanted.unwrap_or(if has_factor { Aal::Aal2 } else { Aal::Aal1 });
    flow.data.requested_aal = wanted;
    let mut more = match (again, live.session.aal < wanted) {
        (true, _) => Some(More::Again),
        (false, true) => Some(More::Factor),
        (false, false) => None,
    };
    let Some(organization) = flow.restricted_to() else {
        let Some(more) = more else {
            return Ok(Some(SessionView::of_live(live, &settings, cx.now)));
        };
        step_up::bind(flow, &settings.settings, live, more);
        return Ok(None);
    };
    if more.is_none() {
        match switch_organization(app, cx, live, Some(&organization.to_string())).await {
            Ok((session, _)) => return Ok(Some(session)),
            Err(error) if asks_for_more(error.code()) => more = Some(More::asked_by(&error)),
            Err(error) => return Err(error),
        }
    }
    let (identity, now, begun) = (live.identity.clone(), cx.now, flow.clone());
    let welcome = move |tx: &mut IdentityTx<'_>| entry::is_welcome(tx, &begun, organization, &identity, now);
    if app.store.identity().read(welcome).await? {
        step_up::bind(flow, &settings.settings, live, more.unwrap_or(More::Again));
    }
    Ok(None)
}

/// Whether a session was refused in an organization that a flow may lead into all the same.
fn asks_for_more(code: Code) -> bool {
    matches!(code, Code::StepUpRequired | Code::SecondFactorRequired | Code::NotAMember)
}

/// Nothing is asked of who is signed in; the flow is not kept.
fn passed(cx: &Cx, mut flow: Flow, session: SessionView) -> Created {
    flow.state = FlowState::Passed;
    flow.completed_at = Some(cx.now);
    flow.identity_id = Some(session.identity_id);
    flow.session_id = Some(session.id);
    Created::Passed(Box::new(flow), Box::new(session))
}

fn open_settings(
    app: &Tenant,
    cx: &Cx,
    flow: &mut Flow,
    live: &LiveSession,
    section: Option<&str>,
) -> Result<()> {
    // A recovery session has the one settings flow that recovery opened.
    if live.session.kind == SessionKind::Recovery {
        return Err(Error::new(Code::StepUpRequired));
    }
    match section {
        None | Some("") => {}
        Some("profile") => "profile".clone_into(&mut flow.data.section),
        Some(name @ ("password" | "passkey" | "totp" | "sms" | "recovery_code")) => {
            live.check_privileged(&app.settings().settings, cx.now)?;
            name.clone_into(&mut flow.data.section);
        }
        Some(_) => {
            let message = "One of profile, password, passkey, totp, sms, recovery_code.";
            return Err(Error::field("section", FieldCode::NotInEnum, message));
        }
    }
    flow.session_id = Some(live.id());
    flow.identity_id = Some(live.identity.id);
    flow.data.realm = live.identity.realm.organization();
    Ok(())
}

/// The client of the authorization request that the flow leads back to, else the one that is named. `_902` when that is none,
/// or another one.
async fn client(
    app: &Tenant,
    cx: &Cx,
    request: &FlowRequest,
    holder: Option<SecretHash>,
) -> Result<Option<FlowClient>> {
    let of_request = client_of(app, cx, request.return_to.as_deref(), holder).await?;
    let Some(named) = request.client.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(of_request);
    };
    match of_request {
        Some(client) if client.id.to_string() == named => Ok(Some(client)),
        Some(_) => Err(Error::field(
            "client_id",
            FieldCode::Conflict,
            "The authorization request is another client's.",
        )),
        None => {
            let found = client_named(app, cx, named).await?;
            let unknown = || Error::field("client_id", FieldCode::NotFound, "There is no such client.");
            found.map(Some).ok_or_else(unknown)
        }
    }
}

async fn check_return_to(app: &Tenant, cx: &Cx, flow: &Flow, target: Option<&str>) -> Result<Option<String>> {
    let Some(target) = target.filter(|t| !t.is_empty()) else { return Ok(None) };
    let client = flow.data.client.as_ref().map(|client| client.id);
    let allowed = return_to::allowed(app, cx, target, client).await?;
    allowed
        .map(Some)
        .ok_or_else(|| Error::field("return_to", FieldCode::NotAllowed, "This address is not allowed."))
}

/// The assurance asked for; `None` for as much as the person has.
fn read_aal(webauthn: &WebauthnSettings, wanted: Option<&str>) -> Result<Option<Aal>> {
    let message = match wanted {
        None | Some("") => return Ok(Some(Aal::Aal1)),
        Some("highest_available") => return Ok(None),
        Some(text) => match Aal::parse(text) {
            Some(Aal::Aal3) if !webauthn.reaches_aal3() => {
                return Err(Error::field(
                    "aal",
                    FieldCode::NotAllowed,
                    "No model of authenticators is trusted here.",
                ));
            }
            Some(aal) => return Ok(Some(aal)),
            None => "One of aal1, aal2, aal3, highest_available.",
        },
    };
    Err(Error::field("aal", FieldCode::NotInEnum, message))
}

fn prefill(flow: &mut Flow, node: &str, value: Option<&str>) {
    if let Some(value) = value.map(short).filter(|v| !v.is_empty()) {
        flow.data.values.insert(node.to_owned(), value);
    }
}

fn prefill_phone(app: &Tenant, flow: &mut Flow, phone: Option<&str>) {
    if phone.is_some() && app.sends_texts() {
        flow.data.channel = Channel::Sms;
        prefill(flow, "phone", phone);
    }
}

fn short(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(254).collect()
}

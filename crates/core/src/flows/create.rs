//! Opening a flow (`contract/11` §1.1).

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    flows::{Flow, FlowData, FlowKind, FlowState, Transport},
    ids::FlowId,
    sessions::{Aal, SessionKind},
};
use avnology_store::flows::flows;

use super::{Holder, registration, return_to, step_up};
use crate::{
    Cx, Tenant,
    sessions::{LiveSession, SessionView},
};

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
    /// Settings: the section to show.
    pub section: Option<String>,
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
    Flow {
        id: FlowId::new(cx.now, cx.random()),
        kind,
        transport,
        state: if kind == FlowKind::Login { FlowState::ChooseMethod } else { FlowState::ShowForm },
        active: String::new(),
        issued_at: cx.now,
        expires_at: cx.now.plus_seconds(kind.life_seconds()),
        completed_at: None,
        browser_hash: holder.browser_hash().filter(|_| transport == Transport::Browser),
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

/// Opens a flow. `_902` for a `return_to` that is not allowed or an assurance that cannot be reached; `_304` for a closed
/// registration; for settings `_005` without a session and `_110` for a section that needs a fresh sign-in.
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
    flow.data.return_to = check_return_to(app, request.return_to.as_deref())?;
    match kind {
        FlowKind::Login => {
            flow.data.identifier = request.login_hint.as_deref().map(short).filter(|hint| !hint.is_empty());
            check_aal(request.aal.as_deref())?;
            if let Some(live) = live.filter(|live| live.session.kind == SessionKind::Standard) {
                let too_old = request.max_age.is_some_and(|seconds| {
                    live.session.authenticated_at.plus_seconds(i64::from(seconds)) <= cx.now
                });
                if !request.refresh && !too_old {
                    return Ok(passed(app, cx, flow, live));
                }
                step_up::bind(&mut flow, live);
            }
        }
        FlowKind::Registration => {
            registration::check_open(&app.settings().settings)?;
            prefill(&mut flow, "traits.email", request.login_hint.as_deref());
        }
        FlowKind::Recovery => prefill(&mut flow, "email", request.email.as_deref()),
        FlowKind::Verification => {
            prefill(&mut flow, "email", request.email.as_deref());
            flow.identity_id = live.map(|live| live.identity.id);
        }
        FlowKind::Settings => {
            let live = live.ok_or_else(|| Error::new(Code::SessionInvalid))?;
            open_settings(app, cx, &mut flow, live, request.section.as_deref())?;
        }
    }
    let made = flow.clone();
    app.store.identity().write(move |tx| flows::insert(tx, &made)).await?;
    Ok(Created::Flow(Box::new(flow)))
}

/// Nothing is asked of who is signed in; the flow is not kept.
fn passed(app: &Tenant, cx: &Cx, mut flow: Flow, live: &LiveSession) -> Created {
    flow.state = FlowState::Passed;
    flow.completed_at = Some(cx.now);
    flow.identity_id = Some(live.identity.id);
    flow.session_id = Some(live.id());
    let session = SessionView::of_live(live, &app.settings(), cx.now);
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
        Some("password") => {
            if !live.is_fresh(&app.settings().settings.session_policy, cx.now) {
                return Err(Error::new(Code::StepUpRequired));
            }
            "password".clone_into(&mut flow.data.section);
        }
        Some(_) => return Err(Error::field("section", FieldCode::NotInEnum, "One of profile, password.")),
    }
    flow.session_id = Some(live.id());
    flow.identity_id = Some(live.identity.id);
    Ok(())
}

fn check_return_to(app: &Tenant, target: Option<&str>) -> Result<Option<String>> {
    let Some(target) = target.filter(|t| !t.is_empty()) else { return Ok(None) };
    let resolved = return_to::resolve(app, target);
    resolved
        .map(Some)
        .ok_or_else(|| Error::field("return_to", FieldCode::NotAllowed, "This address is not allowed."))
}

/// Second factors are not offered here yet: one factor is the highest that can be had.
fn check_aal(wanted: Option<&str>) -> Result<()> {
    let message = match wanted {
        None | Some("" | "highest_available") => return Ok(()),
        Some(text) => match Aal::parse(text) {
            Some(Aal::Aal1) => return Ok(()),
            Some(_) => {
                return Err(Error::field("aal", FieldCode::NotAllowed, "No second factor is offered here."));
            }
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

fn short(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(254).collect()
}

//! Step-up: a login flow bound to a session, to authenticate it again or better (`contract/11` §4.6).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowKind, FlowState, MessageId, Transport},
    organizations::Organization,
    platform::TenantSettings,
    sessions::Aal,
};
use avnology_store::flows::flows;

use super::{Holder, create::blank, passkey, place, second_factor};
use crate::{Cx, Tenant, sessions::LiveSession};

/// What is asked of who is signed in already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// The first factor once more.
    Again,
    /// A second factor.
    Factor,
}

impl More {
    /// What a refusal asks for.
    pub fn asked_by(refusal: &Error) -> Self {
        if refusal.code() == Code::SecondFactorRequired { Self::Factor } else { Self::Again }
    }
}

/// Opens a login flow that raises `live` when it is passed, and makes it act in an organization that asks for that.
pub async fn open(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    holder: Holder,
    more: More,
    return_to: Option<String>,
    organization: Option<&Organization>,
) -> Result<Flow> {
    let transport = match holder {
        Holder::Browser(_) => Transport::Browser,
        Holder::Program => Transport::Api,
    };
    let settings = app.settings();
    let mut flow = blank(cx, FlowKind::Login, transport, holder);
    if more == More::Factor {
        flow.data.requested_aal = Aal::Aal2;
    }
    bind(&mut flow, &settings.settings, live, more);
    if let Some(organization) = organization {
        place::put(&mut flow, settings.settings.identity_federation_mode, organization, true);
    }
    flow.data.return_to = return_to;
    app.store
        .identity()
        .write(move |tx| {
            let mut flow = flow.clone();
            passkey::note(tx, &settings.settings, &mut flow)?;
            flows::insert(tx, &flow)?;
            Ok(flow)
        })
        .await
}

/// Binds a login flow to a session: its identity is the only one that can pass.
pub(super) fn bind(flow: &mut Flow, settings: &TenantSettings, live: &LiveSession, more: More) {
    flow.session_id = Some(live.id());
    flow.identity_id = Some(live.identity.id);
    flow.data.realm = live.identity.realm.organization();
    flow.data.identifier = live.identity.email.clone().or_else(|| live.identity.username.clone());
    if flow.data.identifier.is_none() {
        flow.data.identifier = live.identity.phone.clone().filter(|_| live.identity.phone_verified);
    }
    match more {
        More::Again => {
            flow.data.refresh = true;
            flow.data.messages.push(MessageId::SignInAgain.into());
        }
        // What the session has shown is not asked again.
        More::Factor => {
            flow.data.completed.clone_from(&live.session.methods);
            let needed = flow.data.requested_aal.max(Aal::Aal2);
            let asked = second_factor::ask(settings, flow, &live.identity, needed, false);
            // Another request was faster, or the phone that is the second factor was the first: then everything once more.
            let shows_none = flow.state == FlowState::SecondFactor && flow.data.factors.is_empty();
            if shows_none {
                flow.state = FlowState::ChooseMethod;
                flow.data.completed.clear();
            }
            flow.data.refresh = !asked || shows_none;
        }
    }
}

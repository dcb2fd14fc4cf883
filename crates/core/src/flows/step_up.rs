//! Step-up: a login flow bound to a session, to authenticate it again (`contract/11` §4.6).

use std::sync::Arc;

use avnology_model::{
    Result,
    flows::{Flow, FlowKind, Transport},
    organizations::Organization,
};
use avnology_store::flows::flows;

use super::{Holder, create::blank, place};
use crate::{Cx, Tenant, sessions::LiveSession};

/// Opens a login flow that raises `live` when it is passed, and makes it act in an organization that asks for that.
pub async fn open(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    holder: Holder,
    return_to: Option<String>,
    organization: Option<&Organization>,
) -> Result<Flow> {
    let transport = match holder {
        Holder::Browser(_) => Transport::Browser,
        Holder::Program => Transport::Api,
    };
    let mut flow = blank(cx, FlowKind::Login, transport, holder);
    bind(&mut flow, live);
    if let Some(organization) = organization {
        place::put(&mut flow, app.settings().settings.identity_federation_mode, organization, true);
    }
    flow.data.return_to = return_to;
    let made = flow.clone();
    app.store.identity().write(move |tx| flows::insert(tx, &made)).await?;
    Ok(flow)
}

/// Binds a login flow to a session: its identity is the only one that can pass.
pub(super) fn bind(flow: &mut Flow, live: &LiveSession) {
    flow.session_id = Some(live.id());
    flow.identity_id = Some(live.identity.id);
    flow.data.realm = live.identity.realm.organization();
    flow.data.refresh = true;
    flow.data.identifier = live.identity.email.clone().or_else(|| live.identity.username.clone());
    flow.data.messages.push(avnology_model::flows::MessageId::SignInAgain.into());
}

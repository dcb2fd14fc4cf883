//! Reading a flow again, and looking at a mailed link without using it.

use std::sync::Arc;

use avnology_model::{
    Error, Result, Timestamp,
    flows::{Flow, FlowKind, FlowState, MessageId, Transport},
    ids::FlowId,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::flows::flows;

use super::{Holder, return_to, step::check_open};
use crate::{Cx, Tenant};

/// A flow, for who holds it. `_901` when there is none, or for another browser; `_009` when it is over.
pub async fn get(app: &Arc<Tenant>, cx: &Cx, kind: FlowKind, id: FlowId, holder: Holder) -> Result<Flow> {
    let flow = load(app, kind, id).await?;
    check_holder(&flow, holder)?;
    check_open(&flow, cx.now, &app.config.origin())?;
    return_to::checked(app, cx, flow).await
}

/// A login flow of this browser that ended because its link was used in another one, if this is one: its page says so.
pub async fn ended_elsewhere(app: &Arc<Tenant>, id: FlowId, holder: Holder) -> Result<Option<Flow>> {
    let flow = load(app, FlowKind::Login, id).await?;
    check_holder(&flow, holder)?;
    let is_told = flow.data.messages.iter().any(|m| m.id == MessageId::SignedInElsewhere.id());
    Ok(Some(flow).filter(|flow| is_told && flow.completed_at.is_some()))
}

/// A login flow of this browser that ended because whoever signed in does not belong to its organization, and did not join
/// it, if this is one.
pub async fn turned_away(app: &Arc<Tenant>, id: FlowId, holder: Holder) -> Result<Option<Flow>> {
    let flow = load(app, FlowKind::Login, id).await?;
    check_holder(&flow, holder)?;
    let is_turned_away =
        flow.completed_at.is_some() && flow.state != FlowState::Passed && flow.leads_into().is_some();
    Ok(Some(flow).filter(|_| is_turned_away))
}

pub(super) async fn load(app: &Arc<Tenant>, kind: FlowKind, id: FlowId) -> Result<Flow> {
    let found = app.store.identity().read(move |tx| flows::find(tx, id)).await?;
    found.filter(|flow| flow.kind == kind).ok_or_else(Error::not_found)
}

/// `_901` for a browser that did not begin the flow.
pub(super) fn check_holder(flow: &Flow, holder: Holder) -> Result<()> {
    let held = match flow.transport {
        Transport::Api => true,
        Transport::Browser => flow.browser_hash.is_some() && flow.browser_hash == holder.browser_hash(),
    };
    if held { Ok(()) } else { Err(Error::not_found()) }
}

/// What the page of a mailed link shows before its button is pressed.
#[derive(Clone, Debug)]
pub struct LinkPeek {
    /// The address it was mailed to.
    pub address: String,
    /// Whether this is the browser that asked for it.
    pub same_browser: bool,
    /// When it was asked for.
    pub sent_at: Timestamp,
    /// Browser that asked for it.
    pub device: Option<String>,
    /// Network address that asked for it.
    pub place: Option<String>,
}

/// Looks at a link; `None` when it is unknown, too old or used. Nothing is changed.
pub async fn peek_link(
    app: &Arc<Tenant>,
    cx: &Cx,
    kind: FlowKind,
    id: FlowId,
    token: &str,
    holder: Holder,
) -> Result<Option<LinkPeek>> {
    let Some(token) = SecretToken::parse(token).filter(|t| t.kind() == SecretKind::Link) else {
        return Ok(None);
    };
    let found = app.store.identity().read(move |tx| flows::find(tx, id)).await?;
    let usable = found.filter(|flow| {
        flow.kind == kind
            && flow.completed_at.is_none()
            && flow.secret_expires_at.is_some_and(|until| until > cx.now)
            && flow.link_hash.is_some_and(|live| {
                aws_lc_rs::constant_time::verify_slices_are_equal(&live, &token.hash()).is_ok()
            })
    });
    Ok(usable.and_then(|flow| {
        let challenge = flow.data.challenge?;
        Some(LinkPeek {
            address: challenge.address,
            same_browser: flow.browser_hash.is_none() || flow.browser_hash == holder.browser_hash(),
            sent_at: challenge.sent_at,
            device: challenge.device,
            place: challenge.place,
        })
    }))
}

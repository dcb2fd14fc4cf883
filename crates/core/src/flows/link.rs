//! Mailed links. Opening one shows a page; the button on it uses the token, so that a mail scanner does not.

use avnology_model::{
    Code, Result,
    flows::{Flow, MessageId, Transport},
    secret_token::{SecretHash, SecretKind, SecretToken},
    sessions::Method,
};
use avnology_store::{IdentityTx, flows::flows};

use super::{
    Holder,
    code::sign_in,
    complete,
    step::{Outcome, Step, Work, refuse},
};
use crate::sessions::NewSession;

/// The hash of the token if it is the flow's live link; nothing is used.
pub(super) fn live(work: &Work, flow: &Flow, token: &str) -> Option<SecretHash> {
    let token = SecretToken::parse(token).filter(|t| t.kind() == SecretKind::Link)?;
    let in_time = flow.secret_expires_at.is_some_and(|until| until > work.now());
    flow.link_hash.filter(|live| {
        in_time && aws_lc_rs::constant_time::verify_slices_are_equal(&token.hash(), live).is_ok()
    })
}

/// Uses the token as the flow's live link; whether it was right and is used up now.
pub(super) fn redeem(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, token: &str) -> Result<bool> {
    let Some(hash) = live(work, flow, token) else { return Ok(false) };
    if !flows::use_link(tx, flow.id, &hash)? {
        return Ok(false);
    }
    flow.code_hash = None;
    flow.link_hash = None;
    Ok(true)
}

/// `method: link` with a token, of a login. In the browser that began the flow it completes there; in another one it signs
/// that browser in, leads to the account page, and the first one ends without a session.
pub(super) async fn submit(work: &Work, holder: Holder, token: String) -> Result<Outcome> {
    let (session, next) = (NewSession::draw(&work.cx), complete::Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        if let Some(step) = super::code::check_lock(tx, work, flow)? {
            return Ok(step);
        }
        if !redeem(tx, work, flow, &token)? {
            return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
        }
        let began_here = match flow.transport {
            Transport::Browser => flow.browser_hash == holder.browser_hash(),
            // A program has no key: a browser that shows one has opened the link for it.
            Transport::Api => holder.browser_hash().is_none(),
        };
        let elsewhere = !began_here;
        if elsewhere {
            flow.transport = Transport::Browser;
            flow.data.return_to = None;
            flow.session_id = None;
        }
        let step = sign_in(tx, work, flow, forget, Method::Link, &session, &next)?;
        if elsewhere && matches!(step, Step::SignedIn(..)) {
            flow.data.messages.push(MessageId::SignedInElsewhere.into());
        } else if elsewhere {
            // Further steps go on in the browser that opened the link.
            flow.browser_hash = holder.browser_hash();
        }
        Ok(step)
    })
    .await
}

//! How many texts may go where: each costs, and some earn by them.

use avnology_model::{Result, flows::Flow, identities::phone, platform::RateLimit};
use avnology_store::{IdentityTx, platform::rate_cells};

use super::{
    account, send,
    step::{Step, Work},
};
use crate::{Cx, Tenant, network_of};

/// Texts that one network may ask for.
const PER_NETWORK: &[RateLimit] =
    &[RateLimit { limit: 20, window_seconds: 3_600 }, RateLimit { limit: 60, window_seconds: 86_400 }];
/// Texts to numbers that differ in their last four digits only: whoever earns by texts rents them in blocks.
const PER_BLOCK: &[RateLimit] =
    &[RateLimit { limit: 30, window_seconds: 3_600 }, RateLimit { limit: 100, window_seconds: 86_400 }];
/// Digits that numbers of one block differ in.
const BLOCK_DIGITS: usize = 4;

/// The refusal when another text would be too many: for this flow, for what was entered, for the network that asks or, of a
/// number, for its block.
pub(super) fn too_early(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    entered: &str,
) -> Result<Option<Step>> {
    if let Some(step) = send::too_early(tx, work, flow, entered)? {
        return Ok(Some(step));
    }
    let mut seconds = take_network(tx, &work.app, &work.cx)?;
    if let (None, Ok(number)) = (seconds, phone(entered)) {
        seconds = take_block(tx, &work.app, &work.cx, &number)?;
    }
    Ok(seconds.map(|seconds| send::wait(flow, i64::from(seconds))))
}

/// Whether a text may go to the number of an account that was named by something else, such as its address: nobody is told.
pub(super) fn may_text_besides(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    entered: &str,
    number: &str,
) -> Result<bool> {
    if phone(entered).is_ok_and(|entered| entered == number) {
        return Ok(true);
    }
    Ok(send::take_address(tx, work, number)?.is_none()
        && take_block(tx, &work.app, &work.cx, number)?.is_none())
}

/// Counts a text that no step of a flow asks for; whether it may go.
pub(super) fn may_text(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx, number: &str) -> Result<bool> {
    Ok(send::take_message(tx, app, cx, number)?.is_none()
        && take_network(tx, app, cx)?.is_none()
        && take_block(tx, app, cx, number)?.is_none())
}

fn take_network(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx) -> Result<Option<u32>> {
    if cx.ip.is_none() {
        return Ok(None);
    }
    let limits = account::limits(app, &app.settings(), "sms.network", PER_NETWORK);
    rate_cells::take(tx, "sms.network", &network_of(cx.ip), &limits, cx.now)
}

fn take_block(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx, number: &str) -> Result<Option<u32>> {
    let limits = account::limits(app, &app.settings(), "sms.prefix", PER_BLOCK);
    let block = number.get(..number.len().saturating_sub(BLOCK_DIGITS)).unwrap_or(number);
    rate_cells::take(tx, "sms.prefix", block.as_bytes(), &limits, cx.now)
}

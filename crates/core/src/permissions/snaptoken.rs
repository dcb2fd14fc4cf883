//! Tokens of places in the log (`contract/50` §3): where, sealed for this tenant.

use std::sync::Arc;

use avnology_model::{Code, Error, Result};
use avnology_store::{IdentityTx, events::log::Cursor, permissions::changes};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::memory::View;
use crate::Tenant;

const SEAL: usize = 6;

/// How new an answer must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// What this node has acknowledged, and what others have within a second.
    #[default]
    Node,
    /// At least what the token names.
    AtLeast(String),
    /// Everything that was committed before the request.
    Full,
}

fn seal(app: &Tenant, place: &[u8]) -> [u8; SEAL] {
    let whole = app.keys.hmac("snaptoken", place);
    std::array::from_fn(|i| whole.get(i).copied().unwrap_or_default())
}

fn bytes(place: Cursor) -> [u8; 16] {
    let both = (u128::from(place.tx_id.cast_unsigned()) << 64) | u128::from(place.position.cast_unsigned());
    both.to_be_bytes()
}

/// The token of what a view holds.
pub(super) fn token(app: &Tenant, view: &View) -> String {
    view.token.get_or_init(|| written(app, view.seen)).clone()
}

/// The token of what a transaction has written.
pub(super) fn own_token(app: &Tenant, tx: &mut IdentityTx<'_>) -> Result<String> {
    Ok(written(app, changes::own_head(tx)?))
}

fn written(app: &Tenant, place: Cursor) -> String {
    let place = bytes(place);
    let mut whole = seal(app, &place).to_vec();
    // Places begin with zeros for a long time to come.
    whole.extend(place.iter().skip_while(|byte| **byte == 0));
    BASE64_URL_SAFE_NO_PAD.encode(whole)
}

fn place(app: &Tenant, token: &str) -> Result<Cursor> {
    let invalid = || Error::new(Code::SnaptokenInvalid);
    if token.len() > 64 {
        return Err(invalid());
    }
    let whole = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let (sealed, rest) = whole.split_at_checked(SEAL).ok_or_else(invalid)?;
    let mut both = [0; 16];
    let start = both.len().checked_sub(rest.len()).ok_or_else(invalid)?;
    both.get_mut(start..).ok_or_else(invalid)?.copy_from_slice(rest);
    if seal(app, &both) != sealed {
        return Err(invalid());
    }
    let number = u128::from_be_bytes(both);
    let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default().cast_signed();
    Ok(Cursor { tx_id: half(number >> 64), position: half(number) })
}

/// A view that is as new as asked. `_503` for a token of another tenant or of the future, `_912` when it cannot be had.
pub(super) async fn view(app: &Arc<Tenant>, freshness: &Freshness) -> Result<Arc<View>> {
    let token = match freshness {
        Freshness::Node => return app.permissions.current(app).await,
        Freshness::Full => return app.permissions.latest(app).await,
        Freshness::AtLeast(token) => token,
    };
    let wanted = place(app, token)?;
    let view = app.permissions.current(app).await?;
    if wanted <= view.floor {
        return Ok(view);
    }
    // What was told is committed, so a view that is read now holds it, unless it was never told.
    let view = app.permissions.latest(app).await?;
    if wanted <= view.seen.max(view.floor) { Ok(view) } else { Err(Error::new(Code::SnaptokenInvalid)) }
}

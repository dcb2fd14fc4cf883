//! Devices without a browser, whose person confirms elsewhere (RFC 8628, `contract/30` §4.5).
//!
//! `begin` gives a device its codes, `look_up` and `decide` are the person's side, `poll` is where the device gets its tokens.

mod begin;
mod decide;
mod look_up;
mod poll;

use avnology_model::{
    Result,
    clients::{DeviceCode, DeviceStage},
    platform::RateLimit,
};
use avnology_oauth::device::{DeviceRequest, Stage, UserCode};
use avnology_store::{IdentityTx, clients::device_codes, platform::rate_cells};

pub(super) use self::poll::poll;
pub use self::{
    begin::{DeviceAnswer, begin},
    decide::{Decided, Decision, decide},
    look_up::{DeviceAsked, Entered, Place, look_up},
};
use crate::{Cx, Tenant, sessions::LiveSession};

/// Wrong codes that a session may enter.
const WRONG: [RateLimit; 1] = [RateLimit { limit: 5, window_seconds: 60 }];
const BUCKET: &str = "device.code";

/// The request as the rules take it.
fn as_rule(code: &DeviceCode) -> DeviceRequest {
    DeviceRequest {
        stage: match code.stage {
            DeviceStage::Pending => Stage::Pending,
            DeviceStage::Approved => Stage::Approved,
            DeviceStage::Denied => Stage::Denied,
            DeviceStage::Used => Stage::Used,
        },
        expires_at: code.expires_at.seconds(),
        interval: code.interval_seconds,
        asked_at: code.asked_at.map(avnology_model::Timestamp::seconds),
    }
}

/// What somebody typed.
enum Typed {
    /// The code of a request that waits.
    Waiting(Box<DeviceCode>),
    /// The code of one that waits no more.
    Over,
    /// No code.
    Wrong,
    /// Not looked at: too many wrong ones, for so many seconds more.
    TooMany(u32),
}

/// The request whose device shows this code. A wrong one counts; after too many of them none is looked at.
async fn typed(app: &Tenant, cx: &Cx, live: &LiveSession, text: &str) -> Result<Typed> {
    let (session, now, code) = (live.id(), cx.now, UserCode::typed(text));
    let look = move |tx: &mut IdentityTx<'_>| {
        let subject = session.bytes();
        if let Some(seconds) = rate_cells::wait(tx, BUCKET, &subject, &WRONG, now)? {
            return Ok(Typed::TooMany(seconds));
        }
        let found = match &code {
            Some(code) => device_codes::find_typed(tx, code.as_str())?,
            None => None,
        };
        Ok(match found {
            Some(found) if found.stage == DeviceStage::Pending && found.expires_at > now => {
                Typed::Waiting(Box::new(found))
            }
            Some(_) => Typed::Over,
            None => {
                rate_cells::take(tx, BUCKET, &subject, &WRONG, now)?;
                Typed::Wrong
            }
        })
    };
    app.store.identity().write(look).await
}

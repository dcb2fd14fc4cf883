//! Sessions: one sign-in of one identity on one device (`contract/10` §7).

mod agent;
mod device;
mod session;

pub use agent::{Agent, Platform};
pub use device::{Device, DeviceKey, Posture, SessionDevice};
pub use session::{Aal, CompletedMethod, Method, RevokeReason, Session, SessionKind};

//! Events: what happened, in one vocabulary for audit, webhooks, signals, mail and caches (`contract/70` §§1–2).
//!
//! Here stand the types and the envelope; the log is `store::events`, consumers live in `core`.

mod event;
mod message;

pub use event::{Actor, ActorType, Event, EventResult, EventType, Origin, Target};
pub use message::{MessageOrganization, MessageOrigin, MessageRequest, MessageType};

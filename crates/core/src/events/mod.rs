//! Events: written with the change they tell of, followed by consumers that each have a cursor.
//!
//! The log is `store::events`; its vocabulary is `model::events`. Here: how an event is written, how a consumer is
//! driven, and the consumers (mail; memory of other nodes).

mod emit;
mod follow;
mod invalidate;
mod mail;
mod messages;

pub(crate) use emit::{ORGANIZATIONS_CHANGE, emit, emit_message, emit_to_manager};
pub use follow::{Consumer, follow, follow_once};
pub use invalidate::watch_other_nodes;
pub use mail::MailConsumer;
pub use messages::deliver_due;
pub(crate) use messages::{Secrets, compose, seal, seal_all};

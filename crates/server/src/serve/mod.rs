//! Listens, and ends well: sockets, connections, signals.
//!
//! What is answered on a connection is no business of this folder; it takes any service.

mod connection;
mod listener;
mod server;
mod signals;

pub use listener::bind;
pub use server::{Drained, Limits, serve};
pub use signals::{Stop, on_signal};

//! How does it run? Configuration, command line, wiring, telemetry, listeners and shutdown of `avnology`.
//!
//! This is the only crate that reads the environment and configuration files, opens listeners and ends the process.
//! No rule of the product lives here: it plugs clocks, keys, databases and mail into `core` and routes into listeners.

mod admin_listener;
pub mod captcha;
pub mod cli;
pub mod config;
pub mod dns;
mod health;
pub mod limits;
pub mod mail;
pub mod outbound;
pub mod serve;
pub mod sms;
pub mod telemetry;
pub mod wiring;

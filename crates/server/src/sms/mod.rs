//! Carries text messages to the operator's gateway, by a signed HTTP request each.
//!
//! Which text is due, and to whom, is decided in `core`; what it says stands in `views`. In the test environment nothing is
//! sent: texts wait in the outbox beside the mails.

mod webhook;

use std::sync::Arc;

use avnology_core::{Clock, ports::TextTransport};
use avnology_model::{Result, platform::Environment};

pub use webhook::Webhook;

use crate::{
    config::Config,
    outbound::{extra_roots, told},
};

/// What carries text messages by this configuration, if anything does.
///
/// # Errors
/// When the certificate authorities of `extra_ca_file` cannot be read.
pub fn transport(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn TextTransport>>> {
    let Some(sms) = config.sms.as_ref().filter(|_| config.environment == Environment::Live) else {
        return Ok(None);
    };
    let roots = extra_roots(config).map_err(told)?;
    let webhook = Webhook::new(sms, roots.as_deref(), Arc::clone(clock))?;
    Ok(Some(Arc::new(webhook)))
}

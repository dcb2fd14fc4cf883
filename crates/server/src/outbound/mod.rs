//! What outgoing connections have in common: whom they trust, and which addresses those may have that others name.
//!
//! `addresses` holds the rule (`contract/00` §2), `calls` is the one client for URLs that clients and organizations choose.

mod addresses;
mod calls;

use avnology_model::{Error, Result};
use reqwest::{Certificate, Client, ClientBuilder};

pub use self::{addresses::Allowed, calls::Calls};
use crate::config::Config;

/// The PEM bundle of `extra_ca_file`, when there is one.
///
/// # Errors
/// When it cannot be read; the text names it.
pub fn extra_roots(config: &Config) -> std::io::Result<Option<Vec<u8>>> {
    let Some(path) = &config.extra_ca_file else { return Ok(None) };
    let read = std::fs::read(path);
    read.map(Some)
        .map_err(|e| std::io::Error::new(e.kind(), format!("{} cannot be read: {e}", path.display())))
}

/// The client that is being built, which trusts a PEM bundle besides the system's authorities.
///
/// # Errors
/// `_999` when the bundle cannot be used.
pub(crate) fn http_client(mut client: ClientBuilder, extra_roots: Option<&[u8]>) -> Result<Client> {
    if let Some(pem) = extra_roots {
        for root in Certificate::from_pem_bundle(pem).map_err(Error::internal)? {
            client = client.add_root_certificate(root);
        }
    }
    client.build().map_err(Error::internal)
}

/// An error whose words are for the operator.
pub(crate) fn told(error: std::io::Error) -> Error {
    let text = error.to_string();
    Error::internal(error).with_detail(text)
}

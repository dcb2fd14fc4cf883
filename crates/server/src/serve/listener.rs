//! Binds a port, or says why it cannot be had.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};

use tokio::net::TcpListener;

use crate::config::Key;

/// Listens at `address`, which came from `key`.
///
/// # Errors
/// The system's error kind, with words that name the port, the likely cause and what to change.
pub async fn bind(key: Key, address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let port = address.port();
        let why = match error.kind() {
            ErrorKind::AddrInUse => {
                format!("port {port} is in use: another program listens at {address}. Stop it,")
            }
            ErrorKind::PermissionDenied => {
                format!("port {port} needs rights that we do not have. Use one from 1024 on,")
            }
            ErrorKind::AddrNotAvailable => {
                format!("{} is no address of this machine. Use one that is,", address.ip())
            }
            _ => format!("cannot listen at {address} ({error}). Mend that,"),
        };
        io::Error::new(error.kind(), format!("{why} or set {} to another address.", key.variable()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_the_variable_that_changes_it() {
        let first = bind(Key::Listen, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = first.local_addr().unwrap();
        let error = bind(Key::Listen, address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(text.contains(&format!("port {} is in use", address.port())), "{text}");
        assert!(text.contains("AVNOLOGY_LISTEN"), "{text}");
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_named() {
        let error = bind(Key::AdminAddr, "192.0.2.1:0".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("192.0.2.1 is no address of this machine"), "{error}");
    }
}

//! One listener and its connections, from the first to the last.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use hyper::{Request, body::Incoming};
use hyper_util::server::graceful::GracefulShutdown;
use metrics::{counter, describe_counter};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tower::Service;

use super::{Stop, connection};

/// What one listener allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at one time; more are told 503 and closed.
    pub connections: usize,
    /// How long a client may take for the head of a request, and stay silent between requests.
    pub head: Duration,
    /// How long open requests may take after the wish to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1024, head: Duration::from_secs(30), drain: Duration::from_secs(20) }
    }
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered.
    Whole,
    /// Some were cut off when the time was over.
    CutOff,
}

/// Clients that are told of the overload at one time; past that, connections are just closed.
const REFUSALS: usize = 64;
/// A pause after the system refused us a connection, so that a lack of files does not become a busy loop.
const PAUSE: Duration = Duration::from_millis(100);
const OVERLOADED: &str = "Too many connections. Try again in a second.\n";

/// Serves until `stop` is asked: then takes no more connections, lets open requests finish for `limits.drain`, and
/// answers whether they did. `service_of` gives each connection its service, by the peer's address.
pub async fn serve<F, S>(listener: TcpListener, service_of: F, limits: Limits, stop: Stop) -> Drained
where
    F: Fn(SocketAddr) -> S,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    describe_counter!(
        "avnology_connections_refused_total",
        "Connections told 503 because there were too many"
    );
    let graceful = GracefulShutdown::new();
    let (cut_off, is_cut_off) = watch::channel(());
    let places = Arc::new(Semaphore::new(limits.connections));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = stop.asked() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            counter!("avnology_connections_refused_total").increment(1);
            refuse(stream, &refusals);
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let run = connection::run(stream, service_of(peer), limits.head, graceful.watcher());
        let mut is_cut_off = is_cut_off.clone();
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                () = run => {}
                _ = is_cut_off.changed() => {}
            }
        });
    }
    drop(listener);
    drain(graceful, limits.drain, cut_off).await
}

async fn drain(graceful: GracefulShutdown, time: Duration, cut_off: watch::Sender<()>) -> Drained {
    let open = graceful.count();
    if timeout(time, graceful.shutdown()).await.is_ok() {
        return Drained::Whole;
    }
    tracing::warn!(open, seconds = time.as_secs(), "requests were cut off");
    drop(cut_off);
    Drained::CutOff
}

/// Tells the client that there is no room, without waiting for what it wants.
fn refuse(mut stream: TcpStream, refusals: &Arc<Semaphore>) {
    let Ok(place) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        let _place = place;
        let tell = async {
            let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 1\r\nConnection: close\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{OVERLOADED}", OVERLOADED.len());
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await?;
            // Closing with unread bytes would reset the connection, and the client might never see our words.
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await? > 0 {}
            Ok::<_, std::io::Error>(())
        };
        let _ = timeout(Duration::from_secs(1), tell).await;
    });
}

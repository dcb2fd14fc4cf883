//! One connection: HTTP/1.1, or HTTP/2 by prior knowledge.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, response::Response};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::Watcher},
};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt as _};

/// Most requests at one time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Most bytes of a request's head.
const HEAD_BYTES: u32 = 32 * 1024;

/// Answers one connection until it ends, or until `watcher` asks to end it after the open requests.
pub(super) async fn run<S>(stream: TcpStream, service: S, head: Duration, watcher: Watcher)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let has_asked = Arc::new(AtomicBool::new(false));
    let service = {
        let has_asked = Arc::clone(&has_asked);
        service_fn(move |request| {
            has_asked.store(true, Ordering::Relaxed);
            service.clone().oneshot(request)
        })
    };
    let builder = builder(head);
    let mut connection = pin!(watcher.watch(builder.serve_connection(TokioIo::new(stream), service)));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = tokio::time::sleep(head) => {}
    }
    // hyper's own deadline begins after the first bytes, which tell the version: silence before them is ours to end.
    if !has_asked.load(Ordering::Relaxed) {
        return;
    }
    if let Err(error) = connection.await {
        tracing::debug!(error = %error, "a connection broke");
    }
}

fn builder(head: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(HEAD_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES)
        .keep_alive_interval(head)
        .keep_alive_timeout(head);
    builder
}

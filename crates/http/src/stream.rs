//! Bodies that are made while they are sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use avnology_model::Result;
use axum::body::Body;
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

/// Pieces that may wait for a slow reader.
const WAITING: usize = 2;

struct Pieces(mpsc::Receiver<io::Result<Bytes>>);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// A body of the pieces that `next` makes one after the other, until it makes none. It is asked for no more than the reader
/// takes. When it fails the connection breaks off, so that nobody takes a part for the whole.
pub fn pieces<F, Fut>(mut next: F) -> Body
where
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = Result<Option<Bytes>>> + Send,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let piece = match next().await {
                Ok(Some(piece)) => Ok(piece),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(?error, "a body broke off");
                    Err(io::Error::other("the body broke off"))
                }
            };
            let is_end = piece.is_err();
            if sender.send(piece).await.is_err() || is_end {
                return;
            }
        }
    });
    Body::from_stream(Pieces(receiver))
}

//! Requests that were prepared before, so that what it takes to make them is no part of what is measured.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use crate::{Outcome, client::Client, storm, wrk};

/// What came of sending them.
pub(crate) struct Sent {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// How long each answer took.
    pub(crate) times: Vec<Duration>,
    /// The answers as they came, in the order of the requests.
    pub(crate) answers: Vec<Vec<u8>>,
}

impl Sent {
    /// A share of the times, in milliseconds.
    pub(crate) fn percentile(&mut self, share: f64) -> f64 {
        storm::percentile(&mut self.times, share)
    }
}

/// Sends each once, from as many connections as wrk has; an answer without `good` in it ends the run.
pub(crate) async fn send(host: SocketAddr, requests: Vec<String>, good: &'static str) -> Outcome<Sent> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let begin = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..wrk::CALLERS {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        callers.spawn(async move {
            let mut client = Client::connect(host).await?;
            let mut answered = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(at) else { return Outcome::Ok(answered) };
                let start = Instant::now();
                let answer = client.send(request).await?;
                answered.push((at, start.elapsed(), answer));
            }
        });
    }
    let mut answered = Vec::with_capacity(requests.len());
    while let Some(caller) = callers.join_next().await {
        answered.extend(caller??);
    }
    let took = begin.elapsed();
    answered.sort_unstable_by_key(|(at, ..)| *at);
    let mut sent = Sent { took, times: Vec::new(), answers: Vec::new() };
    for (_, time, answer) in answered {
        if place_of(&answer, good.as_bytes()).is_none() {
            return Err(format!("no {good} in: {}", String::from_utf8_lossy(&answer)).into());
        }
        sent.times.push(time);
        sent.answers.push(answer);
    }
    Ok(sent)
}

/// Where `needle` begins.
fn place_of(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}

/// What stands between `before` and the next `after`.
pub(crate) fn between<'a>(answer: &'a [u8], before: &str, after: char) -> Outcome<&'a str> {
    let text = std::str::from_utf8(answer)?;
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.map(|(found, _)| found).ok_or_else(|| format!("no {before} in: {text}").into())
}

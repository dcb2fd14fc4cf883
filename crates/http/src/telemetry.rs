//! Counts, times and one line per request. Neither queries nor headers are ever written.

use std::sync::OnceLock;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use parking_lot::RwLock;

/// The counters of one route, looked up once: after that a request costs two additions.
pub(crate) struct RouteMetrics {
    method: String,
    route: &'static str,
    duration: OnceLock<Histogram>,
    by_status: RwLock<Vec<(StatusCode, Counter)>>,
}

impl RouteMetrics {
    pub(crate) fn new(method: &str, route: &'static str) -> Self {
        Self {
            method: method.to_owned(),
            route,
            duration: OnceLock::new(),
            by_status: RwLock::new(Vec::new()),
        }
    }

    /// Counts a request that took so many seconds.
    pub(crate) fn record(&self, status: StatusCode, seconds: f64) {
        let histogram = || metrics::histogram!("http_request_duration_seconds", "method" => self.method.clone(), "route" => self.route);
        self.duration.get_or_init(histogram).record(seconds);
        if let Some((_, counter)) = self.by_status.read().iter().find(|(s, _)| *s == status) {
            counter.increment(1);
            return;
        }
        let counter = metrics::counter!(
            "http_requests_total",
            "method" => self.method.clone(), "route" => self.route, "status" => status.as_str().to_owned()
        );
        counter.increment(1);
        let mut all = self.by_status.write();
        if !all.iter().any(|(s, _)| *s == status) {
            all.push((status, counter));
        }
    }
}

/// A running watch. What it measures decides nothing.
pub(crate) struct Watch(std::time::Instant);

impl Watch {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures how long a request takes, which nothing depends on"
    )]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// One line per request, for those who ask for it with `avnology::access=debug`.
pub(crate) fn line(method: &Method, route: &str, status: StatusCode, seconds: f64, request_id: &str) {
    tracing::debug!(
        target: "avnology::access",
        method = method.as_str(),
        route,
        status = status.as_u16(),
        ms = seconds * 1_000.0,
        request_id,
        "request"
    );
}

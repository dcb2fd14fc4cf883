//! Metrics in the Prometheus text format, served on the administration listener.

use std::{sync::Arc, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::process;

/// Bounds of every histogram in seconds: a warm session check is far below a millisecond, a password hash above.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// How often old samples are folded together.
const UPKEEP: Duration = Duration::from_secs(5);

/// Called before each rendering to bring gauges up to date.
type Sample = Arc<dyn Fn() + Send + Sync>;

/// Collects what the `metrics` macros of the whole process say.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    samples: Vec<Sample>,
}

impl Metrics {
    /// Starts collecting. When something else collects already, this one stays empty.
    ///
    /// # Errors
    /// When the bounds of histograms are refused.
    pub fn install() -> std::io::Result<Self> {
        let builder = PrometheusBuilder::new().set_buckets(SECONDS).map_err(std::io::Error::other)?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::debug!("metrics are collected elsewhere already");
        }
        metrics::describe_gauge!("avnology_build_info", "1; the version stands in the label");
        metrics::gauge!("avnology_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        process::describe();
        Ok(Self { handle, samples: vec![Arc::new(process::sample)] })
    }

    /// Has `sample` set its gauges before each rendering.
    #[must_use]
    pub fn with_sample(mut self, sample: impl Fn() + Send + Sync + 'static) -> Self {
        self.samples.push(Arc::new(sample));
        self
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        self.samples.iter().for_each(|sample| sample());
        self.handle.render()
    }

    /// Folds old samples together for ever, so that memory stays bounded when nobody reads.
    pub async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.handle.run_upkeep();
        }
    }
}

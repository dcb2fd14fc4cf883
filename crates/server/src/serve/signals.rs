//! The wish to stop, told once to everyone who listens.

use tokio::sync::watch;

/// Tells everyone who holds a clone to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Asks everyone to stop.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked.
    pub async fn asked(&self) {
        // The channel cannot close: this value holds its sender.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}

/// Asks `stop` at the first SIGTERM or SIGINT and ends the process at the second.
///
/// # Errors
/// When the system does not let us listen to signals.
#[cfg(unix)]
pub fn on_signal(stop: &Stop) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        for is_first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if is_first {
                tracing::info!("stopping: open requests may finish; once more ends at once");
                stop.now();
            } else {
                tracing::warn!("ended at once");
                std::process::exit(130);
            }
        }
    });
    Ok(())
}

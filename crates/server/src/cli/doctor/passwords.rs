//! What a password hash costs on this machine.

use std::time::{Duration, Instant};

use avnology_core::credentials::PasswordHasher;

use super::finding::Finding;
use crate::config::{Config, PasswordHash};

/// People notice more than this.
const SLOW: Duration = Duration::from_secs(1);

/// How long one hash takes, and how many a second this machine does.
#[expect(clippy::disallowed_methods, reason = "measures a hash")]
pub(super) async fn hashing(config: &Config) -> Finding {
    let settings = crate::wiring::hasher_config(config);
    let hasher = match PasswordHasher::new(settings) {
        Ok(hasher) => hasher,
        Err(e) => {
            return Finding::fail(
                "password hash",
                format!("{e:?}"),
                "raise password_memory or lower password_threads",
            );
        }
    };
    let password = "a password to measure with".into();
    // The first one also pays for its memory; the second is what people wait for.
    let mut time = Duration::MAX;
    for salt in [[1; 16], [2; 16]] {
        let since = Instant::now();
        if let Err(e) = hasher.hash(&password, salt).await {
            return Finding::fail("password hash", format!("{e:?}"), "raise password_memory");
        }
        time = time.min(since.elapsed());
    }
    let by_memory = config.password_memory_kib / u64::from(settings.cost.memory_kib);
    let threads = u64::try_from(settings.threads).unwrap_or(u64::MAX).min(by_memory);
    let a_second = f64::from(u32::try_from(threads).unwrap_or(u32::MAX)) / time.as_secs_f64();
    let found =
        format!("{} ms each, {threads} at one time: about {a_second:.0} sign-ins a second", time.as_millis());
    if config.password_hash == PasswordHash::Cheapest {
        return Finding::warn("password hash", format!("cheapest: {found}"), "only for tests");
    }
    if by_memory < u64::try_from(settings.threads).unwrap_or(u64::MAX) {
        let remedy = format!(
            "password_memory allows fewer than password_threads: set it to {}MiB",
            settings.threads * 64
        );
        return Finding::warn("password hash", found, remedy);
    }
    if time > SLOW {
        return Finding::warn(
            "password hash",
            found,
            "this machine is slow or busy: sign-ins will be, too; use a faster one",
        );
    }
    Finding::ok("password hash", found)
}

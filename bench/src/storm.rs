//! Sign-ins by password from many callers, Argon2 with nothing around it, and a session check that is watched
//! meanwhile.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use avnology_core::credentials::PasswordHasher;
use secrecy::SecretString;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use crate::{
    Outcome, bare,
    client::Client,
    seed::{PASSWORD, told},
};

/// Callers that sign in, one after the other each.
pub(crate) const CALLERS: usize = 16;
/// How often the watched session check is asked: 200 times a second, which is no load.
const PACE: Duration = Duration::from_millis(5);

/// What came of a storm.
pub(crate) struct Storm {
    pub(crate) sign_ins: u64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Signs in as `people`, over and over, from [`CALLERS`] connections for about `duration`.
pub(crate) async fn sign_ins(
    host: SocketAddr,
    people: &Arc<Vec<String>>,
    duration: Duration,
) -> Outcome<Storm> {
    let begin = Instant::now();
    let end = begin + duration;
    let next = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (people, next) = (Arc::clone(people), Arc::clone(&next));
        callers.spawn(async move {
            let mut client = Client::connect(host).await?;
            let mut times = Vec::new();
            while Instant::now() < end {
                let at = next.fetch_add(1, Ordering::Relaxed) % people.len().max(1);
                let address = people.get(at).ok_or("nobody can sign in")?;
                let start = Instant::now();
                sign_in(&mut client, address).await?;
                times.push(start.elapsed());
            }
            Outcome::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    // Callers finish what they began: the time ends with the last of them.
    let seconds = begin.elapsed().as_secs_f64();
    let count = u64::try_from(times.len())?;
    Ok(Storm {
        sign_ins: count,
        per_second: number(count) / seconds,
        p50_ms: percentile(&mut times, 0.50),
        p99_ms: percentile(&mut times, 0.99),
    })
}

/// Opens a login flow and submits the password.
async fn sign_in(client: &mut Client, address: &str) -> Outcome<()> {
    let flow = client.get("/v1/flows/login?type=api", None).await?.json()?;
    let id = flow.get("id").and_then(|id| id.as_str()).ok_or_else(|| format!("no flow: {flow}"))?;
    let body = json!({ "method": "password", "body": { "identifier": address, "password": PASSWORD } });
    let answer = client.post(&format!("/v1/flows/login/{id}:submit"), &body).await?;
    let done = answer.json()?;
    match done.get("session_token") {
        Some(_) => Ok(()),
        None => Err(format!("a sign-in was answered {}: {done}", answer.status).into()),
    }
}

/// What `hasher` reaches with nothing around it, in hashes per second.
pub(crate) async fn argon_alone(hasher: &PasswordHasher, duration: Duration) -> Outcome<f64> {
    let phc = hasher.hash(&SecretString::from(PASSWORD), [7; 16]).await.map_err(told)?;
    let begin = Instant::now();
    let end = begin + duration;
    let done = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (hasher, phc, done) = (hasher.clone(), phc.clone(), Arc::clone(&done));
        callers.spawn(async move {
            while Instant::now() < end {
                hasher.verify(&SecretString::from(PASSWORD), Some(phc.clone())).await.map_err(told)?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    Ok(number(done.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64())
}

/// p50 and p99 in milliseconds of session checks that are asked at a steady pace for `duration`. Time counts from when
/// a check was due, so that a stall shows in every check that it held up.
pub(crate) async fn watched(host: SocketAddr, token: &str, duration: Duration) -> Outcome<(f64, f64)> {
    watched_at(host, token, bare::PATH, duration).await
}

/// The same for another path.
pub(crate) async fn watched_at(
    host: SocketAddr,
    token: &str,
    path: &str,
    duration: Duration,
) -> Outcome<(f64, f64)> {
    let mut client = Client::connect(host).await?;
    client.get(path, Some(token)).await?;
    let begin = Instant::now() + PACE;
    let mut ticks = interval_at(begin, PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut times = Vec::new();
    while begin.elapsed() < duration {
        ticks.tick().await;
        // The timer is only exact to a millisecond: what is measured begins when it fired, unless we are behind.
        let due = Instant::now().min(begin + PACE * u32::try_from(times.len())? + Duration::from_millis(2));
        let answer = client.get(path, Some(token)).await?;
        if answer.status != 200 {
            return Err(format!("{path} was answered {}", answer.status).into());
        }
        times.push(due.elapsed());
    }
    Ok((percentile(&mut times, 0.50), percentile(&mut times, 0.99)))
}

/// Waits until the server has had time to finish what a load left behind.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(500)).await;
}

/// The time at this share of the sorted times, in milliseconds.
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list of thousands"
    )]
    let at = (last as f64 * share).round() as usize;
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

/// A count as a number to divide.
pub(crate) fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_places_in_the_sorted_list() {
        let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert!((percentile(&mut times, 0.99) - 99.0).abs() < 1e-9);
        assert!((percentile(&mut times, 0.50) - 51.0).abs() < 1e-9);
        assert!(percentile(&mut [], 0.5).abs() < 1e-9);
    }
}

//! Registrations.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use avnology_throwaway_postgres::{Stop, ThrowawayPostgres};
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use crate::server::{Caller, PATIENCE, Server};

const CALLERS: usize = 64;
const KILLS: usize = 2;
/// How many registrations are acknowledged before the end comes.
const BEFORE_THE_END: usize = 100;

/// What came of the registrations.
#[derive(Default)]
struct Outcomes {
    /// Address and session token of each acknowledged one.
    acknowledged: Vec<(String, String)>,
    /// Addresses whose answer was an error, or never came.
    unknown: Vec<String>,
    /// The errors.
    problems: Vec<(u16, Value)>,
}

/// Registrations by many callers at once.
struct Load {
    outcomes: Arc<Mutex<Outcomes>>,
    done: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Callers wait a little after a refusal, and stop when a connection breaks off.
    fn start(caller: &Caller, round: usize, callers: usize) -> Self {
        let outcomes = Arc::<Mutex<Outcomes>>::default();
        let (done, enough) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let mut tasks = JoinSet::new();
        for number in 0..callers {
            let (caller, outcomes) = (caller.clone(), Arc::clone(&outcomes));
            let (done, enough) = (Arc::clone(&done), Arc::clone(&enough));
            tasks.spawn(async move {
                for count in 0.. {
                    if enough.load(Ordering::Relaxed) {
                        return;
                    }
                    let email = format!("p{round}-{number}-{count}@example.com");
                    let answer = caller.register(&email).await;
                    let status = answer.as_ref().map(|(status, _)| *status);
                    note(&mut outcomes.lock().unwrap(), email, answer);
                    match status {
                        Some(200) => _ = done.fetch_add(1, Ordering::Relaxed),
                        Some(_) => sleep(Duration::from_millis(250)).await,
                        None => return,
                    }
                }
            });
        }
        Self { outcomes, done, enough, tasks }
    }

    /// Waits until so many more registrations are acknowledged.
    async fn acknowledges(&self, more: usize) {
        let (since, before) = (Instant::now(), self.done.load(Ordering::Relaxed));
        while self.done.load(Ordering::Relaxed) < before + more {
            assert!(since.elapsed() < PATIENCE, "registrations go on");
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(mut self) -> Outcomes {
        self.enough.store(true, Ordering::Relaxed);
        while let Some(task) = self.tasks.join_next().await {
            task.unwrap();
        }
        std::mem::take(&mut self.outcomes.lock().unwrap())
    }
}

fn note(outcomes: &mut Outcomes, email: String, answer: Option<(u16, Value)>) {
    match answer {
        Some((200, body)) => {
            outcomes.acknowledged.push((email, body["session_token"].as_str().unwrap().to_owned()));
        }
        Some(problem) => {
            outcomes.unknown.push(email);
            outcomes.problems.push(problem);
        }
        None => outcomes.unknown.push(email),
    }
}

/// Whoever is refused, by a server that is busy or has lost its database, is told to come back: nothing was changed.
fn are_clear(outcomes: &Outcomes) {
    for (status, problem) in &outcomes.problems {
        assert_eq!((*status, problem["code"].as_str()), (503, Some("AVNOLOGY_AUTH_912")), "{problem}");
    }
}

/// Everything acknowledged is there; everything else is there whole, or can be done anew.
async fn check(caller: &Caller, outcomes: Outcomes) {
    let mut checks = JoinSet::new();
    let few = Arc::new(Semaphore::new(8));
    for (email, token) in outcomes.acknowledged {
        let (caller, few) = (caller.clone(), Arc::clone(&few));
        checks.spawn(async move {
            let _turn = few.acquire().await.unwrap();
            let (status, body) = caller.sign_in(&email).await;
            assert_eq!(status, 200, "{email} was acknowledged and cannot sign in: {body}");
            assert_eq!(caller.whoami(&token).await, 200, "the session of {email} was acknowledged");
        });
    }
    for email in outcomes.unknown {
        let (caller, few) = (caller.clone(), Arc::clone(&few));
        checks.spawn(async move {
            let _turn = few.acquire().await.unwrap();
            let (status, body) = caller.register(&email).await.unwrap();
            if status != 200 {
                let refusal = (status, body["code"].as_str());
                assert_eq!(refusal, (409, Some("AVNOLOGY_AUTH_014")), "{email}: {body}");
            }
            let (status, body) = caller.sign_in(&email).await;
            assert_eq!(status, 200, "{email} is there by half: {body}");
        });
    }
    while let Some(done) = checks.join_next().await {
        done.unwrap();
    }
}

async fn is_killed_under_load(database: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), database).await;
    for round in 0..KILLS {
        let load = Load::start(&server.caller(), round, CALLERS);
        load.acknowledges(BEFORE_THE_END).await;
        server.kill();
        let outcomes = load.end().await;
        are_clear(&outcomes);
        assert!(!outcomes.unknown.is_empty(), "some were under way when the end came");
        server = Server::start(dir.path(), database).await;
        check(&server.caller(), outcomes).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_registration_is_lost_when_the_server_is_killed_on_sqlite() {
    is_killed_under_load(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_registration_is_lost_when_the_server_is_killed_on_postgresql() {
    let url = ThrowawayPostgres::shared().create_database();
    is_killed_under_load(Some(&url)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_crashes_and_comes_back_requests_succeed_or_say_that_they_did_not() {
    let postgres = ThrowawayPostgres::start().unwrap();
    let url = postgres.create_database();
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), Some(&url)).await;
    let load = Load::start(&server.caller(), 0, 16);
    for pause in [0, 700] {
        load.acknowledges(BEFORE_THE_END / 2).await;
        postgres.stop(Stop::Immediate);
        sleep(Duration::from_millis(pause)).await;
        postgres.start_again();
    }
    load.acknowledges(BEFORE_THE_END / 2).await;
    let outcomes = load.end().await;

    assert!(!outcomes.problems.is_empty(), "some met the crash");
    are_clear(&outcomes);
    assert_eq!(outcomes.problems.len(), outcomes.unknown.len(), "every request was answered");
    check(&server.caller(), outcomes).await;
}

use std::{future::Future, time::Duration};

use avnology_model::{Code, credentials::ArgonCost};
use secrecy::SecretString;

use super::*;

/// Slow enough to be seen running, quick enough for a test.
const SLOW: ArgonCost = ArgonCost { memory_kib: 8 * 1024, passes: 8, lanes: 1 };

fn hasher(cost: ArgonCost, threads: usize, queue: usize) -> PasswordHasher {
    PasswordHasher::new(HasherConfig { cost, threads, memory_budget_kib: 1024 * 1024, queue }).unwrap()
}

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

/// Waits until `condition` holds; fails after ten seconds.
async fn until(condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to that");
}

/// Polls a future once, so that its job is queued.
async fn begin<F: Future + Unpin>(future: &mut F) {
    tokio::select! { biased; _ = future => panic!("it was done at once"), () = std::future::ready(()) => {} }
}

#[tokio::test]
async fn the_right_password_matches_and_a_wrong_one_does_not() {
    let hasher = hasher(ArgonCost::CHEAPEST, 2, 4);
    let phc = hasher.hash(&secret("horse staple"), [7; 16]).await.unwrap();
    let right = hasher.verify(&secret("horse staple"), Some(phc.clone())).await.unwrap();
    assert_eq!(right, Verdict { matches: true, needs_rehash: false });
    for wrong in ["horse stapl", "Horse staple", "horse staple ", ""] {
        assert!(!hasher.verify(&secret(wrong), Some(phc.clone())).await.unwrap().matches, "{wrong}");
    }
}

#[tokio::test]
async fn a_password_is_hashed_as_its_bytes_are() {
    let hasher = hasher(ArgonCost::CHEAPEST, 1, 1);
    let composed = hasher.hash(&secret("caf\u{e9}"), [1; 16]).await.unwrap();
    assert!(!hasher.verify(&secret("cafe\u{301}"), Some(composed)).await.unwrap().matches);
}

#[tokio::test]
async fn a_hash_in_production_has_the_parameters_of_the_contract() {
    let hasher = hasher(ArgonCost::PRODUCTION, 1, 1);
    let phc = hasher.hash(&secret("horse staple"), [7; 16]).await.unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{phc}");
    assert!(hasher.verify(&secret("horse staple"), Some(phc)).await.unwrap().matches);
}

#[tokio::test]
async fn a_hash_of_the_reference_implementation_verifies() {
    // From the tests of the reference implementation of Argon2 (test.c, version 0x13).
    let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let hasher = hasher(ArgonCost::CHEAPEST, 1, 1);
    assert!(hasher.verify(&secret("password"), Some(phc.into())).await.unwrap().matches);
}

#[tokio::test]
async fn an_unknown_account_costs_the_same_work_and_never_matches() {
    let hasher = hasher(ArgonCost::CHEAPEST, 1, 1);
    let before = hasher.finished();
    let verdict = hasher.verify(&secret("anything"), None).await.unwrap();
    assert_eq!(verdict, Verdict { matches: false, needs_rehash: false });
    assert_eq!(hasher.finished(), before + 1);
    let dummy = StoredHash::read(&hasher.dummy).unwrap();
    let cost = ArgonCost {
        memory_kib: dummy.params.m_cost(),
        passes: dummy.params.t_cost(),
        lanes: dummy.params.p_cost(),
    };
    assert_eq!(cost, ArgonCost::CHEAPEST);
}

#[tokio::test]
async fn a_cheaper_hash_is_to_be_renewed_and_a_dearer_one_is_not() {
    let phc = hasher(ArgonCost::CHEAPEST, 1, 1).hash(&secret("x"), [1; 16]).await.unwrap();
    let dearer = ArgonCost { passes: 2, ..ArgonCost::CHEAPEST };
    let dearer_phc = hasher(dearer, 1, 1).hash(&secret("x"), [1; 16]).await.unwrap();
    let verdict = hasher(dearer, 1, 1).verify(&secret("x"), Some(phc)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, needs_rehash: true });
    let verdict = hasher(ArgonCost::CHEAPEST, 1, 1).verify(&secret("x"), Some(dearer_phc)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, needs_rehash: false });
}

#[tokio::test]
async fn hostile_stored_hashes_are_refused_before_any_work() {
    let hasher = hasher(ArgonCost::PRODUCTION, 1, 1);
    let tail = "c29tZXNhbHRzb21lc2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    for bad in [
        format!("$argon2id$v=19$m=4194304,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=131073,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=65536,t=7,p=1${tail}"),
        format!("$argon2id$v=19$m=131072,t=4,p=1${tail}"),
        format!("$argon2id$v=19$m=64,t=4294967295,p=1${tail}"),
        format!("$argon2id$v=19$m=65536,t=1,p=9${tail}"),
        format!("$argon2id$v=19$m=8,t=1,p=2${tail}"),
        format!("$argon2id$v=19$m=64,t=0,p=1${tail}"),
        format!("$argon2id$v=3$m=64,t=1,p=1${tail}"),
        format!("$scrypt$ln=25,r=8,p=1${tail}"),
        format!("$unknown$ln=15,r=8,p=1${tail}"),
        "$argon2id$v=19$m=64,t=1,p=1".to_owned(),
        String::new(),
    ] {
        let error = hasher.verify(&secret("x"), Some(bad.clone())).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{bad}");
        assert!(!format!("{error:?}").contains(tail), "the log shows the hash: {error:?}");
    }
    assert_eq!(hasher.finished(), 0);
}

#[tokio::test]
async fn a_full_queue_refuses_and_recovers() {
    let hasher = hasher(SLOW, 1, 1);
    let password = secret("x");
    let mut first = Box::pin(hasher.hash(&password, [1; 16]));
    let mut second = Box::pin(hasher.hash(&password, [2; 16]));
    begin(&mut first).await;
    until(|| hasher.in_flight() == 1).await;
    begin(&mut second).await;
    assert_eq!((hasher.in_flight(), hasher.queue_length()), (1, 1));
    let refused = hasher.verify(&password, None).await.unwrap_err();
    assert_eq!((refused.code().status(), refused.retry_after()), (503, Some(1)));
    first.await.unwrap();
    second.await.unwrap();
    assert!(!hasher.verify(&password, None).await.unwrap().matches);
    assert_eq!((hasher.in_flight(), hasher.queue_length(), hasher.finished()), (0, 0, 3));
}

#[tokio::test]
async fn callers_who_leave_take_no_place_and_cost_no_work() {
    let hasher = hasher(SLOW, 1, 2);
    let password = secret("x");
    let mut running = Box::pin(hasher.hash(&password, [1; 16]));
    begin(&mut running).await;
    until(|| hasher.in_flight() == 1).await;
    for _ in 0..50 {
        let mut left = Box::pin(hasher.hash(&password, [2; 16]));
        begin(&mut left).await;
    }
    // The one that runs is not stopped either when its caller leaves, and its place is free afterwards.
    drop(running);
    let phc = hasher.hash(&password, [3; 16]).await.unwrap();
    assert!(hasher.verify(&password, Some(phc)).await.unwrap().matches);
    assert_eq!((hasher.in_flight(), hasher.queue_length(), hasher.finished()), (0, 0, 3));
}

#[tokio::test]
async fn the_memory_budget_bounds_how_many_run_at_one_time() {
    let config = HasherConfig { cost: SLOW, threads: 8, memory_budget_kib: 17 * 1024, queue: 16 };
    let hasher = PasswordHasher::new(config).unwrap();
    let all: Vec<_> = (0..6)
        .map(|_| {
            tokio::spawn({
                let h = hasher.clone();
                async move { h.verify(&secret("x"), None).await }
            })
        })
        .collect();
    until(|| hasher.in_flight() > 0).await;
    while !all.iter().all(tokio::task::JoinHandle::is_finished) {
        assert!(hasher.in_flight() <= 2);
        assert!(hasher.memory_kib() <= 16 * 1024);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(hasher.finished(), 6);
}

#[tokio::test]
async fn a_budget_below_one_hash_is_refused_at_the_start() {
    let config = HasherConfig { cost: SLOW, threads: 8, memory_budget_kib: 8 * 1024 - 1, queue: 1 };
    let error = PasswordHasher::new(config).unwrap_err();
    assert!(format!("{error:?}").contains("8192 KiB"), "{error:?}");
}

#[tokio::test]
async fn memory_is_given_back_when_there_is_nothing_to_do() {
    let config = HasherConfig { cost: SLOW, threads: 1, memory_budget_kib: 64 * 1024, queue: 1 };
    let hasher = PasswordHasher::with_idle(config, Duration::from_secs(2)).unwrap();
    assert_eq!(hasher.memory_kib(), 0);
    hasher.verify(&secret("x"), None).await.unwrap();
    assert_eq!(hasher.memory_kib(), 8 * 1024);
    until(|| hasher.memory_kib() == 0).await;
    assert!(!hasher.verify(&secret("x"), None).await.unwrap().matches);
}

#[tokio::test]
async fn a_dear_stored_hash_leaves_no_memory_behind() {
    let hasher = hasher(ArgonCost::CHEAPEST, 1, 1);
    let phc = stored::format(SLOW, &[1; 16], &[0; 32]);
    assert!(!hasher.verify(&secret("x"), Some(phc)).await.unwrap().matches);
    until(|| hasher.memory_kib() == 0).await;
}

#[tokio::test]
async fn the_threads_end_with_the_last_clone() {
    let hasher = hasher(ArgonCost::CHEAPEST, 2, 1);
    let shared = std::sync::Arc::downgrade(&hasher.pool.shared);
    let clone = hasher.clone();
    drop(hasher);
    assert!(!clone.verify(&secret("x"), None).await.unwrap().matches);
    drop(clone);
    until(|| shared.strong_count() == 0).await;
}

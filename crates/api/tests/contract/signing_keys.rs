//! Keys that sign: `contract/30` §13. One of each algorithm, and each in its turn.

use std::{sync::Arc, time::Duration};

use avnology_core::platform::{rotate_due, signer, verifier};
use avnology_jose::{KeySet, jwt};
use avnology_model::{
    Code,
    events::EventType,
    permissions::PlatformRole,
    platform::SigningAlgorithm::{self, EdDsa, Es256, Ps256, Rs256},
};
use avnology_server::wiring::Jobs;
use avnology_testkit::{Engine, TestApp, on_both_engines, run};
use serde_json::{Value, json};

const PUBLISHED: &str = "/.well-known/jwks.json";
const KEYS: &str = "/v1/signing-keys";
const ROTATE: &str = "/v1/signing-keys:rotate";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

on_both_engines! {
    two_algorithms_have_a_key_from_the_first_day,
    the_others_get_theirs_when_it_is_needed,
    a_new_key_is_published_at_once_and_signs_two_days_later,
    the_old_key_is_published_for_three_more_days_and_then_gone,
    a_rotation_that_is_under_way_is_not_begun_again,
    keys_are_replaced_every_ninety_days,
    an_emergency_removes_every_older_key_at_once,
    of_many_rotations_at_the_same_moment_one_is_done,
    emergencies_at_the_same_moment_leave_one_key,
    a_rotation_is_recorded_and_the_first_key_is_not,
    keys_survive_a_restart_at_every_step,
    administrators_rotate_viewers_read_and_nobody_else_does_either,
    what_is_no_algorithm_is_refused,
    turns_wait_while_the_database_is_away,
}

/// Kid, state and the three times in hours from the beginning, newest first.
type Row = (String, String, Option<i64>, Option<i64>, Option<i64>);

struct World {
    app: TestApp,
    begin: i64,
}

impl World {
    fn of(app: TestApp) -> Self {
        let begin = app.now().seconds();
        Self { app, begin }
    }

    async fn rotate(&self, alg: &str, emergency: bool) -> Value {
        let body = json!({ "alg": alg, "emergency": emergency });
        self.app.admin_key().post(ROTATE).json(&body).await.ok().clone()
    }

    /// The keys of an algorithm, as the list has them.
    async fn keys(&self, alg: &str) -> Vec<Row> {
        let listed = self.app.admin_key().get(KEYS).await;
        let keys = listed.ok()["signing_keys"].as_array().cloned().unwrap_or_default();
        let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let hours = |key: &Value, name: &str| {
            let time = avnology_model::Timestamp::parse(key[name].as_str()?)?;
            Some((time.seconds() - self.begin) / HOUR)
        };
        keys.iter()
            .filter(|key| key["alg"] == alg)
            .map(|key| {
                let times =
                    (hours(key, "published_at"), hours(key, "activates_at"), hours(key, "retires_at"));
                (text(key, "kid"), text(key, "state"), times.0, times.1, times.2)
            })
            .collect()
    }

    /// The states of an algorithm's keys.
    async fn states(&self, alg: &str) -> Vec<String> {
        self.keys(alg).await.into_iter().map(|row| row.1).collect()
    }

    /// The kids that are published.
    async fn published(&self) -> Vec<String> {
        let set = published(&self.app).await;
        set.keys().iter().map(|key| key.kid().to_owned()).collect()
    }

    /// A token that is signed now, and by which key.
    async fn token(&self, algorithm: SigningAlgorithm) -> (String, String) {
        token(&self.app, algorithm).await
    }

    async fn is_good(&self, token: &str) -> bool {
        jwt::verify(token, &published(&self.app).await, "at+jwt").is_ok()
    }
}

async fn published(app: &TestApp) -> KeySet {
    KeySet::parse(&app.program().get(PUBLISHED).await.text()).expect("a set of keys")
}

async fn token(app: &TestApp, algorithm: SigningAlgorithm) -> (String, String) {
    let signer = signer(app.tenant(), &app.tenant().system_cx(), algorithm).await.expect("a signer");
    let token = signer.sign("at+jwt", &json!({ "sub": "usr_1" })).expect("a token");
    (token, signer.kid().to_owned())
}

async fn two_algorithms_have_a_key_from_the_first_day(app: TestApp) {
    let world = World::of(app);
    let published = published(&world.app).await;
    for alg in ["RS256", "ES256"] {
        let keys = world.keys(alg).await;
        let [(kid, state, Some(0), Some(0), None)] = keys.as_slice() else { panic!("{alg}: {keys:?}") };
        let key = published.find(kid).expect("it is published");
        assert_eq!((state.as_str(), key.thumbprint().as_str()), ("active", kid.as_str()));
    }
    assert_eq!(published.keys().len(), 2);
    for algorithm in [Rs256, Es256] {
        let (token, kid) = world.token(algorithm).await;
        assert!(published.find(&kid).is_some() && world.is_good(&token).await);
    }
}

async fn the_others_get_theirs_when_it_is_needed(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    for (algorithm, alg) in [(Ps256, "PS256"), (EdDsa, "EdDSA")] {
        assert_eq!(world.keys(alg).await, []);
        let (token, kid) = world.token(algorithm).await;
        assert!(world.is_good(&token).await, "{alg} is published before it is needed");
        assert_eq!(world.keys(alg).await[0].0, kid);
        assert_eq!(world.token(algorithm).await.1, kid);
    }
    assert_eq!(world.published().await.len(), 4);
}

async fn a_new_key_is_published_at_once_and_signs_two_days_later(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    let (_, old) = world.token(Es256).await;
    let answer = world.rotate("ES256", false).await;
    assert_eq!(answer["signing_keys"].as_array().map(Vec::len), Some(3), "{answer}");
    let keys = world.keys("ES256").await;
    let [(new, ..), _] = keys.as_slice() else { panic!("{keys:?}") };
    let next = (new.clone(), "next".to_owned(), Some(0), Some(48), None);
    assert_eq!(keys, [next, (old.clone(), "active".to_owned(), Some(0), Some(0), None)]);
    assert!(world.published().await.contains(new));
    world.app.advance(48 * HOUR - 1);
    assert_eq!(world.token(Es256).await.1, old);
    let (before, _) = world.token(Es256).await;
    world.app.advance(1);
    assert_eq!(&world.token(Es256).await.1, new, "without any job");
    let keys = world.keys("ES256").await;
    let now = (new.clone(), "active".to_owned(), Some(0), Some(48), None);
    assert_eq!(keys, [now, (old, "retiring".to_owned(), Some(0), Some(0), Some(48 + 72))]);
    assert!(world.is_good(&before).await);
    assert_eq!(world.states("RS256").await, ["active"], "each algorithm has its own turns");
}

async fn the_old_key_is_published_for_three_more_days_and_then_gone(app: TestApp) {
    let world = World::of(app);
    let (early, old) = world.token(Es256).await;
    world.rotate("ES256", false).await;
    world.app.advance(48 * HOUR);
    world.published().await;
    world.app.advance(72 * HOUR - 1);
    assert!(world.is_good(&early).await);
    let cx = world.app.tenant().system_cx();
    let known = verifier(world.app.tenant(), &cx, &early).await.expect("a verifier");
    assert!(known.find(&old).is_some() && jwt::verify(&early, known.keys(), "at+jwt").is_ok());
    world.app.advance(1);
    assert!(!world.is_good(&early).await);
    let cx = world.app.tenant().system_cx();
    assert!(verifier(world.app.tenant(), &cx, &early).await.expect("a verifier").find(&old).is_none());
    assert_eq!(world.states("ES256").await, ["active"]);
    world.app.sweep().await;
    assert_eq!(world.states("ES256").await, ["active"]);
}

async fn a_rotation_that_is_under_way_is_not_begun_again(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    let first = world.rotate("ES256", false).await;
    world.app.advance(HOUR);
    assert_eq!(world.rotate("ES256", false).await, first);
    world.app.advance(47 * HOUR);
    assert_eq!(world.states("ES256").await, ["active", "retiring"]);
    world.rotate("ES256", false).await;
    assert_eq!(world.states("ES256").await, ["next", "active", "retiring"]);
    assert_eq!(world.app.payloads(EventType::SigningKeyRotated).await.len(), 2);
}

async fn keys_are_replaced_every_ninety_days(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    let due = async || rotate_due(world.app.tenant()).await.expect("a look");
    world.app.advance(90 * DAY - 1);
    due().await;
    assert_eq!(world.states("ES256").await, ["active"]);
    world.app.advance(1);
    world.app.sweep().await;
    for alg in ["RS256", "ES256"] {
        assert_eq!(world.states(alg).await, ["next", "active"], "{alg}");
    }
    due().await;
    world.app.advance(2 * DAY);
    due().await;
    assert_eq!(world.states("ES256").await, ["active", "retiring"]);
    world.app.advance(88 * DAY - 1);
    due().await;
    assert_eq!(world.states("ES256").await, ["active"]);
    world.app.advance(1);
    due().await;
    assert_eq!(world.states("ES256").await, ["next", "active"], "90 days after the last was published");
    assert_eq!(world.states("PS256").await, Vec::<String>::new(), "what nobody needs is not made");
}

async fn an_emergency_removes_every_older_key_at_once(app: TestApp) {
    let world = World::of(app);
    let (oldest, _) = world.token(Es256).await;
    let (other, _) = world.token(Rs256).await;
    world.rotate("ES256", false).await;
    world.app.advance(48 * HOUR);
    let jane = world.app.person("jane@acme.example").await;
    let (old, _) = world.token(Es256).await;
    world.rotate("ES256", false).await;
    assert_eq!(world.states("ES256").await, ["next", "active", "retiring"]);
    world.rotate("ES256", true).await;
    let keys = world.keys("ES256").await;
    let [(kid, state, Some(48), Some(48), None)] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!(state, "active");
    let (new, by) = world.token(Es256).await;
    assert_eq!(&by, kid);
    assert!(world.is_good(&new).await && world.is_good(&other).await);
    assert!(!world.is_good(&old).await && !world.is_good(&oldest).await);
    jane.client.whoami().await.ok();
}

async fn of_many_rotations_at_the_same_moment_one_is_done(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    let nodes = nodes(&world.app).await;
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let client = nodes[n % nodes.len()].admin_key();
            tokio::spawn(async move { client.post(ROTATE).json(&json!({ "alg": "ES256" })).await })
        })
        .collect();
    for call in calls {
        let answer = call.await.expect("an answer");
        assert_eq!(answer.ok()["signing_keys"].as_array().map(Vec::len), Some(3), "{answer}");
    }
    assert_eq!(world.states("ES256").await, ["next", "active"]);
    assert_eq!(world.app.payloads(EventType::SigningKeyRotated).await.len(), 1);
    // The scheduled ones as well.
    world.app.advance(90 * DAY);
    let mut running = tokio::task::JoinSet::new();
    for node in nodes.iter().chain(&nodes) {
        let tenant = Arc::clone(node.tenant());
        running.spawn(async move { rotate_due(&tenant).await.expect("a look") });
    }
    running.join_all().await;
    assert_eq!(world.states("ES256").await, ["next", "active", "retiring"]);
    assert_eq!(world.app.payloads(EventType::SigningKeyRotated).await.len(), 3, "one of each algorithm");
}

/// The app, and where there can be one another node of it.
async fn nodes(app: &TestApp) -> Vec<TestApp> {
    match app.engine() {
        Engine::Sqlite => vec![app.clone()],
        Engine::Postgres => vec![app.clone(), app.second_node().await],
    }
}

async fn emergencies_at_the_same_moment_leave_one_key(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    let nodes = nodes(&world.app).await;
    let calls: Vec<_> = (0..6)
        .map(|n| {
            let client = nodes[n % nodes.len()].admin_key();
            let body = json!({ "alg": "ES256", "emergency": true });
            tokio::spawn(async move { client.post(ROTATE).json(&body).await })
        })
        .collect();
    for call in calls {
        call.await.expect("an answer").ok();
    }
    assert_eq!(world.states("ES256").await, ["active"]);
    let (token, _) = world.token(Es256).await;
    assert!(world.is_good(&token).await);
}

async fn a_rotation_is_recorded_and_the_first_key_is_not(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    world.rotate("ES256", false).await;
    world.rotate("ES256", true).await;
    let payloads = world.app.payloads(EventType::SigningKeyRotated).await;
    let kid = &world.keys("ES256").await[0].0;
    assert_eq!(payloads.len(), 2);
    assert_eq!(payloads[1], json!({ "kid": kid, "alg": "ES256", "emergency": true }));
    assert_eq!((&payloads[0]["alg"], &payloads[0]["emergency"]), (&json!("ES256"), &json!(false)));
    let recorded = world.app.audit(None, r#"action ~ "signing_key.*""#).await;
    assert_eq!(recorded.len(), 2, "{recorded:?}");
}

async fn keys_survive_a_restart_at_every_step(app: TestApp) {
    let mut world = World::of(app);
    world.published().await;
    for (advance, states) in
        [(0, ["next", "active"].as_slice()), (48 * HOUR, &["active", "retiring"]), (72 * HOUR, &["active"])]
    {
        if advance == 0 {
            world.rotate("ES256", false).await;
        }
        world.app.advance(advance);
        let World { app, begin } = world;
        world = World { app: app.restarted().await, begin };
        assert_eq!(world.states("ES256").await, states);
        let (token, _) = world.token(Es256).await;
        assert!(world.is_good(&token).await);
    }
}

async fn administrators_rotate_viewers_read_and_nobody_else_does_either(app: TestApp) {
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    let viewer = app.person_with_role("view@acme.example", PlatformRole::Viewer).await;
    let jane = app.person("jane@acme.example").await;
    let body = json!({ "alg": "ES256" });
    root.client.get(KEYS).await.ok();
    root.client.post(ROTATE).json(&body).await.ok();
    viewer.client.get(KEYS).await.ok();
    viewer.client.post(ROTATE).json(&body).await.refused(Code::ScopeMissing);
    jane.client.get(KEYS).await.refused(Code::ScopeMissing);
    jane.client.post(ROTATE).json(&body).await.refused(Code::ScopeMissing);
    app.program().get(KEYS).await.refused(Code::SessionInvalid);
    app.program().post(ROTATE).json(&body).await.refused(Code::SessionInvalid);
}

async fn what_is_no_algorithm_is_refused(app: TestApp) {
    let rotate = |body: Value| app.admin_key().post(ROTATE).json(&body);
    for body in [json!({}), json!({ "alg": "none" }), json!({ "alg": "HS256" }), json!({ "alg": "es256" })] {
        let refused = rotate(body).await;
        refused.refused(Code::ValidationFailed);
        assert_eq!(refused.fields()[0].0, "alg");
    }
    rotate(json!({ "alg": "ES256", "now": true }))
        .await
        .refused_fields(Code::ValidationFailed, &[("now", "unknown_field")]);
}

/// Whoever verifies goes on, and the key whose turn is over signs on, until the database can be told.
async fn turns_wait_while_the_database_is_away(app: TestApp) {
    let world = World::of(app);
    world.published().await;
    world.rotate("ES256", false).await;
    let (_, old) = world.token(Es256).await;
    let published = world.published().await;
    world.app.advance(48 * HOUR - 1);
    world.app.tenant().store.close().await.expect("the store closes");
    world.app.advance(2 * HOUR);
    assert_eq!(world.token(Es256).await.1, old);
    assert_eq!(world.published().await, published);
    let World { app, begin } = world;
    let world = World { app: app.restarted().await, begin };
    assert_ne!(world.token(Es256).await.1, old);
    assert_eq!(world.keys("ES256").await[1].4, Some(49 + 72), "from when it signed last");
}

#[test]
fn a_key_of_another_node_is_known_when_a_token_names_it() {
    run(Engine::Postgres, |first: TestApp| async move {
        let second = first.second_node().await;
        published(&second).await;
        let (made, kid) = token(&first, EdDsa).await;
        let tenant = second.tenant();
        let known = verifier(tenant, &tenant.system_cx(), &made).await.expect("a verifier");
        assert!(known.find(&kid).is_some() && jwt::verify(&made, known.keys(), "at+jwt").is_ok());
        // Names that nobody knows do not ask the database each time.
        let strange = made.replacen('.', "A.", 1);
        assert!(verifier(tenant, &tenant.system_cx(), &strange).await.is_ok());
    });
}

#[test]
fn what_changes_on_one_node_is_published_by_the_other_within_a_second() {
    run(Engine::Postgres, |first: TestApp| async move {
        let second = first.second_node().await;
        let jobs = [Jobs::start(first.tenant()), Jobs::start(second.tenant())];
        tokio::time::sleep(Duration::from_millis(400)).await;
        let (old, _) = token(&first, Es256).await;
        assert!(jwt::verify(&old, &published(&second).await, "at+jwt").is_ok());
        let becomes = async |what: &str, fits: &dyn Fn(&KeySet) -> bool| {
            for _ in 0..40 {
                if fits(&published(&second).await) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("not within a second: {what}");
        };
        let (_, kid) = token(&first, EdDsa).await;
        becomes("a first key", &|set| set.find(&kid).is_some()).await;
        let rotate = async |emergency: bool| {
            let body = json!({ "alg": "ES256", "emergency": emergency });
            first.admin_key().post(ROTATE).json(&body).await.ok();
        };
        rotate(false).await;
        becomes("a next key", &|set| set.keys().len() == 4).await;
        rotate(true).await;
        becomes("an emergency", &|set| jwt::verify(&old, set, "at+jwt").is_err()).await;
        let (new, _) = token(&second, Es256).await;
        assert!(jwt::verify(&new, &published(&first).await, "at+jwt").is_ok());
        for job in jobs {
            job.stop().await;
        }
    });
}

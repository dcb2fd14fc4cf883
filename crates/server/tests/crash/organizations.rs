//! Organizations: made, joined, left and destroyed. Each step is one transaction, whatever lies between two.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use avnology_store::{Store, StoreConfig};
use avnology_throwaway_postgres::ThrowawayPostgres;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::server::{Caller, PATIENCE, Server};

const CALLERS: usize = 8;
const KILLS: usize = 3;

/// What is done to each organization, in order, and who is a member of it afterwards.
const STEPS: [(&str, Option<&str>); 5] =
    [("create", None), ("add", Some("member")), ("raise", Some("admin")), ("remove", None), ("delete", None)];
const DELETE: usize = 5;

/// One organization, and how far it came.
#[derive(Clone, Debug)]
struct Life {
    slug: String,
    person: String,
    /// Steps that were acknowledged.
    done: usize,
    /// Steps that were begun.
    begun: usize,
}

impl Life {
    async fn step(&self, caller: &Caller, number: usize) -> Option<(u16, Value)> {
        let (slug, person) = (&self.slug, &self.person);
        let organization = format!("/v1/organizations/{slug}");
        let member = format!("{organization}/members/{person}");
        match number {
            1 => {
                let body = json!({ "name": slug, "slug": slug });
                caller.operate(Method::POST, "/v1/organizations", body).await
            }
            2 => {
                let body = json!({ "identity_id": person, "role": "member" });
                caller.operate(Method::POST, &format!("{organization}/members"), body).await
            }
            3 => caller.operate(Method::PATCH, &member, json!({ "role": "admin" })).await,
            4 => caller.operate(Method::DELETE, &member, Value::Null).await,
            _ => caller.operate(Method::DELETE, &organization, Value::Null).await,
        }
    }

    /// Lives until the server ends; whether it still answers.
    async fn live(&mut self, caller: &Caller, steps: usize) -> bool {
        for number in 1..=steps {
            self.begun = number;
            match self.step(caller, number).await {
                Some((status, _)) if status < 300 => self.done = number,
                // A busy server says so, and has done nothing.
                Some((503, problem)) => {
                    assert_eq!(problem["code"], "AVNOLOGY_AUTH_912", "{problem}");
                    return true;
                }
                // On a busy machine its database is still being made: it is left as it is.
                Some((409, problem)) if problem["state"] == "provisioning" => {
                    self.begun = self.done;
                    return true;
                }
                Some((status, problem)) => panic!("{} of {self:?}: {status} {problem}", STEPS[number - 1].0),
                None => return false,
            }
        }
        true
    }
}

/// Callers whose organizations live side by side, until the server ends.
struct Load {
    lives: Arc<Mutex<Vec<Life>>>,
    tasks: JoinSet<()>,
}

impl Load {
    fn start(caller: &Caller, round: usize) -> Self {
        let lives = Arc::<Mutex<Vec<Life>>>::default();
        let mut tasks = JoinSet::new();
        for number in 0..CALLERS {
            let (caller, lives) = (caller.clone(), Arc::clone(&lives));
            tasks.spawn(async move {
                let email = format!("p{round}-{number}@example.com");
                let body = json!({ "identity": { "email": email, "email_verified": true } });
                let Some((201, made)) = caller.operate(Method::POST, "/v1/identities", body).await else {
                    return;
                };
                let person = made["id"].as_str().unwrap().to_owned();
                for count in 0.. {
                    let slug = format!("team-{round}-{number}-{count}-x");
                    let mut life = Life { slug, person: person.clone(), done: 0, begun: 0 };
                    // Some stay with a member, some empty, some are destroyed.
                    let goes_on = life.live(&caller, 2 + (number + count) % 4).await;
                    lives.lock().unwrap().push(life);
                    if !goes_on {
                        return;
                    }
                }
            });
        }
        Self { lives, tasks }
    }

    async fn acknowledges(&self, lives: usize) {
        let since = Instant::now();
        while self.lives.lock().unwrap().len() < lives {
            assert!(since.elapsed() < PATIENCE, "organizations are made");
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(mut self) -> Vec<Life> {
        while let Some(task) = self.tasks.join_next().await {
            task.unwrap();
        }
        std::mem::take(&mut self.lives.lock().unwrap())
    }
}

/// Asks until the answer fits.
async fn soon(caller: &Caller, path: &str, fits: impl Fn(u16, &Value) -> bool) -> (u16, Value) {
    let since = Instant::now();
    loop {
        let (status, body) = caller.operate(Method::GET, path, Value::Null).await.unwrap();
        if fits(status, &body) {
            return (status, body);
        }
        assert!(since.elapsed() < PATIENCE, "{path}: {status} {body}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// What was acknowledged is there; what was begun is there whole or not at all.
async fn check(caller: &Caller, life: &Life) {
    let path = format!("/v1/organizations/{}", life.slug);
    let is_settled = |status: u16, body: &Value| status == 404 || body["state"] == "active";
    let (status, organization) = soon(caller, &path, is_settled).await;
    if status == 404 {
        assert!(life.done == 0 || life.begun >= DELETE, "{life:?} is lost");
        if life.done == 0 {
            // What was never answered can be done anew.
            let (status, made) = life.step(caller, 1).await.unwrap();
            assert_eq!(status, 201, "{life:?}: {made}");
        } else {
            // Nobody gets the name of what was destroyed.
            let (status, refused) = life.step(caller, 1).await.unwrap();
            assert_eq!((status, refused["field"].as_str()), (409, Some("slug")), "{life:?}: {refused}");
        }
        return;
    }
    assert!(life.done < DELETE, "{life:?} was to be destroyed");
    let (status, member) =
        caller.operate(Method::GET, &format!("{path}/members/{}", life.person), Value::Null).await.unwrap();
    let role = (status == 200).then(|| member["role"].as_str().unwrap());
    let possible: Vec<Option<&str>> =
        (life.done.max(1)..=life.begun.max(1)).map(|step| STEPS[step - 1].1).collect();
    assert!(possible.contains(&role), "{life:?} has {role:?}");
    // Counters go with the rows that they count.
    let (_, seats) = caller.operate(Method::GET, &format!("{path}/seats"), Value::Null).await.unwrap();
    let members = u64::from(role.is_some());
    assert_eq!(organization["member_count"], members, "{life:?}: {organization}");
    assert_eq!(seats["active"], members, "{life:?}: {seats}");
    let by_role = role.map_or(json!({}), |role| json!({ role: 1 }));
    let kept: serde_json::Map<String, Value> = seats["by_role"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, count)| **count != 0)
        .map(|(role, count)| (role.clone(), count.clone()))
        .collect();
    assert_eq!(Value::Object(kept), by_role, "{life:?}: {seats}");
}

/// How many databases of organizations there are.
async fn databases(data_dir: &Path, database: Option<&str>) -> usize {
    match database {
        None => {
            let files = fs::read_dir(data_dir.join("data/orgs")).unwrap();
            let is_database = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(".db");
            files.filter(|file| is_database(&file.as_ref().unwrap().file_name())).count()
        }
        Some(url) => {
            let aside = tempfile::tempdir().unwrap();
            let mut config = StoreConfig::new(aside.path(), avnology_model::Timestamp::from_micros(0));
            config.migrate = false;
            let store = Store::open(config.on_postgres(url)).await.unwrap();
            let count = store.list_orgs().await.unwrap().len();
            store.close().await.unwrap();
            count
        }
    }
}

async fn organizations(caller: &Caller) -> usize {
    let (mut count, mut token) = (0, String::new());
    loop {
        let path = format!("/v1/organizations?page_size=100&page_token={token}");
        let path = if token.is_empty() { "/v1/organizations?page_size=100".to_owned() } else { path };
        let (_, page) = caller.operate(Method::GET, &path, Value::Null).await.unwrap();
        count += page["organizations"].as_array().unwrap().len();
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            return count;
        }
    }
}

async fn is_killed(database: Option<&str>, lives: usize) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), database).await;
    let settings = json!({ "deletion_grace_days": 0 });
    server.caller().operate(Method::PATCH, "/v1/tenant", settings).await.unwrap();
    for round in 0..KILLS {
        let load = Load::start(&server.caller(), round);
        load.acknowledges(lives).await;
        server.kill();
        let all = load.end().await;
        assert!(all.iter().any(|life| life.done < life.begun), "some were under way when the end came");
        // A second end soon after the start comes into the work that is gone on with.
        server = Server::start(dir.path(), database).await;
        server.kill();
        server = Server::start(dir.path(), database).await;
        for life in &all {
            check(&server.caller(), life).await;
        }
    }
    // Every organization has a database, and no database is nobody's.
    let (since, caller) = (Instant::now(), server.caller());
    loop {
        let counts = (organizations(&caller).await, databases(dir.path(), database).await);
        if counts.0 == counts.1 {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "organizations and databases: {counts:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_there_whole_or_not_at_all_when_the_server_is_killed_on_sqlite() {
    is_killed(None, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_there_whole_or_not_at_all_when_the_server_is_killed_on_postgresql() {
    let url = ThrowawayPostgres::shared().create_database();
    is_killed(Some(&url), 12).await;
}

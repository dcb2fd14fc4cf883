//! Two organizations and everybody who may call: nothing of the other one is ever readable, writable or revealed
//! (`contract/00` §11).
//!
//! The walk goes by the table of routes and by what their paths name. A route that names something new fails here by its
//! name until [`make`] knows how the other organization comes by one.

use std::collections::BTreeMap;

use avnology_http::{AccessRule, Route};
use avnology_model::{
    Code,
    clients::Consent,
    ids::ConsentId,
    permissions::{PlatformRole, Scope},
};
use avnology_store::clients::consents;
use avnology_testkit::{Answer, Call, Client, PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    nobody_from_outside_comes_into_an_organization_by_any_route,
    within_ones_own_organization_nothing_of_another_is_there,
    what_a_body_names_of_another_organization_is_not_there,
    no_source_of_the_scope_lets_anybody_in,
    an_organization_that_is_there_is_refused_like_one_that_is_not,
}

/// What is nobody's in particular, known to whoever holds its id, or a door that shows its name to everybody.
const OF_NO_ORGANIZATION: &[&str] = &["/v1/flows/", "/assets/", "/problems/", "/org/"];

/// Acme, where everybody is at home, and Beta, which must stay closed to them.
struct World {
    app: TestApp,
    acme: Team,
    beta: Team,
    /// What Beta has, by the segment that stands before it in a path.
    things: BTreeMap<String, String>,
}

impl World {
    async fn start(app: TestApp) -> Self {
        let acme = app.team("Acme", "jane@acme.example").await;
        let beta = app.team("Beta Secret Project", "bob@beta.example").await;
        let mut world = Self { app, acme, beta, things: BTreeMap::new() };
        for route in walked() {
            for (segment, _) in named(&route) {
                if !world.things.contains_key(&segment) {
                    let thing = make(&world, &segment, route.path()).await;
                    world.things.insert(segment, thing);
                }
            }
        }
        world
    }

    /// The path with this organization in its first place, where the route has one there, and things of Beta in the others.
    fn path(&self, route: &Route, organization: &str) -> String {
        let mut path = route.path().to_owned();
        if is_of_path(route) {
            path = fill_first(&path, organization);
        }
        for (segment, _) in named(route) {
            path = fill_first(&path, &self.things[&segment]);
        }
        path
    }

    /// What must not be told, besides what the caller said.
    fn secrets(&self) -> Vec<&str> {
        let mut secrets = vec!["Beta Secret", "beta-secret", "bob@beta", self.beta.id.as_str()];
        secrets.extend(self.things.values().map(String::as_str));
        secrets
    }

    #[track_caller]
    fn tells_nothing(&self, answer: &Answer, asked: &str, line: &str) {
        assert!(answer.status < 500, "{line}: {answer}");
        let told = format!("{:?} {}", answer.headers, answer.text());
        for secret in self.secrets().iter().filter(|secret| !asked.contains(**secret)) {
            assert!(!told.contains(secret), "{line} reveals {secret}: {answer}");
        }
    }

    /// Everything of Beta that can be read, as the platform reads it.
    async fn beta_as_it_is(&self) -> BTreeMap<String, Value> {
        let mut seen = BTreeMap::new();
        let admin = self.app.admin_key();
        let is_read = |route: &&Route| {
            let is_of_organizations = is_of_path(route) || matches!(route.access(), AccessRule::Scoped(_));
            // Whoever looks leaves a trace in the log.
            route.is_api()
                && is_get(route)
                && is_of_organizations
                && !route.path().contains("audit")
                && !route.path().ends_with(":download")
        };
        for route in walked().iter().filter(is_read) {
            let path = self.path(route, &self.beta.id);
            let answer = admin.get_in(&self.beta.id, &path).await;
            let mut body = answer.ok().clone();
            if let Some(body) = body.as_object_mut() {
                body.retain(|name, _| name != "as_of" && name != "next_page_token");
            }
            seen.insert(path, body);
        }
        seen
    }

    /// Everybody who has nothing to do with Beta.
    async fn callers(&self) -> Vec<(&'static str, Client)> {
        let acme = &self.acme;
        acme.holds_role("auditor", &["audit:read", "members:write", "keys:write"]).await;
        let suspended = self.beta.member("sue@acme.example", "admin").await;
        let path = self.beta.path(&format!("/members/{}", suspended.id));
        let body = json!({ "state": "suspended" });
        self.beta.owner.client.patch(&path).json(&body).await.ok();
        let expired = self.beta.member("max@acme.example", "admin").await;
        let path = self.beta.path(&format!("/members/{}", expired.id));
        let until = serde_json::to_value(self.app.now().plus_seconds(1)).expect("a time");
        self.beta.owner.client.patch(&path).json(&json!({ "expire_time": until })).await.ok();
        self.app.advance(1);
        let programs: Vec<&str> =
            Scope::ALL.iter().filter(|scope| scope.is_for_keys()).map(|scope| scope.as_str()).collect();
        vec![
            ("the owner", acme.owner.client.clone()),
            ("an administrator", acme.member("ann@acme.example", "admin").await.client),
            ("a member", acme.member("mary@acme.example", "member").await.client),
            ("a member with a custom role", acme.member("ruth@acme.example", "auditor").await.client),
            ("a stranger", self.app.person("eve@evil.example").await.client),
            ("a suspended member", suspended.client),
            ("a member whose time is over", expired.client),
            ("a key", acme.robot(&programs).await),
        ]
    }
}

/// How Beta comes by one of what stands behind `segment` in a path.
async fn make(world: &World, segment: &str, path: &str) -> String {
    let (beta, bob) = (&world.beta, &world.beta.owner);
    let new = |path: &str, body: Value| {
        let call = bob.client.post(&beta.path(path)).json(&body);
        async move {
            let made = call.await;
            made.created();
            made.at("/id")
        }
    };
    match segment {
        "identities" | "avatars" => bob.id.clone(),
        "sessions" => bob.session_id.clone(),
        "devices" => {
            let flow = world.app.program().open("login").await;
            let body = json!({
                "identifier": bob.email, "password": PASSWORD, "device_id": "5f0c9e1e-6b7a-4a51-9c2e-0d7c8d5b9e11",
            });
            flow.submit("password", body).await.at("/session/device/id")
        }
        "organizations" => beta.id.clone(),
        "members" => beta.owner.client.get(&beta.path(&format!("/members/{}", bob.id))).await.at("/id"),
        "credentials" => {
            let list = world.app.admin_key().get(&format!("/v1/identities/{}/credentials", bob.id)).await;
            list.at("/credentials/0/id")
        }
        "invitations" => new("/invitations", json!({ "email": "guest@beta-secret.example" })).await,
        "domains" => new("/domains", json!({ "domain": "beta-secret.example" })).await,
        "roles" => {
            let body = json!({ "key": "beta-secret", "name": "Beta Secret Role", "permissions": ["x:y"] });
            new("/roles", body).await
        }
        "groups" => new("/groups", json!({ "name": "Beta Secret Group" })).await,
        "service-accounts" => beta.service_account(&["members:read"]).await,
        "keys" => {
            let account = world.things.get("service-accounts").expect("the account stands before its keys");
            beta.key_of(account, json!({})).await.at("/id")
        }
        "api-keys" => new("/api-keys", json!({ "name": "Beta Secret Key" })).await,
        "events" => {
            world.app.record_audit().await;
            let told = bob.client.audit(Some(&beta.id), "").await;
            told[0]["id"].as_str().expect("an id").to_owned()
        }
        "imports" => {
            let lines = json!({ "identities": [{ "email": "import@beta-secret.example" }] });
            let query = [("organization_id", beta.id.as_str())];
            let begun = world.app.admin_key().post("/v1/identities:import").query(&query).json(&lines).await;
            begun.is(202).at("/id")
        }
        "exports" => {
            let day =
                |seconds: i64| serde_json::to_value(world.app.now().plus_seconds(seconds)).expect("a time");
            let body = json!({ "format": "CSV", "start_time": day(-86_400), "end_time": day(1) });
            let begun =
                bob.client.post("/v1/audit/events:export").header("x-avnology-org", &beta.id).json(&body);
            begun.await.at("/export_id")
        }
        "own exports" => {
            let begun = bob.client.post("/v1/privacy:exportMyData").await;
            begun.is(202);
            world.app.make_copies().await;
            begun.at("/export_id")
        }
        "exports of identities" => {
            let begun = world.app.admin_key().post(&format!("/v1/identities/{}:exportData", bob.id)).await;
            begun.is(202);
            world.app.make_copies().await;
            begun.at("/export_id")
        }
        "clients" => make_client(world).await,
        "resources" => {
            let body = json!({ "identifier": "https://beta-secret.example", "name": "Beta Secret Resource" });
            world.app.admin_key().post("/v1/resources").json(&body).await.at("/id")
        }
        "client-rules" => {
            let client = make_client(world).await;
            let path = beta.path(&format!("/client-rules/{client}"));
            bob.client.call("PUT", &path).json(&json!({ "rule": "blocked" })).await.ok();
            client
        }
        "consents" | "applications" => {
            let client = make_client(world).await;
            let consent = Consent {
                id: ConsentId::from_bytes([u8::try_from(segment.len()).expect("short"); 16]),
                identity_id: bob.id.parse().expect("an identity"),
                client_id: client.parse().expect("a client"),
                organization_id: Some(beta.id.parse().expect("an organization")),
                scopes: vec!["openid".to_owned()],
                resources: Vec::new(),
                granted_at: world.app.now(),
                last_used_at: world.app.now(),
            };
            let id = consent.id.to_string();
            let write = world.app.tenant().store.identity().write(move |tx| consents::put(tx, &consent));
            write.await.expect("a consent");
            id
        }
        "deletions" => {
            let leaving = beta.member("jill@beta-secret.example", "member").await;
            let asked = leaving.client.post("/v1/privacy:requestAccountDeletion").await;
            asked.is(202);
            asked.at("/id")
        }
        other => panic!("{path}: the walk does not know what stands behind /{other}/; teach it in `make`"),
    }
}

/// A client for Beta alone.
async fn make_client(world: &World) -> String {
    let body =
        json!({ "name": "Beta Secret Client", "type": "machine", "allowed_organizations": [world.beta.id] });
    world.app.admin_key().post("/v1/clients").json(&body).await.at("/id")
}

/// The routes that organizations have to do with.
fn walked() -> Vec<Route> {
    let mut routes = avnology_server::wiring::routes();
    routes.retain(|route| {
        let is_free = OF_NO_ORGANIZATION.iter().any(|start| route.path().starts_with(start));
        !is_free && route.access() != AccessRule::Public
    });
    // What stands under something is made after it.
    routes.sort_by_key(|route| (route.path().len(), route.path(), route.method().to_string()));
    routes
}

fn is_of_path(route: &Route) -> bool {
    matches!(route.access(), AccessRule::InOrganization(_) | AccessRule::PageInOrganization(_))
}

fn is_get(route: &Route) -> bool {
    route.method() == "GET"
}

/// Whether an organization is asked for before anything else.
fn is_scoped(route: &Route) -> bool {
    use AccessRule::{AnySession, Scoped, SignedIn, SignedInOr};
    matches!(route.access(), AnySession | SignedIn | SignedInOr(_) | Scoped(_))
}

/// Whether a route asks for a scope that nobody of an organization holds.
fn is_platforms_alone(route: &Route) -> bool {
    matches!(route.access(), AccessRule::Scoped(scope) if !scope.is_of_organizations())
}

/// The parameters of a path, without the organization that it begins with: the segment before each, and its name.
fn named(route: &Route) -> Vec<(String, String)> {
    let segments: Vec<&str> = route.path().split('/').collect();
    let pairs = segments.windows(2).filter(|pair| pair[1].contains('{'));
    let mut found: Vec<(String, String)> = pairs
        .map(|pair| {
            let name = pair[1].trim_start_matches('{').split('}').next().unwrap_or_default();
            // A group names its members by their identity.
            let is_of_group = pair[0] == "members" && route.path().contains("/groups/");
            let segment = match pair[0] {
                _ if is_of_group => "identities",
                "exports" if route.path().starts_with("/v1/privacy/") => "own exports",
                "exports" if route.path().starts_with("/v1/identities/") => "exports of identities",
                other => other,
            };
            (segment.to_owned(), name.to_owned())
        })
        .collect();
    if is_of_path(route) && !found.is_empty() {
        found.remove(0);
    }
    found
}

fn fill_first(path: &str, value: &str) -> String {
    let (start, end) = (path.find('{').expect("a parameter"), path.find('}').expect("its end"));
    format!("{}{value}{}", &path[..start], &path[end + 1..])
}

/// A body that is well-formed, so that what is refused is refused for the sake of what the path names.
fn body(route: &Route) -> Value {
    match (route.method().as_str(), route.path()) {
        ("PATCH", "/v1/identities/{id}") => json!({ "identity": { "first_name": "Eve" } }),
        (_, path) if path.ends_with(":setPassword") => json!({ "password": "velvet otter ladder 8" }),
        (_, path) if path.ends_with(":startFactorRecovery") => json!({ "reason": "Lost" }),
        (_, path) if path.ends_with("/posture") => json!({ "source": "mdm", "managed": true }),
        ("POST", path) if path.ends_with("/keys") => json!({ "name": "k" }),
        ("PUT", path) if path.contains("/client-rules/") => json!({ "rule": "blocked" }),
        ("POST", path) if path.contains("/groups/") && path.ends_with("/members") => {
            json!({ "identity_id": "usr_01kjpwd6m0emptw6bw4v8qtn83" })
        }
        _ => json!({}),
    }
}

/// A request to a route, in an organization by its header if that is named.
fn request(client: &Client, route: &Route, path: &str, organization: Option<&str>) -> Call {
    let call = client.call(route.method().as_str(), path);
    let call = match organization {
        Some(organization) => call.header("x-avnology-org", organization),
        None => call,
    };
    match route.method().as_str() {
        "GET" | "DELETE" => call,
        _ if path.ends_with("/avatar") || path.ends_with("/picture") => {
            call.raw("multipart/form-data; boundary=b", "--b--\r\n")
        }
        _ if route.is_api() => call.json(&body(route)),
        _ => call.form(&[]),
    }
}

/// What somebody is told whom an organization does not know.
fn outside(name: &str) -> Code {
    if name == "a key" { Code::OrganizationMismatch } else { Code::NotAMember }
}

fn line(route: &Route, by: &str) -> String {
    format!("{} {} by {by}", route.method(), route.path())
}

async fn nobody_from_outside_comes_into_an_organization_by_any_route(app: TestApp) {
    let world = World::start(app).await;
    let callers = world.callers().await;
    let before = world.beta_as_it_is().await;
    assert!(before.len() >= 10, "the walk sees Beta: {:?}", before.keys());
    let beta = world.beta.id.clone();
    for (name, client) in &callers {
        for route in walked() {
            let (path, line) = (world.path(&route, &beta), line(&route, name));
            if is_of_path(&route) {
                let answer = request(client, &route, &path, None).await;
                if route.is_api() {
                    assert_eq!(answer.code(), Some(outside(name)), "{line}: {answer}");
                } else {
                    assert!(answer.status >= 300, "{line}: {answer}");
                }
                world.tells_nothing(&answer, &path, &line);
            } else if is_scoped(&route) {
                for name_of_beta in [beta.as_str(), "beta-secret-project"] {
                    let answer = request(client, &route, &path, Some(name_of_beta)).await;
                    assert_eq!(answer.code(), Some(outside(name)), "{line}, by header: {answer}");
                    world.tells_nothing(&answer, &format!("{path} {name_of_beta}"), &line);
                }
            }
        }
    }
    let nobody = world.app.program();
    for route in walked().iter().filter(|route| route.access().needs_credential()) {
        let path = world.path(route, &beta);
        let answer = request(&nobody, route, &path, Some(&beta)).await;
        assert_eq!(answer.code(), Some(Code::SessionInvalid), "{}: {answer}", line(route, "nobody"));
        world.tells_nothing(&answer, &path, &line(route, "nobody"));
    }
    assert_eq!(world.beta_as_it_is().await, before, "Beta is as it was");
}

async fn within_ones_own_organization_nothing_of_another_is_there(app: TestApp) {
    let world = World::start(app).await;
    let mut callers = world.callers().await;
    callers.retain(|(name, _)| {
        !matches!(*name, "a stranger" | "a suspended member" | "a member whose time is over")
    });
    let viewer = world.app.person_with_role("view@x.example", PlatformRole::Viewer).await.client;
    let root = world.app.person_with_role("root@x.example", PlatformRole::Admin).await.client;
    callers.extend([
        ("a viewer", viewer),
        ("an operator", root),
        ("the tenant's key", world.app.admin_key()),
    ]);
    let before = world.beta_as_it_is().await;
    let acme = world.acme.id.clone();
    for (name, client) in &callers {
        for route in walked() {
            let (path, line) = (world.path(&route, &acme), line(&route, name));
            let is_of_acme = is_of_path(&route) || is_scoped(&route);
            if named(&route).is_empty() {
                // Nothing is named: whatever is listed is Acme's.
                if is_get(&route) && is_of_acme && !is_of_the_platform(name, &route) {
                    let answer = request(client, &route, &path, Some(&acme)).await;
                    world.tells_nothing(&answer, &path, &line);
                }
                continue;
            }
            if matches!(route.access(), AccessRule::TenantScoped(_)) && is_of_the_platform(name, &route) {
                // It is the tenant's, whatever organization is named.
                continue;
            }
            let answer = request(client, &route, &path, Some(&acme)).await;
            if !route.is_api() {
                assert!(answer.status >= 300, "{line}: {answer}");
            } else if is_of_acme {
                // Assurance is asked for before existence is.
                let known = match answer.code() {
                    Some(Code::NotFound) => true,
                    Some(Code::SecondFactorRequired) => route.path().ends_with(":recoveryLink"),
                    Some(Code::ScopeMissing) => *name != "the owner" || is_platforms_alone(&route),
                    Some(Code::PermissionDenied) => *name != "the owner",
                    _ => false,
                };
                assert!(known, "{line}: {answer}");
            }
            world.tells_nothing(&answer, &path, &line);
            if is_scoped(&route) && !is_of_the_platform(name, &route) {
                let answer = request(client, &route, &path, Some("personal")).await;
                assert!(answer.status >= 400, "{line}, personally: {answer}");
                world.tells_nothing(&answer, &path, &line);
            }
        }
    }
    assert_eq!(world.beta_as_it_is().await, before, "Beta is as it was");
}

/// Whether the platform sees more by it than the organization in scope: its list of organizations, and its own scope.
fn is_of_the_platform(name: &str, route: &Route) -> bool {
    let sees_all = matches!(name, "a viewer" | "an operator" | "the tenant's key");
    sees_all && (route.path() == "/v1/organizations" || !named(route).is_empty())
}

/// Whether an answer is the refusal that is wanted.
type Check = Box<dyn Fn(&Answer) -> bool + Send + Sync>;

async fn what_a_body_names_of_another_organization_is_not_there(app: TestApp) {
    let world = World::start(app).await;
    let before = world.beta_as_it_is().await;
    let (acme, bob) = (&world.acme, &world.beta.owner.id);
    let jane = &acme.owner.client;
    let thing = |segment: &str| world.things[segment].clone();
    let field = |name: &'static str| move |answer: &Answer| answer.fields().iter().any(|(f, _)| f == name);
    let code = |code: Code| -> Check { Box::new(move |answer| answer.code() == Some(code)) };
    let calls: Vec<(&str, String, Value, Check)> = vec![
        ("POST", acme.path("/members"), json!({ "identity_id": bob }), code(Code::NotFound)),
        ("POST", acme.path("/members"), json!({ "email": "bob@beta.example" }), code(Code::NotFound)),
        ("POST", acme.path(":transferOwnership"), json!({ "identity_id": bob }), code(Code::NotAMember)),
        (
            "POST",
            acme.path("/members:batchUpdate"),
            json!({ "updates": [{ "id": thing("members"), "role": "member" }] }),
            Box::new(|answer| answer.status == 200 && answer.text().contains(Code::NotFound.text())),
        ),
        (
            "POST",
            acme.path("/api-keys"),
            json!({ "name": "k", "service_account_id": thing("service-accounts") }),
            Box::new(field("service_account_id")),
        ),
        (
            "POST",
            "/v1/service-accounts".to_owned(),
            json!({ "name": "R", "scopes": ["members:read"], "owner_id": bob }),
            Box::new(field("owner_id")),
        ),
        (
            "POST",
            "/v1/service-accounts".to_owned(),
            json!({ "name": "R", "scopes": ["members:read"], "organization_id": world.beta.id }),
            code(Code::OrganizationMismatch),
        ),
        (
            "POST",
            "/v1/identities".to_owned(),
            json!({ "identity": { "email": "x@acme.example" }, "organization_id": world.beta.id }),
            code(Code::OrganizationMismatch),
        ),
        (
            "POST",
            "/v1/sessions:switchOrganization".to_owned(),
            json!({ "organization_id": world.beta.id }),
            code(Code::NotAMember),
        ),
    ];
    for (method, path, body, fits) in calls {
        let answer = jane.call(method, &path).header("x-avnology-org", &acme.id).json(&body).await;
        assert!(fits(&answer), "{method} {path} with {body}: {answer}");
        let line = format!("{method} {path} with {body}");
        world.tells_nothing(&answer, &line, &line);
    }
    // Nor is anything told by a filter.
    let owners = [("filter", "owner_id = \"x\" OR identity.email = \"bob@beta.example\"")];
    let probe = jane.get(&acme.path("/members")).query(&[("filter", "identity.email:\"bob*\"")]).await;
    assert_eq!(probe.ok()["members"], json!([]));
    jane.get(&acme.path("/members")).query(&owners).await.refused(Code::ValidationFailed);
    let probe = jane.get_in(&acme.id, "/v1/identities").query(&[("filter", "email:\"bob*\"")]).await;
    assert_eq!(probe.ok()["identities"], json!([]));
    assert_eq!(world.beta_as_it_is().await, before, "Beta is as it was");
}

async fn no_source_of_the_scope_lets_anybody_in(app: TestApp) {
    let world = World::start(app).await;
    let (acme, beta) = (&world.acme, &world.beta);
    let scoped: Vec<Route> = walked().into_iter().filter(|route| is_scoped(route) && is_get(route)).collect();
    assert!(scoped.len() > 10);
    let jane = world.app.browser().signed_in("jane@acme.example").await.client;
    for route in &scoped {
        let path = world.path(route, &acme.id);
        // A cookie selects no more than a header does, and is cleared.
        for name in [beta.id.as_str(), "beta-secret-project"] {
            jane.set_cookie("X-Avnology-Org", name);
            let answer = jane.get(&path).await;
            assert_eq!(answer.code(), Some(Code::NotAMember), "{}: {answer}", route.path());
            assert_eq!(jane.cookie("X-Avnology-Org"), None, "{}", route.path());
            world.tells_nothing(&answer, &format!("{path} {name}"), route.path());
        }
        // A header beats it, whichever of the two is one's own.
        jane.set_cookie("X-Avnology-Org", &acme.id);
        let answer = jane.get_in(&beta.id, &path).await;
        assert_eq!(answer.code(), Some(Code::NotAMember), "{}: {answer}", route.path());
        jane.drop_cookie("X-Avnology-Org");
    }
    // A session that was switched to an organization leaves it with the membership.
    let mary = beta.member("mary@acme.example", "admin").await;
    acme.add(&mary.id, "member").await;
    let switch = json!({ "organization_id": beta.id });
    mary.client.post("/v1/sessions:switchOrganization").json(&switch).await.ok();
    assert!(mary.client.get("/v1/identities").await.ok().to_string().contains("bob@beta"));
    beta.owner.client.delete(&beta.path(&format!("/members/{}", mary.id))).await.no_content();
    let secrets = ["bob@beta", "Beta Secret", beta.id.as_str(), beta.owner.id.as_str()];
    for route in scoped.iter().filter(|route| named(route).is_empty()) {
        let answer = mary.client.get(route.path()).await;
        for secret in secrets {
            assert!(!answer.text().contains(secret), "{} reveals {secret}: {answer}", route.path());
        }
    }
}

async fn an_organization_that_is_there_is_refused_like_one_that_is_not(app: TestApp) {
    let world = World::start(app).await;
    let nowhere = "org_01kjpwd6m0emptw6bw4v8qtn83";
    let key = world.acme.robot(&["members:read"]).await;
    for (name, client) in [("the owner", &world.acme.owner.client), ("a key", &key)] {
        for route in walked() {
            let mut answers = Vec::new();
            for place in [world.beta.id.as_str(), nowhere] {
                let path = world.path(&route, place);
                if is_of_path(&route) {
                    answers.push([
                        request(client, &route, &path, None).await,
                        // Not even beside a header that fits.
                        request(client, &route, &path, Some(&world.acme.id)).await,
                    ]);
                } else if is_scoped(&route) {
                    let by_header = request(client, &route, &path, Some(place)).await;
                    answers.push([by_header.clone(), by_header]);
                }
            }
            let [there, missing] = answers.as_slice() else { continue };
            for (there, missing) in there.iter().zip(missing) {
                let line = line(&route, name);
                assert_eq!(there.status, missing.status, "{line}: {there} {missing}");
                for member in ["code", "title", "detail"] {
                    assert_eq!(there[member], missing[member], "{line}: {there} {missing}");
                }
            }
        }
    }
}

//! Every route of the table, called by everyone: `contract/00` §§10, 12, 13.

use std::collections::BTreeMap;

use avnology_http::{AccessRule, Route};
use avnology_model::{
    Code,
    permissions::{PlatformRole, Scope},
};
use avnology_testkit::{Answer, Client, TestApp, on_both_engines};

on_both_engines! {
    every_route_refuses_whom_it_must_and_no_other,
    a_key_of_the_other_environment_is_refused_everywhere,
    a_role_that_was_taken_away_is_gone_at_once,
    no_route_fails_or_lets_strangers_in_by_an_odd_credential,
}

/// A caller, and whether it holds a scope.
struct Caller {
    name: &'static str,
    client: Client,
    holds: fn(Scope) -> bool,
    is_session: bool,
    is_recovery: bool,
    sees_all: bool,
}

async fn callers(app: &TestApp) -> Vec<Caller> {
    let session = |name, client, holds: fn(Scope) -> bool, is_recovery| Caller {
        name,
        client,
        holds,
        is_session: true,
        is_recovery,
        sees_all: matches!(name, "a viewer" | "an administrator"),
    };
    vec![
        session("a person", app.person("jane@acme.example").await.client, Scope::is_self, false),
        session(
            "a person in recovery",
            app.recovering("rec@acme.example").await.client,
            Scope::is_self,
            true,
        ),
        session(
            "a viewer",
            app.person_with_role("view@acme.example", PlatformRole::Viewer).await.client,
            |scope| PlatformRole::Viewer.holds(scope),
            false,
        ),
        session(
            "an administrator",
            app.person_with_role("root@acme.example", PlatformRole::Admin).await.client,
            |_| true,
            false,
        ),
        Caller {
            name: "the operator's key",
            client: app.admin_key(),
            holds: |scope| !scope.is_self(),
            is_session: false,
            is_recovery: false,
            sees_all: true,
        },
    ]
}

/// The path with ids that name nothing.
fn filled(path: &str) -> String {
    let values = BTreeMap::from([
        ("{id}", "usr_01kjpwd6m0emptw6bw4v8qtn83"),
        ("{session_id}", "ses_01kjpwe457etztza3v90genf98"),
        ("{cred_id}", "cred_01kjpwe457etztza3v90genf98"),
        ("{type}", "login"),
        ("{code}", "901"),
        ("{path}", "avnology.css"),
        ("{member}", "mem_01kjpwe457etztza3v90genf98"),
        ("{sa}", "sa_01kjpwe457etztza3v90genf98"),
        ("{key}", "key_01kjpwe457etztza3v90genf98"),
    ]);
    let mut filled = path.to_owned();
    for (name, value) in values {
        filled = filled.replace(name, value);
    }
    if path.starts_with("/v1/flows/") {
        filled = filled.replace("usr_", "flw_");
    }
    if path.starts_with("/v1/organizations/") || path.starts_with("/organizations/") {
        filled = filled.replace("usr_", "org_");
    }
    if path == "/v1/sessions/{id}" || path == "/account/sessions/{id}" {
        filled = filled.replace("usr_", "ses_");
    }
    // Whatever else there is to name: nothing is called so.
    while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
        filled.replace_range(start..=end, "unknown");
    }
    filled
}

async fn call(client: &Client, route: &Route) -> Answer {
    call_as(client, route, None).await
}

/// Calls with a body that is well-formed and changes nothing: what it asks for does not exist.
async fn call_as(client: &Client, route: &Route, credential: Option<&str>) -> Answer {
    let call = || {
        let call = client.call(route.method().as_str(), &filled(route.path()));
        match credential {
            Some(credential) => call.header("authorization", credential),
            None => call,
        }
    };
    let answer = match route.method().as_str() {
        "GET" | "DELETE" => return call().await,
        _ if route.path() == "/opl/syntax/check" => call().raw("text/plain", "class").await,
        _ if route.is_api() || route.speaks_keto() => {
            call().json(&serde_json::json!({ "no_such_field": 1 })).await
        }
        _ => call().form(&[]).await,
    };
    if answer.code() == Some(Code::UnsupportedMediaType) && answer["supported"][0] == "multipart/form-data" {
        return call().raw("multipart/form-data; boundary=b", FILE).await;
    }
    answer
}

const FILE: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
    Content-Type: image/png\r\n\r\nno picture\r\n--b--\r\n";

/// The refusal that the rule demands, if any.
fn expected(rule: AccessRule, caller: &Caller) -> Option<Code> {
    match rule {
        AccessRule::Public
        | AccessRule::Visitor
        | AccessRule::PageSignedIn
        | AccessRule::PageInOrganization(_) => None,
        AccessRule::AnySession if caller.is_session => None,
        AccessRule::AnySession => Some(Code::ScopeMissing),
        // Nobody here is a member of the organization, which is not there; the platform sees that it is not.
        AccessRule::InOrganization(_) if caller.sees_all => Some(Code::OrganizationNotFound),
        AccessRule::InOrganization(_) => Some(Code::NotAMember),
        _ if caller.is_recovery => Some(Code::StepUpRequired),
        AccessRule::SignedInOr(_) if caller.is_session => None,
        AccessRule::SignedIn => (!(caller.holds)(Scope::AccountSelf)).then_some(Code::ScopeMissing),
        AccessRule::Scoped(scope) | AccessRule::TenantScoped(scope) | AccessRule::SignedInOr(scope) => {
            (!(caller.holds)(scope)).then_some(Code::ScopeMissing)
        }
    }
}

fn needs_credential(rule: AccessRule) -> bool {
    !matches!(
        rule,
        AccessRule::Public
            | AccessRule::Visitor
            | AccessRule::PageSignedIn
            | AccessRule::PageInOrganization(_)
    )
}

fn is_refused_for_the_caller(answer: &Answer) -> bool {
    matches!(
        answer.code(),
        Some(
            Code::SessionInvalid
                | Code::SessionExpired
                | Code::ScopeMissing
                | Code::PermissionDenied
                | Code::WrongEnvironment
        )
    )
}

async fn every_route_refuses_whom_it_must_and_no_other(app: TestApp) {
    let routes = avnology_server::wiring::routes();
    assert!(routes.len() > 50, "the whole table: {}", routes.len());
    let nobody = app.program();
    for route in &routes {
        let answer = call(&nobody, route).await;
        let line = format!("{} {}", route.method(), route.path());
        match route.access() {
            rule if needs_credential(rule) => {
                answer.refused(Code::SessionInvalid);
            }
            AccessRule::PageSignedIn | AccessRule::PageInOrganization(_) => {
                assert!(answer.is(303).header("location").starts_with("/sign-in"), "{line}: {answer}");
            }
            // It is opened by access tokens, which it looks at itself.
            _ if route.path() == "/userinfo" => {
                answer.refused(Code::SessionInvalid);
            }
            _ => {
                assert!(answer.status < 500 && !is_refused_for_the_caller(&answer), "{line}: {answer}");
            }
        }
    }
    for caller in callers(&app).await {
        // Ending the caller's own sessions would end the walk.
        let ends = |route: &&Route| {
            let is_end =
                matches!(route.path(), "/v1/sessions:logout" | "/sign-out" | "/oauth2/logout/confirm");
            !(is_end && route.method() == "POST") && route.path() != "/userinfo"
        };
        for route in routes.iter().filter(ends) {
            let answer = call(&caller.client, route).await;
            let line = format!("{} {} by {}", route.method(), route.path(), caller.name);
            match expected(route.access(), &caller) {
                Some(code) => assert_eq!(answer.code(), Some(code), "{line}: {answer}"),
                None => {
                    assert!(answer.status < 500 && !is_refused_for_the_caller(&answer), "{line}: {answer}");
                }
            }
        }
        if caller.is_session {
            caller.client.whoami().await.ok();
        }
    }
}

async fn a_key_of_the_other_environment_is_refused_everywhere(app: TestApp) {
    for route in avnology_server::wiring::routes() {
        if needs_credential(route.access()) {
            call(&app.foreign_key(), &route).await.refused(Code::WrongEnvironment);
        }
    }
}

async fn a_role_that_was_taken_away_is_gone_at_once(app: TestApp) {
    let viewer = app.person_with_role("view@acme.example", PlatformRole::Viewer).await;
    viewer.client.get("/v1/tenant").await.ok();
    let id = viewer.id.parse().expect("an identity");
    let store = app.tenant().store.identity();
    let taken = store
        .write(move |tx| avnology_store::permissions::tuples::revoke_platform(tx, PlatformRole::Viewer, id))
        .await;
    assert!(taken.expect("written"));
    // No request of the API takes a role yet; memory forgets by itself within a minute.
    app.advance(60);
    viewer.client.get("/v1/tenant").await.refused(Code::ScopeMissing);
}

async fn no_route_fails_or_lets_strangers_in_by_an_odd_credential(app: TestApp) {
    let odd = [
        "Basic amFuZTpwYXNz",
        "Bearer",
        "Bearer ",
        "Bearer a b c",
        "Bearer avnl_ses_",
        "bearer \u{e9}",
        "DPoP x",
        "ak_test_x",
        "Bearer ak_test_",
    ];
    for route in avnology_server::wiring::routes() {
        if !needs_credential(route.access()) {
            continue;
        }
        for credential in odd {
            call_as(&app.program(), &route, Some(credential)).await.refused(Code::SessionInvalid);
        }
    }
}

//! Flows that hold to a client's rules without an authorization request, and what pages tell of a client (`contract/11` §1.1,
//! `contract/95` §1).

use avnology_model::Code;
use avnology_testkit::{Answer, Client, PASSWORD, Says, SoftPasskey, TestApp, ceremony, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{Relying, jane, own_app, register};

on_both_engines! {
    a_flow_holds_to_the_rules_of_the_client_that_it_names,
    a_client_that_nobody_knows_or_that_is_switched_off_opens_nothing,
    a_request_of_another_client_is_not_continued,
    a_flow_leads_where_its_client_has_people_sent_back_to_and_nowhere_else,
    a_flow_leads_nowhere_once_its_client_has_moved,
    whoever_comes_through_a_client_of_one_organization_signs_in_by_its_rules,
    a_passkey_comes_from_an_app_of_the_client_in_its_flows_alone,
    origins_of_apps_are_checked_when_they_are_registered,
    pages_name_the_client_and_where_to_read_about_it,
    a_client_that_registered_itself_is_named_with_its_host,
    a_stale_page_leads_to_where_the_client_begins_anew,
    a_stale_request_leads_to_where_the_client_begins_anew,
    nobody_is_led_to_a_client_that_registered_itself_who_did_not_come_from_it,
    where_a_client_begins_anew_is_an_https_url,
}

const NOT_ALLOWED: [(&str, &str); 1] = [("return_to", "not_allowed")];

async fn open(browser: &Client, kind: &str, query: &[(&str, &str)]) -> Answer {
    browser.get(&format!("/v1/flows/{kind}")).query(query).await
}

async fn a_flow_holds_to_the_rules_of_the_client_that_it_names(app: TestApp) {
    let client = own_app(&app, json!({ "registration_mode": "by_invitation_only" })).await;
    let named = [("client_id", client.id.as_str())];
    let flow = app.browser().open_with("registration", &named).await;
    assert_eq!(flow.opened["client"]["name"], "Shop");
    assert_eq!(flow.opened["login_challenge"], Value::Null);
    let form = json!({ "traits": { "email": "new@acme.example" }, "password": PASSWORD });
    flow.submit("password", form.clone()).await.refused(Code::RegistrationDisabled);
    app.browser().open("registration").await.submit("password", form).await.ok();
    let closed = own_app(&app, json!({ "registration_mode": "closed" })).await;
    let named = [("client_id", closed.id.as_str())];
    open(&app.browser(), "registration", &named).await.refused(Code::RegistrationDisabled);
    assert_eq!(open(&app.program(), "login", &named).await.ok()["client"]["id"], json!(closed.id));
}

async fn a_client_that_nobody_knows_or_that_is_switched_off_opens_nothing(app: TestApp) {
    let off = own_app(&app, json!({ "state": "disabled" })).await;
    for id in [off.id.as_str(), "cli_01kjpwfebhf9xrvqney6fmm27s", "nonsense"] {
        for kind in ["login", "registration"] {
            let opened = open(&app.browser(), kind, &[("client_id", id)]).await;
            opened.refused_fields(Code::ValidationFailed, &[("client_id", "not_found")]);
        }
    }
}

async fn challenge(client: &Relying, browser: &Client) -> String {
    let answer = browser.get(&client.request(&[])).await;
    let location = answer.is(303).header("location").to_owned();
    location.split_once("login_challenge%3D").expect("a challenge").1.to_owned()
}

async fn a_request_of_another_client_is_not_continued(app: TestApp) {
    let (client, other) = (own_app(&app, json!({})).await, own_app(&app, json!({})).await);
    let browser = app.browser();
    let challenge = challenge(&client, &browser).await;
    for kind in ["login", "registration"] {
        let wrong = [("login_challenge", challenge.as_str()), ("client_id", &other.id)];
        let opened = open(&browser, kind, &wrong).await;
        opened.refused_fields(Code::ValidationFailed, &[("client_id", "conflict")]);
        let right = [("login_challenge", challenge.as_str()), ("client_id", &client.id)];
        assert_eq!(open(&browser, kind, &right).await.ok()["client"]["id"], json!(client.id));
    }
}

async fn a_flow_leads_where_its_client_has_people_sent_back_to_and_nowhere_else(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let more =
        json!({ "redirect_uris": ["https://other.example.com:8443/in", "https://other.example.com/in"] });
    let other = own_app(&app, more).await;
    let browser = app.browser();
    let to = async |client: Option<&Relying>, target: &str| {
        let mut query = vec![("return_to", target)];
        query.extend(client.map(|client| ("client_id", client.id.as_str())));
        open(&browser, "login", &query).await
    };
    let (here, there) = ("https://app.example.com/any/page?x=1", "https://other.example.com:8443/");
    assert_eq!(to(Some(&client), here).await.ok()["return_to"], here);
    to(Some(&client), there).await.refused_fields(Code::ValidationFailed, &NOT_ALLOWED);
    assert_eq!(to(Some(&other), there).await.ok()["return_to"], there);
    // Without a client: where any of them does.
    assert_eq!(to(None, here).await.ok()["return_to"], here);
    assert_eq!(to(None, there).await.ok()["return_to"], there);
    for elsewhere in [
        "http://app.example.com/",
        "https://app.example.com:444/",
        "https://app.example.com.evil.example/",
        "https://user@app.example.com/",
        "https://evil.example/\\@app.example.com/",
    ] {
        to(None, elsewhere).await.refused_fields(Code::ValidationFailed, &NOT_ALLOWED);
        to(Some(&client), elsewhere).await.refused_fields(Code::ValidationFailed, &NOT_ALLOWED);
    }
    let registered = json!({ "client_name": "Notes", "redirect_uris": ["https://notes.example/callback"] });
    app.admin_key().patch("/v1/tenant").json(&json!({ "dynamic_registration": "open" })).await.ok();
    let made = app.program().post("/oauth2/register").json(&registered).await;
    let id = made.is(201).at("/client_id");
    let notes = "https://notes.example/";
    to(None, notes).await.refused_fields(Code::ValidationFailed, &NOT_ALLOWED);
    let named = [("return_to", notes), ("client_id", id.as_str())];
    assert_eq!(open(&browser, "login", &named).await.ok()["return_to"], notes);
}

async fn a_flow_leads_nowhere_once_its_client_has_moved(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let person = app.person("jane@acme.example").await;
    let query = [("return_to", "https://app.example.com/in"), ("client_id", client.id.as_str())];
    let (stays, moves) = (app.browser(), app.browser());
    let (one, two) = (stays.open_with("login", &query).await, moves.open_with("login", &query).await);
    let body = json!({ "identifier": person.email, "password": PASSWORD });
    assert_eq!(one.submit("password", body.clone()).await.ok()["redirect_to"], "https://app.example.com/in");
    let path = format!("/v1/clients/{}", client.id);
    let elsewhere = json!({ "redirect_uris": ["https://new.example.com/callback"] });
    app.admin_key().patch(&path).json(&elsewhere).await.ok();
    assert_eq!(two.read().await.ok()["return_to"], Value::Null);
    assert_eq!(two.submit("password", body).await.ok()["redirect_to"], Value::Null);
}

async fn whoever_comes_through_a_client_of_one_organization_signs_in_by_its_rules(app: TestApp) {
    let team = app.team_with("Acme", "owner@acme.example", json!({ "allowed_methods": ["code"] })).await;
    let client = own_app(&app, json!({ "allowed_organizations": [team.id] })).await;
    let flow = app.browser().open_with("login", &[("client_id", &client.id)]).await;
    let next = flow.submit("identifier", json!({ "identifier": "jane@elsewhere.example" })).await;
    assert_eq!(next.goes_on("choose_method").flow()["organization"]["id"], json!(team.id));
    assert!(next.node("password").is_none(), "{next}");
    let plain = app.browser().open("login").await;
    let next = plain.submit("identifier", json!({ "identifier": "jane@elsewhere.example" })).await;
    assert!(next.node("password").is_some(), "{next}");
}

const ANDROID: &str = "android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

async fn a_passkey_comes_from_an_app_of_the_client_in_its_flows_alone(app: TestApp) {
    let origins = json!({ "webauthn_origins": [ANDROID, "https://mobile.example.com"] });
    let client = own_app(&app, origins).await;
    let at = |origin: &str| Says { origin: origin.to_owned(), ..Says::default() };
    let mut key = SoftPasskey::new(1);
    let of_client = [("client_id", client.id.as_str())];
    let flow = app.program().open_with("registration", &of_client).await;
    let asked = flow.submit("passkey", json!({ "traits": { "email": "jane@acme.example" } })).await;
    let answer = key.create_saying(&ceremony(&asked)["options"], &at(ANDROID));
    flow.submit("passkey", json!({ "passkey_response": answer })).await.ok();
    for (query, origin, lets_in) in [
        (&of_client[..], ANDROID, true),
        (&of_client[..], "https://mobile.example.com", true),
        (&of_client[..], avnology_testkit::ORIGIN, true),
        (&of_client[..], "https://other.example.com", false),
        (&of_client[..], &ANDROID.to_lowercase(), false),
        (&[], ANDROID, false),
        (&[], "https://mobile.example.com", false),
    ] {
        let flow = app.program().open_with("login", query).await;
        let answer = key.get_saying(&ceremony(&flow.opened)["options"], &at(origin));
        let done = flow.submit("passkey", json!({ "passkey_response": answer })).await;
        if lets_in {
            done.ok();
        } else {
            assert_eq!(done.refused(Code::PasskeyRefused)["reason"], "origin", "{origin}");
        }
    }
}

async fn origins_of_apps_are_checked_when_they_are_registered(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let path = format!("/v1/clients/{}", client.id);
    for wrong in
        ["http://app.example.com", "https://app.example.com/", "android:apk-key-hash:short", "ios:app"]
    {
        let change = json!({ "webauthn_origins": [ANDROID, wrong] });
        let answer = app.admin_key().patch(&path).json(&change).await;
        answer.refused_fields(Code::ValidationFailed, &[("webauthn_origins[1]", "invalid_format")]);
    }
    let twice = json!({ "webauthn_origins": [ANDROID, ANDROID] });
    let answer = app.admin_key().patch(&path).json(&twice).await;
    answer.refused_fields(Code::ValidationFailed, &[("webauthn_origins[1]", "duplicate")]);
}

/// A page that a browser is led to, through all redirects.
async fn page(browser: &Client, path: &str) -> Answer {
    let mut answer = browser.get(path).await;
    while answer.status == 303 {
        answer = browser.get(answer.header("location")).await;
    }
    answer
}

async fn pages_name_the_client_and_where_to_read_about_it(app: TestApp) {
    let more = json!({
        "logo_uri": "https://cdn.example.com:8443/logo.png", "policy_uri": "https://app.example.com/privacy",
        "tos_uri": "https://app.example.com/terms",
    });
    let client = own_app(&app, more.clone()).await;
    let browser = app.browser();
    let challenge = challenge(&client, &browser).await;
    let back = format!("return_to=%2Foauth2%2Fauth%3Flogin_challenge%3D{challenge}");
    let paths = [
        format!("/sign-in?login_challenge={challenge}"),
        format!("/sign-up?login_challenge={challenge}"),
        format!("/recovery?{back}"),
        format!("/sign-in?client_id={}", client.id),
        format!("/sign-up?client_id={}", client.id),
    ];
    for path in paths {
        let shown = page(&browser, &path).await;
        let text = shown.is(200).text();
        for words in [
            "to go on to <strong>Shop</strong>",
            "src=\"https://cdn.example.com:8443/logo.png\"",
            "https://app.example.com/privacy",
            "https://app.example.com/terms",
        ] {
            assert!(text.contains(words), "{path}: {words}: {text}");
        }
        let policy = shown.header("content-security-policy");
        assert!(policy.contains("img-src 'self' data: https://cdn.example.com:8443;"), "{path}: {policy}");
    }
    let plain = page(&browser, "/sign-in").await;
    assert!(!plain.is(200).text().contains("to go on to"), "{plain}");
    let theirs = register(&app, "web", more).await;
    let jane = jane(&app).await;
    let consent = page(&jane.client, &theirs.request(&[])).await;
    assert!(consent.is(200).text().contains("src=\"https://cdn.example.com:8443/logo.png\""), "{consent}");
    assert!(consent.header("content-security-policy").contains("https://cdn.example.com:8443;"), "{consent}");
}

async fn a_client_that_registered_itself_is_named_with_its_host(app: TestApp) {
    app.admin_key().patch("/v1/tenant").json(&json!({ "dynamic_registration": "open" })).await.ok();
    let asked = json!({ "client_name": "Google", "redirect_uris": ["https://evil.example/callback"] });
    let id = app.program().post("/oauth2/register").json(&asked).await.is(201).at("/client_id");
    let client = Relying { app: app.clone(), id, secret: None };
    let browser = app.browser();
    let answer = browser.get(&client.request(&[("redirect_uri", "https://evil.example/callback")])).await;
    let challenge =
        answer.is(303).header("location").split_once("login_challenge%3D").expect("a challenge").1.to_owned();
    let opened = open(&browser, "login", &[("login_challenge", &challenge)]).await;
    assert_eq!(opened.ok()["client"]["redirect_host"], "evil.example");
    let shown = page(&browser, &format!("/sign-in?login_challenge={challenge}")).await;
    assert!(shown.is(200).text().contains("<strong>evil.example</strong>"), "{shown}");
}

const ANEW: &str = "https://app.example.com/login?from=id";
const ANEW_HERE: &str = "https://app.example.com/login?from=id&iss=https%3A%2F%2Fid.example.com";

async fn a_stale_page_leads_to_where_the_client_begins_anew(app: TestApp) {
    let client = own_app(&app, json!({ "initiate_login_uri": ANEW })).await;
    let plain = own_app(&app, json!({})).await;
    for (kind, path) in [("login", "/sign-in"), ("registration", "/sign-up")] {
        let browser = app.browser();
        let flow = browser.open_with(kind, &[("client_id", &client.id)]).await;
        let other = browser.open_with(kind, &[("client_id", &plain.id)]).await;
        app.advance(30 * 60 + 1);
        let gone = flow.read().await;
        gone.refused(Code::FlowGone);
        assert_eq!(gone["new_flow_url"], ANEW_HERE);
        let gone = other.read().await;
        assert_eq!(gone.refused(Code::FlowGone)["new_flow_url"], format!("https://id.example.com{path}"));
        let id = flow.opened["id"].as_str().expect("an id").to_owned();
        let shown = browser.get(&format!("{path}?flow={id}")).await;
        assert!(shown.is(410).text().contains(&ANEW_HERE.replace('&', "&#38;")), "{shown}");
    }
}

async fn a_stale_request_leads_to_where_the_client_begins_anew(app: TestApp) {
    let client = own_app(&app, json!({ "initiate_login_uri": ANEW })).await;
    let plain = own_app(&app, json!({})).await;
    let browser = app.browser();
    let (first, second) = (challenge(&client, &browser).await, challenge(&plain, &browser).await);
    let other = app.browser();
    for path in ["/oauth2/auth", "/sign-in", "/sign-up"] {
        let elsewhere = other.get(&format!("{path}?login_challenge={first}")).await;
        assert_eq!(elsewhere.is(303).header("location"), ANEW_HERE, "another browser: {path}");
        let here = browser.get(&format!("{path}?login_challenge={first}")).await;
        assert_ne!(here.is(303).header("location"), ANEW_HERE, "good still: {path}");
    }
    app.advance(30 * 60 + 1);
    for path in ["/oauth2/auth", "/sign-in", "/sign-up"] {
        let late = browser.get(&format!("{path}?login_challenge={first}")).await;
        assert_eq!(late.is(303).header("location"), ANEW_HERE, "{path}");
    }
    browser.get(&format!("/oauth2/auth?login_challenge={second}")).await.is(400);
    let off = json!({ "state": "disabled" });
    app.admin_key().patch(&format!("/v1/clients/{}", client.id)).json(&off).await.ok();
    browser.get(&format!("/oauth2/auth?login_challenge={first}")).await.is(400);
}

async fn nobody_is_led_to_a_client_that_registered_itself_who_did_not_come_from_it(app: TestApp) {
    app.admin_key().patch("/v1/tenant").json(&json!({ "dynamic_registration": "open" })).await.ok();
    let evil = "https://evil.example/callback";
    let asked = json!({ "redirect_uris": [evil], "initiate_login_uri": ANEW });
    let id = app.program().post("/oauth2/register").json(&asked).await.is(201).at("/client_id");
    let client = Relying { app: app.clone(), id, secret: None };
    let browser = app.browser();
    let answer = browser.get(&client.request(&[("redirect_uri", evil)])).await;
    let location = answer.is(303).header("location").to_owned();
    let challenge = location.split_once("login_challenge%3D").expect("a challenge").1;
    let path = format!("/oauth2/auth?login_challenge={challenge}");
    app.browser().get(&path).await.is(400);
    app.advance(30 * 60 + 1);
    app.browser().get(&path).await.is(400);
    assert_eq!(browser.get(&path).await.is(303).header("location"), ANEW_HERE);
}

async fn where_a_client_begins_anew_is_an_https_url(app: TestApp) {
    for wrong in ["http://app.example.com/login", "javascript:alert(1)", "/login", "com.example.app:/login"] {
        let body = json!({
            "name": "Shop", "type": "web", "redirect_uris": ["https://app.example.com/callback"],
            "initiate_login_uri": wrong,
        });
        let made = app.admin_key().post("/v1/clients").json(&body).await;
        assert_eq!(
            made.refused(Code::ValidationFailed)["errors"][0]["field"],
            "initiate_login_uri",
            "{wrong}"
        );
    }
    app.admin_key().patch("/v1/tenant").json(&json!({ "dynamic_registration": "open" })).await.ok();
    let asked = json!({ "redirect_uris": ["https://notes.example/callback"], "initiate_login_uri": ANEW });
    let made = app.program().post("/oauth2/register").json(&asked).await;
    assert_eq!(made.is(201)["initiate_login_uri"], ANEW);
}

//! Clients that are a document on the web (`contract/30` §11).

use std::time::Duration;

use avnology_model::events::EventType;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{Back, CALLBACK, Relying, VERIFIER, challenge_of, csrf_of, jane, refused, verified};

on_both_engines! {
    a_document_is_a_client_and_its_url_is_its_name,
    a_document_is_read_again_when_its_time_is_over,
    documents_that_are_not_good_are_no_clients,
    a_document_has_no_secret_and_no_other_name,
    without_the_setting_a_url_is_no_client,
    of_many_who_name_a_new_document_all_are_served,
    what_is_switched_off_stays_off,
}

const URL: &str = "https://notes.example.com/client.json";

fn document() -> Value {
    json!({ "client_id": URL, "client_name": "Notes", "redirect_uris": [CALLBACK], "scope": "openid email" })
}

fn put(app: &TestApp, document: &Value) {
    app.web().put(URL, document.to_string());
}

async fn on(app: &TestApp) -> Relying {
    app.settings(json!({ "client_id_metadata_documents": true })).await;
    put(app, &document());
    Relying { app: app.clone(), id: URL.to_owned(), secret: None }
}

const SCOPE: (&str, &str) = ("scope", "openid email");

async fn agree(client: &Relying, browser: &avnology_testkit::Client) -> String {
    let challenge = challenge_of(&browser.get(&client.request(&[SCOPE])).await, "/consent");
    let page = browser.get(&format!("/consent?login_challenge={challenge}")).await;
    let text = page.is(200).text();
    assert!(text.contains("notes.example.com") && text.contains("app.example.com"), "{text}");
    let form =
        [("csrf_token", csrf_of(&page)), ("login_challenge", challenge), ("decision", "accept".to_owned())];
    let mut form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.push(("scope", "email"));
    let goes_on = browser.post("/consent").form(&form).await;
    let back = browser.get(goes_on.is(303).header("location")).await;
    Back::of(back.is(303).header("location")).code()
}

async fn a_document_is_a_client_and_its_url_is_its_name(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    let code = agree(&client, &jane.client).await;
    let tokens = client.redeem(&code).await;
    let access = verified(&app, tokens.ok()["access_token"].as_str().expect("a token"), "at+jwt").await;
    assert_eq!((access["client_id"].clone(), access["sub"].clone()), (json!(URL), json!(jane.id)));
    let id = verified(&app, &tokens.at("/id_token"), "JWT").await;
    assert_eq!((id["aud"].clone(), id["azp"].clone()), (json!(URL), json!(URL)));
    let userinfo = app.program().get("/userinfo");
    userinfo.header("authorization", &format!("Bearer {}", tokens.at("/access_token"))).await.ok();
    // People are asked each time.
    agree(&client, &jane.client).await;
    let metadata = app.program().get("/.well-known/openid-configuration").await;
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    let told = app.payloads(EventType::OauthClientCreated).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["client"]["dynamically_registered"], true);
}

async fn a_document_is_read_again_when_its_time_is_over(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    let ask = async || jane.client.get(&client.request(&[SCOPE])).await;
    ask().await.is(303);
    ask().await.is(303);
    assert_eq!(app.web().fetched(URL), 1);
    let mut changed = document();
    changed["redirect_uris"] = json!(["https://other.example.com/cb"]);
    app.web().put_for(URL, changed.to_string(), Duration::from_hours(25));
    app.advance(299);
    ask().await.is(303);
    app.advance(1);
    ask().await.is(400);
    assert_eq!(app.web().fetched(URL), 2);
    assert_eq!(app.payloads(EventType::OauthClientUpdated).await.len(), 1);
    put(&app, &document());
    app.advance(24 * 60 * 60 - 1);
    ask().await.is(400);
    app.advance(1);
    ask().await.is(303);
}

async fn documents_that_are_not_good_are_no_clients(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    let with = |name: &str, value: Value| {
        let mut document = document();
        document[name] = value;
        document
    };
    for bad in [
        json!([]),
        json!({}),
        with("client_id", json!("https://evil.example/client.json")),
        with("redirect_uris", json!([])),
        with("token_endpoint_auth_method", json!("client_secret_basic")),
        with("client_secret", json!("x")),
        with("grant_types", json!(["password"])),
    ] {
        put(&app, &bad);
        jane.client.get(&client.request(&[SCOPE])).await.is(400);
    }
    app.web().put(URL, "no JSON");
    jane.client.get(&client.request(&[SCOPE])).await.is(400);
    app.web().remove(URL);
    jane.client.get(&client.request(&[SCOPE])).await.is(400);
    refused(
        &client.token(&[("grant_type", "refresh_token"), ("refresh_token", "x")]).await,
        401,
        "invalid_client",
    );
    assert!(app.payloads(EventType::OauthClientCreated).await.is_empty());
}

async fn a_document_has_no_secret_and_no_other_name(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    jane.client.get(&client.request(&[SCOPE])).await.is(303);
    let listed = app.admin_key().get("/v1/clients").await;
    let id = listed.ok()["clients"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(listed["clients"][0]["secrets"], json!([]));
    jane.client.get(&client.request(&[SCOPE, ("client_id", &id)])).await.is(400);
    for bad in ["https://notes.example.com/client.json?x=1", "http://notes.example.com/client.json"] {
        jane.client.get(&client.request(&[SCOPE, ("client_id", bad)])).await.is(400);
    }
    let form = [("grant_type", "authorization_code"), ("code", "x"), ("code_verifier", VERIFIER)];
    refused(&client.token(&form).await, 400, "invalid_grant");
}

async fn without_the_setting_a_url_is_no_client(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    jane.client.get(&client.request(&[SCOPE])).await.is(303);
    app.settings(json!({ "client_id_metadata_documents": false })).await;
    jane.client.get(&client.request(&[SCOPE])).await.is(400);
    let metadata = app.program().get("/.well-known/openid-configuration").await;
    assert_eq!(metadata["client_id_metadata_document_supported"], json!(null));
}

async fn of_many_who_name_a_new_document_all_are_served(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    let request = client.request(&[SCOPE]);
    let (one, two, three) =
        tokio::join!(jane.client.get(&request), jane.client.get(&request), jane.client.get(&request));
    assert_eq!([one.status, two.status, three.status], [303; 3]);
    assert_eq!(app.admin_key().get("/v1/clients").await.ok()["clients"].as_array().map(Vec::len), Some(1));
}

async fn what_is_switched_off_stays_off(app: TestApp) {
    let client = on(&app).await;
    let jane = jane(&app).await;
    jane.client.get(&client.request(&[SCOPE])).await.is(303);
    let id = app.admin_key().get("/v1/clients").await.at("/clients/0/id");
    let path = format!("/v1/clients/{id}");
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    app.advance(300);
    let back = Back::of(jane.client.get(&client.request(&[SCOPE])).await.is(303).header("location"));
    assert_eq!(back.error(), "unauthorized_client");
}

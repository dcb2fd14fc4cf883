//! Interfaces of one's own in place of our sign-in pages: flows that continue an authorization request (`contract/11` §1.1,
//! `contract/30` §3).

use avnology_model::Code;
use avnology_testkit::{Answer, Client, PASSWORD, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Back, Relying, jane, own_app, register};

on_both_engines! {
    the_last_submit_of_a_login_leads_back_to_the_request,
    a_registration_leads_back_to_the_request,
    a_flow_asks_for_what_the_request_does,
    who_is_signed_in_is_led_on_at_once,
    a_challenge_is_good_in_its_browser_for_half_an_hour,
    a_flow_tells_which_client_it_is_for,
    our_own_pages_take_a_challenge_and_whole_requests,
    between_signing_in_and_signing_up_nobody_loses_their_way,
}

/// The challenge of a request that a browser began.
async fn begun(client: &Relying, browser: &Client, more: &[(&str, &str)]) -> String {
    let answer = browser.get(&client.request(more)).await;
    let location = answer.is(303).header("location").to_owned();
    let (_, rest) =
        location.split_once("login_challenge%3D").unwrap_or_else(|| panic!("no challenge: {location}"));
    rest.split('&').next().expect("a challenge").to_owned()
}

async fn flow(browser: &Client, kind: &str, challenge: &str) -> Answer {
    browser.get(&format!("/v1/flows/{kind}?login_challenge={challenge}")).await
}

async fn the_last_submit_of_a_login_leads_back_to_the_request(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let person = app.person("jane@acme.example").await;
    let browser = app.browser();
    let challenge = begun(&client, &browser, &[]).await;
    let opened = flow(&browser, "login", &challenge).await;
    assert_eq!(opened.ok()["login_challenge"], json!(challenge));
    let body = json!({ "identifier": person.email, "password": PASSWORD });
    let done = browser.follow(&opened).submit("password", body).await;
    let target = done.ok()["redirect_to"].as_str().expect("a way on").to_owned();
    assert_eq!(target, format!("https://id.example.com/oauth2/auth?login_challenge={challenge}"));
    let path = target.strip_prefix("https://id.example.com").expect("ours");
    let back = Back::of(browser.get(path).await.is(303).header("location"));
    client.redeem(&back.code()).await.ok();
}

async fn a_registration_leads_back_to_the_request(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = app.browser();
    let challenge = begun(&client, &browser, &[("prompt", "create")]).await;
    let opened = flow(&browser, "registration", &challenge).await;
    let body = json!({ "traits": { "email": "new@acme.example" }, "password": PASSWORD });
    let done = browser.follow(&opened).submit("password", body).await;
    let target = done.ok()["redirect_to"].as_str().expect("a way on").to_owned();
    let path = target.strip_prefix("https://id.example.com").expect("ours");
    Back::of(browser.get(path).await.is(303).header("location")).code();
}

async fn a_flow_asks_for_what_the_request_does(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    app.advance(10);
    let challenge = begun(&client, &jane.client, &[("prompt", "login"), ("organization_id", &team.id)]).await;
    let opened = flow(&jane.client, "login", &challenge).await;
    assert_eq!(
        (opened.ok()["organization_id"].clone(), opened["state"].clone()),
        (json!(team.id), json!("choose_method"))
    );
    let challenge = begun(&client, &jane.client, &[("acr_values", "aal2")]).await;
    let opened = flow(&jane.client, "login", &challenge).await;
    assert_eq!(opened.ok()["requested_aal"], "aal2");
}

async fn who_is_signed_in_is_led_on_at_once(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let answer = jane.client.get(&client.request(&[])).await;
    let location = answer.is(303).header("location").to_owned();
    let challenge =
        location.strip_prefix("/consent?login_challenge=").expect("the page of consent").to_owned();
    let opened = flow(&jane.client, "login", &challenge).await;
    assert_eq!(opened.ok()["state"], "passed");
    assert!(opened["redirect_to"].as_str().is_some_and(|target| target.ends_with(&challenge)), "{opened}");
}

async fn a_challenge_is_good_in_its_browser_for_half_an_hour(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = app.browser();
    let challenge = begun(&client, &browser, &[]).await;
    let wrong = [("login_challenge", "not_found")];
    flow(&jane(&app).await.client, "login", &challenge).await.refused_fields(Code::ValidationFailed, &wrong);
    flow(&app.program(), "login", &challenge).await.refused_fields(Code::ValidationFailed, &wrong);
    flow(&browser, "login", "nonsense").await.refused_fields(Code::ValidationFailed, &wrong);
    flow(&browser, "login", &challenge).await.ok();
    app.advance(30 * 60 + 1);
    flow(&browser, "login", &challenge).await.refused_fields(Code::ValidationFailed, &wrong);
}

async fn a_flow_tells_which_client_it_is_for(app: TestApp) {
    let terms = "https://app.example.com/terms";
    let client = own_app(&app, json!({ "tos_uri": terms })).await;
    let browser = app.browser();
    let challenge = begun(&client, &browser, &[]).await;
    let opened = flow(&browser, "login", &challenge).await;
    assert_eq!(
        opened.ok()["client"],
        json!({ "id": client.id, "name": "Shop", "logo_url": null, "policy_url": null, "terms_url": terms })
    );
    let plain = browser.get("/v1/flows/login").await;
    assert_eq!((plain.ok()["client"].clone(), plain["login_challenge"].clone()), (json!(null), json!(null)));
}

async fn our_own_pages_take_a_challenge_and_whole_requests(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = app.browser();
    let challenge = begun(&client, &browser, &[]).await;
    for page in ["/sign-in", "/sign-up"] {
        let opened = browser.get(&format!("{page}?login_challenge={challenge}")).await;
        let path = opened.is(303).header("location").to_owned();
        let id = path.rsplit_once("flow=").expect("a flow").1.to_owned();
        let kind = if page == "/sign-in" { "login" } else { "registration" };
        assert_eq!(browser.resume(kind, &id).await.opened["login_challenge"], json!(challenge), "{page}");
    }
    let over = browser.get("/sign-in?login_challenge=nonsense").await;
    assert!(over.is(303).header("location").starts_with("/sign-in?flow="), "{over}");
    let request = client.request(&[]);
    let (_, query) = request.split_once('?').expect("a request");
    let forwarded = browser.get(&format!("/sign-in?{query}")).await;
    assert_eq!(forwarded.is(303).header("location"), request);
}

async fn between_signing_in_and_signing_up_nobody_loses_their_way(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = app.browser();
    let challenge = begun(&client, &browser, &[]).await;
    let mut page = format!("/sign-in?login_challenge={challenge}");
    for other in ["/sign-up?return_to=", "/sign-in?return_to="] {
        let opened = browser.get(&page).await;
        let shown = browser.get(opened.is(303).header("location")).await;
        let text = shown.is(200).text();
        let (_, rest) = text.split_once(&format!("href=\"{other}")).unwrap_or_else(|| panic!("{text}"));
        page = format!("{other}{}", rest.split('"').next().expect("an address").replace("&amp;", "&"));
        let url = url::Url::parse(&format!("https://id.example.com{page}")).expect("an address");
        assert!(url.query_pairs().any(|(_, value)| value.ends_with(&challenge)), "{page}");
    }
}

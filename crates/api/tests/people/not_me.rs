//! "This was not me": `contract/11` §8.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, Client, Mail, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    the_page_tells_when_and_where_the_account_was_made,
    the_owner_of_an_address_deletes_an_account_that_was_never_verified,
    a_denied_account_frees_its_address_and_its_link_is_used_up,
    a_verified_account_is_refused_and_loses_nothing,
    an_account_that_was_verified_once_cannot_be_denied,
    a_wrong_token_denies_nothing,
    of_a_denial_and_a_confirmation_one_wins,
    confirming_in_another_browser_says_so_there,
    a_programs_flow_is_answered_from_the_page_of_its_link,
}

const EMAIL: &str = "jane@acme.example";

/// Somebody registers with the address; the mail that its owner gets.
async fn registered(app: &TestApp) -> (Client, Mail) {
    let stranger = app.browser().from("198.51.100.7");
    stranger.register(EMAIL).await.ok();
    let mail = app.latest_mail(EMAIL).await;
    assert_eq!(mail.kind, "verification");
    (stranger, mail)
}

fn path(mail: &Mail) -> String {
    let url = mail.link.split_once("/verify").expect("the page").1;
    format!("/verify{url}")
}

async fn page(client: &Client, path: &str) -> Answer {
    client.get(path).header("accept", "text/html").await
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let rest =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}")).1;
    rest.split_once('"').expect("a value").0.to_owned()
}

/// Presses a button of the page of a link.
async fn press(client: &Client, page: &Answer, mail: &Mail, decision: Option<&str>) -> Answer {
    let csrf = hidden(&page.text(), "csrf_token");
    let token = mail.link_parameter("token");
    let mut fields = vec![("method", "link"), ("csrf_token", csrf.as_str()), ("token", token.as_str())];
    fields.extend(decision.map(|d| ("decision", d)));
    let action = format!("/v1/flows/verification/{}:submit", mail.link_parameter("flow"));
    client.post(&action).form(&fields).await
}

async fn count(app: &TestApp) -> usize {
    let found =
        app.admin_key().get("/v1/identities").query(&[("filter", &format!("email = \"{EMAIL}\""))]).await;
    found.ok()["identities"].as_array().expect("a list").len()
}

async fn the_page_tells_when_and_where_the_account_was_made(app: TestApp) {
    let (stranger, mail) = registered(&app).await;
    app.advance(600);
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    let text = shown.is(200).text();
    assert!(text.contains("This was not me") && text.contains("value=\"deny\""), "{text}");
    assert!(text.contains("198.51.100.7") && text.contains("Firefox on Linux"), "{text}");
    // Who is signed in to that very account knows who made it.
    let text = page(&stranger, &path(&mail)).await.is(200).text();
    assert!(!text.contains("This was not me"), "{text}");
    let other = app.browsing("joe@acme.example").await;
    assert!(page(&other.client, &path(&mail)).await.text().contains("This was not me"));
}

async fn the_owner_of_an_address_deletes_an_account_that_was_never_verified(app: TestApp) {
    let (stranger, mail) = registered(&app).await;
    stranger.whoami().await.ok();
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    let pressed = press(&owner, &shown, &mail, Some("deny")).await;
    let told = page(&owner, pressed.is(303).header("location")).await;
    assert!(told.is(200).text().contains("The account was deleted"), "{told}");
    assert_eq!(count(&app).await, 0);
    stranger.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in(EMAIL, PASSWORD).await.refused(Code::WrongCredentials);
    let events = app.payloads(EventType::UserDeleted).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["reason"], "not_me");
}

async fn a_denied_account_frees_its_address_and_its_link_is_used_up(app: TestApp) {
    let (_, mail) = registered(&app).await;
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    press(&owner, &shown, &mail, Some("deny")).await.is(303);
    assert!(page(&owner, &path(&mail)).await.is(410).text().contains("no longer works"));
    press(&owner, &shown, &mail, None).await.is(303);
    assert_eq!(count(&app).await, 0, "a used link proves nothing");
    app.advance(3_600);
    owner.register(EMAIL).await.ok();
    press(&owner, &shown, &mail, Some("deny")).await.is(303);
    assert_eq!(count(&app).await, 1, "and denies nothing of the new account");
}

async fn a_verified_account_is_refused_and_loses_nothing(app: TestApp) {
    let (stranger, mail) = registered(&app).await;
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    app.advance(61);
    app.program().verify(EMAIL).await.goes_on("passed_challenge");
    assert!(!page(&owner, &path(&mail)).await.text().contains("This was not me"));
    let body = json!({ "method": "link", "body": { "token": mail.link_parameter("token"), "decision": "deny",
        "csrf_token": hidden(&shown.text(), "csrf_token") } });
    let action = format!("/v1/flows/verification/{}:submit", mail.link_parameter("flow"));
    owner.post(&action).json(&body).await.refused(Code::StepUnavailable);
    assert_eq!(count(&app).await, 1);
    stranger.whoami().await.ok();
}

async fn an_account_that_was_verified_once_cannot_be_denied(app: TestApp) {
    let id = app.account("old@acme.example").await;
    let change = json!({ "identity": { "email": EMAIL } });
    app.admin_key().patch(&format!("/v1/identities/{id}")).json(&change).await.ok();
    let asked = app.program().open("verification").await;
    asked.submit("code", json!({ "email": EMAIL })).await.goes_on("sent_email");
    let mail = app.latest_mail(EMAIL).await;
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    assert!(!shown.is(200).text().contains("This was not me"), "{shown}");
    press(&owner, &shown, &mail, Some("deny")).await.is(303);
    assert_eq!(count(&app).await, 1);
    // The link is still good for what it is for.
    press(&owner, &shown, &mail, None).await.is(303);
    let identity = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    assert_eq!(identity.ok()["email_verified"], true);
}

async fn a_wrong_token_denies_nothing(app: TestApp) {
    let (_, mail) = registered(&app).await;
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    let csrf = hidden(&shown.text(), "csrf_token");
    let action = format!("/v1/flows/verification/{}:submit", mail.link_parameter("flow"));
    let real = mail.link_parameter("token");
    let wrong = format!("{}{}", &real[..real.len() - 1], if real.ends_with('a') { 'b' } else { 'a' });
    let submit = async |token: &str, decision: &str, csrf: &str| {
        let body = json!({ "token": token, "decision": decision, "csrf_token": csrf });
        owner.post(&action).json(&json!({ "method": "link", "body": body })).await
    };
    submit(&wrong, "deny", &csrf).await.refused(Code::CodeExpired);
    submit(&real, "deny", "x").await.refused(Code::CsrfFailed);
    submit(&real, "maybe", &csrf).await.refused(Code::InputRejected);
    assert_eq!(count(&app).await, 1);
    app.advance(3_601);
    submit(&real, "deny", &csrf).await.refused(Code::FlowGone);
    assert_eq!(count(&app).await, 1);
}

async fn of_a_denial_and_a_confirmation_one_wins(app: TestApp) {
    let (_, mail) = registered(&app).await;
    let owner = app.browser();
    let csrf = hidden(&page(&owner, &path(&mail)).await.text(), "csrf_token");
    let action = format!("/v1/flows/verification/{}:submit", mail.link_parameter("flow"));
    let submit = |decision: Option<&'static str>| {
        let mut body = json!({ "token": mail.link_parameter("token"), "csrf_token": csrf });
        if let Some(decision) = decision {
            body["decision"] = json!(decision);
        }
        let call = owner.post(&action).json(&json!({ "method": "link", "body": body }));
        async move { call.await }
    };
    let tasks = [None, Some("deny"), None, Some("deny")].map(|d| tokio::spawn(submit(d)));
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.expect("a task").status == 200);
    }
    assert_eq!(done, 1, "the link is used once");
    let deleted = app.payloads(EventType::UserDeleted).await.len();
    let verified = app.payloads(EventType::UserEmailVerified).await.len();
    assert_eq!((deleted + verified, count(&app).await), (1, verified));
}

async fn confirming_in_another_browser_says_so_there(app: TestApp) {
    let (_, mail) = registered(&app).await;
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    let pressed = press(&owner, &shown, &mail, None).await;
    let told = page(&owner, pressed.is(303).header("location")).await;
    assert!(told.is(200).text().contains("Your address is verified"), "{told}");
}

async fn a_programs_flow_is_answered_from_the_page_of_its_link(app: TestApp) {
    let asked = app.program();
    asked.register(EMAIL).await.ok();
    let mail = app.latest_mail(EMAIL).await;
    let owner = app.browser();
    let shown = page(&owner, &path(&mail)).await;
    let without = owner
        .post(&format!("/v1/flows/verification/{}:submit", mail.link_parameter("flow")))
        .form(&[("method", "link"), ("token", &mail.link_parameter("token"))])
        .await;
    without.refused(Code::CsrfFailed);
    let pressed = press(&owner, &shown, &mail, None).await;
    assert!(
        page(&owner, pressed.is(303).header("location")).await.text().contains("Your address is verified")
    );
    let me = asked.get("/v1/me").await;
    assert_eq!(me["email_verified"], Value::Bool(true));
}

//! Own activity: `contract/70` §3.2, `contract/95` §3.

use avnology_model::Code;
use avnology_testkit::{PASSWORD, Person, TestApp, on_both_engines};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3_600;

on_both_engines! {
    what_happened_to_an_account_is_shown_to_its_owner_and_nobody_else,
    of_whoever_else_acted_neither_name_nor_address_is_shown,
    a_wrong_password_is_shown_with_where_it_came_from,
    pages_follow_each_other_without_gap_or_repetition,
    activity_is_kept_for_ninety_days_and_goes_with_the_account,
    the_page_tells_what_happened_in_words_and_turns_without_scripts,
}

async fn activity(person: &Person) -> Vec<Value> {
    person.client.app().keep_activity().await;
    let page = person.client.get("/v1/me/activity").query(&[("page_size", "100")]).await;
    page.ok()["events"].as_array().expect("events").clone()
}

fn actions(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["action"].as_str().expect("an action")).collect()
}

async fn what_happened_to_an_account_is_shown_to_its_owner_and_nobody_else(app: TestApp) {
    app.account("jane@acme.example").await;
    app.advance(1);
    let jane = app.program().signed_in("jane@acme.example").await;
    let joe = app.person("joe@acme.example").await;
    app.advance(1);
    jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane" })).await.ok();
    let seen = activity(&jane).await;
    assert_eq!(actions(&seen), ["user.updated", "session.created", "user.created"]);
    assert_eq!(seen[0]["actor"], json!({ "type": "identity", "is_self": true }));
    assert_eq!(seen[0]["details"], json!({ "changed_fields": ["first_name"] }));
    assert_eq!(seen[1]["session_id"], jane.session_id.as_str());
    let text = serde_json::to_string(&activity(&joe).await).expect("JSON");
    assert!(!text.contains(&jane.id) && !text.contains("first_name"), "{text}");
    app.program().get("/v1/me/activity").await.refused(Code::SessionInvalid);
    jane.client
        .get("/v1/me/activity")
        .query(&[("filter", "action = \"x\"")])
        .await
        .refused_fields(Code::ValidationFailed, &[("filter", "not_allowed")]);
}

async fn of_whoever_else_acted_neither_name_nor_address_is_shown(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    let path = team.path(&format!("/members/{}", jane.id));
    team.owner.client.patch(&path).json(&json!({ "role": "admin" })).await.ok();
    let seen = activity(&jane).await;
    let changed = seen.iter().find(|e| e["action"] == "organization.member.role_changed").expect("told");
    assert_eq!(changed["actor"], json!({ "type": "identity", "is_self": false }));
    assert_eq!((&changed["ip"], &changed["user_agent"]), (&Value::Null, &Value::Null));
    assert_eq!(changed["organization_id"], team.id.as_str());
    let text = serde_json::to_string(&seen).expect("JSON");
    assert!(!text.contains("olivia") && !text.contains(&team.owner.id), "{text}");
}

async fn a_wrong_password_is_shown_with_where_it_came_from(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let stranger = app.program().from("198.51.100.9");
    stranger.sign_in("jane@acme.example", "not hers").await.refused(Code::WrongCredentials);
    let seen = activity(&jane).await;
    let failed = seen.iter().find(|event| event["action"] == "session.login_failed").expect("told");
    assert_eq!((&failed["result"], &failed["ip"]), (&json!("failure"), &json!("198.51.100.9")));
    assert_eq!(failed["actor"], json!({ "type": "anonymous", "is_self": false }));
}

async fn pages_follow_each_other_without_gap_or_repetition(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for name in ["A", "B", "C", "D", "E"] {
        jane.client.patch("/v1/me").json(&json!({ "first_name": name })).await.ok();
    }
    let all = activity(&jane).await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let query = [("page_size", "2"), ("page_token", token.as_str())];
        let query = if token.is_empty() { &query[..1] } else { &query[..] };
        let page = jane.client.get("/v1/me/activity").query(query).await;
        seen.extend(page.ok()["events"].as_array().expect("events").clone());
        token = page.at("/next_page_token");
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all);
    assert_eq!(seen.len(), 7);
}

async fn activity_is_kept_for_ninety_days_and_goes_with_the_account(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    assert_eq!(activity(&jane).await.len(), 2);
    app.advance(91 * DAY);
    app.sweep().await;
    let again = app.program().signed_in("jane@acme.example").await;
    let seen = activity(&again).await;
    assert!(!actions(&seen).contains(&"user.created"), "{seen:?}");
    app.admin_key()
        .delete(&format!("/v1/identities/{}", jane.id))
        .query(&[("force", "true")])
        .await
        .no_content();
    // What its removal tells comes to nobody.
    app.keep_activity().await;
    let left = app.tenant().store.identity().read({
        let id = jane.id.parse().expect("an id");
        move |tx| avnology_store::privacy::activity::list(tx, id, None, 10)
    });
    assert_eq!(left.await.expect("read"), []);
}

async fn the_page_tells_what_happened_in_words_and_turns_without_scripts(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    for round in 0..30 {
        app.advance(1);
        let name = format!("Jane {round}");
        jane.client
            .patch("/v1/me")
            .header("origin", avnology_testkit::ORIGIN)
            .json(&json!({ "first_name": name }))
            .await
            .ok();
    }
    app.advance(1);
    app.program().sign_in("jane@acme.example", &format!("{PASSWORD}!")).await.refused(Code::WrongCredentials);
    app.keep_activity().await;
    let page = jane.client.get("/account/activity").header("accept", "text/html").await;
    let text = page.is(200).text();
    assert!(text.contains("Wrong password or code"), "{text}");
    assert!(text.contains("Profile changed"), "{text}");
    let (_, rest) = text.split_once("href=\"/account/activity?").expect("a link to older events");
    let query = rest.split('"').next().expect("its end").replace("&#38;", "&").replace("&amp;", "&");
    let older = jane.client.get(&format!("/account/activity?{query}")).header("accept", "text/html").await;
    assert!(older.is(200).text().contains("Account created"), "{older}");
}

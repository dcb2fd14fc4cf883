//! One's own identity: `contract/10` §5.

use avnology_model::Code;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    one_sees_oneself_without_what_is_for_administrators,
    one_changes_ones_names_and_traits,
    what_is_not_ones_own_to_change_is_refused,
    a_new_address_takes_effect_when_it_is_proven,
    a_new_address_or_username_needs_a_fresh_sign_in,
    a_taken_address_or_username_is_refused,
    the_old_address_can_undo_the_change_for_72_hours,
    one_removes_ones_own_password,
    a_key_has_no_self,
}

async fn one_sees_oneself_without_what_is_for_administrators(app: TestApp) {
    let more = json!({ "external_id": "x|1", "metadata": { "public": { "plan": "pro" }, "admin": { "note": "vip" } } });
    app.account_with("jane@acme.example", more).await;
    let jane = app.program().signed_in("jane@acme.example").await;
    for (path, pointer) in [("/v1/me", ""), ("/v1/sessions/whoami", "/identity")] {
        let answer = jane.client.get(path).await;
        let me = answer.ok().pointer(pointer).expect("an identity").clone();
        assert_eq!(me["metadata"], json!({ "public": { "plan": "pro" } }));
        assert!(me.get("external_id").is_none() && !answer.text().contains("vip"), "{answer}");
        assert_eq!((me["id"].clone(), me["email"].clone()), (json!(jane.id), json!("jane@acme.example")));
    }
    let me = jane.client.get("/v1/me").await;
    assert_eq!(me.header("etag"), format!("\"{}\"", me.at("/etag")));
}

async fn one_changes_ones_names_and_traits(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let change = json!({ "first_name": " Jane ", "last_name": "Doe", "display_name": "JD", "locale": "de-CH",
        "timezone": "Europe/Zurich", "avatar_url": "https://cdn.example/j.png", "traits": { "size": 39 } });
    let after = jane.client.patch("/v1/me").json(&change).await;
    after.ok();
    assert_eq!(
        (after.at("/first_name"), after.at("/timezone")),
        ("Jane".to_owned(), "Europe/Zurich".to_owned())
    );
    assert!(after.json().get("pending").is_none(), "{after}");
    assert_eq!(jane.client.whoami().await.at("/identity/display_name"), "JD", "whoami shows it at once");
    let after =
        jane.client.patch("/v1/me").json(&json!({ "display_name": null, "traits": { "size": null } })).await;
    assert_eq!((after.at("/display_name"), after["traits"].clone()), ("Jane Doe".to_owned(), json!({})));
}

async fn what_is_not_ones_own_to_change_is_refused(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for name in ["email_verified", "external_id", "metadata", "password_change_required", "phone_verified"] {
        let answer = jane.client.patch("/v1/me").json(&json!({ name: true })).await;
        answer.refused_fields(Code::ValidationFailed, &[(name, "not_allowed")]);
    }
    for name in ["shoe", "id", "state", "etag"] {
        let answer = jane.client.patch("/v1/me").json(&json!({ name: "x" })).await;
        answer.refused_fields(Code::ValidationFailed, &[(name, "unknown_field")]);
    }
    let answer = jane.client.patch("/v1/me").json(&json!({ "email": null })).await;
    answer.refused_fields(Code::ValidationFailed, &[("email", "required")]);
    let answer = jane.client.patch("/v1/me").json(&json!({ "email": "jane" })).await;
    answer.refused_fields(Code::ValidationFailed, &[("email", "invalid_format")]);
}

async fn a_new_address_takes_effect_when_it_is_proven(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let pending = jane.client.patch("/v1/me").json(&json!({ "email": "new@acme.example" })).await;
    pending.ok();
    assert_eq!(pending.at("/email"), "jane@acme.example");
    assert_eq!(
        (pending.at("/pending/email"), pending["pending"]["phone"].clone()),
        ("new@acme.example".to_owned(), Value::Null)
    );
    let mail = app.latest_mail("new@acme.example").await;
    assert_eq!(mail.kind, "verification");
    let flow = jane.client.resume("verification", &pending.at("/pending/verification_flow_id")).await;
    assert_eq!(flow.opened.state(), "sent_email");
    let wrong = if mail.code == "000000" { "000001" } else { "000000" };
    flow.submit("code", json!({ "code": wrong })).await.refused(Code::WrongCode);
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), "jane@acme.example");
    let done = flow.submit("code", json!({ "code": mail.code })).await;
    done.goes_on("passed_challenge");
    assert_eq!(done.messages(), ["1080002"]);
    let me = jane.client.get("/v1/me").await;
    assert_eq!((me.at("/email"), me["email_verified"].clone()), ("new@acme.example".to_owned(), json!(true)));
    assert_eq!(jane.client.whoami().await.at("/identity/email"), "new@acme.example");
    app.program().sign_in("new@acme.example", PASSWORD).await.token();
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::WrongCredentials);
}

async fn a_new_address_or_username_needs_a_fresh_sign_in(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    app.advance(900);
    for change in [json!({ "email": "new@acme.example" }), json!({ "username": "jane" })] {
        let refused = jane.client.patch("/v1/me").json(&change).await;
        let document = refused.refused(Code::StepUpRequired);
        assert_eq!(
            document["required"],
            json!({ "aal": null, "max_age": 900, "connection_id": null, "methods": null })
        );
        let flow = jane.client.follow(&refused);
        assert_eq!((flow.kind.as_str(), &document["continue_flow"]["refresh"]), ("login", &json!(true)));
        assert_eq!(document["continue_flow"]["identifier"], "jane@acme.example");
    }
    jane.client
        .patch("/v1/me")
        .json(&json!({ "first_name": "Jane", "email": "JANE@acme.example" }))
        .await
        .ok();
    let refused = jane.client.patch("/v1/me").json(&json!({ "username": "jane" })).await;
    let done = jane.client.follow(&refused).submit("password", json!({ "password": PASSWORD })).await;
    jane.client.set_token(&done.token());
    jane.client.patch("/v1/me").json(&json!({ "username": "jane" })).await.ok();
}

async fn a_taken_address_or_username_is_refused(app: TestApp) {
    app.account_with("joe@acme.example", json!({ "username": "joe" })).await;
    let jane = app.person("jane@acme.example").await;
    let patch = |value: Value| jane.client.patch("/v1/me").json(&value);
    patch(json!({ "email": "Joe@acme.example" })).await.refused(Code::EmailTaken);
    assert_eq!(patch(json!({ "username": "JOE" })).await.refused(Code::HandleTaken)["field"], "username");
    app.settings(json!({ "registration": { "discloses_accounts": false } })).await;
    let hidden = patch(json!({ "email": "joe@acme.example" })).await;
    hidden.ok();
    assert_eq!(hidden.at("/pending/email"), "joe@acme.example", "as for any other address");
    let flow = jane.client.resume("verification", &hidden.at("/pending/verification_flow_id")).await;
    let mail = app.latest_mail("joe@acme.example").await;
    let refused = flow.submit("code", json!({ "code": mail.code })).await;
    refused.refused(Code::EmailTaken);
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), "jane@acme.example");
}

async fn the_old_address_can_undo_the_change_for_72_hours(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let pending = jane.client.patch("/v1/me").json(&json!({ "email": "new@acme.example" })).await;
    let code = app.latest_mail("new@acme.example").await.code;
    let flow = jane.client.resume("verification", &pending.at("/pending/verification_flow_id")).await;
    flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    let notice = app.latest_mail("jane@acme.example").await;
    assert_eq!(notice.kind, "email_changed");
    let token = notice.link_parameter("undo");
    app.advance(72 * 3600 - 1);
    let browser = app.browser();
    let page = browser.get(&format!("/verify?undo={token}")).await;
    let present = app.admin_key().get("/v1/identities").await.at("/identities/0/email");
    assert_eq!(present, "new@acme.example", "opening the link changes nothing");
    let html = page.is(200).text();
    let (_, rest) = html.split_once("name=\"csrf_token\" value=\"").expect("a form token");
    let csrf = rest.split('"').next().expect("its value").to_owned();
    let undo = |csrf: &str| browser.post("/verify").form(&[("token", &token), ("csrf_token", csrf)]);
    undo("forged").await.is(403);
    undo(&csrf).await.is(200);
    undo(&csrf).await.is(410);
    jane.client.whoami().await.is(401);
    let back = app.program().signed_in("jane@acme.example").await;
    assert_eq!(back.client.get("/v1/me").await.ok()["email_verified"], true);
}

async fn one_removes_ones_own_password(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let other = app.program().signed_in("jane@acme.example").await;
    let credential = jane.client.get("/v1/me/credentials").await.at("/credentials/0/id");
    let path = format!("/v1/me/credentials/{credential}");
    app.advance(900);
    jane.client.delete(&path).await.refused(Code::StepUpRequired);
    app.advance(-1);
    jane.client.delete(&path).await.no_content();
    assert_eq!(jane.client.get("/v1/me").await.ok()["has_password"], false);
    other.client.whoami().await.refused(Code::SessionInvalid);
    jane.client.delete(&path).await.refused(Code::NotFound);
}

async fn a_key_has_no_self(app: TestApp) {
    let answer = app.admin_key().get("/v1/me").await;
    assert_eq!(answer.refused(Code::ScopeMissing)["required_scopes"], json!(["account:self"]));
}

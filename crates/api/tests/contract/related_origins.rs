//! Origins that share this server's passkeys: `contract/11` §6, WebAuthn Level 3 §5.11.

use avnology_model::Code;
use avnology_testkit::{Says, SoftPasskey, TestApp, ceremony, on_both_engines};
use serde_json::json;

const RELATED: &str = "https://app.shop.example";

on_both_engines! {
    browsers_find_the_origins_that_share_the_passkeys,
    a_passkey_is_made_and_used_at_a_related_origin_and_at_no_other,
    origins_that_browsers_would_not_read_are_refused,
}

async fn browsers_find_the_origins_that_share_the_passkeys(app: TestApp) {
    let found = app.program().get("/.well-known/webauthn").await;
    assert_eq!(*found.ok(), json!({ "origins": [] }));
    app.settings(json!({ "webauthn": { "related_origins": [RELATED, "https://shop.example:8443"] } })).await;
    let found = app.program().get("/.well-known/webauthn").await;
    assert_eq!(*found.ok(), json!({ "origins": [RELATED, "https://shop.example:8443"] }));
    assert_eq!(found.header("content-type"), "application/json");
}

async fn a_passkey_is_made_and_used_at_a_related_origin_and_at_no_other(app: TestApp) {
    let at = |origin: &str| Says { origin: origin.to_owned(), ..Says::default() };
    let mut key = SoftPasskey::new(1);
    let flow = app.program().open("registration").await;
    let asked = flow.submit("passkey", json!({ "traits": { "email": "jane@acme.example" } })).await;
    let answer = key.create_saying(&ceremony(&asked)["options"], &at(RELATED));
    let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "origin", "not yet related");
    app.settings(json!({ "webauthn": { "related_origins": [RELATED] } })).await;
    let answer = key.create_saying(&ceremony(&refused)["options"], &at(RELATED));
    flow.submit("passkey", json!({ "passkey_response": answer })).await.ok();
    for (origin, framed, lets_in) in [
        (RELATED, false, true),
        (avnology_testkit::ORIGIN, false, true),
        (RELATED, true, false),
        ("https://shop.example", false, false),
        ("https://app.shop.example:8443", false, false),
        ("http://app.shop.example", false, false),
    ] {
        let flow = app.program().open("login").await;
        let says = Says { more: json!({ "crossOrigin": framed }), ..at(origin) };
        let answer = key.get_saying(&ceremony(&flow.opened)["options"], &says);
        let done = flow.submit("passkey", json!({ "passkey_response": answer })).await;
        if lets_in {
            done.ok();
        } else {
            assert_eq!(done.refused(Code::PasskeyRefused)["reason"], "origin", "{origin}");
        }
    }
}

async fn origins_that_browsers_would_not_read_are_refused(app: TestApp) {
    let many: Vec<String> = (0..6).map(|i| format!("https://shop{i}.example")).collect();
    for (origins, field, code) in [
        (json!(["http://app.shop.example"]), "webauthn.related_origins[0]", "invalid_format"),
        (json!([RELATED, "https://app.shop.example/"]), "webauthn.related_origins[1]", "invalid_format"),
        (json!([RELATED, RELATED]), "webauthn.related_origins[1]", "duplicate"),
        (json!(many), "webauthn.related_origins", "too_long"),
    ] {
        let patch = json!({ "webauthn": { "related_origins": origins } });
        let refused = app.admin_key().patch("/v1/tenant").json(&patch).await;
        refused.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
}

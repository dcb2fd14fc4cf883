//! Pages of clients that call us in a browser (`contract/00` §2, `contract/30` §2.1).

use avnology_model::Code;
use avnology_testkit::{Answer, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{CALLBACK, jane, register};

on_both_engines! {
    origins_of_a_client_may_call_and_read_what_is_answered,
    an_origin_goes_with_its_client,
    preflights_are_answered_where_browsers_call,
    origins_of_a_client_may_call_with_the_cookie,
    what_is_no_origin_is_named,
}

const APP: &str = "https://app.example.com";

async fn preflight(app: &TestApp, path: &str, origin: &str) -> Answer {
    let call = app.program().call("OPTIONS", path).header("origin", origin);
    call.header("access-control-request-method", "POST").await
}

async fn origins_of_a_client_may_call_and_read_what_is_answered(app: TestApp) {
    let client = register(&app, "spa", json!({ "allowed_cors_origins": [APP] })).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", client.id.as_str())];
    for (origin, is_allowed) in [(APP, true), ("https://evil.example", false), ("null", false)] {
        let answer = app.program().post("/oauth2/token").header("origin", origin).form(&form).await;
        let expected = if is_allowed { origin } else { "" };
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
        assert!(answer.header("vary").contains("Origin"));
    }
    let answer = app.program().get("/userinfo").header("origin", APP).await;
    assert_eq!(answer.header("access-control-allow-origin"), APP);
    assert!(answer.header("access-control-expose-headers").contains("DPoP-Nonce"));
    // Who only introspects is no browser.
    let answer = app.program().post("/oauth2/introspect").header("origin", APP).form(&form).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

async fn an_origin_goes_with_its_client(app: TestApp) {
    let client = register(&app, "spa", json!({ "allowed_cors_origins": [APP] })).await;
    let path = format!("/v1/clients/{}", client.id);
    let allowed = async || {
        let answer = preflight(&app, "/oauth2/token", APP).await;
        answer.header("access-control-allow-origin") == APP
    };
    assert!(allowed().await);
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    assert!(!allowed().await);
    app.admin_key().patch(&path).json(&json!({ "state": "active" })).await.ok();
    assert!(allowed().await);
    app.admin_key().patch(&path).json(&json!({ "allowed_cors_origins": [] })).await.ok();
    assert!(!allowed().await);
    app.admin_key().patch(&path).json(&json!({ "allowed_cors_origins": [APP] })).await.ok();
    assert!(allowed().await);
    app.admin_key().delete(&path).await.no_content();
    assert!(!allowed().await);
}

async fn preflights_are_answered_where_browsers_call(app: TestApp) {
    register(&app, "spa", json!({ "allowed_cors_origins": [APP] })).await;
    for path in ["/oauth2/token", "/oauth2/par", "/oauth2/revoke", "/userinfo", "/v1/me"] {
        let answer = preflight(&app, path, APP).await;
        assert_eq!(answer.is(204).header("access-control-allow-origin"), APP, "{path}");
        assert!(answer.header("access-control-allow-headers").contains("DPoP"), "{path}");
        assert_eq!(answer.header("access-control-max-age"), "600");
        let other = preflight(&app, path, "https://evil.example").await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{path}");
    }
    for path in ["/oauth2/introspect", "/oauth2/auth"] {
        let answer = preflight(&app, path, APP).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

async fn origins_of_a_client_may_call_with_the_cookie(app: TestApp) {
    let jane = jane(&app).await;
    let rename = async |origin: &str| {
        let call =
            jane.client.patch("/v1/me").header("origin", origin).header("sec-fetch-site", "cross-site");
        call.json(&json!({ "first_name": "Janet" })).await
    };
    rename(APP).await.refused(Code::CsrfFailed);
    register(&app, "spa", json!({ "allowed_cors_origins": [APP] })).await;
    rename(APP).await.ok();
    rename("https://evil.example").await.refused(Code::CsrfFailed);
}

async fn what_is_no_origin_is_named(app: TestApp) {
    for (origins, field) in [
        (json!(["https://app.example.com/"]), "allowed_cors_origins[0]"),
        (json!([APP, "*"]), "allowed_cors_origins[1]"),
        (json!([APP, APP]), "allowed_cors_origins[1]"),
        (json!(["ftp://app.example.com"]), "allowed_cors_origins[0]"),
        (json!(["null"]), "allowed_cors_origins[0]"),
    ] {
        let body = json!({
            "name": "Shop", "type": "spa", "redirect_uris": [CALLBACK], "allowed_cors_origins": origins,
        });
        let answer = app.admin_key().post("/v1/clients").json(&body).await;
        answer.refused(Code::ValidationFailed);
        assert_eq!(answer.fields()[0].0, field, "{answer}");
    }
}

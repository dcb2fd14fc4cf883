//! What every answer looks like.

use avnology_model::platform::{Environment, TenantSettings};

use crate::support::{App, empty, get, refused};

#[tokio::test]
async fn a_problem_document_has_all_its_members() {
    let app = App::new().await;
    let answer = app.get("/v1/nothing").await;
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "type": "https://id.example.com/problems/901", "title": "Not found", "status": 404, "detail": "Not found",
            "code": "AVNOLOGY_AUTH_901", "request_id": answer.header("x-request-id"),
        })
    );
}

#[tokio::test]
async fn a_panic_is_a_999_that_tells_nothing_and_the_next_request_is_served() {
    let app = App::new().await;
    for path in ["/v1/explode", "/v1/fail"] {
        let answer = app.get(path).await;
        assert_eq!(answer.refusal(), refused(500, "999"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("swordfish"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(app.get("/v1/open").await.status, 200);
}

#[tokio::test]
async fn a_refusal_can_take_cookies_along() {
    let app = App::new().await;
    let answer = app.get("/v1/refuse").await;
    assert_eq!((answer.refusal(), &answer.json()["new_flow_url"]), (refused(410, "009"), &"/x".into()));
    assert!(answer.header("set-cookie").starts_with("__Host-avnology_session=; "));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn every_answer_is_protected_and_not_kept() {
    let app = App::new().await;
    for path in ["/v1/open", "/v1/nothing", "/sign-in", "/account", "/v1/fail"] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000; includeSubDomains",
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(answer.header("x-request-id").len() >= 8, "{path}");
    }
    let http = App::with("http://localhost:8080", Environment::Test, TenantSettings::default(), &[]).await;
    assert_eq!(http.get("/v1/open").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn a_page_has_a_policy_with_its_own_nonce() {
    let app = App::new().await;
    let person = app.person().await;
    let page = async || {
        let request = get("/account").header("cookie", format!("__Host-avnology_session={person}"));
        app.send(empty(request)).await
    };
    let (one, other) = (page().await, page().await);
    let nonce = String::from_utf8_lossy(&one.body).split("<i>").nth(1).expect("a nonce").replace("</i>", "");
    assert!(one.header("content-security-policy").contains(&format!("script-src 'self' 'nonce-{nonce}'")));
    assert_ne!(one.header("content-security-policy"), other.header("content-security-policy"));
    assert_eq!(one.header("cross-origin-opener-policy"), "same-origin");
    let sign_in = app.get("/sign-in").await;
    assert_eq!(sign_in.header("cross-origin-opener-policy"), "unsafe-none");
    assert!(!sign_in.header("content-security-policy").contains("form-action"));
}

#[tokio::test]
async fn errors_outside_the_api_are_pages_for_whoever_prefers_html() {
    let app = App::new().await;
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (path, status, code) in
        [("/fail", 500, "999"), ("/nothing", 404, "901"), ("/account/note", 405, "908")]
    {
        let answer = app.send(empty(get(path).header("accept", browser))).await;
        let html = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(html.contains(&format!("AVNOLOGY_AUTH_{code}")) && !html.contains("swordfish"), "{html}");
        let nonce = html.split("<i>").nth(1).expect("a nonce").replace("</i>", "");
        assert!(answer.header("content-security-policy").contains(&nonce));
    }
    let api = app.send(empty(get("/v1/nothing").header("accept", browser))).await;
    assert_eq!(api.refusal(), refused(404, "901"));
    assert_eq!(app.get("/nothing").await.refusal(), refused(404, "901"));
}

#[tokio::test]
async fn a_version_that_is_known_is_not_sent_again() {
    let app = App::new().await;
    let key = app.key().await;
    let read = async |tag: &str| {
        let request =
            get("/v1/things/usr_01kjpwd6m0emptw6bw4v8qtn83").header("authorization", format!("Bearer {key}"));
        app.send(empty(request.header("if-none-match", tag))).await
    };
    let fresh = read("\"6-abcd\"").await;
    assert_eq!((fresh.status.as_u16(), fresh.header("etag")), (200, "\"7-abcd\""));
    let known = read("\"7-abcd\"").await;
    assert_eq!((known.status.as_u16(), known.body.len(), known.header("etag")), (304, 0, "\"7-abcd\""));
}

#[tokio::test]
async fn what_is_made_has_a_location() {
    let app = App::new().await;
    let key = app.key().await;
    let request = axum::http::Request::post("/v1/things").header("authorization", format!("Bearer {key}"));
    let answer = app.send(crate::support::json(request, r#"{"name": "a", "size": 1}"#)).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (201, "\"1-a\""));
    assert_eq!(answer.header("location"), "https://id.example.com/v1/things/usr_1");
}

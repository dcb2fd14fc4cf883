//! Cookies, forms, and requests from other sites.

use avnology_http::{Cookie, csrf};
use avnology_model::{
    Timestamp,
    ids::FlowId,
    platform::{Environment, TenantSettings},
};
use axum::http::{Method, Request};

use crate::support::{App, ORIGIN, body, empty, get, refused};

const OTHER: &str = "https://app.example.com";
const PART: &str = "/v1/things/usr_01kjpwd6m0emptw6bw4v8qtn83/parts/ses_01kjpwd6m0emptw6bw4v8qtn83";
const FORM: &str = "application/x-www-form-urlencoded";

async fn app_with_cors() -> App {
    let settings =
        TenantSettings { allowed_cors_origins: vec![OTHER.to_owned()], ..TenantSettings::default() };
    App::with(ORIGIN, Environment::Test, settings, &[]).await
}

fn cookie(builder: axum::http::request::Builder, token: &str) -> axum::http::request::Builder {
    builder.header("cookie", format!("a=b; __Host-avnology_session={token}"))
}

#[tokio::test]
async fn a_cookie_reads_without_more_ado() {
    let app = App::new().await;
    let person = app.person().await;
    assert_eq!(app.send(empty(cookie(get("/v1/me"), &person))).await.status, 200);
    let plain = get("/v1/me").header("cookie", format!("avnology_session={person}"));
    assert_eq!(
        app.send(empty(plain)).await.refusal(),
        refused(401, "005"),
        "over https only the pinned cookie counts"
    );
    let http = App::with("http://localhost:8080", Environment::Test, TenantSettings::default(), &[]).await;
    let person = http.person().await;
    let plain = get("/v1/me").header("cookie", format!("avnology_session={person}"));
    assert_eq!(http.send(empty(plain)).await.status, 200);
}

#[tokio::test]
async fn a_header_beats_the_cookie() {
    let app = App::new().await;
    let person = app.person().await;
    let request = cookie(get("/v1/me"), &person).header("authorization", "Bearer nonsense");
    assert_eq!(app.send(empty(request)).await.refusal(), refused(401, "005"));
}

#[tokio::test]
async fn a_cross_site_change_with_a_cookie_is_015() {
    let app = app_with_cors().await;
    let person = app.person().await;
    let delete = async |pairs: &[(&str, &str)]| {
        let request = cookie(Request::delete(PART), &person);
        app.send(empty(pairs.iter().fold(request, |r, (n, v)| r.header(*n, *v)))).await
    };
    for pairs in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(delete(pairs).await.refusal(), refused(403, "015"), "{pairs:?}");
    }
    for pairs in [&[("origin", ORIGIN)][..], &[("origin", OTHER)], &[("sec-fetch-site", "same-origin")]] {
        assert_eq!(delete(pairs).await.status, 204, "{pairs:?}");
    }
    let by_header = Request::delete(PART).header("authorization", format!("Bearer {person}"));
    assert_eq!(app.send(empty(by_header)).await.status, 204, "a header is not sent by accident");
}

#[tokio::test]
async fn a_form_of_a_flow_may_be_silent_about_its_source_but_must_not_come_from_elsewhere() {
    let app = app_with_cors().await;
    let submit = async |pairs: &[(&str, &str)]| {
        let request = Request::post("/v1/flows/login/x:submit");
        let request = pairs.iter().fold(request, |r, (n, v)| r.header(*n, *v));
        app.send(body(request, FORM, "method=password&identifier=a%40b.example&traits.plan=pro&csrf_token=t"))
            .await
    };
    for pairs in [
        &[][..],
        &[("origin", "null")],
        &[("origin", ORIGIN)],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
    ] {
        let answer = submit(pairs).await;
        assert_eq!(answer.status, 200, "{pairs:?}");
        let expected =
            serde_json::json!({"identifier": "a@b.example", "traits": {"plan": "pro"}, "csrf_token": "t"});
        assert_eq!((&answer.json()["body"], &answer.json()["is_form"]), (&expected, &true.into()));
    }
    for pairs in [
        &[("origin", OTHER)][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", ORIGIN)],
    ] {
        assert_eq!(submit(pairs).await.refusal(), refused(403, "015"), "{pairs:?}");
    }
}

#[tokio::test]
async fn a_flow_takes_json_with_method_and_body_only() {
    let app = App::new().await;
    let submit = async |text: &'static str| {
        app.send(body(Request::post("/v1/flows/login/x:submit"), "application/json", text)).await
    };
    let answer = submit(r#"{"method": "code", "body": {"code": "123456"}}"#).await.json();
    assert_eq!(
        (&answer["method"], &answer["body"]["code"], &answer["is_form"]),
        (&"code".into(), &"123456".into(), &false.into())
    );
    assert_eq!(submit(r#"{"body": {}}"#).await.fields(), [("method".to_owned(), "required".to_owned())]);
    assert_eq!(submit(r#"{"method": "code", "extra": 1}"#).await.fields()[0].1, "unknown_field");
    assert_eq!(submit(r#"{"method": "code", "body": []}"#).await.fields()[0].0, "body");
}

#[tokio::test]
async fn form_tokens_fit_one_browser_and_one_flow() {
    let app = App::new().await;
    let flow = |n: u8| FlowId::new(Timestamp::from_micros(0), [n; 10]);
    let token = csrf::token(&app.tenant, "browser", flow(1));
    assert!(csrf::check(&app.tenant, Some("browser"), flow(1), Some(&token)).is_ok());
    for (browser, id, sent) in [
        (Some("other"), flow(1), Some(token.as_str())),
        (Some("browser"), flow(2), Some(&token)),
        (Some("browser"), flow(1), None),
        (Some("browser"), flow(1), Some("")),
        (None, flow(1), Some(&token)),
        (Some(""), flow(1), Some(&csrf::token(&app.tenant, "", flow(1)))),
    ] {
        assert!(csrf::check(&app.tenant, browser, id, sent).is_err(), "{browser:?} {sent:?}");
    }
}

#[tokio::test]
async fn a_page_sends_strangers_to_sign_in_and_back() {
    let app = App::new().await;
    let answer = app.get("/account?tab=a%20b&x=1").await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("location"),
        "/sign-in?return_to=%2Faccount%3Ftab%3Da%2520b%26x%3D1".replace("%2F", "/")
    );
    let post = app.send(body(Request::post("/account/note?x=1"), FORM, "text=a")).await;
    assert_eq!((post.status.as_u16(), post.header("location")), (303, "/sign-in?return_to=/account/note"));
    let recovery = app.session(avnology_model::sessions::SessionKind::Recovery, None).await;
    assert_eq!(app.send(empty(cookie(get("/account"), &recovery))).await.status, 303);
}

#[tokio::test]
async fn a_form_of_a_page_needs_the_token_of_the_session() {
    let app = App::new().await;
    let (person, other) = (app.person().await, app.person().await);
    let token_of = async |person: &str| {
        let page = app.send(empty(cookie(get("/account"), person))).await;
        String::from_utf8_lossy(&page.body).split(['>', '<']).nth(2).expect("a token").to_owned()
    };
    let send = async |token: &str| {
        app.send(body(
            cookie(Request::post("/account/note"), &person),
            FORM,
            format!("text=hello&csrf_token={token}"),
        ))
        .await
    };
    assert_eq!(send(&token_of(&person).await).await.body, b"hello");
    assert_eq!(send(&token_of(&other).await).await.refusal(), refused(403, "015"));
    assert_eq!(send("").await.refusal(), refused(403, "015"));
}

#[tokio::test]
async fn allowed_origins_may_call_the_api_with_credentials_and_others_may_not() {
    let app = app_with_cors().await;
    let answer = app.send(empty(get("/v1/open").header("origin", OTHER))).await;
    assert_eq!(answer.header("access-control-allow-origin"), OTHER);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert!(answer.header("access-control-expose-headers").contains("ETag"));
    let refusal = app.send(empty(get("/v1/me").header("origin", OTHER))).await;
    assert_eq!(
        (refusal.status.as_u16(), refusal.header("access-control-allow-origin")),
        (401, OTHER),
        "refusals too"
    );
    for (path, origin) in [("/v1/open", "https://evil.example"), ("/v1/open", "null"), ("/sign-in", OTHER)] {
        let answer = app.send(empty(get(path).header("origin", origin))).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path} {origin}");
    }
    assert_eq!(app.get("/v1/open").await.header("vary"), "Origin");
    let metadata =
        app.send(empty(get("/.well-known/jwks.json").header("origin", "https://anyone.example"))).await;
    assert_eq!(metadata.header("access-control-allow-origin"), "*");
    assert_eq!(metadata.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn preflights_are_answered_for_the_api_only() {
    let app = app_with_cors().await;
    let preflight = async |path: &str, origin: &str| {
        let request = Request::builder().method(Method::OPTIONS).uri(path).header("origin", origin);
        app.send(empty(request.header("access-control-request-method", "PATCH"))).await
    };
    let answer = preflight("/v1/things", OTHER).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-max-age")), (204, "600"));
    assert_eq!(answer.header("access-control-allow-origin"), OTHER);
    assert!(answer.header("access-control-allow-methods").contains("PATCH"));
    assert!(answer.header("access-control-allow-headers").contains("If-Match"));
    let stranger = preflight("/v1/things", "https://evil.example").await;
    assert_eq!((stranger.status.as_u16(), stranger.header("access-control-allow-origin")), (204, ""));
    assert_eq!(stranger.header("access-control-allow-methods"), "");
    assert_eq!(preflight("/sign-in", OTHER).await.status, 405);
}

#[tokio::test]
async fn a_browser_is_told_from_a_program() {
    let app = App::new().await;
    let is_browser = async |name: &str, value: &str| {
        app.send(empty(get("/v1/flows/login").header(name, value))).await.json()["browser"].clone()
    };
    assert_eq!(is_browser("accept", "*/*").await, false);
    assert_eq!(is_browser("origin", ORIGIN).await, true);
    assert_eq!(is_browser("sec-fetch-site", "none").await, true);
    assert_eq!(is_browser("cookie", "__Host-avnology_csrf=x").await, true);
    assert_eq!(is_browser("cookie", "other=x").await, false);
}

#[tokio::test]
async fn cookies_are_pinned_and_out_of_reach_of_scripts() {
    let app = App::new().await;
    let set = app.get("/v1/flows/login").await;
    assert_eq!(
        set.header("set-cookie"),
        "__Host-avnology_flow=k; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000; Secure"
    );
    assert_eq!(Cookie::Session.name(true), "__Host-avnology_session");
}

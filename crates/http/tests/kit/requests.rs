//! What a request must look like.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use avnology_model::{permissions::PlatformRole, sessions::SessionKind};
use axum::{
    body::HttpBody,
    http::{Method, Request},
};
use hyper::body::Frame;

use crate::support::{App, body, empty, get, json, refused};

const THING: &str = "/v1/things/usr_01kjpwd6m0emptw6bw4v8qtn83";

fn bearer(method: Method, path: &str, token: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"))
}

#[tokio::test]
async fn malformed_json_is_900_and_the_place_is_told() {
    let app = App::new().await;
    let key = app.key().await;
    for text in ["{", "{\"name\": 'x'}", "", "nope", "{}{}", "[1,]"] {
        let answer = app.send(json(bearer(Method::POST, "/v1/things", &key), text)).await;
        assert_eq!(answer.refusal(), refused(400, "900"), "{text}");
    }
    let not_utf8 = body(bearer(Method::POST, "/v1/things", &key), "application/json", vec![b'"', 0xff, b'"']);
    assert_eq!(app.send(not_utf8).await.refusal(), refused(400, "900"));
}

#[tokio::test]
async fn wrong_types_missing_and_unknown_fields_are_all_named_at_once() {
    let app = App::new().await;
    let key = app.key().await;
    let answer =
        app.send(json(bearer(Method::POST, "/v1/things", &key), r#"{"size": "big", "colour": "red"}"#)).await;
    assert_eq!(answer.refusal(), refused(400, "902"));
    let pair = |f: &str, c: &str| (f.to_owned(), c.to_owned());
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(
        fields,
        [pair("colour", "unknown_field"), pair("name", "required"), pair("size", "invalid_format")]
    );
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_906_with_the_limit() {
    let app = App::new().await;
    let key = app.key().await;
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(2 << 20));
    let known = body(bearer(Method::POST, "/v1/things", &key), "application/json", large.clone());
    let answer = app.send(known).await;
    assert_eq!(answer.refusal(), refused(413, "906"));
    assert_eq!(answer.json()["limit_bytes"], 1_048_576);
    // The same without a length beforehand.
    let streamed = avnology_http::ResponseBody::new(Streamed(Some(large.into())));
    let streamed = body(bearer(Method::POST, "/v1/things", &key), "application/json", streamed);
    assert_eq!(app.send(streamed).await.refusal(), refused(413, "906"));
}

/// A body whose length nobody knows.
struct Streamed(Option<bytes::Bytes>);

impl HttpBody for Streamed {
    type Data = bytes::Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[tokio::test]
async fn other_media_types_are_907_with_those_that_are_supported() {
    let app = App::new().await;
    let key = app.key().await;
    for media_type in [
        "text/plain",
        "application/xml",
        "application/json; charset=latin1",
        "application/x-www-form-urlencoded",
    ] {
        let answer = app.send(body(bearer(Method::POST, "/v1/things", &key), media_type, "{}")).await;
        assert_eq!(answer.refusal(), refused(415, "907"), "{media_type}");
        assert_eq!(answer.json()["supported"], serde_json::json!(["application/json"]));
    }
    let without = bearer(Method::POST, "/v1/things", &key).body("{}".into()).expect("a request");
    assert_eq!(app.send(without).await.refusal(), refused(415, "907"));
    let packed = bearer(Method::POST, "/v1/things", &key).header("content-encoding", "gzip");
    assert_eq!(app.send(json(packed, "{}")).await.refusal(), refused(415, "907"));
}

#[tokio::test]
async fn a_patch_takes_both_media_types_and_tells_null_from_absent() {
    let app = App::new().await;
    let key = app.key().await;
    for (media_type, text, name) in [
        ("application/json", "{}", serde_json::json!("kept")),
        ("application/merge-patch+json", "{\"name\": null}", serde_json::json!(null)),
        ("application/merge-patch+json", "{\"name\": \"x\"}", serde_json::json!("x")),
    ] {
        let answer = app.send(body(bearer(Method::PATCH, THING, &key), media_type, text)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["name"]), (200, &name), "{text}");
    }
}

#[tokio::test]
async fn an_id_of_another_kind_names_nothing() {
    let app = App::new().await;
    let key = app.key().await;
    for id in ["ses_01kjpwd6m0emptw6bw4v8qtn83", "usr_1", "USR_01KJPWD6M0EMPTW6BW4V8QTN83", "%2e%2e", "x%00"]
    {
        let answer = app.send(empty(bearer(Method::GET, &format!("/v1/things/{id}"), &key))).await;
        assert_eq!(answer.refusal(), refused(404, "901"), "{id}");
    }
    let answer = app.send(empty(bearer(Method::GET, "/v1/things/%ff", &key))).await;
    assert_eq!(answer.refusal(), refused(400, "900"), "a path that is not UTF-8");
}

#[tokio::test]
async fn validation_comes_before_existence() {
    let app = App::new().await;
    let key = app.key().await;
    let answer = app.send(json(bearer(Method::PATCH, "/v1/things/nonsense", &key), "{\"x\": 1}")).await;
    assert_eq!(answer.refusal(), refused(400, "902"));
}

#[tokio::test]
async fn the_order_of_checks_is_syntax_credential_scope_validation() {
    let app = App::new().await;
    let person = app.person().await;
    let anonymous = || Request::post("/v1/things");
    assert_eq!(app.send(json(anonymous(), "{")).await.refusal(), refused(400, "900"));
    assert_eq!(app.send(json(anonymous(), "{\"x\": 1}")).await.refusal(), refused(401, "005"));
    let known = || bearer(Method::POST, "/v1/things", &person);
    assert_eq!(app.send(json(known(), "{\"x\": 1}")).await.refusal(), refused(403, "012"));
}

#[tokio::test]
async fn unknown_query_parameters_are_refused_under_v1_and_ignored_on_pages() {
    let app = App::new().await;
    let answer = app.get("/v1/open?color=red&shade=dark").await;
    assert_eq!(answer.fields(), [("shade".to_owned(), "unknown_field".to_owned())]);
    let person = app.person().await;
    let answer = app.send(empty(bearer(Method::GET, "/v1/me?x=1", &person))).await;
    assert_eq!(answer.fields(), [("x".to_owned(), "unknown_field".to_owned())]);
    assert_eq!(app.get("/sign-in?utm_source=mail").await.status, 200);
}

#[tokio::test]
async fn parameters_are_read_from_text() {
    let app = App::new().await;
    assert_eq!(app.get("/v1/open?count=3&color=r+%C3%A9d").await.json()["color"], "r éd");
    let code = |fields: Vec<(String, String)>| fields[0].1.clone();
    assert_eq!(code(app.get("/v1/open?count=three").await.fields()), "invalid_format");
    assert_eq!(code(app.get("/v1/open?count=-3").await.fields()), "invalid_format");
    assert_eq!(code(app.get("/v1/open?count=1&count=2").await.fields()), "duplicate");
    assert_eq!(app.get("/v1/open?color=%ff").await.refusal(), refused(400, "900"));
}

#[tokio::test]
async fn a_verb_takes_no_body_or_an_empty_object_and_nothing_else() {
    let app = App::new().await;
    let person = app.person().await;
    let verb = || bearer(Method::POST, &format!("{THING}:deactivate"), &person);
    assert_eq!(app.send(empty(verb())).await.status, 200);
    assert_eq!(app.send(json(verb(), "{}")).await.status, 200);
    let answer = app.send(json(verb(), "{\"reason\": 1}")).await;
    assert_eq!(answer.fields(), [("reason".to_owned(), "unknown_field".to_owned())]);
    assert_eq!(app.send(json(verb(), "[]")).await.refusal(), refused(400, "902"));
}

#[tokio::test]
async fn paths_are_exactly_as_written() {
    let app = App::new().await;
    for path in ["/v1/open/", "/V1/open", "/v1//open", "/v1/Open", "/v1/%6Fpen", "/v1/open:look", "/nothing"]
    {
        assert_eq!(app.get(path).await.refusal(), refused(404, "901"), "{path}");
    }
    assert_eq!(app.get("/v1/text/a:b").await.json()["text"], "a:b", "a colon may be part of a parameter");
    assert_eq!(app.get("/v1/text/a%2Fb").await.json()["text"], "a/b");
}

#[tokio::test]
async fn other_methods_are_908_and_told_which_there_are() {
    let app = App::new().await;
    let cases = [
        (Method::PUT, "/v1/things", "GET, HEAD, POST"),
        (Method::GET, &format!("{THING}:deactivate"), "POST"),
        (Method::OPTIONS, "/v1/open", "GET, HEAD"),
        (Method::TRACE, "/account/note", "POST"),
    ];
    for (method, path, allow) in cases {
        let answer = app.send(empty(Request::builder().method(method).uri(path))).await;
        assert_eq!((answer.refusal(), answer.header("allow")), (refused(405, "908"), allow), "{path}");
    }
    let unknown = app.send(empty(Request::post(format!("{THING}:explode")))).await;
    assert_eq!(unknown.refusal(), refused(404, "901"), "an unknown verb is no method of the resource");
}

#[tokio::test]
async fn an_accept_header_that_excludes_everything_is_909() {
    let app = App::new().await;
    for accept in ["text/html", "image/*", "application/json;q=0"] {
        let answer = app.send(empty(get("/v1/open").header("accept", accept))).await;
        assert_eq!(answer.refusal(), refused(406, "909"), "{accept}");
    }
    for accept in ["*/*", "application/*", "application/problem+json", "text/html, */*;q=0.1"] {
        assert_eq!(app.send(empty(get("/v1/open").header("accept", accept))).await.status, 200, "{accept}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = App::new().await;
    let whole = app.get("/v1/open").await;
    let head = app.send(empty(Request::head("/v1/open"))).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), whole.body.len().to_string());
    assert_eq!(head.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_good_request_id_comes_back_and_a_bad_one_is_replaced() {
    let app = App::new().await;
    let answer = app.send(empty(get("/v1/nothing").header("x-request-id", "my.id_0-9"))).await;
    assert_eq!(
        (answer.header("x-request-id"), &answer.json()["request_id"]),
        ("my.id_0-9", &"my.id_0-9".into())
    );
    for bad in ["short", "a\tcontrol-character", "with spaces in it"] {
        let answer = app.send(empty(get("/v1/open").header("x-request-id", bad))).await;
        assert!(answer.header("x-request-id").len() >= 8 && answer.header("x-request-id") != bad);
    }
}

#[tokio::test]
async fn control_characters_in_headers_are_refused_or_kept_out() {
    let app = App::new().await;
    let key = app.key().await;
    let create = |idempotency: &'static [u8]| {
        let value = axum::http::HeaderValue::from_bytes(idempotency).expect("a header");
        json(
            bearer(Method::POST, "/v1/things", &key).header("idempotency-key", value),
            r#"{"name": "a", "size": 1}"#,
        )
    };
    assert_eq!(app.send(create(b"a\tb")).await.fields()[0].0, "Idempotency-Key");
    assert_eq!(app.send(create("ü".as_bytes())).await.refusal(), refused(400, "902"));
    assert_eq!(app.send(create(&[b'x'; 256])).await.refusal(), refused(400, "902"));
    assert_eq!(app.send(create(b"key 1")).await.status, 201);
    let person = app.person().await;
    let agent = bearer(Method::GET, "/v1/me", &person).header("user-agent", "a\tb");
    assert_eq!(app.send(empty(agent)).await.json()["agent"], "a b");
}

#[tokio::test]
async fn an_idempotency_key_is_bound_to_caller_path_and_body() {
    let app = App::new().await;
    let one = app.key().await;
    let other = app.session(SessionKind::Standard, Some(PlatformRole::Admin)).await;
    let mut seen = Vec::new();
    for (caller, text) in [
        (&one, r#"{"name": "a", "size": 1}"#),
        (&one, r#"{"size":1,  "name":"a"}"#),
        (&one, r#"{"name": "b", "size": 1}"#),
        (&other, r#"{"name": "a", "size": 1}"#),
    ] {
        let request = bearer(Method::POST, "/v1/things", caller).header("idempotency-key", "k");
        let answer = app.send(json(request, text)).await;
        assert_eq!(answer.status, 201);
        seen.push((answer.json()["key"]["scope"].to_string(), answer.json()["key"]["body"].to_string()));
    }
    assert_eq!(seen[0], seen[1], "white space and order make no difference");
    assert!(seen[0].0 == seen[2].0 && seen[0].1 != seen[2].1, "another body");
    assert!(seen[0].0 != seen[3].0 && seen[0].1 == seen[3].1, "another caller");
}

#[tokio::test]
async fn pages_follow_each_other_and_their_tokens_fit_nothing_else() {
    let app = App::new().await;
    let key = app.key().await;
    let page =
        async |query: &str| app.send(empty(bearer(Method::GET, &format!("/v1/things?{query}"), &key))).await;
    let first =
        page("page_size=1000&filter=a%3D1&order_by=a%20desc,b&include_total=true&color=red").await.json();
    assert_eq!((first["page_size"].as_u64(), first["ordered"].as_u64()), (Some(100), Some(2)));
    assert_eq!(
        (&first["filtered"], &first["total"], &first["color"]),
        (&true.into(), &true.into(), &"red".into())
    );

    let token = page("color=red").await.json()["next_page_token"].as_str().expect("a token").to_owned();
    let second = page(&format!("color=red&page_size=3&page_token={token}")).await.json();
    assert_eq!(second["at"], 1);
    let token_2 = second["next_page_token"].as_str().expect("a token").to_owned();
    assert_eq!(page(&format!("color=red&page_token={token_2}")).await.json()["next_page_token"], "");

    for other in [
        format!("color=blue&page_token={token}"),
        format!("color=red&filter=a%3D1&page_token={token}"),
        format!("color=red&page_token={token}x"),
    ] {
        assert_eq!(page(&other).await.fields()[0].0, "page_token", "{other}");
    }
    app.clock.forward(86_401);
    assert_eq!(
        page(&format!("color=red&page_token={token}")).await.refusal(),
        refused(400, "902"),
        "a day later"
    );
    assert_eq!(page("page_size=0&colour=x").await.fields()[0].0, "colour");
    assert_eq!(page("page_size=0").await.fields(), [("page_size".to_owned(), "too_small".to_owned())]);
    assert_eq!(page("filter=a%20%3D").await.fields()[0].0, "filter");
}

#[tokio::test]
async fn a_change_meant_for_another_version_is_refused_with_the_present_one() {
    let app = App::new().await;
    let key = app.key().await;
    let change = async |tag: &str| {
        app.send(json(bearer(Method::PATCH, THING, &key).header("if-match", tag), "{}")).await
    };
    for tag in ["\"7-abcd\"", "W/\"7-abcd\"", "*", "\"1\", \"7-abcd\"", "7-abcd"] {
        assert_eq!(change(tag).await.status, 200, "{tag}");
    }
    let stale = change("\"6-abcd\"").await;
    assert_eq!((stale.refusal(), &stale.json()["etag"]), (refused(412, "905"), &"7-abcd".into()));
    assert_eq!(change("\"").await.refusal(), refused(400, "900"));
}

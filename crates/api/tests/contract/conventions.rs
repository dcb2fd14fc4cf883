//! Requests and problems: `contract/00` §§3–6, 10.

use avnology_model::Code;
use avnology_testkit::{Answer, ORIGIN, PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const NOBODY: &str = "usr_01kjpwd6m0emptw6bw4v8qtn83";

on_both_engines! {
    a_problem_document_says_what_where_and_why,
    unknown_fields_are_refused_and_all_of_them_named,
    unknown_query_parameters_are_refused,
    a_body_where_none_is_taken_is_refused,
    a_value_of_the_wrong_type_is_named,
    what_is_no_json_is_malformed,
    a_body_of_two_mebibytes_is_too_large,
    another_media_type_is_refused_with_the_supported_ones,
    a_method_that_a_path_does_not_have_is_refused_with_those_it_has,
    an_answer_that_the_client_does_not_accept_is_refused,
    a_good_request_id_comes_back_and_a_bad_one_is_replaced,
    control_characters_are_refused_wherever_they_stand,
    strings_are_trimmed_and_composed,
    two_authorization_headers_are_malformed,
    a_header_beats_the_cookie,
    a_session_token_in_a_url_is_refused_and_revoked,
    an_api_key_in_a_url_is_refused_and_revoked,
    an_id_of_another_kind_is_not_found,
    paths_are_exact,
    syntax_is_checked_before_the_credential,
    the_credential_is_checked_before_the_scope_and_the_scope_before_the_values,
    values_are_checked_before_existence_and_existence_before_the_version,
    timestamps_are_utc_with_milliseconds,
    head_is_get_without_a_body,
    every_answer_carries_the_security_headers,
    a_cookie_alone_changes_nothing_from_elsewhere,
}

async fn a_problem_document_says_what_where_and_why(app: TestApp) {
    let answer = app.program().get("/v1/me").header("x-request-id", "a-request-of-mine").await;
    let document = answer.refused(Code::SessionInvalid);
    assert_eq!(document["type"], format!("{ORIGIN}/problems/005"));
    assert_eq!(document["title"], "Session or token invalid");
    assert_eq!(document["status"], 401);
    assert_eq!(document["code"], "AVNOLOGY_AUTH_005");
    assert_eq!(document["request_id"], "a-request-of-mine");
    assert!(document["detail"].as_str().is_some_and(|d| !d.is_empty()));
    assert!(document.get("errors").is_none(), "{answer}");
    assert!(answer.header("www-authenticate").starts_with("Bearer error="), "{answer}");
}

async fn unknown_fields_are_refused_and_all_of_them_named(app: TestApp) {
    let body = json!({ "identity": { "email": "jane@acme.example", "shoe": 1 }, "extra": true });
    let answer = app.admin_key().post("/v1/identities").json(&body).await;
    answer.refused(Code::ValidationFailed);
    let mut fields = answer.fields();
    fields.sort();
    let unknown = |name: &str| (name.to_owned(), "unknown_field".to_owned());
    assert_eq!(fields, [unknown("extra"), unknown("identity.shoe")]);
    assert!(
        app.admin_key().get("/v1/identities").await.ok()["identities"].as_array().is_some_and(Vec::is_empty)
    );
}

async fn unknown_query_parameters_are_refused(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for path in ["/v1/me", "/v1/sessions/whoami", "/v1/sessions", "/v1/me/credentials"] {
        let answer = jane.client.get(path).query(&[("shoe", "1")]).await;
        answer.refused_fields(Code::ValidationFailed, &[("shoe", "unknown_field")]);
    }
    let answer = app.program().get("/v1/flows/login?shoe=1").await;
    answer.refused_fields(Code::ValidationFailed, &[("shoe", "unknown_field")]);
}

async fn a_body_where_none_is_taken_is_refused(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let answer = jane.client.delete("/v1/sessions").json(&json!({ "shoe": 1 })).await;
    answer.refused_fields(Code::ValidationFailed, &[("shoe", "unknown_field")]);
    jane.client.delete("/v1/sessions").json(&json!({})).await.no_content();
}

async fn a_value_of_the_wrong_type_is_named(app: TestApp) {
    let admin = app.admin_key();
    let body = json!({ "identity": { "email": 3, "email_verified": "yes", "traits": [] } });
    let answer = admin.post("/v1/identities").json(&body).await;
    answer.refused(Code::ValidationFailed);
    let mut fields = answer.fields();
    fields.sort();
    let wrong = |name: &str| (name.to_owned(), "invalid_format".to_owned());
    assert_eq!(fields, [wrong("identity.email"), wrong("identity.email_verified"), wrong("identity.traits")]);
    for (body, field) in [(json!({}), "identity"), (json!({ "identity": null }), "identity")] {
        let answer = admin.post("/v1/identities").json(&body).await;
        answer.refused(Code::ValidationFailed);
        assert_eq!(answer.fields()[0].0, field, "{answer}");
    }
    admin.post("/v1/identities").json(&json!([1])).await.refused(Code::ValidationFailed);
    let id = app.account("jane@acme.example").await;
    let answer =
        admin.patch(&format!("/v1/identities/{id}")).json(&json!({ "identity": { "email": 3 } })).await;
    answer.refused(Code::ValidationFailed);
}

async fn what_is_no_json_is_malformed(app: TestApp) {
    let admin = app.admin_key();
    let broken: [&[u8]; 7] =
        [b"", b"{", b"{\"identity\":}", b"nul", b"{} {}", b"{\"a\":\"\xff\"}", b"\xef\xbb\xbf{}"];
    for body in broken {
        let answer = admin.post("/v1/identities").raw("application/json", body).await;
        answer.refused(Code::MalformedRequest);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    admin.post("/v1/identities").raw("application/json", deep).await.refused(Code::MalformedRequest);
    app.program().get("/v1/flows/login?login_hint=%ff").await.refused(Code::MalformedRequest);
    admin.get("/v1/identities/%ff").await.refused(Code::MalformedRequest);
}

async fn a_body_of_two_mebibytes_is_too_large(app: TestApp) {
    let large = json!({ "identity": { "traits": { "text": "x".repeat(2 << 20) } } });
    let answer = app.admin_key().post("/v1/identities").json(&large).await;
    assert_eq!(answer.refused(Code::PayloadTooLarge)["limit_bytes"], 1 << 20);
    let flow = app.program().open("login").await;
    let answer = flow.submit("password", json!({ "identifier": "x".repeat(2 << 20) })).await;
    answer.refused(Code::PayloadTooLarge);
    flow.read().await.ok();
}

async fn another_media_type_is_refused_with_the_supported_ones(app: TestApp) {
    let admin = app.admin_key();
    for (path, media_type, supported) in [
        ("/v1/identities", "text/plain", json!(["application/json"])),
        ("/v1/identities", "application/x-www-form-urlencoded", json!(["application/json"])),
        ("/v1/identities", "application/json; charset=iso-8859-1", json!(["application/json"])),
        ("/v1/identities", "", json!(["application/json"])),
    ] {
        let answer = admin.post(path).raw(media_type, "{}").await;
        assert_eq!(answer.refused(Code::UnsupportedMediaType)["supported"], supported);
    }
    let id = app.account("jane@acme.example").await;
    let patch = |media_type: &str| {
        admin.patch(&format!("/v1/identities/{id}")).raw(media_type, r#"{"identity":{"first_name":"Jane"}}"#)
    };
    patch("application/merge-patch+json").await.ok();
    patch("application/json; charset=utf-8").await.ok();
    let answer = patch("application/json-patch+json").await;
    let supported = json!(["application/json", "application/merge-patch+json"]);
    assert_eq!(answer.refused(Code::UnsupportedMediaType)["supported"], supported);
    let packed =
        admin.post("/v1/identities").raw("application/json", "{}").header("content-encoding", "gzip");
    packed.await.refused(Code::UnsupportedMediaType);
}

async fn a_method_that_a_path_does_not_have_is_refused_with_those_it_has(app: TestApp) {
    let client = app.program();
    for (method, path, allow) in [
        ("PUT", "/v1/me", "GET, HEAD, PATCH"),
        ("POST", "/v1/sessions", "DELETE, GET, HEAD"),
        ("GET", "/v1/sessions:logout", "POST"),
        ("OPTIONS", "/v1/tenant", "GET, HEAD, PATCH"),
    ] {
        let answer = client.call(method, path).await;
        answer.refused(Code::MethodNotAllowed);
        assert_eq!(answer.header("allow"), allow, "{answer}");
    }
}

async fn an_answer_that_the_client_does_not_accept_is_refused(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    jane.client.get("/v1/me").header("accept", "text/csv").await.refused(Code::NotAcceptable);
    jane.client.get("/v1/me").header("accept", "application/json;q=0").await.refused(Code::NotAcceptable);
    for accept in ["application/json", "application/*", "*/*", "text/csv, application/json;q=0.1"] {
        jane.client.get("/v1/me").header("accept", accept).await.ok();
    }
}

async fn a_good_request_id_comes_back_and_a_bad_one_is_replaced(app: TestApp) {
    let client = app.program();
    let echo = |id: &'static str| {
        let client = client.clone();
        async move {
            client.get("/v1/flows/login").header("x-request-id", id).await.header("x-request-id").to_owned()
        }
    };
    assert_eq!(echo("abc.DEF_1-2").await, "abc.DEF_1-2");
    for bad in ["short", "has a space in it", "semi;colon;semi"] {
        let id = echo(bad).await;
        assert!(id != bad && (8..=128).contains(&id.len()), "{id}");
    }
    let fresh = |answer: Answer| answer.header("x-request-id").to_owned();
    assert_ne!(fresh(client.get("/v1/flows/login").await), fresh(client.get("/v1/flows/login").await));
}

async fn control_characters_are_refused_wherever_they_stand(app: TestApp) {
    let admin = app.admin_key();
    for (name, value) in [
        ("email", "ja\u{7}ne@acme.example"),
        ("first_name", "Ja\0ne"),
        ("last_name", "Do\ne"),
        ("display_name", "\u{1b}[31mJane"),
        ("username", "jane\t1"),
        ("external_id", "a\u{7f}b"),
        ("locale", "en\r"),
    ] {
        let mut identity = json!({ "email": "jane@acme.example" });
        identity[name] = json!(if name == "locale" { "e\rn".to_owned() } else { value.to_owned() });
        let answer = admin.post("/v1/identities").json(&json!({ "identity": identity })).await;
        answer.refused_fields(Code::ValidationFailed, &[(&format!("identity.{name}"), "invalid_format")]);
    }
    let identity = json!({ "email": "jane@acme.example", "traits": { "a": { "b": ["x\0"] } } });
    let answer = admin.post("/v1/identities").json(&json!({ "identity": identity })).await;
    answer.refused_fields(Code::ValidationFailed, &[("identity.traits", "invalid_format")]);
    let flow = app.program().open("login").await;
    let answer = flow.submit("identifier", json!({ "identifier": "ja\0ne@acme.example" })).await;
    answer.refused_fields(Code::InputRejected, &[("identifier", "invalid_format")]);
    let flow = app.program().open("registration").await;
    let traits = json!({ "email": "jane@acme.example", "first_name": "Ja\0ne" });
    let answer = flow.submit("password", json!({ "traits": traits, "password": PASSWORD })).await;
    answer.refused_fields(Code::InputRejected, &[("traits.first_name", "invalid_format")]);
}

async fn strings_are_trimmed_and_composed(app: TestApp) {
    let id = app
        .account_with("jane@acme.example", json!({ "first_name": "  Jose\u{301} ", "username": " jane " }))
        .await;
    let jane = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    assert_eq!((jane.at("/first_name"), jane.at("/username")), ("Jos\u{e9}".to_owned(), "jane".to_owned()));
}

async fn two_authorization_headers_are_malformed(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let both =
        app.program().get("/v1/me").header("authorization", &format!("Bearer {}", jane.client.token()));
    both.header("authorization", "Bearer other").await.refused(Code::MalformedRequest);
    let public =
        app.program().get("/v1/flows/login").header("authorization", "a b").header("authorization", "c d");
    public.await.refused(Code::MalformedRequest);
}

async fn a_header_beats_the_cookie(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let joe = app.person("joe@acme.example").await;
    let bearer = format!("Bearer {}", joe.client.token());
    let answer = jane.client.get("/v1/me").header("authorization", &bearer).await;
    assert_eq!(answer.at("/email"), "joe@acme.example");
    jane.client.get("/v1/me").header("authorization", "Bearer nonsense").await.refused(Code::SessionInvalid);
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), "jane@acme.example");
}

async fn a_session_token_in_a_url_is_refused_and_revoked(app: TestApp) {
    for path in
        ["/v1/flows/login?login_hint=", "/v1/me?token=", "/sign-in?return_to=/x%3Ft%3D", "/v1/nothing?x="]
    {
        let jane = app.program();
        jane.sign_in_or_create("jane@acme.example").await;
        let answer = app.program().get(&format!("{path}{}", jane.token())).await;
        answer.refused_fields(Code::ValidationFailed, &[("query", "not_allowed")]);
        jane.whoami().await.refused(Code::SessionInvalid);
    }
}

async fn an_api_key_in_a_url_is_refused_and_revoked(app: TestApp) {
    let admin = app.admin_key();
    admin.get("/v1/tenant").await.ok();
    let answer = app.program().get(&format!("/v1/tenant?key={}", admin.token())).await;
    answer.refused_fields(Code::ValidationFailed, &[("query", "not_allowed")]);
    admin.get("/v1/tenant").await.refused(Code::SessionInvalid);
}

async fn an_id_of_another_kind_is_not_found(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let admin = app.admin_key();
    let other = id.replace("usr_", "ses_");
    for wrong in
        [other.as_str(), &id.to_uppercase(), &id[..29], &format!("{id}0"), "jane", "usr_", "..", "%00"]
    {
        admin.get(&format!("/v1/identities/{wrong}")).await.refused(Code::NotFound);
    }
    let jane = app.program().signed_in("jane@acme.example").await;
    jane.client.delete(&format!("/v1/sessions/{id}")).await.refused(Code::NotFound);
    app.program().get(&format!("/v1/flows/login/{id}")).await.refused(Code::NotFound);
    app.program().get("/v1/flows/dance/flw_01kjpwjw2bfeh982d16269dv5s").await.refused(Code::NotFound);
}

async fn paths_are_exact(app: TestApp) {
    let admin = app.admin_key();
    for path in
        ["/v1/Tenant", "/v1/tenant/", "/v1//tenant", "/v1/identities:dance", "/v1", "/v1/", "/V1/tenant"]
    {
        let answer = admin.get(path).await;
        answer.is(404);
        assert_eq!(answer.code(), Some(Code::NotFound), "{answer}");
    }
}

async fn syntax_is_checked_before_the_credential(app: TestApp) {
    let nobody = app.program();
    nobody.post("/v1/identities").raw("application/json", "{").await.refused(Code::MalformedRequest);
    nobody.post("/v1/identities").raw("text/plain", "{}").await.refused(Code::UnsupportedMediaType);
    let large = "x".repeat(2 << 20);
    nobody.post("/v1/identities").raw("application/json", large).await.refused(Code::PayloadTooLarge);
    nobody.post("/v1/identities").raw("application/json", "{}").await.refused(Code::SessionInvalid);
}

async fn the_credential_is_checked_before_the_scope_and_the_scope_before_the_values(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let answer = jane.client.post("/v1/identities").json(&json!({ "shoe": 1 })).await;
    assert_eq!(answer.refused(Code::ScopeMissing)["required_scopes"], json!(["identities:write"]));
    let answer = jane.client.get(&format!("/v1/identities/{NOBODY}")).await;
    assert_eq!(answer.refused(Code::ScopeMissing)["required_scopes"], json!(["identities:read"]));
}

async fn values_are_checked_before_existence_and_existence_before_the_version(app: TestApp) {
    let admin = app.admin_key();
    let missing = format!("/v1/identities/{NOBODY}");
    let patch = |value| admin.patch(&missing).if_match("1-abcd").json(&value);
    patch(json!({ "identity": {}, "shoe": 1 })).await.refused(Code::ValidationFailed);
    patch(json!({ "identity": {} })).await.refused(Code::NotFound);
    let id = app.account("jane@acme.example").await;
    let verb = format!("/v1/identities/{id}:reactivate");
    admin.post(&verb).if_match("0-0000").await.refused(Code::EtagMismatch);
    admin.post(&verb).await.refused(Code::ConflictingState);
}

async fn timestamps_are_utc_with_milliseconds(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let me = jane.client.get("/v1/me").await;
    assert_eq!(me.at("/create_time"), "2026-03-02T09:00:00.000Z");
    let session = jane.client.whoami().await;
    for name in ["authenticated_at", "issued_at", "last_used_at", "expires_at", "idle_expires_at"] {
        let text = session.at(&format!("/{name}"));
        assert!(text.len() == 24 && text.ends_with('Z') && &text[19..20] == ".", "{name}: {text}");
    }
    assert_eq!(session.at("/expires_at"), "2026-04-01T09:00:00.000Z");
    assert_eq!(session.at("/idle_expires_at"), "2026-03-03T09:00:00.000Z");
}

async fn head_is_get_without_a_body(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let (get, head) = (jane.client.get("/v1/me").await, jane.client.call("HEAD", "/v1/me").await);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("etag"), get.header("etag"));
}

async fn every_answer_carries_the_security_headers(app: TestApp) {
    let client = app.program();
    for path in ["/v1/me", "/v1/flows/login", "/sign-in", "/nothing", "/healthz"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000; includeSubDomains",
            "{path}"
        );
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
    assert_eq!(client.get("/v1/flows/login").await.header("cache-control"), "no-store");
}

async fn a_cookie_alone_changes_nothing_from_elsewhere(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let rename = || jane.client.patch("/v1/me").json(&json!({ "first_name": "Mallory" }));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://id.example.com.evil.example"),
    ] {
        rename().header(name, value).without("sec-fetch-site").await.refused(Code::CsrfFailed);
    }
    rename().without("origin").without("sec-fetch-site").await.refused(Code::CsrfFailed);
    rename().without("origin").header("sec-fetch-site", "cross-site").await.refused(Code::CsrfFailed);
    jane.client
        .post("/v1/sessions:logout")
        .header("origin", "https://evil.example")
        .await
        .refused(Code::CsrfFailed);
    assert!(jane.client.get("/v1/me").await.ok()["first_name"].is_null());
    rename().without("origin").await.ok();
    let token = jane.client.cookie("__Host-avnology_session").expect("a session");
    let bearer = app.program().with_token(&token).patch("/v1/me").json(&json!({ "first_name": "Jane" }));
    bearer.header("origin", "https://elsewhere.example").await.ok();
}

//! Rate limits and other origins: `contract/00` §§2, 9.

use avnology_model::Code;
use avnology_testkit::{Engine, Live, PASSWORD, Setup, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    a_limited_answer_says_what_is_left,
    an_address_opens_and_submits_sixty_flows_a_minute,
    one_network_of_ipv6_is_one_address,
    an_address_behind_a_proxy_is_believed_only_from_the_proxy,
    a_session_and_an_api_key_have_limits_of_their_own,
    an_account_is_named_ten_times_a_minute_wherever_from,
    an_unknown_account_is_limited_just_the_same,
    an_address_gets_one_code_a_minute_and_five_an_hour,
    an_address_gets_twenty_messages_a_day_and_one_more_each_seventy_two_minutes,
    the_test_environment_is_ten_thousand_times_wider,
    no_outbox_is_there_in_a_live_tenant,
    mail_leaves_through_the_transport_in_a_live_tenant,
    an_allowed_origin_may_call_with_credentials_and_others_may_not,
    a_preflight_says_what_is_allowed,
}

async fn a_limited_answer_says_what_is_left(Live(app): Live) {
    let answer = app.program().get("/v1/flows/login").await;
    let limit = |a: &avnology_testkit::Answer| {
        (a.header("ratelimit-limit").to_owned(), a.header("ratelimit-remaining").to_owned())
    };
    assert_eq!(limit(&answer), ("60".to_owned(), "59".to_owned()));
    assert_eq!(answer.header("ratelimit-reset"), "1");
    let answer = app.admin_key().get("/v1/tenant").await;
    assert_eq!(limit(&answer), ("1200".to_owned(), "1199".to_owned()));
}

async fn an_address_opens_and_submits_sixty_flows_a_minute(Live(app): Live) {
    let client = app.program();
    let flow = client.open("login").await;
    for _ in 0..29 {
        client.get("/v1/flows/login").await.ok();
        flow.submit("identifier", json!({ "identifier": "jane@acme.example" })).await.ok();
    }
    client.get("/v1/flows/recovery").await.ok();
    let refused = client.get("/v1/flows/login").await;
    assert_eq!(refused.refused(Code::TooManyRequests)["retry_after"], 1);
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-remaining")), ("1", "0"));
    flow.submit("identifier", json!({ "identifier": "jane@acme.example" }))
        .await
        .refused(Code::TooManyRequests);
    app.program().from("198.51.100.7").get("/v1/flows/login").await.ok();
    app.advance(1);
    client.get("/v1/flows/login").await.ok();
}

async fn one_network_of_ipv6_is_one_address(Live(app): Live) {
    app.limit("ip.auth", 1, 60).await;
    app.program().from("2001:db8:1:2::1").get("/v1/flows/login").await.ok();
    let neighbour = app.program().from("2001:db8:1:2:ffff::9").get("/v1/flows/login").await;
    neighbour.refused(Code::TooManyRequests);
    app.program().from("2001:db8:1:3::1").get("/v1/flows/login").await.ok();
}

async fn an_address_behind_a_proxy_is_believed_only_from_the_proxy(engine: Engine) {
    let app = TestApp::start(Setup::on(engine).with("AVNOLOGY_TRUSTED_PROXIES", "10.0.0.0/8")).await;
    app.limit("ip.auth", 1, 60).await;
    let via = |peer: &str, forwarded: &str| {
        app.program().from(peer).get("/v1/flows/login").header("x-forwarded-for", forwarded)
    };
    via("10.0.0.1", "203.0.113.1").await.ok();
    via("10.0.0.2", "203.0.113.1").await.refused(Code::TooManyRequests);
    via("10.0.0.1", "203.0.113.2").await.ok();
    via("192.0.2.9", "203.0.113.3").await.ok();
    via("192.0.2.9", "203.0.113.4").await.refused(Code::TooManyRequests);
}

async fn a_session_and_an_api_key_have_limits_of_their_own(Live(app): Live) {
    let (jane, joe) = (app.person("jane@acme.example").await, app.person("joe@acme.example").await);
    app.limit("api.session", 2, 60).await;
    jane.client.whoami().await.ok();
    jane.client.get("/v1/me").await.ok();
    let refused = jane.client.whoami().await;
    assert_eq!(refused.refused(Code::TooManyRequests)["retry_after"], 30);
    joe.client.whoami().await.ok();
    app.limit("api.key", 1, 60).await;
    app.advance(60);
    app.admin_key().get("/v1/tenant").await.ok();
    app.admin_key().get("/v1/tenant").await.refused(Code::TooManyRequests);
    jane.client.whoami().await.ok();
}

async fn an_account_is_named_ten_times_a_minute_wherever_from(Live(app): Live) {
    app.account("jane@acme.example").await;
    app.settings(json!({ "lockout": { "max_failures": 1000 } })).await;
    for n in 0..10 {
        let client = app.program().from(&format!("198.51.100.{n}"));
        client.sign_in("jane@acme.example", "wrong").await.refused(Code::WrongCredentials);
    }
    let refused = app.program().from("203.0.113.1").sign_in("Jane@ACME.example", PASSWORD).await;
    let document = refused.refused(Code::TooManyRequests);
    assert!(document["retry_after"].as_u64().is_some_and(|s| (1..=60).contains(&s)), "{refused}");
    assert!(document["continue_flow"].is_object(), "the flow stays usable: {refused}");
    app.advance(60);
    app.program().sign_in("jane@acme.example", PASSWORD).await.ok();
}

async fn an_unknown_account_is_limited_just_the_same(Live(app): Live) {
    app.settings(json!({ "lockout": { "max_failures": 1000 } })).await;
    for n in 0..10 {
        let client = app.program().from(&format!("198.51.100.{n}"));
        client.sign_in("nobody@acme.example", "wrong").await.refused(Code::WrongCredentials);
    }
    app.program().sign_in("nobody@acme.example", "wrong").await.refused(Code::TooManyRequests);
}

async fn an_address_gets_one_code_a_minute_and_five_an_hour(Live(app): Live) {
    app.account("jane@acme.example").await;
    for address in ["jane@acme.example", "nobody@acme.example"] {
        let ask = |n: u32| {
            let client = app.program().from(&format!("198.51.100.{n}"));
            async move { client.open("recovery").await.submit("code", json!({ "email": address })).await }
        };
        ask(1).await.goes_on("sent_email");
        let early = ask(2).await;
        assert_eq!(early.refused(Code::TooManyRequests)["retry_after"], 60, "{early}");
        assert_eq!(early.messages(), ["4000013"]);
        for _ in 0..4 {
            app.advance(60);
            ask(3).await.goes_on("sent_email");
        }
        app.advance(60);
        let sixth = ask(4).await;
        let wait = sixth.refused(Code::TooManyRequests)["retry_after"].as_u64().expect("a wait");
        assert!(wait > 60 && wait <= 3_600, "{sixth}");
    }
    assert_eq!(app.mail_to("jane@acme.example").await.len(), 5);
    assert!(app.mail_to("nobody@acme.example").await.is_empty());
}

async fn an_address_gets_twenty_messages_a_day_and_one_more_each_seventy_two_minutes(Live(app): Live) {
    let ask = |address: &'static str| {
        let client = app.program();
        async move { client.open("recovery").await.submit("code", json!({ "email": address })).await }
    };
    // As often as the hour allows: every twelve minutes.
    let mut sent = 0;
    let refused = loop {
        let answer = ask("jane@acme.example").await;
        if answer.status != 200 {
            break answer;
        }
        sent += 1;
        app.advance(720);
    };
    assert_eq!(sent, 23, "20, and 3 in the 264 minutes that they took");
    let wait = refused.refused(Code::TooManyRequests)["retry_after"].as_u64().expect("a wait");
    assert!(wait <= 72 * 60, "{refused}");
    ask("joe@acme.example").await.goes_on("sent_email");
    app.advance(i64::try_from(wait).expect("small"));
    ask("jane@acme.example").await.goes_on("sent_email");
}

async fn the_test_environment_is_ten_thousand_times_wider(app: TestApp) {
    let answer = app.program().get("/v1/flows/login").await;
    assert_eq!(answer.header("ratelimit-limit"), "600000");
    app.limit("ip.auth", 1, 60).await;
    app.program().from("198.51.100.1").get("/v1/flows/login").await.ok();
    app.program().from("198.51.100.1").get("/v1/flows/login").await.refused(Code::TooManyRequests);
}

async fn no_outbox_is_there_in_a_live_tenant(Live(app): Live) {
    app.admin_key().get("/v1/outbox/messages").await.refused(Code::NotFound);
    app.admin_key().delete("/v1/outbox/messages").await.refused(Code::NotFound);
}

async fn mail_leaves_through_the_transport_in_a_live_tenant(Live(app): Live) {
    app.program().register("jane@acme.example").await.ok();
    let mail = app.latest_mail("jane@acme.example").await;
    assert!(
        mail.code.len() == 6 && mail.link.starts_with("https://id.example.com/verify?flow=flw_"),
        "{mail:?}"
    );
    let verify = app.program().open("verification").await;
    app.advance(60);
    verify.submit("code", json!({ "email": "jane@acme.example" })).await.goes_on("sent_email");
    let code = app.latest_mail("jane@acme.example").await.code;
    verify.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
}

async fn an_allowed_origin_may_call_with_credentials_and_others_may_not(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    app.settings(json!({ "allowed_cors_origins": ["https://app.example.com"] })).await;
    let read = |origin: &str| {
        jane.client.get("/v1/me").header("origin", origin).header("sec-fetch-site", "same-site")
    };
    let allowed = read("https://app.example.com").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    assert!(allowed.header("access-control-expose-headers").contains("ETag"));
    let foreign = read("https://evil.example").await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
    assert!(foreign.header("vary").contains("Origin"));
    let write = |origin: &str| {
        let call = jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane" }));
        call.header("origin", origin).header("sec-fetch-site", "same-site")
    };
    write("https://app.example.com").await.ok();
    write("https://evil.example").await.refused(Code::CsrfFailed);
}

async fn a_preflight_says_what_is_allowed(app: TestApp) {
    app.settings(json!({ "allowed_cors_origins": ["https://app.example.com"] })).await;
    let ask = |path: &str, origin: &str| {
        let call = app.program().call("OPTIONS", path).header("origin", origin);
        call.header("access-control-request-method", "PATCH")
    };
    let allowed = ask("/v1/me", "https://app.example.com").await;
    allowed.no_content();
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.com");
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    assert!(allowed.header("access-control-allow-headers").contains("Idempotency-Key"));
    assert_eq!(allowed.header("access-control-max-age"), "600");
    assert_eq!(ask("/v1/me", "https://evil.example").await.header("access-control-allow-origin"), "");
    assert_eq!(ask("/sign-in", "https://app.example.com").await.header("access-control-allow-origin"), "");
}

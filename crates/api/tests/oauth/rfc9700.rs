//! Rules of RFC 9700 by the name of their section, as far as no attack of `security` and no test of `libs/oauth` shows them.

use avnology_testkit::{TestApp, on_both_engines};
use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use crate::kit::{Back, challenge_of, csrf_of, jane, own_app, refused, register, verified};

on_both_engines! {
    rfc9700_2_1_2_no_token_comes_from_the_authorization_endpoint,
    rfc9700_2_2_1_a_stolen_token_is_worth_nothing_without_its_key,
    rfc9700_2_4_there_is_no_grant_for_passwords,
    rfc9700_2_6_the_documents_of_the_server_tell_what_it_does,
    rfc9700_4_2_no_page_tells_others_where_it_is,
    rfc9700_4_3_no_token_stands_in_an_address,
    rfc9700_4_6_an_id_token_names_the_access_token_that_came_with_it,
    rfc9700_4_11_a_wrong_request_leads_nowhere,
    rfc9700_4_11_the_way_back_from_a_sign_in_is_checked,
    rfc9700_4_12_what_was_posted_is_not_posted_on,
    rfc9700_4_16_no_page_can_be_framed,
    rfc9700_4_17_no_answer_comes_by_a_message_between_windows,
}

async fn rfc9700_2_1_2_no_token_comes_from_the_authorization_endpoint(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    for kind in ["token", "id_token", "id_token token", "code token", "code id_token", "none"] {
        let back = client.back(&jane.client, &[("response_type", kind)]).await;
        assert_eq!(back.error(), "unsupported_response_type", "{kind}");
        assert_eq!((back.get("access_token"), back.get("id_token"), back.get("code")), (None, None, None));
    }
}

async fn rfc9700_2_2_1_a_stolen_token_is_worth_nothing_without_its_key(app: TestApp) {
    let client = own_app(&app, json!({ "require_dpop": true })).await;
    let jane = jane(&app).await;
    let code = client.code(&jane.client, &[]).await;
    // A client whose tokens must be bound gets none without a key.
    refused(&client.redeem(&code).await, 400, "invalid_dpop_proof");
}

async fn rfc9700_2_4_there_is_no_grant_for_passwords(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let form = [
        ("grant_type", "password"),
        ("username", jane.email.as_str()),
        ("password", avnology_testkit::PASSWORD),
    ];
    refused(&client.token(&form).await, 400, "unsupported_grant_type");
    let metadata = app.program().get("/.well-known/oauth-authorization-server").await;
    let grants = metadata.ok()["grant_types_supported"].as_array().expect("grants");
    assert!(!grants.contains(&json!("password")) && !grants.contains(&json!("implicit")), "{grants:?}");
}

async fn rfc9700_2_6_the_documents_of_the_server_tell_what_it_does(app: TestApp) {
    let metadata = app.program().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata.ok()["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().expect("methods");
    assert!(methods.contains(&json!("private_key_jwt")), "{methods:?}");
}

/// The pages between a client and a person, each opened.
async fn pages(app: &TestApp) -> Vec<avnology_testkit::Answer> {
    let client = register(app, "web", json!({})).await;
    let jane = jane(app).await;
    let browser = app.browser();
    let sign_in = browser.get(&client.request(&[])).await;
    let sign_in = browser.get(sign_in.is(303).header("location")).await;
    let sign_in = browser.get(sign_in.is(303).header("location")).await;
    let consent = jane.client.get(&client.request(&[])).await;
    let consent = jane.client.get(consent.is(303).header("location")).await;
    let form_post = own_app(app, json!({})).await;
    let form_post = jane.client.get(&form_post.request(&[("response_mode", "form_post")])).await;
    let error = browser.get(&client.request(&[("redirect_uri", "https://evil.example")])).await;
    let device = jane.client.get("/device").await;
    let sign_out = jane.client.get("/oauth2/logout").await;
    for (page, status) in
        [(&sign_in, 200), (&consent, 200), (&form_post, 200), (&error, 400), (&device, 200), (&sign_out, 200)]
    {
        assert!(page.is(status).header("content-type").starts_with("text/html"), "{page}");
    }
    vec![sign_in, consent, form_post, error, device, sign_out]
}

async fn rfc9700_4_2_no_page_tells_others_where_it_is(app: TestApp) {
    for page in pages(&app).await {
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{page}");
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("http"),
            "nothing of others: {policy}"
        );
        assert_eq!(page.header("cache-control"), "no-store", "{page}");
    }
}

async fn rfc9700_4_3_no_token_stands_in_an_address(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let fragment = client.back(&jane.client, &[("response_mode", "fragment")]).await;
    assert_eq!(fragment.error(), "invalid_request");
    let token = client.tokens(&jane.client, &[]).await.at("/access_token");
    app.program().get(&format!("/userinfo?access_token={token}")).await.is(400);
    assert!(!client.is_active(&token).await, "one that was seen there is ended");
    let code = client.code(&jane.client, &[]).await;
    let asked = format!("/oauth2/token?grant_type=authorization_code&code={code}");
    app.program().get(&asked).await.is(405);
}

async fn rfc9700_4_6_an_id_token_names_the_access_token_that_came_with_it(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let (one, two) = (client.tokens(&jane.client, &[]).await, client.tokens(&jane.client, &[]).await);
    let half = |token: &str| {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(hash.as_ref().first_chunk::<16>().expect("half of it"))
    };
    let claims = verified(&app, &one.at("/id_token"), "JWT").await;
    assert_eq!(claims["at_hash"], json!(half(&one.at("/access_token"))));
    assert_ne!(claims["at_hash"], json!(half(&two.at("/access_token"))), "another one does not fit");
}

async fn rfc9700_4_11_a_wrong_request_leads_nowhere(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    for wrong in [
        [("client_id", "cli_01kjpwfebhf9xrvqney6fmm27s"), ("redirect_uri", "https://evil.example/")],
        [("client_id", ""), ("redirect_uri", "https://evil.example/")],
        [("redirect_uri", "https://evil.example/"), ("response_type", "token")],
        [("redirect_uri", "https://evil.example/"), ("prompt", "none")],
    ] {
        let answer = jane.client.get(&client.request(&wrong)).await;
        assert!(answer.is(400).headers.get("location").is_none(), "{wrong:?}: {answer}");
    }
    let out = [("client_id", client.id.as_str()), ("post_logout_redirect_uri", "https://evil.example/")];
    let answer = jane.client.get("/oauth2/logout").query(&out).await;
    assert!(answer.is(400).headers.get("location").is_none(), "{answer}");
}

async fn rfc9700_4_11_the_way_back_from_a_sign_in_is_checked(app: TestApp) {
    own_app(&app, json!({})).await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example/",
        "https://app.example.com.evil.example/",
        "javascript:alert(1)",
    ] {
        let opened = app.browser().get("/v1/flows/login").query(&[("return_to", elsewhere)]).await;
        opened.refused_fields(avnology_model::Code::ValidationFailed, &[("return_to", "not_allowed")]);
    }
}

async fn rfc9700_4_12_what_was_posted_is_not_posted_on(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    let page = jane.client.get(&format!("/consent?login_challenge={challenge}")).await;
    let token = csrf_of(&page);
    let form = [("csrf_token", token.as_str()), ("login_challenge", &challenge), ("decision", "accept")];
    let answer = jane.client.post("/consent").form(&form).await;
    // 307 would have the browser send the form on to the client.
    let back = jane.client.get(answer.is(303).header("location")).await;
    Back::of(back.is(303).header("location")).code();
    let opened = app.browser();
    let flow = opened.open("login").await;
    let token = flow.csrf();
    let fields = [
        ("method", "password"),
        ("identifier", jane.email.as_str()),
        ("password", avnology_testkit::PASSWORD),
        ("csrf_token", token.as_str()),
    ];
    opened.post(&flow.submit_path()).form(&fields).await.is(303);
}

async fn rfc9700_4_16_no_page_can_be_framed(app: TestApp) {
    for page in pages(&app).await {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

async fn rfc9700_4_17_no_answer_comes_by_a_message_between_windows(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let back = client.back(&jane.client, &[("response_mode", "web_message")]).await;
    assert_eq!(back.error(), "invalid_request");
    let metadata = app.program().get("/.well-known/openid-configuration").await;
    assert_eq!(metadata.ok()["response_modes_supported"], json!(["query", "form_post"]));
}

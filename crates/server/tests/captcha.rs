//! CAPTCHAs through a provider on loopback: what is asked, and what is made of its answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use avnology_core::ports::{CaptchaToken, CaptchaVerdict, CaptchaVerifier};
use avnology_model::{Code, Result, platform::CaptchaProvider};
use avnology_server::{captcha::Verifier, config::Config};
use avnology_testkit::{CAPTCHA_SECRET, CAPTCHA_SITE, CaptchaHouse, Engine, Guarded, Setup};
use axum::{Router, response::Redirect, routing::post};
use secrecy::SecretString;
use serde_json::json;

fn verifier(url: Option<&str>) -> Verifier {
    let variables = url.map(|url| ("AVNOLOGY_CAPTCHA_URL".into(), url.into()));
    Verifier::new(&Config::load(None, variables).unwrap()).unwrap()
}

/// What the provider at `url` says of a token that has to be about a login at one of our hosts.
async fn ask(url: &str, provider: CaptchaProvider, secret: &str, token: &str) -> Result<CaptchaVerdict> {
    let secret = SecretString::from(secret);
    let hosts = ["id.example.com".to_owned(), "app.example.com".to_owned()];
    let question = CaptchaToken {
        provider,
        site_key: CAPTCHA_SITE,
        secret: &secret,
        token,
        ip: Some("2001:db8::1".parse().unwrap()),
        action: "login",
        hosts: &hosts,
    };
    verifier(Some(url)).verify(&question).await
}

#[tokio::test]
async fn both_providers_are_asked_by_one_form_and_hcaptcha_is_told_the_site() {
    let house = CaptchaHouse::start().await;
    for provider in [CaptchaProvider::Turnstile, CaptchaProvider::Hcaptcha] {
        let token = house.token();
        assert_eq!(ask(house.url(), provider, CAPTCHA_SECRET, &token).await.unwrap(), CaptchaVerdict::Person);
        let asked = house.asked().pop().unwrap();
        assert_eq!((asked["secret"].as_str(), asked["response"].as_str()), (CAPTCHA_SECRET, token.as_str()));
        assert_eq!(asked["remoteip"], "2001:db8::1");
        let site = (provider == CaptchaProvider::Hcaptcha).then_some(CAPTCHA_SITE);
        assert_eq!(asked.get("sitekey").map(String::as_str), site);
    }
}

#[tokio::test]
async fn a_used_or_unknown_token_and_one_of_another_page_or_purpose_are_refused() {
    let house = CaptchaHouse::start().await;
    let used = house.token();
    ask(house.url(), CaptchaProvider::Turnstile, CAPTCHA_SECRET, &used).await.unwrap();
    let cases = [
        (used, "timeout-or-duplicate"),
        ("nobody's".to_owned(), "invalid-input-response"),
        (house.token_of("evil.example", ""), "it was solved at evil.example"),
        (
            house.token_of("id.example.com.evil.example", "login"),
            "it was solved at id.example.com.evil.example",
        ),
        (house.token_of("id.example.com", "registration"), "it is about registration"),
    ];
    for (token, why) in cases {
        let verdict = ask(house.url(), CaptchaProvider::Turnstile, CAPTCHA_SECRET, &token).await.unwrap();
        assert_eq!(verdict, CaptchaVerdict::Refused(why.to_owned()));
    }
    for (host, action) in [("ID.example.com", "login"), ("app.example.com", ""), ("", "")] {
        let token = house.token_of(host, action);
        let verdict = ask(house.url(), CaptchaProvider::Turnstile, CAPTCHA_SECRET, &token).await.unwrap();
        assert_eq!(verdict, CaptchaVerdict::Person, "{host} {action}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_decide_is_unavailable_and_no_verdict() {
    let house = CaptchaHouse::start().await;
    let wrong = ask(house.url(), CaptchaProvider::Turnstile, "another secret", &house.token()).await;
    assert_eq!(wrong.unwrap_err().code(), Code::Unavailable);
    for status in [200, 404, 500, 503] {
        house.answers_only(Some(status));
        let told = ask(house.url(), CaptchaProvider::Hcaptcha, CAPTCHA_SECRET, &house.token()).await;
        let error = told.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{status}");
        assert!(!format!("{error:?}").contains(CAPTCHA_SECRET), "{error:?}");
    }
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = ask(&format!("http://{gone}"), CaptchaProvider::Turnstile, CAPTCHA_SECRET, "x").await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn nobody_waits_long_for_a_silent_provider() {
    let house = CaptchaHouse::start().await;
    house.falls_silent();
    let token = house.token();
    let question = ask(house.url(), CaptchaProvider::Turnstile, CAPTCHA_SECRET, &token);
    // The machine may be busy; the provider would keep us for a minute.
    let told = tokio::time::timeout(Duration::from_secs(30), question).await.unwrap();
    assert_eq!(told.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn the_secret_follows_no_redirect() {
    let house = CaptchaHouse::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = format!("{}/siteverify", house.url());
    let routes =
        Router::new().route("/siteverify", post(move || async move { Redirect::temporary(&target) }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let told = ask(&url, CaptchaProvider::Turnstile, CAPTCHA_SECRET, &house.token()).await;
    assert_eq!(told.unwrap_err().code(), Code::Unavailable);
    assert!(house.asked().is_empty());
}

#[test]
fn the_widget_is_the_providers_own_unless_the_operator_names_another() {
    let own = verifier(None);
    let hcaptcha = own.widget(CaptchaProvider::Hcaptcha);
    assert_eq!(hcaptcha.script, "https://js.hcaptcha.com/1/api.js?render=explicit");
    assert_eq!(hcaptcha.sources, ["https://hcaptcha.com", "https://*.hcaptcha.com"]);
    let turnstile = own.widget(CaptchaProvider::Turnstile);
    assert_eq!(turnstile.script, "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit");
    assert_eq!(turnstile.sources, ["https://challenges.cloudflare.com"]);
    let other = verifier(Some("https://captcha.example.com:8443/v1/")).widget(CaptchaProvider::Hcaptcha);
    assert_eq!(other.script, "https://captcha.example.com:8443/v1/api.js?render=explicit");
    assert_eq!(other.sources, ["https://captcha.example.com:8443"]);
}

#[test]
fn an_address_that_would_show_the_secret_is_refused() {
    for url in
        ["http://captcha.example.com", "ftp://127.0.0.1", "https://u:p@c.example", "https://c.example/?a"]
    {
        let variables = [("AVNOLOGY_CAPTCHA_URL".into(), url.into())];
        assert!(Config::load(None, variables).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_live_tenant_takes_tokens_of_its_own_pages_and_of_those_that_may_call_it() {
    let Guarded { app, house } = Guarded::start(Setup::on(Engine::Sqlite).live()).await;
    app.settings(json!({ "allowed_cors_origins": ["https://app.example.com"] })).await;
    let mut said = Vec::new();
    for (n, host) in ["id.example.com", "app.example.com", "evil.example"].into_iter().enumerate() {
        let flow = app.program().open("recovery").await;
        let token = house.token_of(host, "recovery");
        let body = json!({ "email": format!("a{n}@acme.example"), "captcha_token": token });
        said.push(flow.submit("code", body).await.status);
    }
    assert_eq!(said, [200, 200, 400]);
}

//! Text messages through a gateway on loopback: what is posted, signed and tried again.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use avnology_core::Clock;
use avnology_model::Code;
use avnology_server::{config::Config, sms};
use avnology_testkit::{Engine, FakeClock, Setup, TestApp};
use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode},
};
use serde_json::{Value, json};

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";
const PHONE: &str = "+442079460042";
const JANE: &str = "jane@acme.example";

/// A gateway that keeps what it is sent and answers as it is told.
#[derive(Clone)]
struct Gateway {
    url: String,
    received: Arc<Mutex<Vec<(Method, HeaderMap, Bytes)>>>,
    answer: Arc<Mutex<StatusCode>>,
}

impl Gateway {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            url: format!("http://{}/send?account=7", listener.local_addr().unwrap()),
            received: Arc::default(),
            answer: Arc::new(Mutex::new(StatusCode::ACCEPTED)),
        };
        let own = gateway.clone();
        let take = move |method: Method, headers: HeaderMap, body: Bytes| {
            own.received.lock().unwrap().push((method, headers, body));
            let answer = *own.answer.lock().unwrap();
            async move { (answer, [("location", "/elsewhere")]) }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await });
        gateway
    }

    fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    /// What it was sent; every signature is checked as `docs/sms.md` says.
    fn taken(&self) -> Vec<(HeaderMap, Value)> {
        let received = self.received.lock().unwrap().clone();
        received
            .into_iter()
            .filter(|(method, ..)| method == Method::POST)
            .map(|(_, headers, body)| {
                let timestamp = headers["x-avnology-timestamp"].to_str().unwrap();
                let signature = headers["x-avnology-signature"].to_str().unwrap();
                let bytes: Vec<u8> = (0..signature.len() / 2)
                    .map(|i| u8::from_str_radix(&signature[2 * i..2 * i + 2], 16).unwrap())
                    .collect();
                let signed = [timestamp.as_bytes(), b".", &body].concat();
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                hmac::verify(&key, &signed, &bytes).expect("a right signature");
                assert!(hmac::verify(&key, &[&signed[..], b" "].concat(), &bytes).is_err());
                (headers, serde_json::from_slice(&body).unwrap())
            })
            .collect()
    }
}

fn setup(gateway: &Gateway) -> Setup {
    Setup::on(Engine::Sqlite)
        .live()
        .with("AVNOLOGY_SMS_WEBHOOK_URL", &gateway.url)
        .with("AVNOLOGY_SMS_WEBHOOK_SECRET", SECRET)
}

/// A live tenant where Jane, whose phone is proven, has just asked for a code.
async fn asked(gateway: &Gateway) -> TestApp {
    let app = TestApp::start(setup(gateway)).await;
    app.account_with(JANE, json!({ "phone": PHONE, "phone_verified": true, "locale": "en-GB" })).await;
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": PHONE, "channel": "sms" })).await.goes_on("sent_sms");
    app
}

#[tokio::test]
async fn a_text_is_posted_signed_and_its_code_signs_in() {
    let gateway = Gateway::start().await;
    let app = TestApp::start(setup(&gateway)).await;
    app.account_with(JANE, json!({ "phone": PHONE, "phone_verified": true, "locale": "en-GB" })).await;
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": PHONE, "channel": "sms" })).await.goes_on("sent_sms");
    app.settle().await;
    let taken = gateway.taken();
    let [(headers, body)] = taken.as_slice() else { panic!("one text, not {}", taken.len()) };
    let code = body["code"].as_str().unwrap();
    assert_eq!(body["to"], PHONE);
    assert_eq!(body["text"], format!("{code} is your Avnology ID sign-in code. Do not share it."));
    assert_eq!((&body["purpose"], &body["locale"]), (&json!("sign_in_code"), &json!("en-GB")));
    assert_eq!(headers["x-avnology-delivery-id"].to_str().unwrap(), body["id"].as_str().unwrap());
    assert_eq!(headers["x-avnology-event-type"], "sms.requested");
    assert_eq!(headers["x-avnology-timestamp"].to_str().unwrap(), app.now().seconds().to_string());
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(headers["user-agent"], "Avnology-ID-Webhooks/1");
    assert!(body["expires_at"].as_str() > body["create_time"].as_str());
    flow.submit("code", json!({ "code": code })).await.token();
}

#[tokio::test]
async fn a_text_that_was_not_taken_is_posted_again_with_the_same_id_until_its_code_is_old() {
    let gateway = Gateway::start().await;
    gateway.answers(StatusCode::SERVICE_UNAVAILABLE);
    let app = asked(&gateway).await;
    app.settle().await;
    for (wait, tries) in [(4, 1), (1, 2), (29, 2), (1, 3)] {
        app.advance(wait);
        app.settle().await;
        assert_eq!(gateway.taken().len(), tries, "after {wait} s more");
    }
    gateway.answers(StatusCode::OK);
    app.advance(120);
    app.settle().await;
    app.advance(3_600);
    app.settle().await;
    let taken = gateway.taken();
    assert_eq!(taken.len(), 4, "taken at last, and never again");
    assert!(taken.iter().all(|(_, body)| body["id"] == taken[0].1["id"]));
    assert_ne!(taken[0].0["x-avnology-timestamp"], taken[1].0["x-avnology-timestamp"]);

    gateway.answers(StatusCode::INTERNAL_SERVER_ERROR);
    let late = asked(&gateway).await;
    for _ in 0..20 {
        late.settle().await;
        late.advance(600);
    }
    assert_eq!(gateway.taken().len() - taken.len(), 1, "an old code is not worth another text");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let gateway = Gateway::start().await;
    gateway.answers(StatusCode::TEMPORARY_REDIRECT);
    asked(&gateway).await.settle().await;
    assert_eq!(gateway.received.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_look_at_the_gateway_sends_no_text_and_tells_when_nobody_is_there() {
    let gateway = Gateway::start().await;
    let variables = |url: &str| {
        [
            ("AVNOLOGY_SMS_WEBHOOK_URL".to_owned(), url.to_owned()),
            ("AVNOLOGY_SMS_WEBHOOK_SECRET".to_owned(), SECRET.to_owned()),
        ]
    };
    let transport = |url: &str| {
        let config = Config::load(None, variables(url).map(|(n, v)| (n.into(), v.into()))).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::default());
        sms::transport(&config, &clock).unwrap().unwrap()
    };
    gateway.answers(StatusCode::METHOD_NOT_ALLOWED);
    transport(&gateway.url).check().await.unwrap();
    assert!(gateway.taken().is_empty());
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = transport(&format!("http://{gone}/send?token=hush")).check().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

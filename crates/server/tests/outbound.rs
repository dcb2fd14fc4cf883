//! Calls to URLs that others chose, against servers on loopback: what is sent, what is taken, and whom we never call.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use avnology_core::ports::{CallRefusal, Fetched, OutboundCalls};
use avnology_server::{config::Config, outbound::Calls};
use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::Redirect,
    routing::{any, get, post},
};
use tokio::net::TcpListener;
use url::Url;

fn calls(variables: &[(&str, &str)]) -> Calls {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Calls::new(&Config::load(None, variables).unwrap()).unwrap()
}

/// Those of a test environment, where loopback may be called.
fn test_calls() -> Calls {
    calls(&[("AVNOLOGY_ENVIRONMENT", "test")])
}

/// A server on loopback; its origin.
async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    origin
}

async fn fetch(calls: &Calls, url: &str) -> Result<Fetched, CallRefusal> {
    calls.get(&Url::parse(url).unwrap()).await
}

/// What went wrong.
fn failed(answer: Result<Fetched, CallRefusal>) -> String {
    let Err(CallRefusal::Failed(words)) = answer else { unreachable!("{answer:?}") };
    words
}

#[tokio::test]
async fn a_document_comes_with_how_long_it_may_be_kept() {
    let keys = get(async || ([(header::CACHE_CONTROL, "max-age=60")], "{\"keys\":[]}"));
    let origin = serve(Router::new().route("/keys", keys)).await;
    let fetched = fetch(&test_calls(), &format!("{origin}/keys")).await.unwrap();
    let keep = Some(Duration::from_mins(1));
    assert_eq!(fetched, Fetched { body: b"{\"keys\":[]}".to_vec(), keep });
    let by_name = format!("{}/keys", origin.replace("127.0.0.1", "localhost"));
    assert_eq!(fetch(&test_calls(), &by_name).await.unwrap().keep, keep);
}

#[tokio::test]
async fn a_form_is_posted_and_its_status_told_whichever_it_is() {
    let sink = post(async |headers: HeaderMap, body: String| {
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(body, "logout_token=a.b.c&note=1+%26+2");
        StatusCode::NO_CONTENT
    });
    let refuses = post(async || StatusCode::BAD_REQUEST);
    let origin = serve(Router::new().route("/sink", sink).route("/refuses", refuses)).await;
    let form = [("logout_token", "a.b.c"), ("note", "1 & 2")];
    for (path, status) in [("/sink", 204), ("/refuses", 400)] {
        let url = Url::parse(&format!("{origin}{path}")).unwrap();
        assert_eq!(test_calls().post_form(&url, &form).await, Ok(status));
    }
}

#[tokio::test]
async fn redirects_errors_and_long_answers_are_no_documents() {
    let touched = Arc::new(AtomicUsize::new(0));
    let touch = Arc::clone(&touched);
    let target = any(async move || {
        touch.fetch_add(1, Ordering::Relaxed);
        "secret"
    });
    let routes = Router::new()
        .route("/target", target)
        .route("/moved", any(async || Redirect::temporary("/target")))
        .route("/gone", get(async || StatusCode::NOT_FOUND))
        .route("/full", get(async || vec![b' '; 64 * 1024]))
        .route("/long", get(async || vec![b' '; 64 * 1024 + 1]));
    let origin = serve(routes).await;
    let calls = test_calls();
    for (path, words) in [("/moved", "307"), ("/gone", "404"), ("/long", "more than 65536 bytes")] {
        let told = failed(fetch(&calls, &format!("{origin}{path}")).await);
        assert!(told.contains(words) && !told.contains(&origin), "{told}");
    }
    assert_eq!(fetch(&calls, &format!("{origin}/full")).await.unwrap().body.len(), 64 * 1024);
    let moved = Url::parse(&format!("{origin}/moved")).unwrap();
    assert_eq!(calls.post_form(&moved, &[]).await, Ok(307));
    assert_eq!(touched.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn who_does_not_answer_in_five_seconds_is_given_up() {
    let slow = get(async || {
        tokio::time::sleep(Duration::from_mins(1)).await;
        "too late"
    });
    let origin = serve(Router::new().route("/slow", slow)).await;
    let calls = test_calls();
    let url = format!("{origin}/slow");
    let answer = tokio::time::timeout(Duration::from_secs(8), fetch(&calls, &url));
    failed(answer.await.unwrap());
}

#[tokio::test]
async fn a_live_tenant_calls_loopback_only_where_its_operator_says_so() {
    let origin = serve(Router::new().route("/keys", get(async || "{}"))).await;
    let (by_address, by_name) =
        (format!("{origin}/keys"), format!("{origin}/keys").replace("127.0.0.1", "localhost"));
    for url in [&by_address, &by_name, &by_name.replace("http:", "https:")] {
        assert_eq!(fetch(&calls(&[]), url).await, Err(CallRefusal::NotAllowed), "{url}");
    }
    let allowed = calls(&[("AVNOLOGY_OUTBOUND_ALLOW", "10.0.0.0/8, 127.0.0.1")]);
    assert!(fetch(&allowed, &by_address).await.is_ok());
    assert!(fetch(&allowed, &by_name).await.is_ok());
    let elsewhere = calls(&[("AVNOLOGY_OUTBOUND_ALLOW", "10.0.0.0/8")]);
    assert_eq!(fetch(&elsewhere, &by_address).await, Err(CallRefusal::NotAllowed));
}

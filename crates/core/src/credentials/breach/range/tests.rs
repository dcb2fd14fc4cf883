use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{super::sha1, *};
use crate::credentials::Breaches;

/// SHA-1 of `password`: 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
const ENTRY: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

/// A server on the loopback address that gives each connection the same answer, and the requests it got.
async fn service(answer: Vec<u8>) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/range/", listener.local_addr().unwrap()).parse().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            seen.lock().push(String::from_utf8(request).unwrap());
            // The client may hang up before it has read everything.
            let _ = stream.write_all(&answer).await;
        }
    });
    (base, requests)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn breaches(base: &Url) -> Breaches {
    Breaches::range_api(base, client())
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn error(base: &Url, password: &str) -> String {
    RangeApi::new(base, client()).contains(&sha1(password)).await.unwrap_err()
}

#[tokio::test]
async fn a_breached_password_is_found_by_five_digits_of_its_hash() {
    let body = format!(
        "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{ENTRY}:10434004\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\r\n"
    );
    let (base, requests) = service(answer("200 OK", &body)).await;
    assert!(breaches(&base).contains(&"password".to_owned().into()).await);
    assert!(!breaches(&base).contains(&"velvet otter ladder".to_owned().into()).await);
    let requests = requests.lock();
    assert!(requests[0].starts_with("GET /range/5BAA6 HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].to_ascii_lowercase().contains("add-padding: true\r\n"), "{}", requests[0]);
    assert!(!requests[0].contains("1E4C9"));
}

#[tokio::test]
async fn digits_may_be_small_and_lines_end_without_a_carriage_return() {
    let (base, _) = service(answer("200 OK", &format!("{}:1\n", ENTRY.to_lowercase()))).await;
    assert!(breaches(&base).contains(&"password".to_owned().into()).await);
}

#[tokio::test]
async fn padding_and_broken_lines_are_no_breaches() {
    for body in
        [format!("{ENTRY}:0\r\n"), format!("{ENTRY}\r\n"), format!("{ENTRY}:many\r\n"), "::\n\n:".to_owned()]
    {
        let (base, _) = service(answer("200 OK", &body)).await;
        assert_eq!(RangeApi::new(&base, client()).contains(&sha1("password")).await, Ok(false), "{body}");
    }
}

#[tokio::test]
async fn an_error_status_blocks_nobody_and_the_log_does_not_tell_the_digits() {
    let (base, _) = service(answer("503 Service Unavailable", &format!("{ENTRY}:1\r\n"))).await;
    assert!(!breaches(&base).contains(&"password".to_owned().into()).await);
    let error = error(&base, "password").await;
    assert!(error.contains("503") && !error.contains("5BAA6"), "{error}");
}

#[tokio::test]
async fn an_unreachable_service_blocks_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    assert!(!breaches(&base).contains(&"password".to_owned().into()).await);
    let error = error(&base, "password").await;
    assert!(!error.contains("5BAA6"), "{error}");
}

#[tokio::test]
async fn a_slow_service_blocks_nobody_for_long() {
    // It promises more than it sends and never hangs up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await;
            open.push(stream);
        }
    });
    let look_up = async { breaches(&base).contains(&"password".to_owned().into()).await };
    assert_eq!(tokio::time::timeout(TIMEOUT * 3, look_up).await, Ok(false));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let line = format!("{}:1\r\n", "0".repeat(35));
    let (base, _) = service(answer("200 OK", &line.repeat(LARGEST_ANSWER / line.len() + 2))).await;
    let error = error(&base, "password").await;
    assert!(error.contains("larger"), "{error}");
}

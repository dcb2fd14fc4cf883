//! Connections: protocols, patience, overload and the end.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "helpers of tests")]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use avnology_server::{
    config::Key,
    serve::{self, Drained, Limits, Stop},
};
use axum::{Router, routing::get};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(5);

struct Running {
    address: SocketAddr,
    stop: Stop,
    entered: Arc<Notify>,
    leave: Arc<Notify>,
    ended: JoinHandle<Drained>,
}

async fn start(limits: Limits) -> Running {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        move || async move {
            entered.notify_one();
            leave.notified().await;
            "finished"
        }
    };
    let router = Router::new().route("/", get(|| async { "hello" })).route("/slow", get(slow));
    let listener = serve::bind(Key::Listen, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::default();
    let service_of = move |peer: SocketAddr| {
        assert!(peer.ip().is_loopback());
        router.clone()
    };
    let ended = tokio::spawn(serve::serve(listener, service_of, limits, stop.clone()));
    Running { address, stop, entered, leave, ended }
}

async fn get_raw(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    timeout(SOON, stream.read_to_end(&mut text)).await.expect("the connection ends").unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn http_1_and_http_2_by_prior_knowledge_are_answered_on_one_port() {
    let running = start(Limits::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(read_to_end(&mut stream).await.ends_with("hello"));

    let stream = TcpStream::connect(running.address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let request =
            Request::get(format!("http://{}/", running.address)).body(Empty::<Bytes>::new()).unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.version(), hyper::Version::HTTP_2);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    }
}

#[tokio::test]
async fn an_open_request_is_finished_and_nothing_new_is_taken() {
    let running = start(Limits::default()).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut idle, "/").await;
    let mut buffer = [0; 1024];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);

    let mut open = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut open, "/slow").await;
    running.entered.notified().await;
    running.stop.now();
    assert_eq!(read_to_end(&mut idle).await, "", "an idle connection is closed at once");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(running.address).await.is_err(), "the port is closed");
    assert!(!running.ended.is_finished());

    running.leave.notify_one();
    let answer = read_to_end(&mut open).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"), "{answer}");
    assert_eq!(timeout(SOON, running.ended).await.unwrap().unwrap(), Drained::Whole);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_after_the_drain_time() {
    let running = start(Limits { drain: Duration::from_millis(200), ..Limits::default() }).await;
    let mut open = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut open, "/slow").await;
    running.entered.notified().await;
    let since = Instant::now();
    running.stop.now();
    assert_eq!(timeout(SOON, running.ended).await.unwrap().unwrap(), Drained::CutOff);
    assert!(since.elapsed() >= Duration::from_millis(200));
    assert_eq!(read_to_end(&mut open).await, "");
}

#[tokio::test]
async fn clients_that_say_too_little_are_dropped() {
    let running = start(Limits { head: Duration::from_millis(200), ..Limits::default() }).await;
    // Nothing at all; the first letter of both protocols; half a preface; half a head; a head that drips.
    for opening in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost: x\r\n", "GET"] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(opening.as_bytes()).await.unwrap();
        let since = Instant::now();
        let mut rest = Vec::new();
        let _ = timeout(SOON, stream.read_to_end(&mut rest))
            .await
            .unwrap_or_else(|_| panic!("{opening:?} is dropped"));
        assert!(since.elapsed() >= Duration::from_millis(150), "{opening:?} had its time");
    }
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut stream, "/slow").await;
    running.entered.notified().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    running.leave.notify_one();
    let mut buffer = [0; 1024];
    assert!(stream.read(&mut buffer).await.unwrap() > 0, "a slow answer is no slow client");
}

#[tokio::test]
async fn too_many_connections_are_told_so_and_room_is_used_again() {
    let running = start(Limits { connections: 2, ..Limits::default() }).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut first, "/slow").await;
    running.entered.notified().await;
    let mut second = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut second, "/").await;
    let mut buffer = [0; 1024];
    assert!(second.read(&mut buffer).await.unwrap() > 0);

    let mut third = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut third, "/").await;
    let answer = read_to_end(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("Retry-After: 1"), "{answer}");
    let length: usize =
        answer.split("Content-Length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    assert_eq!(answer.split("\r\n\r\n").nth(1).unwrap().len(), length);

    drop(second);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut fourth = TcpStream::connect(running.address).await.unwrap();
    get_raw(&mut fourth, "/").await;
    let count = fourth.read(&mut buffer).await.unwrap();
    assert!(buffer[..count].starts_with(b"HTTP/1.1 200"));
}

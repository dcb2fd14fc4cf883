//! A small HTTP/1.1 client for one kept-alive connection, for what wrk cannot do: dialogues and paced requests.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::Outcome;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads a whole response.
    pub(crate) fn parse(bytes: &[u8]) -> Outcome<Self> {
        let end = head_end(bytes).ok_or("the response has no end of its head")?;
        let (head, body) = bytes.split_at(end);
        let (status, headers) = parse_head(head)?;
        Ok(Self { status, headers, body: body.to_vec() })
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Outcome<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    host: SocketAddr,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(host: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192), host })
    }

    /// Asks without a body.
    pub(crate) async fn get(&mut self, path: &str, bearer: Option<&str>) -> Outcome<Answer> {
        let text = get_text(self.host, path, bearer);
        self.exchange(text.as_bytes()).await
    }

    /// Sends JSON.
    pub(crate) async fn post(&mut self, path: &str, body: &serde_json::Value) -> Outcome<Answer> {
        self.exchange(post_text(self.host, path, None, body).as_bytes()).await
    }

    /// Posts without a body, as whoever the token is of.
    pub(crate) async fn post_as(&mut self, path: &str, bearer: &str) -> Outcome<Answer> {
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {bearer}\r\ncontent-length: 0\r\n\r\n",
            self.host
        );
        self.exchange(text.as_bytes()).await
    }

    /// Sends lines of JSON, as whoever the token is of.
    pub(crate) async fn post_lines(&mut self, path: &str, bearer: &str, lines: &[u8]) -> Outcome<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {bearer}\r\n\
             content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
            self.host,
            lines.len()
        );
        self.stream.write_all(head.as_bytes()).await?;
        self.exchange(lines).await
    }

    async fn exchange(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.stream.write_all(request).await?;
        timeout(PATIENCE, self.answer()).await.map_err(|_| "no answer within 30 s")?
    }

    /// The answer to a path, as its bytes came.
    pub(crate) async fn get_raw(&mut self, path: &str, bearer: Option<&str>) -> Outcome<Vec<u8>> {
        self.send(&get_text(self.host, path, bearer)).await
    }

    /// Sends a whole request; the answer as its bytes came.
    pub(crate) async fn send(&mut self, request: &str) -> Outcome<Vec<u8>> {
        self.stream.write_all(request.as_bytes()).await?;
        timeout(PATIENCE, self.raw()).await.map_err(|_| "no answer within 30 s")?
    }

    async fn answer(&mut self) -> Outcome<Answer> {
        Answer::parse(&self.raw().await?)
    }

    async fn raw(&mut self) -> Outcome<Vec<u8>> {
        self.buffer.clear();
        let mut whole = usize::MAX;
        while self.buffer.len() < whole {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the connection was closed".into());
            }
            if whole == usize::MAX
                && let Some(end) = head_end(&self.buffer)
            {
                let (head, _) = self.buffer.split_at(end);
                let (_, headers) = parse_head(head)?;
                let length =
                    headers.iter().find(|(name, _)| name == "content-length").map(|(_, v)| v.parse());
                whole = end + length.transpose()?.unwrap_or(0_usize);
            }
        }
        Ok(self.buffer.clone())
    }
}

/// A request that asks for something.
pub(crate) fn get_text(host: SocketAddr, path: &str, bearer: Option<&str>) -> String {
    let authorization = authorization(bearer);
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n{authorization}\r\n")
}

/// A request that sends JSON.
pub(crate) fn post_text(
    host: SocketAddr,
    path: &str,
    bearer: Option<&str>,
    body: &serde_json::Value,
) -> String {
    let (authorization, body) = (authorization(bearer), body.to_string());
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\n{authorization}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

fn authorization(bearer: Option<&str>) -> String {
    bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default()
}

/// A request that sends a form, with a header `Authorization`.
pub(crate) fn form_text(host: SocketAddr, path: &str, authorization: &str, form: &str) -> String {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
    )
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn parse_head(head: &[u8]) -> Outcome<(u16, Vec<(String, String)>)> {
    let text = std::str::from_utf8(head)?;
    let mut lines = text.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status line")?.parse()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    Ok((status, headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_taken_apart() {
        let answer = Answer::parse(b"HTTP/1.1 201 Created\r\nX-A: b\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (201, &b"{}"[..]));
        assert_eq!(answer.headers.first().unwrap(), &("x-a".to_owned(), "b".to_owned()));
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\n").is_err());
    }
}

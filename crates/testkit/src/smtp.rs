//! A mail server on loopback that speaks SMTP (RFC 5321) over TCP, keeps what it takes and fails on demand.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{self, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    task::AbortHandle,
};

/// A message as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed, lines ending in CRLF.
    pub raw: String,
    /// Whether the client asked for SMTPUTF8 (RFC 6531).
    pub is_utf8: bool,
    /// Who had logged in.
    pub login: Option<String>,
}

impl ReceivedMail {
    /// The value of a header, unfolded; encoded words stay as they are.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.raw, name)
    }

    /// The first part of this media type, its transfer encoding undone.
    pub fn part(&self, media_type: &str) -> Option<String> {
        find_part(&self.raw, media_type)
    }

    /// The plain text.
    pub fn text(&self) -> String {
        self.part("text/plain").unwrap_or_default()
    }
}

/// Something that goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpFailure {
    /// The next recipient is refused with this code, as in 451 (try again) or 550 (never).
    AtRecipient(u16),
    /// The connection ends in the middle of the next message.
    DuringData,
    /// The next message is read whole and then refused with this code.
    AfterData(u16),
    /// The next login is refused.
    AtLogin,
}

/// How the server behaves all the time.
#[derive(Clone, Debug, Default)]
pub struct SmtpOptions {
    /// User and password that are demanded before a message is taken.
    pub login: Option<(String, String)>,
    /// Whether SMTPUTF8 is not offered.
    pub is_ascii_only: bool,
}

#[derive(Default)]
struct State {
    received: Vec<ReceivedMail>,
    failures: VecDeque<SmtpFailure>,
    connections: usize,
}

/// The server. It ends when dropped.
pub struct SmtpServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: AbortHandle,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    /// A server that takes everything, on a free port.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(SmtpOptions::default()).await
    }

    /// A server that behaves as `options` say.
    pub async fn start_with(options: SmtpOptions) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let task = tokio::spawn(accept(listener, Arc::clone(&state), options)).abort_handle();
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `smtp://…` of it, as the configuration wants it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Everything that was taken so far, oldest first.
    pub fn received(&self) -> Vec<ReceivedMail> {
        lock(&self.state).received.clone()
    }

    /// Lets this happen at the next occasion, after what was asked for earlier.
    pub fn fail_next(&self, failure: SmtpFailure) {
        lock(&self.state).failures.push_back(failure);
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>, options: SmtpOptions) {
    while let Ok((stream, _)) = listener.accept().await {
        lock(&state).connections += 1;
        let (reader, writer) = stream_halves(stream);
        let conversation = Conversation {
            reader,
            writer,
            state: Arc::clone(&state),
            options: options.clone(),
            login: None,
            envelope: None,
        };
        tokio::spawn(conversation.run());
    }
}

type Reader = BufReader<tokio::net::tcp::OwnedReadHalf>;

fn stream_halves(stream: TcpStream) -> (Reader, OwnedWriteHalf) {
    let (reader, writer) = stream.into_split();
    (BufReader::new(reader), writer)
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
    is_utf8: bool,
}

struct Conversation {
    reader: Reader,
    writer: OwnedWriteHalf,
    state: Arc<Mutex<State>>,
    options: SmtpOptions,
    login: Option<String>,
    envelope: Option<Envelope>,
}

impl Conversation {
    async fn run(mut self) -> io::Result<()> {
        self.say("220 testkit ESMTP").await?;
        while let Some(line) = self.line().await? {
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.greet().await?,
                "HELO" | "NOOP" => self.say("250 OK").await?,
                "RSET" => {
                    self.envelope = None;
                    self.say("250 OK").await?;
                }
                "AUTH" => self.log_in(rest).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => {
                    if !self.data().await? {
                        return Ok(());
                    }
                }
                "QUIT" => return self.say("221 bye").await,
                _ => self.say("500 what?").await?,
            }
        }
        Ok(())
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.writer.write_all(format!("{line}\r\n").as_bytes()).await
    }

    /// The next line without its end; `None` when the client is gone.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).await?;
        Ok((count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Whether the failure that is due is this kind; takes it then.
    fn fails(&self, is_due: impl Fn(SmtpFailure) -> bool) -> Option<SmtpFailure> {
        let mut state = lock(&self.state);
        state.failures.front().copied().filter(|f| is_due(*f)).and_then(|_| state.failures.pop_front())
    }

    async fn greet(&mut self) -> io::Result<()> {
        let mut lines = vec!["testkit", "8BITMIME"];
        if !self.options.is_ascii_only {
            lines.push("SMTPUTF8");
        }
        if self.options.login.is_some() {
            lines.push("AUTH PLAIN LOGIN");
        }
        for line in lines {
            self.say(&format!("250-{line}")).await?;
        }
        self.say("250 SIZE 10000000").await
    }

    async fn log_in(&mut self, rest: &str) -> io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let text = if initial.is_empty() { self.ask("").await? } else { decode(initial) };
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            "LOGIN" => {
                let user = if initial.is_empty() { self.ask("Username:").await? } else { decode(initial) };
                Some((user, self.ask("Password:").await?))
            }
            _ => return self.say("504 no such mechanism").await,
        };
        let is_refused = self.fails(|f| f == SmtpFailure::AtLogin).is_some();
        if given.is_some() && given == self.options.login && !is_refused {
            self.login = given.map(|(user, _)| user);
            self.say("235 welcome").await
        } else {
            self.say("535 5.7.8 wrong user or password").await
        }
    }

    async fn ask(&mut self, prompt: &str) -> io::Result<String> {
        self.say(&format!("334 {}", STANDARD.encode(prompt))).await?;
        Ok(self.line().await?.map(|line| decode(&line)).unwrap_or_default())
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        if self.options.login.is_some() && self.login.is_none() {
            return self.say("530 5.7.0 log in first").await;
        }
        let is_utf8 = rest.split(' ').any(|word| word.eq_ignore_ascii_case("SMTPUTF8"));
        match address(rest, "FROM:") {
            Some(from) if from.is_ascii() || is_utf8 => {
                self.envelope = Some(Envelope { from, is_utf8, to: Vec::new() });
                self.say("250 OK").await
            }
            _ => self.say("553 5.1.7 that is no sender").await,
        }
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<()> {
        if let Some(SmtpFailure::AtRecipient(code)) = self.fails(|f| matches!(f, SmtpFailure::AtRecipient(_)))
        {
            return self.say(&format!("{code} not now")).await;
        }
        match (&mut self.envelope, address(rest, "TO:")) {
            (Some(envelope), Some(to)) if to.is_ascii() || envelope.is_utf8 => {
                envelope.to.push(to);
                self.say("250 OK").await
            }
            (None, _) => self.say("503 MAIL first").await,
            _ => self.say("553 5.1.3 that is no recipient").await,
        }
    }

    /// Takes a message; false when the connection is to end.
    async fn data(&mut self) -> io::Result<bool> {
        let Some(envelope) = self.envelope.take().filter(|e| !e.to.is_empty()) else {
            self.say("503 RCPT first").await?;
            return Ok(true);
        };
        self.say("354 end with a dot").await?;
        let mut raw = String::new();
        while let Some(line) = self.line().await? {
            if self.fails(|f| f == SmtpFailure::DuringData).is_some() {
                return Ok(false);
            }
            if line == "." {
                if let Some(SmtpFailure::AfterData(code)) =
                    self.fails(|f| matches!(f, SmtpFailure::AfterData(_)))
                {
                    self.say(&format!("{code} not this one")).await?;
                    return Ok(true);
                }
                let Envelope { from, to, is_utf8 } = envelope;
                let mail = ReceivedMail { from, to, raw, is_utf8, login: self.login.clone() };
                lock(&self.state).received.push(mail);
                self.say("250 taken").await?;
                return Ok(true);
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        Ok(false)
    }
}

/// The address between angle brackets after `before`.
fn address(rest: &str, before: &str) -> Option<String> {
    let (head, tail) = rest.split_at_checked(before.len())?;
    let tail = tail.trim_start().strip_prefix('<')?;
    head.eq_ignore_ascii_case(before).then(|| tail.rsplit_once('>').map(|(address, _)| address.to_owned()))?
}

fn decode(base64: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(base64).unwrap_or_default()).into_owned()
}

fn header(entity: &str, name: &str) -> Option<String> {
    let (head, _) = entity.split_once("\r\n\r\n").unwrap_or((entity, ""));
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut values = unfolded.split("\r\n").filter_map(|line| line.split_once(':'));
    values.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

fn find_part(entity: &str, media_type: &str) -> Option<String> {
    let (_, body) = entity.split_once("\r\n\r\n")?;
    let content_type = header(entity, "Content-Type").unwrap_or_else(|| "text/plain".to_owned());
    if content_type.starts_with("multipart/") {
        let (_, boundary) = content_type.split_once("boundary=")?;
        let boundary = boundary.split(';').next()?.trim().trim_matches('"');
        let delimiter = format!("--{boundary}");
        return body.split(delimiter.as_str()).skip(1).find_map(|part| {
            let part = part.strip_prefix("\r\n")?;
            find_part(part.strip_suffix("\r\n").unwrap_or(part), media_type)
        });
    }
    if !content_type.starts_with(media_type) {
        return None;
    }
    let encoding = header(entity, "Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
    Some(match encoding.as_str() {
        "base64" => decode(&body.replace("\r\n", "")),
        "quoted-printable" => quoted_printable(body),
        _ => body.to_owned(),
    })
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) =
            escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'=')
        {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

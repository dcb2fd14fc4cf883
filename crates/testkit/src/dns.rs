//! A name server on loopback that speaks DNS (RFC 1035) by UDP and TCP, and answers from a zone that a test changes.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use hickory_resolver::proto::{
    op::ResponseCode,
    rr::{RData, RecordType},
};
use hickory_resolver::proto::{
    op::{Message, MessageType, Metadata},
    rr::{Name, Record, rdata},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    task::AbortHandle,
};

/// How long an answer may be kept, in seconds.
const TTL: u32 = 1;
/// How often a pair of free ports is looked for.
const TRIES: usize = 50;

/// What is said about a name.
#[derive(Clone, Debug)]
pub enum Said {
    /// These records, those of the type asked for or an alias; none says that the name is there without any.
    Records(Vec<RData>),
    /// This code and nothing else.
    Code(ResponseCode),
    /// Nothing at all.
    Nothing,
}

/// Knows what to say. Names are lower case and without the last dot.
pub trait Zone: Send + Sync + 'static {
    /// What there is at a name, of whatever type.
    fn say(&self, name: &str) -> Said;
}

impl<F: Fn(&str) -> Said + Send + Sync + 'static> Zone for F {
    fn say(&self, name: &str) -> Said {
        self(name)
    }
}

/// The TXT records of a zone file, one a line, as in `_avnology-challenge.acme.example TXT "a value"`. Blank lines and
/// those that begin with `;` or `#` are passed over; what stands between name and `TXT` (a lifetime, `IN`) too.
pub fn txt_records(text: &str, name: &str) -> Vec<RData> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#']));
    let values = lines.filter_map(|line| {
        let (owner, rest) = line.split_once(char::is_whitespace)?;
        let (_, value) = rest.split_once("TXT")?;
        owner
            .trim_end_matches('.')
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"').to_owned())
    });
    values.map(|value| txt(&[&value])).collect()
}

/// A TXT record of these pieces, which are one value.
pub fn txt(pieces: &[&str]) -> RData {
    RData::TXT(rdata::TXT::new(pieces.iter().map(|piece| (*piece).to_owned()).collect()))
}

/// A running name server; it ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct DnsServer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    state: Arc<State>,
    tasks: [AbortHandle; 2],
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

#[derive(Debug, Default)]
struct State {
    names: Mutex<HashMap<String, Said>>,
    asked: Mutex<HashMap<String, usize>>,
    by_tcp: Mutex<usize>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DnsServer {
    /// Starts one whose zone is empty.
    pub async fn start() -> Self {
        let mut last = None;
        for _ in 0..TRIES {
            // The port of UDP may be taken for TCP.
            match bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await {
                Ok(sockets) => return Self::with(sockets),
                Err(error) => last = Some(error),
            }
        }
        panic!("no port for a name server: {last:?}");
    }

    fn with((udp, tcp, address): (UdpSocket, TcpListener, SocketAddr)) -> Self {
        let state = Arc::new(State::default());
        let zone: Arc<dyn Zone> = {
            let state = Arc::clone(&state);
            Arc::new(move |name: &str| {
                *locked(&state.asked).entry(name.to_owned()).or_default() += 1;
                locked(&state.names).get(name).cloned().unwrap_or(Said::Code(ResponseCode::NXDomain))
            })
        };
        let counted = {
            let state = Arc::clone(&state);
            move || *locked(&state.by_tcp) += 1
        };
        let tasks = [
            tokio::spawn(answer_datagrams(udp, Arc::clone(&zone))).abort_handle(),
            tokio::spawn(answer_streams(tcp, zone, counted)).abort_handle(),
        ];
        Self(Arc::new(Inner { address, state, tasks }))
    }

    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Puts a name into the zone, in place of what was said of it before.
    pub fn set(&self, name: &str, said: Said) {
        locked(&self.0.state.names).insert(name.to_lowercase(), said);
    }

    /// Puts a name with these TXT values into the zone.
    pub fn set_txt(&self, name: &str, values: &[&str]) {
        self.set(name, Said::Records(values.iter().map(|value| txt(&[value])).collect()));
    }

    /// Puts an alias into the zone.
    pub fn set_alias(&self, name: &str, target: &str) {
        let target = Name::from_ascii(format!("{target}.")).expect("a name");
        self.set(name, Said::Records(vec![RData::CNAME(rdata::CNAME(target))]));
    }

    /// Names this host as the one server of a zone, at the address of another server of this kind.
    pub fn set_server(&self, zone: &str, host: &str) {
        let name = Name::from_ascii(format!("{host}.")).expect("a name");
        self.set(zone, Said::Records(vec![RData::NS(rdata::NS(name))]));
        self.set(host, Said::Records(vec![RData::A(rdata::A(Ipv4Addr::LOCALHOST))]));
    }

    /// Takes a name out of the zone.
    pub fn remove(&self, name: &str) {
        locked(&self.0.state.names).remove(&name.to_lowercase());
    }

    /// How often it was asked about a name.
    pub fn questions(&self, name: &str) -> usize {
        locked(&self.0.state.asked).get(name).copied().unwrap_or_default()
    }

    /// How many questions came by TCP.
    pub fn questions_by_tcp(&self) -> usize {
        *locked(&self.0.state.by_tcp)
    }

    /// Goes away: nobody answers there any more.
    pub fn stop(&self) {
        self.0.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Answers from `zone` at `address` until the task is dropped.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve(address: SocketAddr, zone: impl Zone) -> io::Result<()> {
    let (udp, tcp, _) = bind(address).await?;
    let zone: Arc<dyn Zone> = Arc::new(zone);
    tokio::join!(answer_datagrams(udp, Arc::clone(&zone)), answer_streams(tcp, zone, || {}));
    Ok(())
}

async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener, SocketAddr)> {
    let udp = UdpSocket::bind(address).await?;
    let address = udp.local_addr()?;
    Ok((udp, TcpListener::bind(address).await?, address))
}

async fn answer_datagrams(socket: UdpSocket, zone: Arc<dyn Zone>) {
    let mut buffer = vec![0; 4_096];
    loop {
        // A client that is gone makes itself felt here.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        let Some((answer, most)) = answer(&buffer[..length], &*zone) else { continue };
        let text = match answer.to_vec() {
            Ok(text) if text.len() <= most => text,
            _ => answer.truncate().to_vec().unwrap_or_default(),
        };
        let _ = socket.send_to(&text, client).await;
    }
}

async fn answer_streams(
    listener: TcpListener,
    zone: Arc<dyn Zone>,
    count: impl Fn() + Clone + Send + 'static,
) {
    let mut clients = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        clients.spawn(converse(stream, Arc::clone(&zone), count.clone()));
        while clients.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, zone: Arc<dyn Zone>, count: impl Fn()) -> io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        count();
        let Some((answer, _)) = answer(&question, &*zone) else { continue };
        let text = answer.to_vec().map_err(io::Error::other)?;
        stream.write_u16(u16::try_from(text.len()).map_err(io::Error::other)?).await?;
        stream.write_all(&text).await?;
    }
}

/// The answer, and how many bytes of it fit into a datagram; none when nothing is to be said.
fn answer(question: &[u8], zone: &dyn Zone) -> Option<(Message, usize)> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let name = query.name().to_ascii().to_lowercase();
    let said = zone.say(name.trim_end_matches('.'));
    let mut metadata = Metadata::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    metadata.authoritative = true;
    metadata.recursion_desired = question.metadata.recursion_desired;
    metadata.recursion_available = true;
    let records = match said {
        Said::Nothing => return None,
        Said::Code(code) => {
            metadata.response_code = code;
            Vec::new()
        }
        Said::Records(records) => records,
    };
    let mut answer = Message::query();
    answer.metadata = metadata;
    answer.add_query(query.clone());
    add(&mut answer, query.name(), query.query_type(), records);
    // As servers do that ask others in turn: where an alias leads stands beside it.
    let target = answer.answers.first().and_then(|record| match &record.data {
        RData::CNAME(target) => Some(target.0.clone()),
        _ => None,
    });
    if let Some(target) = target
        && let Said::Records(records) = zone.say(target.to_ascii().to_lowercase().trim_end_matches('.'))
    {
        add(&mut answer, &target, query.query_type(), records);
    }
    Some((answer, usize::from(question.max_payload())))
}

fn add(answer: &mut Message, name: &Name, kind: RecordType, records: Vec<RData>) {
    for data in records {
        if data.record_type() == kind || data.record_type() == RecordType::CNAME {
            answer.add_answer(Record::from_rdata(name.clone(), TTL, data));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_file_is_read_line_by_line() {
        let text = "; our proof\n\n_c.acme.example. 60 IN TXT \"a b\"\n_c.acme.example TXT c\nother.example TXT \"d\"\nnonsense\n";
        assert_eq!(txt_records(text, "_c.acme.example"), [txt(&["a b"]), txt(&["c"])]);
        assert_eq!(txt_records(text, "acme.example"), []);
    }
}

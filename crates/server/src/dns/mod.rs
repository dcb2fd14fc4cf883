//! Asks for TXT records: the servers in charge of a domain, found by way of the machine's resolver, or one server that the
//! operator names (`contract/20` §8.1).
//!
//! What an answer means for a domain is `core`'s to say.

mod ask;
mod reach;
#[cfg(test)]
mod tests;
mod zone;

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use avnology_core::ports::{PortFuture, TxtAnswer, TxtLookup};
use avnology_model::{Error, Result};
use hickory_resolver::{
    config::NameServerConfig,
    proto::rr::{Name, RData, Record, RecordType},
};
use tokio::{sync::Semaphore, time::timeout};

use self::ask::{Reply, Servers};

/// How long one question may take, with its repetitions.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a look-up may take, with all its questions.
const DEADLINE: Duration = Duration::from_secs(20);
/// How many look-ups are made at one time, and how long others wait for their turn.
const TURNS: usize = 32;
const TURN: Duration = Duration::from_secs(10);
/// How many values of one name are taken note of, and how many bytes of each.
const VALUES: usize = 32;
const VALUE_BYTES: usize = 512;
/// A name whose servers everybody can ask, for [`TxtLookup::check`].
const WELL_KNOWN: &str = "example.com";

/// The way into DNS.
pub struct Dns {
    server: Option<SocketAddr>,
    patience: Duration,
    turns: Semaphore,
    /// Tells the servers that the machine asks by itself.
    system: Arc<dyn Fn() -> io::Result<Vec<NameServerConfig>> + Send + Sync>,
    /// How servers in charge are reached.
    reach: reach::Reach,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Dns {
    /// Asks `server` everything, or else whoever is in charge.
    pub fn new(server: Option<SocketAddr>) -> Self {
        Self {
            server,
            patience: PATIENCE,
            turns: Semaphore::new(TURNS),
            system: Arc::new(ask::system_servers),
            reach: reach::Reach::PUBLIC,
        }
    }

    async fn look(&self, name: &str) -> Result<TxtAnswer> {
        let turn = timeout(TURN, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| cut_off("too many look-ups at one time"))?.map_err(Error::internal)?;
        let name = Name::from_ascii(format!("{name}.")).map_err(Error::internal)?;
        let found = async {
            match self.server {
                Some(server) => self.ask_one(server, &name).await,
                None => self.ask_those_in_charge(&name).await,
            }
        };
        // Being cut off shows much earlier: what takes so long is a zone whose servers keep us waiting.
        let too_long = |_| Ok(TxtAnswer::Unreachable("its servers took too long".to_owned()));
        timeout(DEADLINE, found).await.unwrap_or_else(too_long)
    }

    /// Everything of one server, which may ask others in turn.
    async fn ask_one(&self, server: SocketAddr, name: &Name) -> Result<TxtAnswer> {
        let servers = Servers::recursive(vec![ask::at(server)], self.patience)?;
        match servers.ask(name, RecordType::TXT).await {
            Reply::Records(records) => Ok(TxtAnswer::Found(values(&records, name))),
            Reply::Refused(why) => Ok(TxtAnswer::Unreachable(why)),
            Reply::Silence(why) if servers.answer(name).await => Ok(TxtAnswer::Unreachable(why)),
            Reply::Silence(why) => Err(cut_off(&why)),
        }
    }

    /// The servers in charge of the name's zone, found by way of the machine's resolver.
    async fn ask_those_in_charge(&self, name: &Name) -> Result<TxtAnswer> {
        let known = Arc::clone(&self.system);
        let system = tokio::task::spawn_blocking(move || known()).await.map_err(Error::internal)?;
        let system = system.map_err(|e| cut_off(&format!("the machine's resolver is not known ({e})")))?;
        let resolver = Servers::recursive(system, self.patience)?;
        let addresses = match zone::servers(&resolver, name, &self.reach).await? {
            zone::InCharge::Servers(addresses) => addresses,
            zone::InCharge::Nobody => return Ok(TxtAnswer::Found(Vec::new())),
            zone::InCharge::Unknown(why) => return Ok(TxtAnswer::Unreachable(why)),
        };
        let servers = Servers::authoritative(addresses.into_iter().map(ask::at).collect(), self.patience)?;
        Ok(match servers.ask(name, RecordType::TXT).await {
            Reply::Records(records) => TxtAnswer::Found(values(&records, name)),
            Reply::Refused(why) | Reply::Silence(why) => TxtAnswer::Unreachable(why),
        })
    }
}

impl TxtLookup for Dns {
    fn txt<'a>(&'a self, name: &'a str) -> PortFuture<'a, TxtAnswer> {
        Box::pin(self.look(name))
    }

    fn check(&self) -> PortFuture<'_, ()> {
        Box::pin(async {
            match (self.look(WELL_KNOWN).await?, self.server) {
                // A server of one's own need not know the world.
                (TxtAnswer::Found(_), _) | (_, Some(_)) => Ok(()),
                (TxtAnswer::Unreachable(why), None) => Err(cut_off(&why)),
            }
        })
    }
}

/// The TXT values of exactly this name: where an alias leads is somebody else's.
fn values(records: &[Record], name: &Name) -> Vec<String> {
    let own = records.iter().filter(|record| record.name == *name);
    let texts = own.filter_map(|record| match &record.data {
        // One value may come in several pieces (RFC 7208 §3.3).
        RData::TXT(txt) => Some(txt.txt_data.concat()),
        _ => None,
    });
    let shown =
        |bytes: Vec<u8>| String::from_utf8_lossy(bytes.get(..VALUE_BYTES).unwrap_or(&bytes)).into_owned();
    texts.take(VALUES).map(shown).collect()
}

fn cut_off(why: &str) -> Error {
    Error::unavailable(format!("DNS cannot be asked: {why}")).with_detail("We cannot ask DNS at the moment.")
}

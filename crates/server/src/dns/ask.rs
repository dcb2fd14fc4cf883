//! One question to some servers: by UDP, and by TCP where the answer is too long for that.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use avnology_model::{Error, Result};
use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts},
    net::{
        DnsError, NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle as _, FirstAnswer as _},
    },
    proto::{
        op::{DnsRequestOptions, Query},
        rr::{Name, Record, RecordType},
    },
    system_conf,
};
use tokio::time::timeout;

/// How many servers are asked at one time; the first answer counts.
const AT_ONCE: usize = 4;

/// What servers said.
#[derive(Debug)]
pub(super) enum Reply {
    /// These records, of whatever name; none when there are none.
    Records(Vec<Record>),
    /// That they do not tell, or cannot: `SERVFAIL`, `REFUSED` and the like.
    Refused(String),
    /// Nothing, or nothing that could be read.
    Silence(String),
}

/// Servers of which any one may answer.
pub(super) struct Servers {
    pool: NameServerPool<TokioRuntimeProvider>,
    recursion: bool,
    patience: Duration,
}

impl Servers {
    /// Servers that ask others in turn.
    pub(super) fn recursive(servers: Vec<NameServerConfig>, patience: Duration) -> Result<Self> {
        Self::new(servers, patience, true)
    }

    /// Servers that speak for their own zones.
    pub(super) fn authoritative(servers: Vec<NameServerConfig>, patience: Duration) -> Result<Self> {
        Self::new(servers, patience, false)
    }

    fn new(servers: Vec<NameServerConfig>, patience: Duration, recursion: bool) -> Result<Self> {
        let mut options = ResolverOpts::default();
        options.timeout = patience;
        options.num_concurrent_reqs = AT_ONCE;
        options.recursion_desired = recursion;
        let context = PoolContext::new(options, TlsConfig::new().map_err(Error::internal)?);
        let provider = TokioRuntimeProvider::default();
        Ok(Self {
            pool: NameServerPool::from_config(servers, Arc::new(context), provider),
            recursion,
            patience,
        })
    }

    /// Asks one question.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Reply {
        let mut options = DnsRequestOptions::default();
        options.recursion_desired = self.recursion;
        let answer = self.pool.lookup(Query::query(name.clone(), kind), options).first_answer();
        // The pool minds its time between servers; this minds it within them.
        let Ok(answer) = timeout(self.patience + self.patience / 2, answer).await else {
            return Reply::Silence(format!("no answer about {name}"));
        };
        match answer {
            Ok(response) => Reply::Records(response.into_message().answers),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Reply::Records(Vec::new()),
            Err(NetError::Dns(DnsError::ResponseCode(code))) => {
                Reply::Refused(format!("{code} about {name}"))
            }
            Err(error) => Reply::Silence(format!("{error} about {name}")),
        }
    }

    /// Whether they answer at all, asked about the last label of a name on which they were silent.
    pub(super) async fn answer(&self, name: &Name) -> bool {
        !matches!(self.ask(&name.trim_to(1), RecordType::NS).await, Reply::Silence(_))
    }
}

/// A server by its address.
pub(super) fn at(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

/// The servers that the machine asks by itself.
pub(super) fn system_servers() -> io::Result<Vec<NameServerConfig>> {
    let (config, _) = system_conf::read_system_conf().map_err(io::Error::other)?;
    Ok(config.name_servers)
}

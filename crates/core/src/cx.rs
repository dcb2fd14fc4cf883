//! The context of one request or job: now, randomness, who acts and from where.

use std::{net::IpAddr, sync::Arc};

use avnology_jose::{Algorithm, SigningKey};
use avnology_model::{
    Error, Result, Timestamp,
    events::{Actor, Event, EventResult, EventType, Origin},
    ids::{DeviceId, EventId, OrganizationId},
    secret_token::{SecretKind, SecretToken},
    sessions::Agent,
};
use serde_json::Value;

use crate::sessions::Presented;

/// Tells the time. Everything below HTTP asks this one.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Draws random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with bytes that nobody can predict.
    fn fill(&self, bytes: &mut [u8]);

    /// A new RSA key for this algorithm, which takes a good part of a second. No bytes make one: the cryptographic library
    /// draws it.
    fn rsa_key(&self, algorithm: Algorithm) -> Result<SigningKey> {
        SigningKey::generate_rsa(algorithm).map_err(Error::internal)
    }
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // Without randomness every secret would be guessable: there is no way to go on.
            std::process::abort();
        }
    }
}

/// The organization that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationScope {
    /// Which.
    pub organization: OrganizationId,
    /// Whether the caller acts for the platform.
    pub is_platform: bool,
    /// Whether the caller may do what only owners may.
    pub is_owner: bool,
}

/// What a verb knows of the request or job it serves. Cheap to clone into a transaction.
#[derive(Clone)]
pub struct Cx {
    /// When the request began.
    pub now: Timestamp,
    /// Who acts.
    pub actor: Actor,
    /// Client address, after trusted proxies.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 512 bytes.
    pub user_agent: Arc<str>,
    /// Request id.
    pub request_id: Arc<str>,
    /// The organization that the request is about; none is the tenant.
    pub scope: Option<OrganizationScope>,
    /// The device of the session that acts.
    pub device_id: Option<DeviceId>,
    /// What a submit of a flow shows to recognize its device by.
    pub presented: Presented,
    entropy: Arc<dyn Entropy>,
}

/// What stands for a client address where requests are counted: of IPv6, one network of 2^64 addresses is one client.
pub fn network_of(ip: Option<IpAddr>) -> [u8; 16] {
    match ip {
        None => [0; 16],
        Some(IpAddr::V4(v4)) => v4.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_ipv6_mapped().octets(),
            None => (u128::from(v6) >> 64 << 64).to_be_bytes(),
        },
    }
}

impl Cx {
    /// A context without a client: jobs and the command line.
    pub fn system(now: Timestamp, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            now,
            actor: Actor::SYSTEM,
            ip: None,
            user_agent: "".into(),
            request_id: "".into(),
            scope: None,
            device_id: None,
            presented: Presented::Nothing,
            entropy,
        }
    }

    /// A context of a request whose sender is not known yet: when it came, its id, and the address and program that sent it.
    pub fn of_request(
        now: Timestamp,
        entropy: Arc<dyn Entropy>,
        request_id: Arc<str>,
        (ip, user_agent): (Option<IpAddr>, Arc<str>),
    ) -> Self {
        Self {
            now,
            actor: Actor::ANONYMOUS,
            ip,
            user_agent,
            request_id,
            scope: None,
            device_id: None,
            presented: Presented::Nothing,
            entropy,
        }
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A new RSA key, drawn where no request waits for a thread.
    pub(crate) async fn rsa_key(&self, algorithm: Algorithm) -> Result<SigningKey> {
        let entropy = Arc::clone(&self.entropy);
        tokio::task::spawn_blocking(move || entropy.rsa_key(algorithm)).await.map_err(Error::internal)?
    }

    /// A new bearer secret.
    pub fn secret(&self, kind: SecretKind) -> SecretToken {
        SecretToken::new(kind, &self.random())
    }

    /// Six random decimal digits, without bias.
    pub fn six_digits(&self) -> String {
        // The largest multiple of a million below 2^32 bounds the numbers that are taken.
        const BOUND: u32 = u32::MAX - u32::MAX % 1_000_000;
        loop {
            let number = u32::from_le_bytes(self.random());
            if number < BOUND {
                return format!("{:06}", number % 1_000_000);
            }
        }
    }

    /// An event of this context that succeeded.
    pub fn event(&self, event_type: EventType, payload: Value) -> Event {
        Event {
            event_id: EventId::new(self.now, self.random()),
            event_type,
            schema_version: 1,
            timestamp: self.now,
            actor: self.actor.clone(),
            organization_id: None,
            result: EventResult::Success,
            error_code: None,
            targets: Vec::new(),
            origin: Origin {
                ip: self.ip.map(|ip| ip.to_string()),
                user_agent: Some(self.user_agent.to_string()).filter(|u| !u.is_empty()),
                device_id: self.device_id,
                request_id: Some(self.request_id.to_string()).filter(|r| !r.is_empty()),
            },
            payload,
        }
    }

    /// Browser or program of the client, as in "Firefox on Linux"; none without a `User-Agent`.
    pub fn device_name(&self) -> Option<String> {
        (!self.user_agent.is_empty()).then(|| Agent::parse(&self.user_agent).name())
    }

    /// The address of the client as text, empty when there is none.
    pub fn ip_text(&self) -> String {
        self.ip.map(|ip| ip.to_string()).unwrap_or_default()
    }
}

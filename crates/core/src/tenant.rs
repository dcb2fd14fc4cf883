//! The tenant: everything that one separate Avnology ID owns (`docs/architecture`). Nothing is global.

use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use avnology_model::{Result, Timestamp, platform::Environment};
use avnology_store::Store;
use secrecy::SecretString;
use url::Url;

use crate::{
    Clock, Cx, Entropy,
    audit::Refusals,
    clients::ClientCache,
    credentials::{Breaches, PasswordHasher},
    identities::{SchemaCache, TraitsSchema},
    organizations::OrganizationCache,
    permissions::PermissionMemory,
    platform::{Documents, Keys, SettingsVersion, SigningKeys},
    ports::{CaptchaVerifier, Composer, MailTransport, OutboundCalls, TextTransport, TxtLookup},
    service_accounts::KeyCache,
    sessions::SessionCache,
};

/// What an operator fixes for a tenant.
#[derive(Clone, Debug)]
pub struct TenantConfig {
    /// Public origin: issuer, and base of every link.
    pub public_url: Url,
    /// Live or test.
    pub environment: Environment,
    /// The address whose first verified registration becomes platform administrator.
    pub bootstrap_admin_email: Option<String>,
    /// A tenant-level API key to install.
    pub bootstrap_api_key: Option<SecretString>,
}

impl TenantConfig {
    /// The public origin without a trailing slash, as in `https://id.example.com`.
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Whether cookies are `Secure` and carry the `__Host-` prefix.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// One tenant: its databases, keys, settings, caches and ports.
pub struct Tenant {
    /// What the operator fixed.
    pub config: TenantConfig,
    /// The databases.
    pub store: Store,
    /// Keys that seal secrets at rest.
    pub keys: Keys,
    /// Hashes and checks passwords on its own threads.
    pub hasher: PasswordHasher,
    /// Knows breached passwords.
    pub breaches: Breaches,
    /// Sessions in memory.
    pub sessions: SessionCache,
    /// API keys in memory.
    pub api_keys: KeyCache,
    /// Organizations and members in memory.
    pub organizations: OrganizationCache,
    /// OAuth clients and resources in memory.
    pub(crate) clients: ClientCache,
    /// Relation tuples in memory.
    pub(crate) permissions: PermissionMemory,
    /// Puts messages into words.
    pub composer: Arc<dyn Composer>,
    /// Carries mail; `None` logs it instead (development), and nothing carries it in the test environment.
    pub mail: Option<Arc<dyn MailTransport>>,
    /// Carries text messages; `None` in the live environment offers none, and nothing carries them in the test environment.
    pub texts: Option<Arc<dyn TextTransport>>,
    /// Asks for TXT records.
    pub dns: Arc<dyn TxtLookup>,
    /// Verifies what CAPTCHAs answer.
    pub captcha: Arc<dyn CaptchaVerifier>,
    /// Documents about the server in memory.
    pub documents: Documents,
    /// Calls URLs that clients and organizations choose.
    pub outbound: Arc<dyn OutboundCalls>,
    pub(crate) settings: ArcSwap<SettingsVersion>,
    schema: SchemaCache,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) refusals: Refusals,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// What a tenant is put together from.
pub struct TenantParts {
    /// What the operator fixed.
    pub config: TenantConfig,
    /// The databases, open.
    pub store: Store,
    /// The data keys, unwrapped.
    pub keys: Keys,
    /// The password hasher.
    pub hasher: PasswordHasher,
    /// The breached passwords.
    pub breaches: Breaches,
    /// The settings as they were read ([`crate::platform::load_settings`]).
    pub settings: SettingsVersion,
    /// Puts messages into words.
    pub composer: Arc<dyn Composer>,
    /// Carries mail; `None` logs it.
    pub mail: Option<Arc<dyn MailTransport>>,
    /// Carries text messages.
    pub texts: Option<Arc<dyn TextTransport>>,
    /// Asks for TXT records.
    pub dns: Arc<dyn TxtLookup>,
    /// Verifies what CAPTCHAs answer.
    pub captcha: Arc<dyn CaptchaVerifier>,
    /// Calls URLs that clients and organizations choose.
    pub outbound: Arc<dyn OutboundCalls>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws random bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl Tenant {
    /// Puts a tenant together, with nothing in memory yet.
    pub fn new(parts: TenantParts) -> Self {
        Self {
            config: parts.config,
            store: parts.store,
            keys: parts.keys,
            hasher: parts.hasher,
            breaches: parts.breaches,
            sessions: SessionCache::default(),
            api_keys: KeyCache::default(),
            organizations: OrganizationCache::default(),
            clients: ClientCache::default(),
            permissions: PermissionMemory::default(),
            composer: parts.composer,
            mail: parts.mail,
            texts: parts.texts,
            dns: parts.dns,
            captcha: parts.captcha,
            documents: Documents::default(),
            outbound: parts.outbound,
            settings: ArcSwap::from_pointee(parts.settings),
            schema: SchemaCache::default(),
            signing_keys: SigningKeys::default(),
            refusals: Refusals::default(),
            clock: parts.clock,
            entropy: parts.entropy,
        }
    }

    /// Whether text messages reach people here, or the outbox of the test environment.
    pub fn sends_texts(&self) -> bool {
        self.texts.is_some() || self.config.environment == Environment::Test
    }

    /// The present settings.
    pub fn settings(&self) -> Arc<SettingsVersion> {
        self.settings.load_full()
    }

    /// The compiled schema for traits of these settings; `None` when they have none.
    pub(crate) fn traits_schema(&self, settings: &SettingsVersion) -> Result<Option<Arc<TraitsSchema>>> {
        self.schema.of(settings)
    }

    /// A context for a job that begins now.
    pub fn system_cx(&self) -> Cx {
        Cx::system(self.clock.now(), Arc::clone(&self.entropy))
    }

    /// A context of a request that came now, with this id, from this address and program.
    pub fn request_cx(&self, request_id: Arc<str>, sender: (Option<IpAddr>, Arc<str>)) -> Cx {
        Cx::of_request(self.clock.now(), Arc::clone(&self.entropy), request_id, sender)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

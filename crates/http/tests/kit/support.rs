//! A tenant with a clock that stands still, and a client.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use avnology_core::{
    Clock, Cx, OsEntropy, Tenant, TenantConfig, TenantParts,
    credentials::{Breaches, HasherConfig, PasswordHasher},
    platform::{Keys, MasterKeys, SettingsVersion},
    ports::{
        CallFuture, CallRefusal, CaptchaToken, CaptchaVerdict, CaptchaVerifier, CaptchaWidget, Composer,
        Fetched, Letter, MessageSecrets, OutboundCalls, PortFuture, TxtAnswer, TxtLookup,
    },
    service_accounts,
};
use avnology_http::{ErrorPage, Kit, KitConfig, Response, ResponseBody, StatusCode, router};
use avnology_model::{
    Timestamp,
    credentials::ArgonCost,
    events::MessageRequest,
    identities::Identity,
    ids::{IdentityId, SessionId},
    permissions::PlatformRole,
    platform::{CaptchaProvider, Environment, TenantSettings},
    secret_token::{SecretKind, SecretToken},
    sessions::{Aal, Session, SessionKind},
};
use avnology_store::{Store, StoreConfig, identities::identities, permissions::tuples, sessions::sessions};
use axum::http::{Request, request::Builder};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;
use url::Url;
use zeroize::Zeroizing;

/// Where the tenant of most tests lives.
pub(crate) const ORIGIN: &str = "https://id.example.com";

/// A clock that moves when it is told to.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct NoDns;

impl TxtLookup for NoDns {
    fn txt<'a>(&'a self, _: &'a str) -> PortFuture<'a, TxtAnswer> {
        Box::pin(async { Ok(TxtAnswer::Found(Vec::new())) })
    }

    fn check(&self) -> PortFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct NoOutbound;

impl OutboundCalls for NoOutbound {
    fn allows(&self, _: &Url) -> bool {
        false
    }

    fn get<'a>(&'a self, _: &'a Url) -> CallFuture<'a, Fetched> {
        Box::pin(async { Err(CallRefusal::NotAllowed) })
    }

    fn post_form<'a>(&'a self, _: &'a Url, _: &'a [(&'a str, &'a str)]) -> CallFuture<'a, u16> {
        Box::pin(async { Err(CallRefusal::NotAllowed) })
    }
}

struct NoCaptcha;

impl CaptchaVerifier for NoCaptcha {
    fn verify<'a>(&'a self, _: &'a CaptchaToken<'a>) -> PortFuture<'a, CaptchaVerdict> {
        Box::pin(async { Ok(CaptchaVerdict::Refused("there is none".to_owned())) })
    }

    fn widget(&self, _: CaptchaProvider) -> CaptchaWidget {
        CaptchaWidget { script: String::new(), sources: Vec::new() }
    }
}

struct NoComposer;

impl Composer for NoComposer {
    fn compose(&self, _: &TenantSettings, _: &str, _: &MessageRequest, _: &MessageSecrets) -> Letter {
        Letter { subject: String::new(), text: String::new(), html: String::new() }
    }

    fn compose_text(&self, _: &TenantSettings, _: &MessageRequest, _: &MessageSecrets) -> String {
        String::new()
    }
}

/// The kit and what is behind it.
pub(crate) struct App {
    pub(crate) kit: Kit,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) clock: Arc<HandClock>,
    _directory: TempDir,
}

/// An answer, read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: avnology_http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("text"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Status and the digits of the code.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        let code = self.json()["code"].as_str().expect("a code").replace("AVNOLOGY_AUTH_", "");
        (self.status.as_u16(), code)
    }

    /// Fields and field codes.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().expect("text").to_owned();
        let errors = self.json()["errors"].as_array().expect("errors").clone();
        errors.iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
    }
}

/// What [`Answer::refusal`] answers.
pub(crate) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(ORIGIN, Environment::Test, TenantSettings::default(), &[]).await
    }

    pub(crate) async fn with(
        url: &str,
        environment: Environment,
        settings: TenantSettings,
        proxies: &[&str],
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_000_000_000_000)));
        let entropy = Arc::new(OsEntropy);
        let store = Store::open(StoreConfig::new(directory.path(), clock.now())).await.expect("a store");
        let masters = MasterKeys::new(&[Zeroizing::new([7; 32])]).expect("a key");
        let keys =
            Keys::load(&store, masters, &Cx::system(clock.now(), entropy.clone())).await.expect("keys");
        let hasher =
            HasherConfig { cost: ArgonCost::CHEAPEST, threads: 1, memory_budget_kib: 1024, queue: 1 };
        let tenant = Arc::new(Tenant::new(TenantParts {
            config: TenantConfig {
                public_url: url.parse().expect("a URL"),
                environment,
                bootstrap_admin_email: None,
                bootstrap_api_key: None,
            },
            store,
            keys,
            hasher: PasswordHasher::new(hasher).expect("a hasher"),
            breaches: Breaches::none(),
            settings: SettingsVersion { settings, version: 0, update_time: clock.now() },
            composer: Arc::new(NoComposer),
            mail: None,
            texts: None,
            dns: Arc::new(NoDns),
            captcha: Arc::new(NoCaptcha),
            outbound: Arc::new(NoOutbound),
            clock: clock.clone(),
            entropy,
        }));
        let config = KitConfig {
            trusted_proxies: proxies.iter().map(|p| p.parse().expect("a network")).collect(),
            html_error: Some(Arc::new(|page: &ErrorPage<'_>| {
                format!("<p id=\"error-code\">{}</p><p>{}</p><i>{}</i>", page.code, page.detail, page.nonce)
            })),
        };
        let kit = router(tenant.clone(), crate::routes::routes(), config).expect("a table");
        let peer: SocketAddr = "192.0.2.1:4000".parse().expect("an address");
        Self { kit: kit.with_peer(peer), tenant, clock, _directory: directory }
    }

    pub(crate) async fn send(&self, request: Request<ResponseBody>) -> Answer {
        Answer::of(self.kit.clone().oneshot(request).await.expect("an answer")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(get(path).body(ResponseBody::empty()).expect("a request")).await
    }

    /// A session of a new identity, with this role; its token.
    pub(crate) async fn session(&self, kind: SessionKind, role: Option<PlatformRole>) -> String {
        let cx = self.tenant.system_cx();
        let token = cx.secret(SecretKind::Session);
        let identity = Identity::new(IdentityId::new(cx.now, cx.random()), cx.now);
        let session = Session {
            id: SessionId::new(cx.now, cx.random()),
            identity_id: identity.id,
            kind,
            aal: Aal::Aal1,
            methods: Vec::new(),
            authenticated_at: cx.now,
            issued_at: cx.now,
            last_used_at: cx.now,
            expires_at: cx.now.plus_seconds(86_400),
            revoked_at: None,
            device_id: None,
            device: None,
            organization_id: None,
            ip: String::new(),
            user_agent: String::new(),
            token_hash: token.hash(),
        };
        let write = self.tenant.store.identity().write(move |tx| {
            identities::insert(tx, &identity)?;
            if let Some(role) = role {
                tuples::grant_platform(tx, role, identity.id, cx.now)?;
            }
            sessions::insert(tx, &session)
        });
        write.await.expect("a session");
        token.expose().to_owned()
    }

    /// An ordinary session.
    pub(crate) async fn person(&self) -> String {
        self.session(SessionKind::Standard, None).await
    }

    /// An API key with every scope that a program can hold.
    pub(crate) async fn key(&self) -> String {
        let cx = self.tenant.system_cx();
        let kind = match self.tenant.config.environment {
            Environment::Live => SecretKind::LiveKey,
            Environment::Test => SecretKind::TestKey,
        };
        let key = SecretToken::new(kind, &cx.random());
        service_accounts::install_bootstrap_key(&self.tenant, &cx, key.expose()).await.expect("a key");
        key.expose().to_owned()
    }
}

pub(crate) fn get(path: &str) -> Builder {
    Request::get(path)
}

pub(crate) fn empty(builder: Builder) -> Request<ResponseBody> {
    builder.body(ResponseBody::empty()).expect("a request")
}

pub(crate) fn body(
    builder: Builder,
    media_type: &str,
    text: impl Into<ResponseBody>,
) -> Request<ResponseBody> {
    builder.header("content-type", media_type).body(text.into()).expect("a request")
}

pub(crate) fn json(builder: Builder, text: &'static str) -> Request<ResponseBody> {
    body(builder, "application/json", text)
}

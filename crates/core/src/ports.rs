//! What the use cases need of the outside, to be plugged in by `server` and by tests.

use std::{fmt, future::Future, net::IpAddr, pin::Pin, time::Duration};

use avnology_model::{
    Result, Timestamp,
    events::{MessageRequest, MessageType},
    ids::MessageId,
    platform::{CaptchaProvider, TenantSettings},
};
use secrecy::SecretString;
use url::Url;

/// A future that a port answers with.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What a message says besides what its request holds.
#[derive(Clone, Debug, Default)]
pub struct MessageSecrets {
    /// One-time code.
    pub code: Option<SecretString>,
    /// Link with a single-use token, or a plain link.
    pub link: Option<SecretString>,
    /// The link by which whoever did not ask for it says so.
    pub cancel_link: Option<SecretString>,
}

/// A message ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

/// Puts a message into words.
pub trait Composer: Send + Sync + 'static {
    /// The letter for `request`, with `secrets`, in the tenant's name.
    fn compose(
        &self,
        settings: &TenantSettings,
        public_url: &str,
        request: &MessageRequest,
        secrets: &MessageSecrets,
    ) -> Letter;

    /// The same as a text message: with a code at most 160 characters of the GSM 03.38 alphabet, the code first.
    fn compose_text(
        &self,
        settings: &TenantSettings,
        request: &MessageRequest,
        secrets: &MessageSecrets,
    ) -> String;
}

/// Carries mail.
pub trait MailTransport: Send + Sync + 'static {
    /// Sends one letter; an error means it may be tried again.
    fn send<'a>(&'a self, to: &'a str, letter: &'a Letter) -> PortFuture<'a, ()>;

    /// Whether the server that takes our mail answers.
    fn check(&self) -> PortFuture<'_, ()>;
}

/// A text message ready to be sent.
#[derive(Clone, Debug)]
pub struct TextMessage {
    /// Id; every try has the same.
    pub id: MessageId,
    /// Number, E.164.
    pub to: String,
    /// All that it says.
    pub text: String,
    /// The code in it, for gateways that word their messages themselves.
    pub code: Option<SecretString>,
    /// What it is about.
    pub purpose: MessageType,
    /// Language of the person, when it is known.
    pub locale: Option<String>,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// Until when the code is good.
    pub expires_at: Option<Timestamp>,
}

/// Carries text messages.
pub trait TextTransport: Send + Sync + 'static {
    /// Sends one; an error means it may be tried again.
    fn send<'a>(&'a self, message: &'a TextMessage) -> PortFuture<'a, ()>;

    /// Whether whoever takes our text messages answers; none is sent.
    fn check(&self) -> PortFuture<'_, ()>;
}

/// What shows that a person is there, to be verified.
#[derive(Debug)]
pub struct CaptchaToken<'a> {
    /// Whose it is.
    pub provider: CaptchaProvider,
    /// The site that it must be of.
    pub site_key: &'a str,
    /// What we show the provider.
    pub secret: &'a SecretString,
    /// What the widget answered.
    pub token: &'a str,
    /// Who sent it.
    pub ip: Option<IpAddr>,
    /// What it must be about, where the provider says that.
    pub action: &'a str,
    /// Hosts one of whose pages it must come from; any when empty.
    pub hosts: &'a [String],
}

/// What a provider says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptchaVerdict {
    /// A person is there.
    Person,
    /// The token is wrong, old, used, or of another page; why, for the log.
    Refused(String),
}

/// What a page needs to show a widget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptchaWidget {
    /// The script, to be loaded with `?render=explicit`.
    pub script: String,
    /// Where it, its frames and its calls come from and go to, as a content security policy names that.
    pub sources: Vec<String>,
}

/// Verifies what CAPTCHAs answer.
pub trait CaptchaVerifier: Send + Sync + 'static {
    /// Asks the provider once. `_912` when it does not answer, or does not take our secret.
    fn verify<'a>(&'a self, token: &'a CaptchaToken<'a>) -> PortFuture<'a, CaptchaVerdict>;

    /// The widget of a provider.
    fn widget(&self, provider: CaptchaProvider) -> CaptchaWidget;
}

/// What became of a question for TXT records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxtAnswer {
    /// The values that are there; none when there are none.
    Found(Vec<String>),
    /// The servers in charge of the name do not answer, or only that they cannot; what happened, for the log.
    Unreachable(String),
}

/// Asks for TXT records.
pub trait TxtLookup: Send + Sync + 'static {
    /// The TXT values of a name, of the servers in charge of it and as they are now. `_912` when we are cut off ourselves:
    /// then nothing is known about the name.
    fn txt<'a>(&'a self, name: &'a str) -> PortFuture<'a, TxtAnswer>;

    /// Whether questions find their way out.
    fn check(&self) -> PortFuture<'_, ()>;
}

/// What was fetched from a URL that others chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The document, at most 64 KiB.
    pub body: Vec<u8>,
    /// How long its server lets it be kept; `None` when it does not say.
    pub keep: Option<Duration>,
}

/// Why a call to a URL that others chose came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallRefusal {
    /// The URL, or every address of its host, is none that may be called: nothing was sent.
    NotAllowed,
    /// Nobody answers in time, or the answer is a redirect, an error or too long; what happened, for the log.
    Failed(String),
}

impl fmt::Display for CallRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("the destination is not allowed"),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

/// A future of a call to a URL that others chose.
pub type CallFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallRefusal>> + Send + 'a>>;

/// Calls URLs that clients and organizations choose: by `https`, to public addresses and those that the operator allows
/// besides, without redirects, for at most 5 s and 64 KiB (`contract/00` §2, `30` §2.2).
pub trait OutboundCalls: Send + Sync + 'static {
    /// Whether a URL may be called as far as it shows: its scheme, and its host when that is an address.
    fn allows(&self, url: &Url) -> bool;

    /// The document at a URL, when it is answered with 200.
    fn get<'a>(&'a self, url: &'a Url) -> CallFuture<'a, Fetched>;

    /// Posts a form and answers the status, whichever it is.
    fn post_form<'a>(&'a self, url: &'a Url, form: &'a [(&'a str, &'a str)]) -> CallFuture<'a, u16>;
}

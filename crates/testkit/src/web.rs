//! The web outside, in memory: documents at URLs that clients name, and what was posted there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use avnology_core::ports::{CallFuture, CallRefusal, Fetched, OutboundCalls};
use url::Url;

/// What was posted once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Where to.
    pub url: String,
    /// The fields.
    pub form: HashMap<String, String>,
}

#[derive(Debug, Default)]
struct State {
    documents: HashMap<String, Fetched>,
    statuses: HashMap<String, u16>,
    fetched: HashMap<String, usize>,
    posted: Vec<Posted>,
}

/// The web. Clones are the same one; a host that a test does not speak of does not answer.
#[derive(Clone, Debug, Default)]
pub struct Web(Arc<Mutex<State>>);

impl Web {
    /// Puts a document at a URL, or another one in its place. Its server does not say how long it may be kept.
    pub fn put(&self, url: &str, body: impl Into<Vec<u8>>) {
        self.state().documents.insert(url.to_owned(), Fetched { body: body.into(), keep: None });
    }

    /// The same with how long it may be kept.
    pub fn put_for(&self, url: &str, body: impl Into<Vec<u8>>, keep: Duration) {
        self.state().documents.insert(url.to_owned(), Fetched { body: body.into(), keep: Some(keep) });
    }

    /// Takes a document away: nobody answers at the URL any more.
    pub fn remove(&self, url: &str) {
        self.state().documents.remove(url);
    }

    /// How often the document at a URL was asked for.
    pub fn fetched(&self, url: &str) -> usize {
        self.state().fetched.get(url).copied().unwrap_or_default()
    }

    /// Answers what is posted to a URL with a status.
    pub fn answer_posts(&self, url: &str, status: u16) {
        self.state().statuses.insert(url.to_owned(), status);
    }

    /// Everything that was posted, whether or not somebody answered.
    pub fn posted(&self) -> Vec<Posted> {
        self.state().posted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer_get(&self, url: &Url) -> Result<Fetched, CallRefusal> {
        if !self.allows(url) {
            return Err(CallRefusal::NotAllowed);
        }
        let mut state = self.state();
        *state.fetched.entry(url.to_string()).or_default() += 1;
        state.documents.get(url.as_str()).cloned().ok_or_else(silent)
    }

    fn answer_post(&self, url: &Url, form: &[(&str, &str)]) -> Result<u16, CallRefusal> {
        if !self.allows(url) {
            return Err(CallRefusal::NotAllowed);
        }
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut state = self.state();
        state.posted.push(Posted { url: url.to_string(), form });
        state.statuses.get(url.as_str()).copied().ok_or_else(silent)
    }
}

fn silent() -> CallRefusal {
    CallRefusal::Failed("nobody answers".to_owned())
}

impl OutboundCalls for Web {
    /// `https` at a name; which addresses may be called is proven of the real one.
    fn allows(&self, url: &Url) -> bool {
        url.scheme() == "https"
            && url.username().is_empty()
            && url.domain().is_some_and(|name| name != "localhost")
    }

    fn get<'a>(&'a self, url: &'a Url) -> CallFuture<'a, Fetched> {
        Box::pin(async move { self.answer_get(url) })
    }

    fn post_form<'a>(&'a self, url: &'a Url, form: &'a [(&'a str, &'a str)]) -> CallFuture<'a, u16> {
        Box::pin(async move { self.answer_post(url, form) })
    }
}

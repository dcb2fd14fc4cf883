//! The keys by which a browser holds its flows: one for the flows, one for the form tokens, each set once and kept
//! (`contract/11` §1.2).

use avnology_core::flows::Holder;
use avnology_model::{
    flows::Transport,
    ids::FlowId,
    secret_token::{SecretHash, sha256},
};

use crate::{Access, Auth, Cookie, SetCookie, cookies, csrf};

/// The keys of the browser that sent a request, new ones where it has none yet.
pub struct BrowserKeys {
    flow: String,
    csrf: String,
    /// Cookies to be set with the answer.
    pub set: Vec<SetCookie>,
}

impl BrowserKeys {
    /// Reads the keys, or draws them.
    pub fn of<A: Access>(auth: &Auth<A>) -> Self {
        let mut set = Vec::new();
        let mut key = |cookie: Cookie| {
            auth.cookie(cookie).map_or_else(
                || {
                    let value = cookies::random_value(&auth.cx);
                    set.push(cookies::set(&auth.app, cookie, &value, Some(cookies::YEARS)));
                    value
                },
                str::to_owned,
            )
        };
        let (flow, csrf) = (key(Cookie::Flow), key(Cookie::Csrf));
        Self { flow, csrf, set }
    }

    /// The browser as holder of flows.
    pub fn holder(&self) -> Holder {
        Holder::Browser(Some(self.hash()))
    }

    /// What the browser is known by to what it began.
    pub fn hash(&self) -> SecretHash {
        sha256(self.flow.as_bytes())
    }

    /// The form token of a flow.
    pub fn csrf_token<A: Access>(&self, auth: &Auth<A>, flow: FlowId) -> String {
        csrf::token(&auth.app, &self.csrf, flow)
    }
}

/// Who sent a request, as holder of a flow of this transport: no keys are drawn.
pub fn holder<A: Access>(auth: &Auth<A>, transport: Transport) -> Holder {
    match transport {
        Transport::Browser => Holder::Browser(auth.cookie(Cookie::Flow).map(|key| sha256(key.as_bytes()))),
        Transport::Api => Holder::Program,
    }
}

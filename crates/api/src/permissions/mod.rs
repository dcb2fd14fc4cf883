//! `/v1/permissions`, and the same in the form of Keto (`contract/50`).

mod keto;
mod keto_form;
mod namespaces;
mod questions;
mod tuples;

use avnology_core::permissions::{Asker, Consistency};
use avnology_http::{Access, Auth, Route};
use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) fn routes() -> Vec<Route> {
    [tuples::routes(), questions::routes(), namespaces::routes(), keto::routes()]
        .into_iter()
        .flatten()
        .collect()
}

/// Who asks, and in which scope.
fn asker<A: Access>(auth: &Auth<A>) -> Asker {
    let person = auth.caller.session().map(|live| live.identity.id);
    Asker::new(auth.organization_scope(), auth.caller.scopes_in_tenant(), person)
}

/// How new an answer must be.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct Freshness {
    /// A token of an earlier answer: this one is at least as new.
    snaptoken: Option<String>,
    /// The same.
    at_least_as_fresh: Option<String>,
    /// `full`: everything that was committed before the request.
    consistency: Option<String>,
}

impl Freshness {
    fn read(self) -> Consistency {
        let Self { snaptoken, at_least_as_fresh, consistency } = self;
        Consistency { snaptoken, at_least_as_fresh, consistency }
    }
}

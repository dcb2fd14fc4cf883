//! What those are called whom records name.

use std::collections::{BTreeMap, BTreeSet};

use avnology_model::{
    Result,
    events::{Event, EventResult},
    ids::{IdentityId, OrganizationId, ServiceAccountId},
};
use avnology_store::{identities::identities, organizations::organizations, service_accounts::accounts};
use serde_json::Value;

use crate::Tenant;

/// Names by id, and the people who are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: BTreeMap<String, String>,
    gone: BTreeSet<String>,
}

impl Names {
    /// The names of all actors and of what they acted upon. What somebody was refused to touch need not even exist.
    pub(super) async fn of(app: &Tenant, events: &[Event]) -> Result<Self> {
        let mut ids = BTreeSet::new();
        for event in events {
            ids.extend(event.actor.id.clone());
            if event.result != EventResult::Denied {
                ids.extend(event.targets.iter().map(|target| target.id.clone()));
            }
        }
        if ids.is_empty() {
            return Ok(Self::default());
        }
        app.store
            .identity()
            .read(move |tx| {
                let mut names = Self::default();
                for text in &ids {
                    if let Ok(id) = text.parse::<IdentityId>() {
                        match identities::name(tx, id)? {
                            Some(name) => names.add(text, name),
                            None => names.gone.extend([text.clone()]),
                        }
                    } else if let Ok(id) = text.parse::<ServiceAccountId>() {
                        if let Some(account) = accounts::find(tx, id)? {
                            names.add(text, account.name);
                        }
                    } else if let Ok(id) = text.parse::<OrganizationId>()
                        && let Some(organization) = organizations::find(tx, id)?
                    {
                        names.add(text, organization.name);
                    }
                }
                Ok(names)
            })
            .await
    }

    fn add(&mut self, id: &str, name: String) {
        self.known.insert(id.to_owned(), name);
    }

    /// The name of an id: as it is now, or as the event's particulars have it.
    pub(super) fn of_id(&self, kind: &str, id: &str, details: &Value) -> Option<String> {
        self.known.get(id).cloned().or_else(|| told(kind, details))
    }

    /// The people who are gone: what is recorded about them is removed again.
    pub(super) fn gone(&self) -> impl Iterator<Item = &String> {
        self.gone.iter()
    }
}

/// The name of a thing that an event shows.
fn told(kind: &str, details: &Value) -> Option<String> {
    let (place, name) = match kind {
        "api_key" => ("key", "name"),
        "domain" => ("domain", "domain"),
        "invitation" => ("invitation", "email"),
        "organization" | "role" | "group" | "service_account" | "client" | "resource" => (kind, "name"),
        _ => return None,
    };
    details.get(place)?.get(name)?.as_str().map(str::to_owned)
}

//! What people, programs, groups and roles of an organization are called.

use std::{collections::BTreeSet, collections::HashMap, sync::Arc};

use avnology_model::{
    Result,
    ids::{GroupId, IdentityId, ServiceAccountId},
    organizations::MemberState,
    permissions::{Relation, RoleKey, Thing},
};
use avnology_store::{
    identities::identities,
    organizations::{groups, memberships},
    service_accounts::accounts,
};

use super::who::Who;
use crate::{Tenant, organizations::Acting, organizations::LiveOrganization, organizations::MemberCard};

/// Names by namespace and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    organization: Option<Arc<LiveOrganization>>,
    known: HashMap<(String, String), String>,
    members: HashMap<IdentityId, (MemberCard, MemberState)>,
}

impl Names {
    /// The names of these things, as far as they are the organization's.
    pub(super) async fn of(
        app: &Tenant,
        acting: &Acting,
        things: impl Iterator<Item = (String, String)>,
    ) -> Result<Self> {
        let things: BTreeSet<(String, String)> = things.collect();
        let organization = Arc::clone(&acting.organization);
        let own = acting.id();
        app.store
            .identity()
            .scan(move |tx| {
                let mut found = Self { organization: Some(Arc::clone(&organization)), ..Self::default() };
                for (namespace, id) in &things {
                    let name = match namespace.as_str() {
                        "identities" => {
                            let Ok(person) = id.parse::<IdentityId>() else { continue };
                            let Some(membership) = memberships::of_person(tx, own, person)? else { continue };
                            let card = MemberCard::of(&identities::get(tx, person)?);
                            let name = card.display_name.clone();
                            found.members.insert(person, (card, membership.state));
                            name
                        }
                        "groups" => {
                            let Ok(group) = id.parse::<GroupId>() else { continue };
                            let Some(group) = groups::find(tx, own, group)? else { continue };
                            group.name
                        }
                        "service_accounts" => {
                            let Ok(account) = id.parse::<ServiceAccountId>() else { continue };
                            let account = accounts::find(tx, account)?;
                            let Some(account) = account.filter(|found| found.organization_id == Some(own))
                            else {
                                continue;
                            };
                            account.name
                        }
                        "organizations" if *id == own.to_string() => organization.organization.name.clone(),
                        _ => continue,
                    };
                    found.known.insert((namespace.clone(), id.clone()), name);
                }
                Ok(found)
            })
            .await
    }

    /// An object with its name.
    pub(super) fn thing(&self, namespace: &str, id: &str) -> Thing {
        let name = self.known.get(&(namespace.to_owned(), id.to_owned())).cloned();
        Thing { namespace: namespace.to_owned(), id: id.to_owned(), name }
    }

    /// A relation; with the name of the role that it is.
    pub(super) fn relation(&self, namespace: &str, key: &str) -> Relation {
        let role =
            self.organization.as_ref().filter(|_| namespace == "organizations").and_then(|organization| {
                let key = RoleKey::parse(key)?;
                organization.role(&key).map(|rights| rights.name)
            });
        Relation { key: key.to_owned(), name: role }
    }

    /// A person or program.
    pub(super) fn who(&self, namespace: &str, id: &str) -> Who {
        let member = id.parse().ok().and_then(|id: IdentityId| self.members.get(&id));
        Who {
            thing: self.thing(namespace, id),
            member: member.map(|(card, _)| card.clone()),
            state: member.map(|(_, state)| *state),
        }
    }
}

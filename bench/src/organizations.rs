//! Organizations: their scope on the hot path, making them, long lists of members, and ten thousand in one directory.

use std::path::Path;

use avnology_core::{Clock as _, SystemClock};
use avnology_model::{
    ids::{MembershipId, OrganizationId},
    organizations::{
        MemberState, Membership, MembershipSource, Organization, OrganizationState, RoleSource, Slug,
    },
    permissions::RoleKey,
};
use avnology_store::{
    Store, StoreConfig,
    organizations::{memberships, organizations, seats},
};

use crate::{
    Outcome,
    seed::{self, random, told},
};

/// Rows written in one transaction.
const BATCH: usize = 1_000;

/// Organizations that were made, each with its database, owned by the person whose session the token is.
pub(crate) struct Seeded {
    /// Token of a session of their owner.
    pub(crate) token: String,
    /// Their ids.
    pub(crate) ids: Vec<OrganizationId>,
}

/// Makes `count` organizations in a new data directory, through the store.
pub(crate) async fn make(data_dir: &Path, count: usize) -> Outcome<Seeded> {
    let token = seed::with_sessions(data_dir, 1).await?.pop().ok_or("no session was made")?;
    let now = SystemClock.now();
    let store = Store::open(StoreConfig::new(data_dir, now)).await.map_err(told)?;
    let owner = store
        .identity()
        .read(|tx| {
            let mut rows = tx.query_text("SELECT id FROM identities LIMIT 1", &[])?;
            rows.first_mut()
                .map_or_else(|| Err(avnology_model::Error::not_found()), avnology_store::Row::take)
        })
        .await
        .map_err(told)?;
    let mut ids = Vec::with_capacity(count);
    for first in (0..count).step_by(BATCH) {
        let made: Vec<Organization> = (first..(first + BATCH).min(count))
            .map(|number| {
                let name = format!("Team {number}");
                let slug = Slug::of_name(&format!("team-{number}"));
                let mut organization = Organization::new(OrganizationId::new(now, random()), name, slug, now);
                organization.state = OrganizationState::Active;
                organization
            })
            .collect();
        ids.extend(made.iter().map(|organization| organization.id));
        let members: Vec<Membership> = made.iter().map(|o| member(o.id, owner, RoleKey::owner())).collect();
        let add = move |tx: &mut avnology_store::IdentityTx<'_>| {
            made.iter().try_for_each(|organization| organizations::insert(tx, organization))?;
            members.iter().try_for_each(|m| memberships::insert(tx, m))?;
            made.iter().try_for_each(|o| seats::change(tx, o.id, now, |seats| seats.active = 1).map(drop))
        };
        store.identity().write(add).await.map_err(told)?;
    }
    for id in &ids {
        store.create_org(*id).await.map_err(told)?;
    }
    store.close().await.map_err(told)?;
    Ok(Seeded { token, ids })
}

/// Adds `count` members, each with an identity of its own.
pub(crate) async fn add_members(data_dir: &Path, id: OrganizationId, count: usize) -> Outcome<()> {
    let now = SystemClock.now();
    let store = Store::open(StoreConfig::new(data_dir, now)).await.map_err(told)?;
    for first in (0..count).step_by(BATCH) {
        let rows: Vec<_> = (first..(first + BATCH).min(count))
            .map(|number| {
                let identity = seed::person(&format!("member-{number}-{id}@example.com"), now)?;
                let membership = member(id, identity.id, RoleKey::member());
                Ok((identity, membership))
            })
            .collect::<Outcome<_>>()?;
        let add = move |tx: &mut avnology_store::IdentityTx<'_>| {
            rows.iter().try_for_each(|(identity, membership)| {
                avnology_store::identities::identities::insert(tx, identity)?;
                memberships::insert(tx, membership)
            })
        };
        store.identity().write(add).await.map_err(told)?;
    }
    Ok(store.close().await.map_err(told)?)
}

fn member(
    organization_id: OrganizationId,
    identity_id: avnology_model::ids::IdentityId,
    role: RoleKey,
) -> Membership {
    let now = SystemClock.now();
    Membership {
        id: MembershipId::new(now, random()),
        organization_id,
        identity_id,
        role,
        role_source: RoleSource::Manual,
        state: MemberState::Active,
        source: MembershipSource::Admin,
        joined_at: Some(now),
        last_active_at: None,
        expire_time: None,
        create_time: now,
        update_time: now,
        version: 1,
    }
}

//! Organizations and members in memory, ready for the check of every request.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{IdentityId, OrganizationId},
    organizations::{CustomRole, Feature, Membership, Organization, Permission, Slug},
    permissions::{BuiltInRole, RoleKey, ScopeSet},
    platform::TenantSettings,
};
use avnology_store::{
    IdentityTx,
    organizations::{memberships, organizations, roles},
    permissions::tuples,
};
use parking_lot::Mutex;

use super::roles::built_in_name;
use crate::{Cx, Tenant, platform::Remembered};

/// How many organizations, members, slugs and domains memory holds.
const ORGANIZATIONS: usize = 16_384;
const MEMBERS: usize = 131_072;
const ROUTES: usize = 16_384;

/// What a role allows in its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRights {
    /// What it is called.
    pub name: String,
    /// System scopes.
    pub scopes: ScopeSet,
    /// Permissions of a custom role, as they are written there.
    pub permissions: Vec<Permission>,
    /// Whether it is `admin` or `owner`, or based on one of them.
    pub is_administrative: bool,
}

impl RoleRights {
    fn of_built_in(role: BuiltInRole) -> Self {
        let is_administrative = role != BuiltInRole::Member;
        let name = built_in_name(role).to_owned();
        Self { name, scopes: role.scopes(), permissions: Vec::new(), is_administrative }
    }

    fn of_custom(role: &CustomRole) -> Self {
        let is_administrative = role.base.role() != BuiltInRole::Member;
        Self {
            name: role.name.clone(),
            scopes: role.scopes(),
            permissions: role.permissions.clone(),
            is_administrative,
        }
    }
}

/// An organization in memory, with what its roles allow.
#[derive(Debug)]
pub struct LiveOrganization {
    /// The organization; its counters may be a minute old.
    pub organization: Organization,
    custom_roles: HashMap<RoleKey, RoleRights>,
    /// Members loaded under another one are stale.
    epoch: u64,
}

impl LiveOrganization {
    /// Id.
    pub fn id(&self) -> OrganizationId {
        self.organization.id
    }

    /// The keys of its custom roles, in order.
    pub fn custom_roles(&self) -> Vec<&RoleKey> {
        let mut keys: Vec<&RoleKey> = self.custom_roles.keys().collect();
        keys.sort_unstable();
        keys
    }

    /// What a role is called here; one that is gone by its key.
    pub fn role_name(&self, key: &RoleKey) -> String {
        self.role(key).map_or_else(|| key.to_string(), |rights| rights.name)
    }

    /// What a role allows here; none for a role that is not there.
    pub fn role(&self, key: &RoleKey) -> Option<RoleRights> {
        match key.built_in() {
            Some(role) => Some(RoleRights::of_built_in(role)),
            None => self.custom_roles.get(key).cloned(),
        }
    }

    /// Whether a feature is on.
    pub fn has_feature(&self, settings: &TenantSettings, feature: Feature) -> bool {
        let own = self.organization.feature_flags.get(&feature);
        own.or(settings.feature_defaults.get(&feature)).copied().unwrap_or(true)
    }

    /// A number that no other loaded state of an organization has.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// A member in memory, with what it may do.
#[derive(Debug)]
pub struct LiveMember {
    /// The membership.
    pub membership: Membership,
    /// Roles held through groups.
    pub group_roles: Vec<RoleKey>,
    /// System scopes, of all its roles and of permissions granted singly.
    pub scopes: ScopeSet,
    /// Permissions, sorted, each once.
    pub permissions: Vec<String>,
    epoch: u64,
    last_active: AtomicI64,
}

impl LiveMember {
    fn new(
        membership: Membership,
        group_roles: Vec<RoleKey>,
        singles: Vec<String>,
        organization: &LiveOrganization,
    ) -> Self {
        let held = std::iter::once(&membership.role).chain(&group_roles);
        let mut scopes = ScopeSet::EMPTY;
        let mut permissions = singles;
        for rights in held.filter_map(|key| organization.role(key)) {
            scopes = scopes.union(rights.scopes);
            permissions.extend(rights.permissions.into_iter().map(String::from));
        }
        let of_permissions = permissions.iter().filter_map(|text| Permission::parse(text));
        scopes = of_permissions.fold(scopes, |all, permission| all.union(permission.scopes()));
        permissions.extend(scopes.iter().map(|scope| scope.as_str().to_owned()));
        permissions.sort_unstable();
        permissions.dedup();
        let last_active = AtomicI64::new(membership.last_active_at.map_or(0, Timestamp::micros));
        Self { membership, group_roles, scopes, permissions, epoch: organization.epoch, last_active }
    }

    /// Whether it owns the organization.
    pub fn is_owner(&self) -> bool {
        self.membership.role.is_owner()
    }
}

/// The organizations and members that memory holds.
pub struct OrganizationCache {
    organizations: Remembered<OrganizationId, Arc<LiveOrganization>>,
    members: Remembered<(OrganizationId, IdentityId), Arc<LiveMember>>,
    slugs: Remembered<Slug, OrganizationId>,
    /// Where addresses at a domain are led to when they sign in; nowhere is remembered too.
    pub(super) routes: Remembered<String, Option<OrganizationId>>,
    epochs: AtomicU64,
    uses: Mutex<Vec<(OrganizationId, IdentityId, Timestamp)>>,
}

impl Default for OrganizationCache {
    fn default() -> Self {
        Self {
            organizations: Remembered::new(ORGANIZATIONS),
            members: Remembered::new(MEMBERS),
            slugs: Remembered::new(ORGANIZATIONS),
            routes: Remembered::new(ROUTES),
            epochs: AtomicU64::new(0),
            uses: Mutex::new(Vec::new()),
        }
    }
}

impl OrganizationCache {
    /// Forgets an organization and with it all its members; to be called after the commit that changed it, its roles, or
    /// the role of a group, and before that is acknowledged.
    pub fn forget(&self, organization: OrganizationId) {
        self.organizations.forget(&organization);
    }

    /// Forgets all organizations and members; to be called as [`Self::forget`].
    pub(crate) fn clear(&self) {
        self.organizations.clear();
        self.members.clear();
    }

    /// Forgets one member; to be called after the commit that changed the membership or its groups, and before that is
    /// acknowledged.
    pub fn forget_member(&self, organization: OrganizationId, identity: IdentityId) {
        self.members.forget(&(organization, identity));
    }

    /// Forgets where a domain leads to; to be called after the commit that changed its status, its holder or its routing,
    /// and before that is acknowledged.
    pub fn forget_domain(&self, name: &str) {
        self.routes.forget(&name.to_owned());
    }
}

impl OrganizationCache {
    /// Notes that a member used the organization: at most once a minute.
    pub(super) fn touch(&self, member: &LiveMember, now: Timestamp) {
        let minute = now.to_the_minute();
        let before = member.last_active.load(Ordering::Relaxed);
        let is_first = before < minute.micros()
            && member
                .last_active
                .compare_exchange(before, minute.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_first {
            let membership = &member.membership;
            self.uses.lock().push((membership.organization_id, membership.identity_id, minute));
        }
    }

    /// The uses to be written.
    pub(crate) fn drain_uses(&self) -> Vec<(OrganizationId, IdentityId, Timestamp)> {
        std::mem::take(&mut *self.uses.lock())
    }
}

/// Reads an organization and its roles as of now.
pub(crate) fn read(
    app: &Tenant,
    tx: &mut IdentityTx<'_>,
    organization: Organization,
) -> Result<LiveOrganization> {
    let custom = roles::of_organization(tx, organization.id)?;
    let custom_roles = custom.iter().map(|role| (role.key.clone(), RoleRights::of_custom(role))).collect();
    let epoch = app.organizations.epochs.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(LiveOrganization { organization, custom_roles, epoch })
}

/// The organization with this id; none if there is none. Warm, it asks no database.
pub async fn find(app: &Arc<Tenant>, cx: &Cx, id: OrganizationId) -> Result<Option<Arc<LiveOrganization>>> {
    if let Some(live) = app.organizations.organizations.warm(&id, cx.now) {
        return Ok(Some(live));
    }
    let ticket = app.organizations.organizations.ticket(&id);
    let job = Arc::clone(app);
    let found = app
        .store
        .identity()
        .read(move |tx| match organizations::find(tx, id)? {
            Some(organization) => read(&job, tx, organization).map(Some),
            None => Ok(None),
        })
        .await?;
    Ok(found.map(|live| {
        let live = Arc::new(live);
        app.organizations.organizations.keep(&ticket, &id, Arc::clone(&live), cx.now);
        live
    }))
}

/// The organization that a text names by id or slug; none if there is none.
pub async fn find_named(app: &Arc<Tenant>, cx: &Cx, name: &str) -> Result<Option<Arc<LiveOrganization>>> {
    if let Ok(id) = name.parse::<OrganizationId>() {
        return find(app, cx, id).await;
    }
    let Some(slug) = Slug::parse(name) else { return Ok(None) };
    if let Some(id) = app.organizations.slugs.warm(&slug, cx.now)
        && let Some(live) = find(app, cx, id).await?
        && live.organization.slug == slug
    {
        return Ok(Some(live));
    }
    let ticket = app.organizations.slugs.ticket(&slug);
    let wanted = slug.clone();
    let found = app.store.identity().read(move |tx| organizations::by_slug(tx, &wanted)).await?;
    let Some(id) = found.map(|organization| organization.id) else { return Ok(None) };
    app.organizations.slugs.keep(&ticket, &slug, id, cx.now);
    find(app, cx, id).await
}

/// The same, or `_300`.
pub async fn get_named(app: &Arc<Tenant>, cx: &Cx, name: &str) -> Result<Arc<LiveOrganization>> {
    find_named(app, cx, name).await?.ok_or_else(|| Error::new(Code::OrganizationNotFound))
}

/// The membership of an identity that is in force now; none if there is none. Warm, it asks no database.
pub async fn find_member(
    app: &Arc<Tenant>,
    now: Timestamp,
    organization: &Arc<LiveOrganization>,
    identity: IdentityId,
) -> Result<Option<Arc<LiveMember>>> {
    let key = (organization.id(), identity);
    let members = &app.organizations.members;
    if let Some(live) = members.warm(&key, now)
        && live.epoch == organization.epoch
    {
        return Ok(Some(live).filter(|live| live.membership.is_in_force(now)));
    }
    let ticket = members.ticket(&key);
    let place = Arc::clone(organization);
    let read = app
        .store
        .identity()
        .read(move |tx| {
            let Some(membership) = memberships::of_person(tx, place.id(), identity)? else { return Ok(None) };
            let groups = memberships::group_roles(tx, place.id(), identity)?;
            let singles = tuples::single_permissions(tx, place.id(), identity, now)?;
            Ok(Some(LiveMember::new(membership, groups, singles, &place)))
        })
        .await?;
    let Some(live) = read.map(Arc::new) else { return Ok(None) };
    members.keep(&ticket, &key, Arc::clone(&live), now);
    Ok(Some(live).filter(|live| live.membership.is_in_force(now)))
}

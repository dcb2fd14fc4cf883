//! One change of one tuple, in the transaction of whoever makes it.

use std::{collections::HashSet, sync::Arc};

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    events::EventType,
    ids::{IdentityId, MembershipId, OrganizationId},
    permissions::{PlatformRole, RoleKey, Scope as Right, TupleSource},
    secret_token::SecretHash,
};
use avnology_rebac::Tuple;
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::roles,
    permissions::{
        changes::{BUILT_IN, StoredTuple},
        own_tuples::{self, TupleFacts},
        tuples,
    },
    sessions::sessions,
};
use serde_json::json;

use super::{
    Asker, input,
    memory::View,
    stored::{store_of, subject_text},
    target::{Target, target},
    write::{Action, Operation},
};
use crate::{Cx, Tenant, events::emit, organizations};

/// Most own tuples of an organization, and most tuples of a tenant.
const OF_ORGANIZATION: u64 = 1_000_000;
const OF_TENANT: u64 = 10_000_000;

/// A change that was read.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) action: Action,
    tuple: Tuple,
    /// The same as it is kept.
    pub(super) stored: StoredTuple,
    target: Target,
    expire_time: Option<Timestamp>,
    /// For the membership that it may make.
    membership: MembershipId,
}

impl Planned {
    /// `_504` for a tuple that was not written through the API and is nothing that this API can take: a role, or a place in
    /// a group.
    pub(super) fn check_source(&self, source: TupleSource) -> Result<()> {
        let is_plain = matches!(self.target, Target::Own | Target::Free(_));
        if is_plain && source != TupleSource::Api { Err(Error::new(Code::TupleOfSystem)) } else { Ok(()) }
    }
}

/// What is to be forgotten after the commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Forgotten {
    members: HashSet<(OrganizationId, IdentityId)>,
    hashes: Vec<SecretHash>,
}

/// Forgets what a commit made old.
pub(super) fn forget(app: &Tenant, forgotten: &Forgotten) {
    for (organization, identity) in &forgotten.members {
        app.organizations.forget_member(*organization, *identity);
    }
    app.sessions.forget(&forgotten.hashes);
}

/// Reads an operation: what is wrong with it alone is refused here.
pub(super) async fn planned(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    view: &View,
    (operation, at): (&Operation, &str),
) -> Result<Planned> {
    let tuple = input::tuple(app, cx, view, &operation.tuple, at).await?;
    let expire_time = operation.tuple.expire_time;
    if operation.action == Action::Insert && expire_time.is_some_and(|end| end <= cx.now) {
        return Err(Error::field(format!("{at}expire_time"), FieldCode::TooSmall, "In the future."));
    }
    let target = target(app, cx, asker, view, &tuple).await?;
    if expire_time.is_some() && matches!(target, Target::Platform(..) | Target::Group(..)) {
        let why = "Roles on the platform and places in groups do not end by themselves.";
        return Err(Error::field(format!("{at}expire_time"), FieldCode::NotAllowed, why));
    }
    let membership = MembershipId::new(cx.now, cx.random());
    let stored = stored(view, asker, &tuple);
    Ok(Planned { action: operation.action, tuple, stored, target, expire_time, membership })
}

/// A tuple as it is kept where the caller writes.
pub(super) fn stored(view: &View, asker: &Asker, tuple: &Tuple) -> StoredTuple {
    let built_in =
        view.snapshot.schema().namespace(&tuple.namespace).is_some_and(|namespace| namespace.built_in);
    let scope = asker.scope();
    StoredTuple {
        store: if built_in { BUILT_IN.to_owned() } else { store_of(&scope).to_owned() },
        namespace: tuple.namespace.clone(),
        object: tuple.object.clone(),
        relation: tuple.relation.clone(),
        subject: subject_text(&tuple.subject),
    }
}

/// `_914` when there would be too many tuples.
pub(super) fn check_room(view: &View, asker: &Asker, plan: &[Planned]) -> Result<()> {
    let new = plan.iter().filter(|one| one.action == Action::Insert).count() as u64;
    let full = |limit: u64, used: u64| {
        Err(Error::new(Code::LimitReached).with_member("limit", limit).with_member("used", used))
    };
    let all = view.snapshot.len();
    if new > 0 && all + new > OF_TENANT {
        return full(OF_TENANT, all);
    }
    let own = plan.iter().filter(|one| one.action == Action::Insert && one.stored.store != BUILT_IN).count();
    if let Some(organization) = asker.organization() {
        let used = view.sizes.get(&organization.to_string()).copied().unwrap_or_default();
        if own > 0 && used + own as u64 > OF_ORGANIZATION {
            return full(OF_ORGANIZATION, used);
        }
    }
    Ok(())
}

fn parts(tuple: &StoredTuple) -> tuples::Tuple<'_> {
    tuples::Tuple {
        namespace: &tuple.namespace,
        object: &tuple.object,
        relation: &tuple.relation,
        subject: &tuple.subject,
    }
}

/// What is known of a tuple that counts.
pub(super) fn find(
    tx: &mut IdentityTx<'_>,
    tuple: &StoredTuple,
    now: Timestamp,
) -> Result<Option<TupleFacts>> {
    if tuple.store == BUILT_IN {
        tuples::find(tx, &parts(tuple), now)
    } else {
        own_tuples::find(tx, &tuple.store, &parts(tuple), now)
    }
}

/// Writes a tuple; whether it was not there.
pub(super) fn insert(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    (cx, asker): (&Cx, &Asker),
    one: &Planned,
    forgotten: &mut Forgotten,
) -> Result<bool> {
    let facts = TupleFacts { source: TupleSource::Api, create_time: cx.now, expire_time: one.expire_time };
    let (is_new, organization) = match &one.target {
        Target::Own => {
            (own_tuples::put(tx, &one.stored.store, &parts(&one.stored), facts)?, asker.organization())
        }
        Target::Free(organization) => {
            check_free(tx, one, *organization)?;
            (tuples::put_with(tx, *organization, &parts(&one.stored), facts)?, *organization)
        }
        Target::Platform(role, identity) => {
            check_platform(asker, *role)?;
            identities::find(tx, *identity)?.ok_or_else(Error::not_found)?;
            forgotten.hashes.extend(sessions::token_hashes_of(tx, *identity)?);
            (tuples::put_with(tx, None, &parts(&one.stored), facts)?, None)
        }
        Target::Role(acting, role, identity) => {
            let assignment = organizations::Assignment {
                membership: one.membership,
                identity: *identity,
                role: role.clone(),
                expire_time: one.expire_time,
            };
            let is_new = organizations::assign(tx, app, cx, acting, &assignment)?;
            forgotten.members.insert((acting.id(), *identity));
            forgotten.hashes.extend(sessions::token_hashes_of(tx, *identity)?);
            return Ok(is_new);
        }
        Target::Group(acting, group, identity) => {
            forgotten.members.insert((acting.id(), *identity));
            return organizations::set_place_in_group(tx, app, (cx, acting), (*group, *identity), true);
        }
    };
    if is_new {
        tell(tx, cx, EventType::PermissionGranted, one, organization)?;
    }
    Ok(is_new)
}

/// `_910` when a role of this name was made since the tuple was read: a free relation must become none.
fn check_free(tx: &mut IdentityTx<'_>, one: &Planned, organization: Option<OrganizationId>) -> Result<()> {
    let key = RoleKey::parse(&one.tuple.relation).filter(|_| one.tuple.namespace == "organizations");
    let (Some(organization), Some(key)) = (organization, key) else { return Ok(()) };
    if roles::by_key(tx, organization, &key)?.is_none() {
        return Ok(());
    }
    let made = Error::new(Code::ConflictingState).with_member("state", "role");
    Err(made.with_detail("A role of this name was made meanwhile. Repeat the request."))
}

/// Removes a tuple; whether it was there.
pub(super) fn delete(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    (cx, asker): (&Cx, &Asker),
    one: &Planned,
    forgotten: &mut Forgotten,
) -> Result<bool> {
    let organization = match &one.target {
        Target::Role(acting, role, identity) => {
            let hashes = organizations::unassign(tx, cx, acting, *identity, role)?;
            forgotten.members.insert((acting.id(), *identity));
            let was_there = hashes.is_some();
            forgotten.hashes.extend(hashes.into_iter().flatten());
            return Ok(was_there);
        }
        Target::Group(acting, group, identity) => {
            forgotten.members.insert((acting.id(), *identity));
            return organizations::set_place_in_group(tx, app, (cx, acting), (*group, *identity), false);
        }
        Target::Platform(role, identity) => {
            check_platform(asker, *role)?;
            if find(tx, &one.stored, cx.now)?.is_none() {
                return Ok(false);
            }
            if *role == PlatformRole::Admin && tuples::count_other_active(tx, *role, *identity)? == 0 {
                let last = Error::new(Code::LastOwner).with_detail("The last platform administrator stays.");
                return Err(last.with_member("organization_ids", Vec::<String>::new()));
            }
            forgotten.hashes.extend(sessions::token_hashes_of(tx, *identity)?);
            None
        }
        Target::Own => asker.organization(),
        Target::Free(organization) => *organization,
    };
    let Some(facts) = find(tx, &one.stored, cx.now)? else { return Ok(false) };
    one.check_source(facts.source)?;
    if one.stored.store == BUILT_IN {
        tuples::remove(tx, &parts(&one.stored))?;
    } else {
        own_tuples::remove(tx, &one.stored.store, &parts(&one.stored), cx.now)?;
    }
    tell(tx, cx, EventType::PermissionRevoked, one, organization)?;
    Ok(true)
}

/// `_100` unless the caller holds all that the role does: nobody gives what they do not have.
fn check_platform(asker: &Asker, role: PlatformRole) -> Result<()> {
    let own = Right::ALL.iter().copied().filter(|right| right.is_self()).collect();
    if asker.organization().is_none() && asker.scopes().contains_all(role.scopes().without(own)) {
        return Ok(());
    }
    Err(Error::new(Code::PermissionDenied)
        .with_detail("Nobody gives or takes a role that holds more than they do."))
}

fn tell(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    event_type: EventType,
    one: &Planned,
    organization: Option<OrganizationId>,
) -> Result<()> {
    let Tuple { namespace, object, relation, subject } = &one.tuple;
    let payload = json!({
        "namespace": namespace, "object": object, "relation": relation, "subject": subject.to_string(),
        "expire_time": one.expire_time,
    });
    let mut event = cx.event(event_type, payload);
    if let Some(organization) = organization {
        event = event.in_organization(organization);
    }
    if let Ok(identity) = one.stored.subject.parse::<IdentityId>() {
        event = event.on("identity", &identity);
    }
    emit(tx, &event)
}

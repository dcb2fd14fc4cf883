//! Writing tuples: granted, revoked, and many at once (`contract/50` §§2, 6.3).

use std::sync::Arc;

use avnology_model::{Code, Error, FieldCode, Result, Timestamp, platform::IdempotencyKey};
use avnology_store::{
    IdentityTx,
    permissions::{changes::StoredTuple, schemas},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Asker, Consistency, Parts,
    change::{Forgotten, Planned, check_room, delete, find, forget, insert, planned, stored},
    input, lists,
    snaptoken::{self, Freshness},
    view::{GrantedPermission, KeptTuple},
};
use crate::{Cx, Tenant, platform};

/// Most operations of a batch.
const OPERATIONS: usize = 1_000;
/// How often a write begins again because the schema was changed meanwhile.
const RUNS: usize = 5;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PermissionAction)]
pub enum Action {
    /// Writes the tuple.
    Insert,
    /// Removes it.
    Delete,
}

/// One of many changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PermissionOperation)]
pub struct Operation {
    /// What is done.
    pub action: Action,
    /// To which tuple.
    pub tuple: Parts,
}

/// What must be so for a batch to be made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PermissionPrecondition)]
pub struct TuplePrecondition {
    /// The tuple.
    pub tuple: Parts,
    /// Whether it is there.
    pub exists: bool,
}

/// What becomes of a tuple that is there already, or that is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    /// Whether writing a tuple that is there is well.
    pub on_conflict: bool,
    /// Whether removing one that is not there is.
    pub on_missing: bool,
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchWritten {
    /// How many tuples are there that were not.
    pub inserted: u64,
    /// How many are gone.
    pub deleted: u64,
    /// Names the moment from which it counts.
    pub snaptoken: String,
}

/// What came of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The tuple is new.
    New(GrantedPermission),
    /// It was there, and that was allowed for.
    Present(GrantedPermission),
}

fn exists() -> Error {
    Error::new(Code::AlreadyExists).with_member("field", "tuple")
}

/// Writes under the schema by which it was planned; `None` when another one came into force since.
async fn under<T: Send + 'static>(
    app: &Tenant,
    version: i64,
    write: impl Fn(&mut IdentityTx<'_>) -> Result<T> + Send + 'static,
) -> Result<Option<T>> {
    let write = move |tx: &mut IdentityTx<'_>| {
        if schemas::version(tx)? == version { write(tx).map(Some) } else { Ok(None) }
    };
    app.store.identity().write(write).await
}

/// Writes a tuple. `_902`; `_500` for what the schema has no place for; `_303` for what is another organization's; `_504`
/// for what belongs to the system; `_903` for a tuple that is there; `_914`; for roles and groups what their verbs refuse:
/// `_100`, `_302`, `_305`, `_311`.
pub async fn grant(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    (new, lenient): (&Parts, Leniency),
    key: Option<&IdempotencyKey>,
) -> Result<Granted> {
    let operation = Operation { action: Action::Insert, tuple: new.clone() };
    for _ in 0..RUNS {
        let view = snaptoken::view(app, &Freshness::Node).await?;
        let mut plan = vec![planned(app, cx, asker, &view, (&operation, "")).await?];
        check_room(&view, asker, &plan)?;
        let Some(plan) = plan.pop() else { break };
        let (job, cx2, asker2, key) = (Arc::clone(app), cx.clone(), asker.clone(), key.copied());
        let written = under(app, view.schema.version, move |tx| {
            let mut forgotten = Forgotten::default();
            let is_new = insert(tx, &job, (&cx2, &asker2), &plan, &mut forgotten)?;
            if !is_new && !lenient.on_conflict {
                return Err(exists());
            }
            let facts = find(tx, &plan.stored, cx2.now)?
                .ok_or_else(|| Error::internal("a tuple that was written is not there"))?;
            let kept = KeptTuple::of((plan.stored.clone(), facts));
            if key.is_some() {
                let told = snaptoken::own_token(&job, tx)?;
                let told = GrantedPermission { permission: kept.clone(), snaptoken: told };
                let body = serde_json::to_vec(&told).map_err(Error::internal)?;
                let status = if is_new { 201 } else { 200 };
                platform::finish(tx, &cx2, &job.keys, key.as_ref(), status, &body)?;
            }
            Ok((is_new, kept, forgotten))
        })
        .await?;
        let Some((is_new, permission, forgotten)) = written else { continue };
        forget(app, &forgotten);
        let view = snaptoken::view(app, &Freshness::Node).await?;
        let granted = GrantedPermission { permission, snaptoken: snaptoken::token(app, &view) };
        return Ok(if is_new { Granted::New(granted) } else { Granted::Present(granted) });
    }
    Err(Error::unavailable("the schema of permissions was changed too often"))
}

/// Removes a tuple. As [`grant`], and `_901` for one that is not there.
pub async fn revoke(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    (gone, lenient): (&Parts, Leniency),
) -> Result<()> {
    let operation = Operation { action: Action::Delete, tuple: gone.clone() };
    batch(app, cx, asker, (&[operation], &[]), lenient).await.map(drop)
}

/// Makes all changes, or none. As [`grant`] and [`revoke`]; `_902` for more than 1,000; `_910` when a precondition does not
/// hold.
pub async fn batch(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    (operations, preconditions): (&[Operation], &[TuplePrecondition]),
    lenient: Leniency,
) -> Result<BatchWritten> {
    let too_many = |field| Error::field(field, FieldCode::TooLong, "At most 1,000.");
    if operations.len() > OPERATIONS {
        return Err(too_many("operations"));
    }
    if preconditions.len() > OPERATIONS {
        return Err(too_many("preconditions"));
    }
    for _ in 0..RUNS {
        let view = snaptoken::view(app, &Freshness::Node).await?;
        let is_one = operations.len() == 1 && preconditions.is_empty();
        let mut plan = Vec::with_capacity(operations.len());
        for (at, operation) in operations.iter().enumerate() {
            let at = if is_one { String::new() } else { format!("operations[{at}].tuple.") };
            plan.push(planned(app, cx, asker, &view, (operation, &at)).await?);
        }
        let mut wanted = Vec::with_capacity(preconditions.len());
        for (at, precondition) in preconditions.iter().enumerate() {
            let at = format!("preconditions[{at}].tuple.");
            let tuple = input::tuple(app, cx, &view, &precondition.tuple, &at).await?;
            asker.check_own(&view, &tuple.namespace, &tuple.object)?;
            wanted.push((stored(&view, asker, &tuple), precondition.exists));
        }
        check_room(&view, asker, &plan)?;
        let (job, cx2, asker2) = (Arc::clone(app), cx.clone(), asker.clone());
        let written = under(app, view.schema.version, move |tx| {
            check_preconditions(tx, &wanted, cx2.now)?;
            apply(tx, &job, (&cx2, &asker2), (&plan, lenient))
        })
        .await?;
        let Some((inserted, deleted, forgotten)) = written else { continue };
        forget(app, &forgotten);
        let view = snaptoken::view(app, &Freshness::Node).await?;
        return Ok(BatchWritten { inserted, deleted, snaptoken: snaptoken::token(app, &view) });
    }
    Err(Error::unavailable("the schema of permissions was changed too often"))
}

fn check_preconditions(
    tx: &mut IdentityTx<'_>,
    wanted: &[(StoredTuple, bool)],
    now: Timestamp,
) -> Result<()> {
    for (tuple, exists) in wanted {
        if find(tx, tuple, now)?.is_some() != *exists {
            let state = if *exists { "missing" } else { "present" };
            let failed = Error::new(Code::ConflictingState).with_member("state", state);
            return Err(failed.with_detail(format!(
                "{}:{}#{}@{} is {state}.",
                tuple.namespace, tuple.object, tuple.relation, tuple.subject
            )));
        }
    }
    Ok(())
}

fn apply(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    (cx, asker): (&Cx, &Asker),
    (plan, lenient): (&[Planned], Leniency),
) -> Result<(u64, u64, Forgotten)> {
    let (mut inserted, mut deleted, mut forgotten) = (0, 0, Forgotten::default());
    for one in plan {
        match one.action {
            Action::Insert => {
                let is_new = insert(tx, app, (cx, asker), one, &mut forgotten)?;
                if !is_new && !lenient.on_conflict {
                    return Err(exists());
                }
                inserted += u64::from(is_new);
            }
            Action::Delete => {
                let was_there = delete(tx, app, (cx, asker), one, &mut forgotten)?;
                if !was_there && !lenient.on_missing {
                    return Err(Error::not_found());
                }
                deleted += u64::from(was_there);
            }
        }
    }
    Ok((inserted, deleted, forgotten))
}

/// How many tuples one transaction removes.
const AT_ONCE: usize = 10_000;
/// How many are looked for at a time.
const LOOK: u32 = 1_000;

/// Removes every tuple that the parts name; how many. `_504`, and nothing is removed, when one of them belongs to the
/// system; else as [`revoke`]. Ten thousand at a time go together.
pub async fn delete_matching(app: &Arc<Tenant>, cx: &Cx, asker: &Asker, parts: &Parts) -> Result<u64> {
    let view = snaptoken::view(app, &Freshness::Node).await?;
    let mut plan: Vec<Planned> = Vec::new();
    let mut after = None;
    loop {
        let page = lists::list(app, cx, asker, (parts, &Consistency::default()), (after, LOOK)).await?;
        for kept in page.permissions {
            let one = Parts {
                namespace: Some(kept.namespace),
                object: Some(kept.object),
                relation: Some(kept.relation),
                subject: Some(kept.subject),
                ..Parts::default()
            };
            let operation = Operation { action: Action::Delete, tuple: one };
            let one = planned(app, cx, asker, &view, (&operation, "")).await?;
            one.check_source(kept.source)?;
            plan.push(one);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let mut deleted = 0;
    for chunk in plan.chunks(AT_ONCE) {
        let (job, cx2, asker2, chunk) = (Arc::clone(app), cx.clone(), asker.clone(), chunk.to_vec());
        let lenient = Leniency { on_conflict: true, on_missing: true };
        let write = app
            .store
            .identity()
            .write_at_length(move |tx| apply(tx, &job, (&cx2, &asker2), (&chunk, lenient)));
        let (_, gone, forgotten) = write.await?;
        forget(app, &forgotten);
        deleted += gone;
    }
    Ok(deleted)
}

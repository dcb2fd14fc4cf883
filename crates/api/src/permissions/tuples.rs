//! Tuples: listed, granted, revoked, and many at once (`contract/50` §2).

use avnology_aip::Key;
use avnology_core::permissions::{
    self, Granted, GrantedPermission, KeptTuple, Leniency, Operation, Parts, TuplePrecondition,
};
use avnology_http::{
    Auth, Body, Created, Idempotency, Json, List, NoContent, OptionalBody, Query, Reply, Response, Route,
    Scoped, scopes,
};
use avnology_model::{Code, Error, FieldCode, Result, events::EventType};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Freshness, asker, keto_form::place};
use crate::once::once;

type Reader = Auth<Scoped<scopes::PermissionsRead>>;
type Writer = Auth<Scoped<scopes::PermissionsWrite>>;

/// What a list of tuples is narrowed by.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct ListParams {
    /// Namespace.
    namespace: Option<String>,
    /// Object.
    object: Option<String>,
    /// Relation.
    relation: Option<String>,
    /// Subject.
    subject: Option<String>,
    /// A token of an earlier answer: this one is at least as new.
    snaptoken: Option<String>,
    /// The same.
    at_least_as_fresh: Option<String>,
    /// `full`: everything that was committed before the request.
    consistency: Option<String>,
}

/// A page of tuples.
#[derive(Serialize, ToSchema)]
struct PermissionList {
    permissions: Vec<KeptTuple>,
    next_page_token: String,
    snaptoken: String,
}

async fn list(auth: Reader, list: List<ListParams, 25, 500>) -> Result<Json<PermissionList>> {
    if list.filter.is_some() || !list.order_by.is_empty() || list.include_total {
        return Err(Error::field(
            "filter",
            FieldCode::NotAllowed,
            "Tuples are found by namespace, object, relation and subject, and are neither ordered nor counted.",
        ));
    }
    let ListParams { namespace, object, relation, subject, snaptoken, at_least_as_fresh, consistency } =
        list.query.clone();
    let parts = Parts { namespace, object, relation, subject, ..Parts::default() };
    let freshness = Freshness { snaptoken, at_least_as_fresh, consistency }.read();
    let after = list.position.as_deref().map(place).transpose()?;
    let (question, page) = ((&parts, &freshness), (after, list.page_size));
    let page = permissions::list(&auth.app, &auth.cx, &asker(&auth), question, page).await?;
    let next = page.next.map(|place| place.into_iter().map(Key::Text).collect());
    Ok(Json(PermissionList {
        permissions: page.permissions,
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, next),
        snaptoken: page.snaptoken,
    }))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct GrantParams {
    /// `ignore`: a tuple that is there is well.
    on_conflict: Option<String>,
}

/// Whether a parameter says `ignore`. `_902` for anything else.
fn ignores(name: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None => Ok(false),
        Some("ignore") => Ok(true),
        Some(_) => Err(Error::field(name, FieldCode::NotInEnum, "`ignore`, or nothing.")),
    }
}

async fn grant(
    auth: Writer,
    (Idempotency(key), Query(params), Body(new)): (Idempotency, Query<GrantParams>, Body<Parts>),
) -> Result<Response> {
    let on_conflict = ignores("on_conflict", params.on_conflict.as_deref())?;
    let lenient = Leniency { on_conflict, on_missing: false };
    let call = async {
        let asker = asker(&auth);
        let granted = permissions::grant(&auth.app, &auth.cx, &asker, (&new, lenient), key.as_ref());
        Ok(match granted.await? {
            Granted::New(body) => Created { location: "/v1/permissions".to_owned(), body }.respond(),
            Granted::Present(body) => Json(body).respond(),
        })
    };
    let location = |_: &serde_json::Value| Some("/v1/permissions".to_owned());
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

/// A tuple to be removed, in the query.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct RevokeParams {
    /// Namespace; all four here, or in the body.
    namespace: Option<String>,
    /// Object.
    object: Option<String>,
    /// Relation.
    relation: Option<String>,
    /// Subject.
    subject: Option<String>,
    /// `ignore`: a tuple that is not there is well.
    on_missing: Option<String>,
}

async fn revoke(
    auth: Writer,
    (Query(params), OptionalBody(body)): (Query<RevokeParams>, OptionalBody<Parts>),
) -> Result<NoContent> {
    let on_missing = ignores("on_missing", params.on_missing.as_deref())?;
    let RevokeParams { namespace, object, relation, subject, .. } = params;
    let in_query = Parts { namespace, object, relation, subject, ..Parts::default() };
    let gone = match (in_query == Parts::default(), body == Parts::default()) {
        (true, _) => body,
        (false, true) => in_query,
        (false, false) => {
            return Err(Error::field(
                "namespace",
                FieldCode::Conflict,
                "Name the tuple in the query or in the body.",
            ));
        }
    };
    let lenient = Leniency { on_conflict: false, on_missing };
    permissions::revoke(&auth.app, &auth.cx, &asker(&auth), (&gone, lenient)).await?;
    Ok(NoContent)
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct BatchParams {
    /// `ignore`: inserting a tuple that is there is well.
    on_conflict: Option<String>,
    /// `ignore`: deleting a tuple that is not there is well.
    on_missing: Option<String>,
}

/// Changes that are made together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchWrite {
    /// At most 1,000.
    operations: Vec<Operation>,
    /// What must be so.
    #[serde(default)]
    preconditions: Vec<TuplePrecondition>,
}

/// What changes that were made together did.
#[derive(Serialize, ToSchema)]
struct BatchWriteResult {
    /// Names the moment from which they count.
    snaptoken: String,
    /// How many tuples are there that were not.
    inserted: u64,
    /// How many are gone.
    deleted: u64,
}

async fn batch_write(
    auth: Writer,
    (Query(params), Body(body)): (Query<BatchParams>, Body<BatchWrite>),
) -> Result<Json<BatchWriteResult>> {
    let lenient = Leniency {
        on_conflict: ignores("on_conflict", params.on_conflict.as_deref())?,
        on_missing: ignores("on_missing", params.on_missing.as_deref())?,
    };
    let changes = (&body.operations[..], &body.preconditions[..]);
    let done = permissions::batch(&auth.app, &auth.cx, &asker(&auth), changes, lenient).await?;
    Ok(Json(BatchWriteResult { snaptoken: done.snaptoken, inserted: done.inserted, deleted: done.deleted }))
}

const WRITES: &[Code] = &[
    Code::PermissionUnknown,
    Code::LastOwner,
    Code::TupleOfSystem,
    Code::AlreadyExists,
    Code::LimitReached,
    Code::SeatLimitReached,
    Code::FeatureDisabled,
    Code::ConflictingState,
    Code::OrganizationNotFound,
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/permissions", list)
            .operation_id("listPermissions")
            .summary("List relation tuples")
            .tag("permissions")
            .answers::<PermissionList>(200, "One page of tuples.")
            .refuses(&[Code::PermissionUnknown, Code::SnaptokenInvalid]),
        Route::post("/v1/permissions", grant)
            .operation_id("grantPermission")
            .records(EventType::PermissionGranted)
            .summary("Write a relation tuple")
            .tag("permissions")
            .answers::<GrantedPermission>(201, "The tuple.")
            .answers::<GrantedPermission>(200, "With `on_conflict=ignore`: it was there.")
            .creates()
            .refuses(WRITES),
        Route::delete("/v1/permissions", revoke)
            .operation_id("revokePermission")
            .records(EventType::PermissionRevoked)
            .summary("Remove a relation tuple")
            .tag("permissions")
            .answers_empty(204)
            .refuses(WRITES)
            .refuses(&[Code::NotFound]),
        Route::post("/v1/permissions:batchWrite", batch_write)
            .operation_id("writePermissions")
            .records(EventType::PermissionGranted)
            .summary("Write and remove relation tuples together")
            .tag("permissions")
            .answers::<BatchWriteResult>(200, "What was done.")
            .refuses(WRITES)
            .refuses(&[Code::NotFound]),
    ]
}

//! List, create, read, change and delete identities (`contract/10` §3).

use avnology_core::identities::{
    self as people, Created as Made, IdentityUpdate, IdentityView, ListQuery, NewIdentity,
};
use avnology_http::{
    Auth, Body, Created, Idempotency, Json, List, NoContent, Patch, Path1, Precondition, Query, Reply,
    Response, Route, Scoped, scopes,
};
use avnology_model::{Code, Error, Result, events::EventType, ids::IdentityId, permissions::Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::once::once;

/// A page of identities.
#[derive(Serialize, ToSchema)]
struct IdentityList {
    identities: Vec<IdentityView>,
    next_page_token: String,
    /// How many there are; with `include_total` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    total_size: Option<u32>,
    /// Whether there are more than were counted; omitted when there are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    total_is_minimum: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct ListParams {
    /// Whether linked providers are told.
    include_linked_providers: bool,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct DeleteParams {
    /// At once instead of after the grace period.
    force: bool,
}

async fn list(
    auth: Auth<Scoped<scopes::IdentitiesRead>>,
    list: List<ListParams>,
) -> Result<Json<IdentityList>> {
    let query = ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: list.include_total,
    };
    let page = people::list(&auth.app, &auth.cx, query, list.query.include_linked_providers).await?;
    Ok(Json(IdentityList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        identities: page.identities,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn create(
    auth: Auth<Scoped<scopes::IdentitiesWrite>>,
    (Idempotency(key), Body(new)): (Idempotency, Body<NewIdentity>),
) -> Result<Response> {
    // A dry run makes nothing that a repetition could make twice.
    let key = key.filter(|_| !new.validate_only);
    let call = async {
        Ok(match people::create(&auth.app, &auth.cx, new, key.as_ref()).await? {
            Made::Made(view) => {
                let location = view.id.map(|id| format!("/v1/identities/{id}")).unwrap_or_default();
                let etag = view.etag.clone();
                Created { location, body: view }.with_etag(&etag).respond()
            }
            Made::WouldBe(view) => Json(view).respond(),
        })
    };
    let location =
        |body: &serde_json::Value| body.get("id")?.as_str().map(|id| format!("/v1/identities/{id}"));
    // Hashing makes the call's future large: it lives on the heap.
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn get(auth: Auth<Scoped<scopes::IdentitiesRead>>, Path1(id): Path1<IdentityId>) -> Result<impl Reply> {
    Ok(tagged(people::get(&auth.app, &auth.cx, id).await?))
}

async fn update(
    auth: Auth<Scoped<scopes::IdentitiesWrite>>,
    (Path1(id), expected, Patch(change)): (Path1<IdentityId>, Precondition, Patch<IdentityUpdate>),
) -> Result<impl Reply> {
    Ok(tagged(people::update(&auth.app, &auth.cx, id, &expected, change).await?))
}

async fn delete(
    auth: Auth<Scoped<scopes::IdentitiesWrite>>,
    (Path1(id), expected, Query(query)): (Path1<IdentityId>, Precondition, Query<DeleteParams>),
) -> Result<NoContent> {
    if query.force && !auth.caller.holds(Scope::IdentitiesErase) {
        let required = vec![Scope::IdentitiesErase.as_str()];
        return Err(Error::new(Code::ScopeMissing).with_member("required_scopes", required));
    }
    let person = auth.caller.session().map(|live| &**live);
    people::delete(&auth.app, &auth.cx, id, &expected, query.force, person).await?;
    Ok(NoContent)
}

/// An identity with its entity tag as header.
pub(super) fn tagged(view: IdentityView) -> avnology_http::With<Json<IdentityView>> {
    let etag = view.etag.clone();
    Json(view).with_etag(&etag)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/identities", list)
            .operation_id("listIdentities")
            .summary("List identities")
            .tag("identities")
            .answers::<IdentityList>(200, "One page of identities."),
        Route::post("/v1/identities", create)
            .operation_id("createIdentity")
            .records(EventType::UserCreated)
            .summary("Create an identity")
            .tag("identities")
            .answers::<IdentityView>(201, "The identity.")
            .answers::<IdentityView>(200, "With `validate_only`: the identity that would result, without id.")
            .creates()
            .refuses(&[
                Code::EmailTaken,
                Code::HandleTaken,
                Code::AlreadyExists,
                Code::PasswordBreached,
                Code::PasswordWeak,
            ]),
        Route::get("/v1/identities/{id}", get)
            .operation_id("getIdentity")
            .summary("Read an identity")
            .tag("identities")
            .answers::<IdentityView>(200, "The identity.")
            .etag(),
        Route::patch("/v1/identities/{id}", update)
            .operation_id("updateIdentity")
            .records(EventType::UserUpdated)
            .summary("Change an identity")
            .tag("identities")
            .answers::<IdentityView>(200, "The identity.")
            .etag()
            .refuses(&[Code::EmailTaken, Code::HandleTaken, Code::AlreadyExists]),
        Route::delete("/v1/identities/{id}", delete)
            .operation_id("deleteIdentity")
            .records(EventType::UserDeletionScheduled)
            .summary("Delete an identity, after its grace period or at once")
            .tag("identities")
            .answers_empty(204)
            .refuses(&[Code::LastOwner, Code::SecondFactorRequired, Code::StepUpRequired]),
    ]
}

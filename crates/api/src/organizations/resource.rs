//! Organizations themselves (`contract/20` §2).

use avnology_core::{
    identities::ListQuery,
    organizations::{self, CreatedOrganization, NewOrganization, OrganizationView, SeatsView, SlugCheck},
};
use avnology_http::{
    Auth, Body, Created, Idempotency, InOrganization, Json, List, NoInput, OptionalBody, PatchValue,
    Precondition, Query, Reply, Response, Route, ScopeMarker, SignedIn, SignedInOr, With, scopes,
    step_up::with_step_up,
};
use avnology_model::{Code, Result, events::EventType, ids::IdentityId, permissions::Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::once::once;

/// A page of organizations.
#[derive(Serialize, ToSchema)]
struct OrganizationList {
    organizations: Vec<OrganizationView>,
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

/// What is asked of a list, as core takes it.
pub(super) fn query_of<T>(list: &List<T>) -> ListQuery {
    ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: list.include_total,
    }
}

async fn list(
    auth: Auth<SignedInOr<scopes::OrganizationsRead>>,
    list: List,
) -> Result<Json<OrganizationList>> {
    if auth.caller.bound_to().is_some()
        && let Some(acting) = auth.organization_scope()
    {
        // A credential of an organization sees that one.
        let mut own = organizations::get(&auth.app, acting).await?;
        own.domains = None;
        return Ok(Json(OrganizationList {
            organizations: vec![own],
            next_page_token: String::new(),
            total_size: list.include_total.then_some(1),
            total_is_minimum: None,
        }));
    }
    let sees_all = auth.caller.holds(Scope::OrganizationsRead);
    let member = auth.person().map(|live| live.identity.id).filter(|_| !sees_all);
    let page = organizations::list(&auth.app, &auth.cx, query_of(&list), member).await?;
    Ok(Json(OrganizationList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        organizations: page.organizations,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn create(
    auth: Auth<SignedInOr<scopes::OrganizationsCreate>>,
    (Idempotency(key), Body(new)): (Idempotency, Body<NewOrganization>),
) -> Result<Response> {
    // A dry run makes nothing that a repetition could make twice.
    let key = key.filter(|_| !new.validate_only);
    let is_platform = auth.caller.holds(Scope::OrganizationsCreate);
    let call = async {
        let person = auth.person().map(|live| &**live);
        let made = organizations::create(&auth.app, &auth.cx, person, is_platform, new, key.as_ref()).await?;
        Ok(match made {
            CreatedOrganization::Made(view) => {
                let location = view.id.map(|id| format!("/v1/organizations/{id}")).unwrap_or_default();
                let etag = view.etag.clone();
                Created { location, body: view }.with_etag(&etag).respond()
            }
            CreatedOrganization::WouldBe(view) => Json(view).respond(),
        })
    };
    let location =
        |body: &serde_json::Value| body.get("id")?.as_str().map(|id| format!("/v1/organizations/{id}"));
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

fn tagged(view: OrganizationView) -> With<Json<OrganizationView>> {
    let etag = view.etag.clone();
    Json(view).with_etag(&etag)
}

async fn get(auth: Auth<InOrganization<scopes::OrganizationsRead>>, _: NoInput) -> Result<impl Reply> {
    Ok(tagged(organizations::get(&auth.app, auth.acting()?).await?))
}

async fn update(
    auth: Auth<InOrganization<scopes::OrganizationsWrite>>,
    (expected, PatchValue(change)): (Precondition, PatchValue),
) -> Result<impl Reply> {
    Ok(tagged(organizations::update(&auth.app, &auth.cx, auth.acting()?, &expected, change).await?))
}

/// `_110` or `_006` unless a person's sign-in is good enough; programs need none.
fn check_fresh<S: ScopeMarker>(auth: &Auth<InOrganization<S>>) -> Result<()> {
    match auth.caller.session() {
        Some(live) => live.check_privileged(&auth.app.settings().settings, auth.cx.now),
        None => Ok(()),
    }
}

async fn delete(
    auth: Auth<InOrganization<scopes::OrganizationsDelete>>,
    expected: Precondition,
) -> Result<Response> {
    fresh(&auth).await?;
    let view = organizations::delete(&auth.app, &auth.cx, auth.acting()?, &expected).await?;
    let mut response = tagged(view).respond();
    *response.status_mut() = avnology_http::StatusCode::ACCEPTED;
    Ok(response)
}

/// The same with the login flow to go through.
async fn fresh<S: ScopeMarker>(auth: &Auth<InOrganization<S>>) -> Result<()> {
    let checked = check_fresh(auth);
    match auth.caller.session() {
        Some(live) => with_step_up(auth, live, checked).await,
        None => checked,
    }
}

async fn restore(
    auth: Auth<InOrganization<scopes::OrganizationsDelete>>,
    expected: Precondition,
) -> Result<impl Reply> {
    Ok(tagged(organizations::restore(&auth.app, &auth.cx, auth.acting()?, &expected).await?))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Reason {
    /// Why, at most 500 characters.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl Reason {
    fn read(self) -> Result<Option<String>> {
        avnology_model::text::optional_line(self.reason.as_deref(), 500)
            .map_err(|(code, message)| avnology_model::Error::field("reason", code, message))
    }
}

async fn suspend(
    auth: Auth<InOrganization<scopes::OrganizationsWrite>>,
    (expected, OptionalBody(body)): (Precondition, OptionalBody<Reason>),
) -> Result<impl Reply> {
    let reason = body.read()?;
    Ok(tagged(organizations::suspend(&auth.app, &auth.cx, auth.acting()?, &expected, reason).await?))
}

async fn activate(
    auth: Auth<InOrganization<scopes::OrganizationsWrite>>,
    (expected, OptionalBody(body)): (Precondition, OptionalBody<Reason>),
) -> Result<impl Reply> {
    let reason = body.read()?;
    Ok(tagged(organizations::activate(&auth.app, &auth.cx, auth.acting()?, &expected, reason).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Transfer {
    /// The new owner, an active member.
    #[schema(value_type = String)]
    identity_id: IdentityId,
    /// The role that the present owner keeps; `admin` when absent.
    #[serde(default)]
    keep_role: Option<String>,
}

async fn transfer(
    auth: Auth<InOrganization<scopes::OrganizationsDelete>>,
    Body(body): Body<Transfer>,
) -> Result<impl Reply> {
    fresh(&auth).await?;
    let acting = auth.acting()?;
    let view = organizations::transfer_ownership(
        &auth.app,
        &auth.cx,
        acting,
        body.identity_id,
        body.keep_role.as_deref(),
    );
    Ok(tagged(view.await?))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct SeatsParams {
    /// Whether invitations and members that wait count as used.
    count_pending: bool,
    /// A date or a timestamp, at most 400 days back.
    as_of: Option<String>,
}

async fn seats(
    auth: Auth<InOrganization<scopes::OrganizationsRead>>,
    Query(q): Query<SeatsParams>,
) -> Result<Json<SeatsView>> {
    let acting = auth.acting()?;
    organizations::seats(&auth.app, &auth.cx, acting, q.count_pending, q.as_of.as_deref()).await.map(Json)
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SlugParams {
    /// The slug, or a name to make one of.
    slug: String,
}

async fn check_slug(auth: Auth<SignedIn>, Query(q): Query<SlugParams>) -> Result<Json<SlugCheck>> {
    organizations::check_slug(&auth.app, &auth.cx, &q.slug).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The organization.";
    vec![
        Route::get("/v1/organizations", list)
            .operation_id("listOrganizations")
            .summary("List organizations")
            .tag("organizations")
            .answers::<OrganizationList>(
                200,
                "One page of organizations: all for the platform, one's own for people.",
            ),
        Route::post("/v1/organizations", create)
            .operation_id("createOrganization")
            .records(EventType::OrganizationCreated)
            .summary("Create an organization")
            .tag("organizations")
            .answers::<OrganizationView>(201, one)
            .answers::<OrganizationView>(200, "With `validate_only`: what would result, without id.")
            .creates()
            .refuses(&[
                Code::VerificationRequired,
                Code::OrganizationCreationRefused,
                Code::AlreadyExists,
                Code::LimitReached,
                Code::ConnectionNotTested,
                Code::DomainTaken,
                Code::DomainNotAcceptable,
            ]),
        Route::get("/v1/organizations:checkSlug", check_slug)
            .operation_id("checkSlug")
            .summary("Find out whether a slug is free")
            .tag("organizations")
            .answers::<SlugCheck>(200, "Whether it is, and one that is."),
        Route::get("/v1/organizations/{id}", get)
            .operation_id("getOrganization")
            .summary("Read an organization")
            .tag("organizations")
            .answers::<OrganizationView>(200, one)
            .etag(),
        Route::patch("/v1/organizations/{id}", update)
            .operation_id("updateOrganization")
            .records(EventType::OrganizationUpdated)
            .summary("Change an organization")
            .tag("organizations")
            .answers::<OrganizationView>(200, one)
            .etag()
            .refuses(&[Code::ConnectionNotTested, Code::AlreadyExists, Code::RoleNotAssignable]),
        Route::delete("/v1/organizations/{id}", delete)
            .operation_id("deleteOrganization")
            .records(EventType::OrganizationDeletionScheduled)
            .summary("Delete an organization after its grace period")
            .tag("organizations")
            .answers::<OrganizationView>(202, one)
            .refuses(&[Code::ConflictingState]),
        Route::post("/v1/organizations/{id}:restore", restore)
            .operation_id("restoreOrganization")
            .records(EventType::OrganizationRestored)
            .summary("Take back the deletion of an organization")
            .tag("organizations")
            .answers::<OrganizationView>(200, one)
            .refuses(&[Code::ConflictingState]),
        Route::post("/v1/organizations/{id}:suspend", suspend)
            .operation_id("suspendOrganization")
            .records(EventType::OrganizationSuspended)
            .summary("Close an organization")
            .tag("organizations")
            .answers::<OrganizationView>(200, one)
            .refuses(&[Code::ConflictingState]),
        Route::post("/v1/organizations/{id}:activate", activate)
            .operation_id("activateOrganization")
            .records(EventType::OrganizationActivated)
            .summary("Open a suspended organization")
            .tag("organizations")
            .answers::<OrganizationView>(200, one)
            .refuses(&[Code::ConflictingState]),
        Route::post("/v1/organizations/{id}:transferOwnership", transfer)
            .operation_id("transferOwnership")
            .records(EventType::OwnershipTransferred)
            .summary("Hand an organization over")
            .tag("organizations")
            .answers::<OrganizationView>(200, one)
            .refuses(&[Code::RoleNotAssignable, Code::ConflictingState]),
        Route::get("/v1/organizations/{id}/seats", seats)
            .operation_id("getSeats")
            .summary("Count the seats of an organization")
            .tag("organizations")
            .answers::<SeatsView>(200, "The seats."),
    ]
}

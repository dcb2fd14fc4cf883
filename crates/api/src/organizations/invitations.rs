//! Invitations: sent and kept by organizations, looked up and answered by those who hold a token (`contract/20` §7).

use avnology_core::{
    organizations::{self, Accepted, InvitationPreview, InvitationView, NewInvitation},
    platform,
};
use avnology_http::{
    Auth, Body, Created, Idempotency, InOrganization, Json, List, NoContent, Path1, Public, Reply, Response,
    Route, TenantScoped, problem, scopes, step_up::with_step_up,
};
use avnology_model::{Code, Error, FieldCode, Result, events::EventType, ids::InvitationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{mine::person, resource::query_of};
use crate::once::once;

type Reader = Auth<InOrganization<scopes::MembersRead>>;
type Writer = Auth<InOrganization<scopes::MembersWrite>>;

/// Most invitations of one batch.
const BATCH: usize = 100;

/// A page of invitations.
#[derive(Serialize, ToSchema)]
struct InvitationList {
    invitations: Vec<InvitationView>,
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

async fn list(auth: Reader, list: List) -> Result<Json<InvitationList>> {
    let page = organizations::list_invitations(&auth.app, &auth.cx, auth.acting()?, query_of(&list)).await?;
    Ok(Json(InvitationList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        invitations: page.invitations,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn create(
    auth: Writer,
    (Idempotency(key), Body(new)): (Idempotency, Body<NewInvitation>),
) -> Result<Response> {
    let acting = auth.acting()?;
    let place = acting.id();
    let path = move |id: &str| format!("/v1/organizations/{place}/invitations/{id}");
    let call = async {
        let made = organizations::invite(&auth.app, &auth.cx, acting, new, key.as_ref()).await?;
        Ok(Created { location: path(&made.id.to_string()), body: made }.respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateInvitations {
    /// Up to 100, each on its own.
    invitations: Vec<NewInvitation>,
}

/// What became of one invitation.
#[derive(Serialize, ToSchema)]
struct Invited {
    /// The address as it was sent.
    email: String,
    invitation: Option<InvitationView>,
    /// The problem document of a refusal.
    #[schema(value_type = Option<Object>)]
    error: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
struct InvitedList {
    results: Vec<Invited>,
}

async fn create_batch(
    auth: Writer,
    (Idempotency(key), Body(body)): (Idempotency, Body<CreateInvitations>),
) -> Result<Response> {
    if body.invitations.len() > BATCH {
        return Err(Error::field("invitations", FieldCode::TooLong, "At most 100."));
    }
    let acting = auth.acting()?;
    let call = async {
        let made = organizations::invite_all(&auth.app, &auth.cx, acting, body.invitations).await;
        let mut results = Vec::with_capacity(made.len());
        for one in made {
            let (invitation, error) = match one.outcome {
                Ok(invitation) => (Some(invitation), None),
                Err(error) => {
                    let text = problem::document(&error, &auth.app.config.origin(), &auth.cx.request_id);
                    (None, serde_json::from_slice(&text).ok())
                }
            };
            results.push(Invited { email: one.email, invitation, error });
        }
        let answer = InvitedList { results };
        if let Some(key) = &key {
            let text = serde_json::to_vec(&answer).map_err(Error::internal)?;
            platform::finish_batch(&auth.app, &auth.cx, key, &text).await?;
        }
        Ok(Json(answer).respond())
    };
    once(&auth.app, &auth.cx, key, |_| None, Box::pin(call)).await
}

async fn get(auth: Reader, Path1(id): Path1<InvitationId>) -> Result<Json<InvitationView>> {
    organizations::get_invitation(&auth.app, &auth.cx, auth.acting()?, id).await.map(Json)
}

async fn resend(auth: Writer, Path1(id): Path1<InvitationId>) -> Result<Json<InvitationView>> {
    organizations::resend_invitation(&auth.app, &auth.cx, auth.acting()?, id).await.map(Json)
}

async fn revoke(auth: Writer, Path1(id): Path1<InvitationId>) -> Result<Json<InvitationView>> {
    organizations::revoke_invitation(&auth.app, &auth.cx, auth.acting()?, id).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationToken {
    /// The token of the invitation.
    token: String,
}

async fn lookup(auth: Auth<Public>, Body(body): Body<InvitationToken>) -> Result<Json<InvitationPreview>> {
    organizations::look_up_invitation(&auth.app, &auth.cx, &body.token).await.map(Json)
}

async fn accept(
    auth: Auth<TenantScoped<scopes::AccountSelf>>,
    Body(body): Body<InvitationToken>,
) -> Result<Json<Accepted>> {
    let caller = person(&auth)?;
    let accepted = organizations::accept_invitation(&auth.app, &auth.cx, caller, &body.token).await;
    with_step_up(&auth, caller, accepted).await.map(Json)
}

async fn decline(auth: Auth<Public>, Body(body): Body<InvitationToken>) -> Result<NoContent> {
    organizations::decline_invitation(&auth.app, &auth.cx, &body.token).await?;
    Ok(NoContent)
}

/// Codes that an answer to an invitation is refused with.
pub(super) const ANSWER: &[Code] = &[
    Code::InvitationInvalid,
    Code::StepUpRequired,
    Code::RegistrationDisabled,
    Code::MemberExists,
    Code::SeatLimitReached,
];

pub(super) fn routes() -> Vec<Route> {
    let mut all = of_organizations();
    all.extend(of_tokens());
    all
}

fn of_organizations() -> Vec<Route> {
    let one = "The invitation.";
    vec![
        Route::get("/v1/organizations/{id}/invitations", list)
            .operation_id("listInvitations")
            .summary("List invitations; open ones only unless `filter` names `status`")
            .tag("invitations")
            .answers::<InvitationList>(200, "One page of invitations."),
        Route::post("/v1/organizations/{id}/invitations", create)
            .operation_id("createInvitation")
            .records(EventType::InvitationCreated)
            .summary("Invite somebody")
            .tag("invitations")
            .answers::<InvitationView>(201, "The invitation, with `accept_url` for `delivery` `link`.")
            .creates()
            .refuses(&[
                Code::RoleNotAssignable,
                Code::MemberExists,
                Code::SeatLimitReached,
                Code::AlreadyExists,
                Code::ConflictingState,
            ]),
        Route::post("/v1/organizations/{id}/invitations:batchCreate", create_batch)
            .operation_id("createInvitations")
            .records(EventType::InvitationCreated)
            .summary("Invite several people")
            .tag("invitations")
            .answers::<InvitedList>(200, "What became of each.")
            .refuses(&[Code::IdempotencyConflict]),
        Route::get("/v1/organizations/{id}/invitations/{inv}", get)
            .operation_id("getInvitation")
            .summary("Read an invitation")
            .tag("invitations")
            .answers::<InvitationView>(200, one),
        Route::post("/v1/organizations/{id}/invitations/{inv}:resend", resend)
            .operation_id("resendInvitation")
            .records(EventType::InvitationResent)
            .summary("Send an invitation again, with a new token and end")
            .tag("invitations")
            .answers::<InvitationView>(200, "The invitation, with `accept_url` for `delivery` `link`.")
            .refuses(&[Code::RoleNotAssignable, Code::ConflictingState]),
        Route::post("/v1/organizations/{id}/invitations/{inv}:revoke", revoke)
            .operation_id("revokeInvitation")
            .records(EventType::InvitationRevoked)
            .summary("Take an invitation back")
            .tag("invitations")
            .answers::<InvitationView>(200, one)
            .refuses(&[Code::ConflictingState]),
    ]
}

fn of_tokens() -> Vec<Route> {
    vec![
        Route::post("/v1/invitations:lookup", lookup)
            .operation_id("lookUpInvitation")
            .summary("Read what an invitation says, by its token")
            .tag("invitations")
            .answers::<InvitationPreview>(200, "The invitation before it is answered.")
            .refuses(&[Code::InvitationInvalid]),
        Route::post("/v1/invitations:accept", accept)
            .operation_id("acceptInvitation")
            .summary("Accept an invitation by its token")
            .tag("invitations")
            .answers::<Accepted>(200, "The new member.")
            .refuses(ANSWER)
            .refuses(&[Code::VerificationRequired, Code::InvitationForAnother]),
        Route::post("/v1/invitations:decline", decline)
            .operation_id("declineInvitation")
            .summary("Decline an invitation by its token")
            .tag("invitations")
            .answers_empty(204)
            .refuses(&[Code::InvitationInvalid]),
    ]
}

//! `/v1/organizations/{id}/client-rules`: what an organization says of clients for its members.

use avnology_core::clients::{self, ClientRuleView, NewClientRule};
use avnology_http::{Auth, Body, InOrganization, Json, NoContent, NoInput, Path1, Route, scopes};
use avnology_model::{Code, Result, events::EventType, ids::ClientId};
use serde::Serialize;
use utoipa::ToSchema;

/// Rules.
#[derive(Serialize, ToSchema)]
struct ClientRuleList {
    /// The newest first.
    client_rules: Vec<ClientRuleView>,
}

async fn list(
    auth: Auth<InOrganization<scopes::OrganizationsRead>>,
    _: NoInput,
) -> Result<Json<ClientRuleList>> {
    Ok(Json(ClientRuleList { client_rules: clients::list_rules(&auth.app, auth.acting()?).await? }))
}

async fn put(
    auth: Auth<InOrganization<scopes::OrganizationsWrite>>,
    (Path1(client), Body(rule)): (Path1<ClientId>, Body<NewClientRule>),
) -> Result<Json<ClientRuleView>> {
    clients::put_rule(&auth.app, &auth.cx, auth.acting()?, client, rule).await.map(Json)
}

async fn delete(
    auth: Auth<InOrganization<scopes::OrganizationsWrite>>,
    Path1(client): Path1<ClientId>,
) -> Result<NoContent> {
    clients::delete_rule(&auth.app, &auth.cx, auth.acting()?, client).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/organizations/{id}/client-rules", list)
            .operation_id("listClientRules")
            .summary("List what the organization says of applications for its members")
            .tag("organizations")
            .answers::<ClientRuleList>(200, "The rules, the newest first."),
        Route::put("/v1/organizations/{id}/client-rules/{cli}", put)
            .operation_id("putClientRule")
            .records(EventType::OauthClientRuleUpdated)
            .summary("Preapprove or block an application for the members, or have them asked")
            .tag("organizations")
            .answers::<ClientRuleView>(200, "The rule.")
            .refuses(&[Code::LimitReached]),
        Route::delete("/v1/organizations/{id}/client-rules/{cli}", delete)
            .operation_id("deleteClientRule")
            .records(EventType::OauthClientRuleUpdated)
            .summary("Take a rule back: members are asked themselves")
            .tag("organizations")
            .answers_empty(204),
    ]
}

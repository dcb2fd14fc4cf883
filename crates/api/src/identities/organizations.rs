//! The organizations of an identity, for administrators (`contract/10` §3).

use avnology_core::{
    identities::ListQuery,
    organizations::{self, OwnMembership},
};
use avnology_http::{Auth, Json, List, Path1, Route, Scoped, scopes};
use avnology_model::{Result, ids::IdentityId};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of memberships.
#[derive(Serialize, ToSchema)]
struct MembershipList {
    memberships: Vec<OwnMembership>,
    next_page_token: String,
}

async fn list(
    auth: Auth<Scoped<scopes::IdentitiesRead>>,
    (Path1(id), list): (Path1<IdentityId>, List),
) -> Result<Json<MembershipList>> {
    let query = ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: list.include_total,
    };
    let (memberships, next) = organizations::list_of(&auth.app, &auth.cx, id, query).await?;
    Ok(Json(MembershipList {
        memberships,
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, next),
    }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/identities/{id}/organizations", list)
            .operation_id("listIdentityOrganizations")
            .summary("List the organizations of an identity")
            .tag("identities")
            .answers::<MembershipList>(200, "One page of memberships."),
    ]
}

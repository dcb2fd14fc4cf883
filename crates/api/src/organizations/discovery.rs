//! What interfaces may know before anybody signs in (`contract/20` §16).

use avnology_core::organizations::{self, Discovery};
use avnology_http::{Auth, Bucket, Json, Public, Query, Reply, Route, header};
use avnology_model::{Code, Error, Result};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct EmailParams {
    /// A full address.
    email: String,
}

async fn by_email(auth: Auth<Public>, Query(q): Query<EmailParams>) -> Result<impl Reply> {
    let found = organizations::discover_by_email(&auth.app, &auth.cx, &q.email).await?;
    Ok(Json(found).with_header(header::CACHE_CONTROL, "no-store"))
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SlugParams {
    /// The name of an organization in URLs.
    slug: String,
}

async fn by_slug(auth: Auth<Public>, Query(q): Query<SlugParams>) -> Result<Json<Discovery>> {
    organizations::discover_by_slug(&auth.app, &auth.cx, &q.slug).await.map(Json)
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct CustomDomainParams {
    /// A custom domain; the host that the request is sent to when absent.
    domain: Option<String>,
}

/// No organization can have a custom domain yet, so whatever is asked for is nobody's.
async fn by_custom_domain(_: Auth<Public>, _: Query<CustomDomainParams>) -> Result<Json<Discovery>> {
    Err(Error::new(Code::OrganizationNotFound))
}

pub(super) fn routes() -> Vec<Route> {
    let answer = "How to sign in.";
    vec![
        Route::get("/v1/discovery:byEmail", by_email)
            .operation_id("discoverByEmail")
            .summary("Find out where somebody signs in, by the domain of their address")
            .tag("discovery")
            .answers::<Discovery>(200, answer)
            .limited(Bucket::Discovery),
        Route::get("/v1/discovery:bySlug", by_slug)
            .operation_id("discoverBySlug")
            .summary("Find out how to sign in to an organization, by its slug")
            .tag("discovery")
            .answers::<Discovery>(200, answer)
            .limited(Bucket::Discovery)
            .refuses(&[Code::OrganizationNotFound]),
        Route::get("/v1/discovery:byCustomDomain", by_custom_domain)
            .operation_id("discoverByCustomDomain")
            .summary("Find out how to sign in to an organization, by its custom domain")
            .tag("discovery")
            .answers::<Discovery>(200, answer)
            .limited(Bucket::Discovery)
            .refuses(&[Code::OrganizationNotFound]),
    ]
}

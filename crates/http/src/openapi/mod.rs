//! The OpenAPI 3.1 document of the JSON API, made from the route table. Paths, schemas and answers stand in a stable
//! order, so that the committed document changes only when the API does.

mod operation;
mod problem;
mod shared;

use std::collections::BTreeMap;

use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, OpenApiVersion, Paths, RefOr,
    Response, Schema,
    path::{HttpMethod, PathItem},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use crate::{cookies::Cookie, route::Route};

/// What the document says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Info<'a> {
    /// Title.
    pub title: &'a str,
    /// Version of the API.
    pub version: &'a str,
    /// What it is.
    pub description: &'a str,
}

/// Security scheme: session token in the header.
pub(crate) const SESSION: &str = "session";
/// Security scheme: session token in the cookie.
pub(crate) const SESSION_COOKIE: &str = "session_cookie";
/// Security scheme: API key in the header.
pub(crate) const API_KEY: &str = "api_key";
/// Security scheme: access token in the header.
pub(crate) const ACCESS_TOKEN: &str = "access_token";

/// The document of the routes under `/v1`.
pub fn document(routes: &[Route], info: Info<'_>) -> OpenApi {
    let mut sorted: Vec<&Route> = routes.iter().filter(|route| route.is_api()).collect();
    sorted.sort_by_key(|route| (route.path, route.method.as_str()));

    let mut paths = Paths::new();
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    let mut tags: Vec<&str> = Vec::new();
    for route in &sorted {
        if let Some(method) = method_of(route) {
            let operation = operation::of(route);
            match paths.paths.get_mut(route.path) {
                Some(item) => item.merge_operations(PathItem::new(method, operation)),
                None => {
                    paths.paths.insert(route.path.to_owned(), PathItem::new(method, operation));
                }
            }
        }
        let answers = route.doc.answers.iter().flat_map(|answer| &answer.schemas);
        schemas.extend(route.doc.input.schemas.iter().chain(answers).cloned());
        if !route.doc.tag.is_empty() && !tags.contains(&route.doc.tag) {
            tags.push(route.doc.tag);
        }
    }
    tags.sort_unstable();
    let refusals = shared::refusals(&mut paths);
    let mut openapi = OpenApiBuilder::new()
        .openapi(OpenApiVersion::Version31)
        .info(
            InfoBuilder::new()
                .title(info.title)
                .version(info.version)
                .description(Some(info.description))
                .build(),
        )
        .paths(paths)
        .components(Some(components(schemas, refusals)))
        .build();
    openapi.tags = Some(tags.iter().map(|tag| TagBuilder::new().name(*tag).build()).collect());
    openapi
}

fn components(
    mut schemas: BTreeMap<String, RefOr<Schema>>,
    refusals: BTreeMap<String, RefOr<Response>>,
) -> Components {
    schemas.extend(problem::schemas());
    open_parts(&mut schemas);
    let mut components = ComponentsBuilder::new()
        .security_scheme(SESSION, bearer("A session token, `avnl_ses_…`."))
        .security_scheme(
            ACCESS_TOKEN,
            bearer("An OAuth access token whose `aud` holds the issuer, with one of the scopes."),
        )
        .security_scheme(API_KEY, bearer("An API key, `ak_live_…` or `ak_test_…`."))
        .security_scheme(
            SESSION_COOKIE,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                Cookie::Session.name(true),
                "The session cookie of browsers; without `__Host-` when the public URL is `http`.",
            ))),
        )
        .build();
    components.schemas = schemas;
    components.responses = refusals;
    components
}

/// A part of a larger object must let the other parts' members pass: "nothing else" can hold for the whole only.
fn open_parts(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let wholes = schemas.values().filter_map(|schema| match schema {
        RefOr::T(Schema::AllOf(whole)) => Some(&whole.items),
        _ => None,
    });
    let parts: Vec<String> = wholes
        .flatten()
        .filter_map(|part| match part {
            RefOr::Ref(part) => part.ref_location.rsplit('/').next().map(str::to_owned),
            RefOr::T(_) => None,
        })
        .collect();
    for part in parts {
        if let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(&part) {
            object.additional_properties = None;
        }
    }
}

fn bearer(description: &str) -> SecurityScheme {
    SecurityScheme::Http(
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build(),
    )
}

fn method_of(route: &Route) -> Option<HttpMethod> {
    match route.method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "PATCH" => Some(HttpMethod::Patch),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

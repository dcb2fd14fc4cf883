//! The OpenAPI document and the audit of a table.

use avnology_http::{
    AccessRule, Auth, Body, Json, NoInput, Path1, Public, Route, Scoped, audit,
    openapi::{self, Info},
    scopes,
};
use avnology_model::{Result, permissions::Scope};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::routes::routes;

fn document() -> Value {
    let info = Info { title: "Things", version: "1", description: "For tests." };
    serde_json::to_value(openapi::document(&routes(), info)).expect("JSON")
}

fn statuses(operation: &Value) -> Vec<String> {
    operation["responses"].as_object().expect("responses").keys().cloned().collect()
}

#[test]
fn the_document_holds_every_route_of_the_api_and_no_page() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    let api: Vec<_> = routes()
        .iter()
        .filter(|r| r.is_api())
        .map(|r| (r.path(), r.method().as_str().to_lowercase()))
        .collect();
    assert!(api.iter().all(|(path, method)| paths[*path][method]["operationId"].is_string()));
    assert!(!paths.contains_key("/account"));
    assert_eq!(document, self::document(), "and it is the same each time");
}

#[test]
fn every_answer_that_a_route_can_give_is_documented() {
    let document = document();
    let paths = document["paths"].clone();
    let create = &paths["/v1/things"]["post"];
    let refusal = |status: &str| {
        let reference = create["responses"][status]["$ref"].as_str().expect("refusals are shared");
        document.pointer(reference.trim_start_matches('#')).expect("it is there").clone()
    };
    assert_eq!(
        statuses(create),
        ["201", "400", "401", "403", "404", "405", "406", "409", "413", "415", "429", "500", "503"]
    );
    let conflict = refusal("409");
    let conflict = conflict["description"].as_str().expect("text");
    assert!(conflict.contains("AVNOLOGY_AUTH_014") && conflict.contains("AVNOLOGY_AUTH_904"), "{conflict}");
    assert!(refusal("400")["content"]["application/problem+json"]["schema"]["$ref"].is_string());
    assert!(create["responses"]["201"]["headers"]["Location"].is_object());
    assert!(refusal("429")["headers"]["RateLimit-Limit"].is_object());
    assert_eq!(statuses(&paths["/v1/open"]["get"]), ["200", "400", "405", "406", "500", "503"]);
    let patch = &paths["/v1/things/{id}"]["patch"];
    assert!(["404", "412"].iter().all(|s| patch["responses"][s].is_object()));
    assert!(patch["requestBody"]["content"]["application/merge-patch+json"].is_object());
    let read = &paths["/v1/things/{id}"]["get"];
    assert!(read["responses"]["304"].is_object());
}

#[test]
fn parameters_and_credentials_are_documented() {
    let paths = document()["paths"].clone();
    let names = |operation: &Value| -> Vec<String> {
        let list = operation["parameters"].as_array().expect("parameters").clone();
        list.iter()
            .map(|p| format!("{}:{}", p["in"].as_str().expect("in"), p["name"].as_str().expect("name")))
            .collect()
    };
    assert_eq!(
        names(&paths["/v1/things"]["get"]),
        [
            "query:color",
            "query:count",
            "query:page_size",
            "query:page_token",
            "query:filter",
            "query:order_by",
            "query:include_total",
            "header:X-Avnology-Org"
        ]
    );
    assert_eq!(
        names(&paths["/v1/things/{id}"]["patch"]),
        ["path:id", "header:If-Match", "header:X-Avnology-Org"]
    );
    assert_eq!(names(&paths["/v1/things"]["post"]), ["header:Idempotency-Key", "header:X-Avnology-Org"]);
    assert_eq!(paths["/v1/things"]["get"]["security"].as_array().map(Vec::len), Some(4));
    assert!(paths["/v1/open"]["get"]["security"].is_null());
}

#[test]
fn the_table_of_these_tests_is_good() {
    assert_eq!(audit(&routes()), [] as [String; 0]);
}

#[derive(Deserialize, ToSchema)]
struct Loose {
    #[expect(dead_code, reason = "only its schema is looked at")]
    name: String,
}

async fn loose(_: Auth<Public>, (Path1(_), Body(_)): (Path1<String>, Body<Loose>)) -> Result<Json<Value>> {
    Ok(Json(Value::Null))
}

async fn nothing(_: Auth<Public>, _: NoInput) -> Result<Json<Value>> {
    Ok(Json(Value::Null))
}

/// Another shape under the name of the first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Loose)]
struct Homonym {
    #[expect(dead_code, reason = "only its schema is looked at")]
    id: u32,
}

async fn unrecorded(
    _: Auth<Scoped<scopes::TenantWrite>>,
    (Path1(_), Body(_)): (Path1<String>, Body<Homonym>),
) -> Result<Json<Value>> {
    Ok(Json(Value::Null))
}

#[test]
fn a_bad_table_is_complained_about() {
    let table = vec![
        Route::post("/v1/loose", loose),
        Route::post("/v1/rights/{id}", unrecorded),
        Route::get("/v1/same/{a}", nothing).operation_id("same").summary("s").tag("t").answers_empty(204),
        Route::get("/v1/same/{b}", nothing).operation_id("same").summary("s").tag("t").answers_empty(204),
    ];
    let complaints = audit(&table).join("\n");
    for expected in [
        "POST /v1/loose: its input reads another number of path parameters",
        "POST /v1/loose: documents no answer",
        "POST /v1/loose: has no operation id",
        "POST /v1/loose: its body Loose takes unknown fields",
        "POST /v1/rights/{id}: does not say what it records",
        "two schemas are named Loose",
        "GET /v1/same/{b}: is there twice",
        "GET /v1/same/{b}: shares its operation id",
    ] {
        assert!(complaints.contains(expected), "{expected} in\n{complaints}");
    }
}

#[test]
fn every_route_tells_who_may_call_it() {
    let rule = |path: &str| routes().iter().find(|r| r.path() == path).map(Route::access);
    assert_eq!(rule("/v1/me"), Some(AccessRule::SignedIn));
    assert_eq!(rule("/v1/things"), Some(AccessRule::Scoped(Scope::IdentitiesRead)));
    assert_eq!(rule("/account"), Some(AccessRule::PageSignedIn));
    assert_eq!(rule("/v1/open"), Some(AccessRule::Public));
}

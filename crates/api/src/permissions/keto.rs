//! The API of Ory Keto over the same tuples (`contract/50` §7).
//!
//! Identities stand there by their ids alone, objects as sets with an empty relation. What is refused is told in Keto's
//! form, which the kit writes for these paths.

use avnology_core::permissions::{
    self, Action, Consistency, Leniency, Operation, Parts, SubjectSet, TreeView,
};
use avnology_http::{
    Auth, Body, Bucket, Created, Json, List, NoContent, NoInput, PlainText, Query, Reply, Response, Route,
    Scoped, StatusCode, scopes,
};
use avnology_model::{Code, Error, Result, events::EventType};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    asker,
    keto_form::{KetoTuple, place, shown, tree},
};

type Reader = Auth<Scoped<scopes::PermissionsRead>>;
type Writer = Auth<Scoped<scopes::PermissionsWrite>>;

/// A tuple in the query.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct KetoQuery {
    namespace: Option<String>,
    object: Option<String>,
    relation: Option<String>,
    subject_id: Option<String>,
    #[serde(rename = "subject_set.namespace")]
    set_namespace: Option<String>,
    #[serde(rename = "subject_set.object")]
    set_object: Option<String>,
    #[serde(rename = "subject_set.relation")]
    set_relation: Option<String>,
    #[serde(rename = "max-depth")]
    max_depth: Option<u32>,
    snaptoken: Option<String>,
}

impl KetoQuery {
    fn parts(&self) -> Parts {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let set = &self.set_namespace.as_ref().or(self.set_object.as_ref()).map(|_| SubjectSet {
            namespace: text(&self.set_namespace),
            object: text(&self.set_object),
            relation: text(&self.set_relation),
        });
        Parts {
            namespace: self.namespace.clone(),
            object: self.object.clone(),
            relation: self.relation.clone(),
            subject_id: self.subject_id.clone(),
            subject_set: set.clone(),
            ..Parts::default()
        }
    }

    fn consistency(&self) -> Consistency {
        self.consistency_or(None)
    }

    /// By the token of the body, if there is one, or that of the query.
    fn consistency_or(&self, body: Option<String>) -> Consistency {
        Consistency { snaptoken: body.or_else(|| self.snaptoken.clone()), ..Consistency::default() }
    }
}

/// How deep to go: none or 0 is as deep as usual, more than the most is the most.
fn depth(asked: Option<u32>) -> Option<u32> {
    asked.filter(|depth| *depth > 0).map(|depth| depth.min(50))
}

/// What Keto does not know is not there.
fn missing(error: Error) -> Error {
    match error.code() {
        Code::PermissionUnknown => Error::not_found().with_detail(error.detail().to_owned()),
        _ => error,
    }
}

/// A page of tuples.
#[derive(Serialize, ToSchema)]
struct KetoTuples {
    relation_tuples: Vec<KetoTuple>,
    next_page_token: String,
}

async fn list(auth: Reader, list: List<KetoQuery, 100, 1000>) -> Result<Json<KetoTuples>> {
    let after = list.position.as_deref().map(place).transpose()?;
    let (parts, consistency) = (list.query.parts(), list.query.consistency());
    let (question, page) = ((&parts, &consistency), (after, list.page_size));
    let found =
        permissions::list(&auth.app, &auth.cx, &asker(&auth), question, page).await.map_err(missing)?;
    let next = found.next.map(|place| place.into_iter().map(avnology_aip::Key::Text).collect());
    Ok(Json(KetoTuples {
        relation_tuples: found.permissions.iter().map(KetoTuple::of).collect(),
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, next),
    }))
}

/// Whether a tuple follows; what Keto does not know does not.
async fn decide(auth: &Reader, parts: &Parts, how: (&Consistency, Option<u32>)) -> Result<bool> {
    match permissions::answer(&auth.app, &auth.cx, &asker(auth), parts, how).await {
        Ok(checked) => Ok(checked.allowed),
        Err(error) if error.code() == Code::PermissionUnknown => Ok(false),
        Err(error) => Err(error),
    }
}

fn answer(allowed: bool, is_told_by_status: bool) -> Response {
    let mut response = Json(json!({ "allowed": allowed })).respond();
    if is_told_by_status && !allowed {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

/// A tuple that is asked about, and how new the answer must be.
#[derive(Deserialize, ToSchema)]
struct KetoQuestion {
    #[serde(flatten)]
    tuple: KetoTuple,
    snaptoken: Option<String>,
}

async fn decided(auth: &Reader, query: &KetoQuery, body: Option<KetoQuestion>) -> Result<bool> {
    let (parts, token) = match body {
        Some(body) => (body.tuple.parts(), body.snaptoken),
        None => (query.parts(), None),
    };
    decide(auth, &parts, (&query.consistency_or(token), depth(query.max_depth))).await
}

async fn check_get(auth: Reader, Query(query): Query<KetoQuery>) -> Result<Response> {
    Ok(answer(decided(&auth, &query, None).await?, true))
}

async fn check_post(
    auth: Reader,
    (Query(query), Body(question)): (Query<KetoQuery>, Body<KetoQuestion>),
) -> Result<Response> {
    Ok(answer(decided(&auth, &query, Some(question)).await?, true))
}

async fn openapi_get(auth: Reader, Query(query): Query<KetoQuery>) -> Result<Response> {
    Ok(answer(decided(&auth, &query, None).await?, false))
}

async fn openapi_post(
    auth: Reader,
    (Query(query), Body(question)): (Query<KetoQuery>, Body<KetoQuestion>),
) -> Result<Response> {
    Ok(answer(decided(&auth, &query, Some(question)).await?, false))
}

/// Tuples that are checked together.
#[derive(Deserialize, ToSchema)]
#[schema(as = KetoBatchCheck)]
struct KetoBatch {
    tuples: Vec<KetoTuple>,
    snaptoken: Option<String>,
}

async fn batch_check(
    auth: Reader,
    (Query(query), Body(batch)): (Query<KetoQuery>, Body<KetoBatch>),
) -> Result<Json<Value>> {
    let parts: Vec<Parts> = batch.tuples.into_iter().map(KetoTuple::parts).collect();
    let (asker, consistency) = (asker(&auth), query.consistency_or(batch.snaptoken));
    let how = (&consistency, depth(query.max_depth));
    let (checked, _) = permissions::batch_check(&auth.app, &auth.cx, &asker, &parts, how).await?;
    let results: Vec<Value> = checked
        .into_iter()
        .map(|one| match one.error {
            None => json!({ "allowed": one.allowed }),
            Some(error) => json!({ "allowed": false, "error": error.detail }),
        })
        .collect();
    Ok(Json(json!({ "results": results })))
}

async fn expand(auth: Reader, Query(query): Query<KetoQuery>) -> Result<Json<Value>> {
    let (asker, parts, consistency) = (asker(&auth), query.parts(), query.consistency());
    let how = (&consistency, depth(query.max_depth));
    let found = permissions::expand(&auth.app, &auth.cx, &asker, &parts, how).await;
    let (found, _): (TreeView, String) = found.map_err(missing)?;
    if found.children.is_empty() {
        return Err(Error::not_found().with_detail("No relation tuple matches."));
    }
    Ok(Json(tree(found)))
}

async fn put(auth: Writer, Body(tuple): Body<KetoTuple>) -> Result<Response> {
    let lenient = Leniency { on_conflict: true, on_missing: false };
    let (asker, input) = (asker(&auth), tuple.parts());
    let written = permissions::grant(&auth.app, &auth.cx, &asker, (&input, lenient), None).await;
    let written = match written.map_err(missing)? {
        permissions::Granted::New(written) | permissions::Granted::Present(written) => written.permission,
    };
    let body = KetoTuple::of(&written);
    Ok(Created { location: shown(&body), body }.respond())
}

async fn delete(auth: Writer, Query(query): Query<KetoQuery>) -> Result<NoContent> {
    if query.namespace.is_none() {
        return Err(Error::field("namespace", avnology_model::FieldCode::Required, "Name the namespace."));
    }
    let asker = asker(&auth);
    permissions::delete_matching(&auth.app, &auth.cx, &asker, &query.parts()).await.map_err(missing)?;
    Ok(NoContent)
}

/// One of the changes that are made together.
#[derive(Deserialize, ToSchema)]
struct KetoChange {
    action: Action,
    relation_tuple: KetoTuple,
}

async fn patch(auth: Writer, Body(changes): Body<Vec<KetoChange>>) -> Result<NoContent> {
    let operations: Vec<Operation> = changes
        .into_iter()
        .map(|change| Operation { action: change.action, tuple: change.relation_tuple.parts() })
        .collect();
    let lenient = Leniency { on_conflict: true, on_missing: true };
    let asker = asker(&auth);
    let written = permissions::batch(&auth.app, &auth.cx, &asker, (&operations, &[]), lenient).await;
    written.map_err(missing)?;
    Ok(NoContent)
}

async fn namespaces(auth: Reader, _: NoInput) -> Result<Json<Value>> {
    let schema = permissions::get_schema(&auth.app).await?;
    let names: Vec<Value> = schema.namespaces.iter().map(|found| json!({ "name": found.name })).collect();
    Ok(Json(json!({ "namespaces": names })))
}

async fn check_syntax(_: Reader, PlainText(text): PlainText) -> Result<Json<Value>> {
    let errors: Vec<Value> = permissions::validate_schema(&text)
        .into_iter()
        .map(|error| {
            // Keto writes the line with a capital letter.
            json!({
                "message": error.message,
                "start": { "Line": error.start.line, "column": error.start.column },
                "end": { "Line": error.end.line, "column": error.end.column },
            })
        })
        .collect();
    Ok(Json(json!({ "errors": errors })))
}

pub(super) fn routes() -> Vec<Route> {
    let reads = |route: Route| {
        route.produces(&["application/json"]).limited(Bucket::Check).answers::<Value>(200, "As Keto answers.")
    };
    let writes = |route: Route| route.produces(&["application/json"]).limited(Bucket::Check);
    vec![
        reads(Route::get("/relation-tuples", list)),
        reads(Route::get("/relation-tuples/check", check_get)),
        reads(Route::post("/relation-tuples/check", check_post)),
        reads(Route::get("/relation-tuples/check/openapi", openapi_get)),
        reads(Route::post("/relation-tuples/check/openapi", openapi_post)),
        reads(Route::post("/relation-tuples/batch/check", batch_check)),
        reads(Route::get("/relation-tuples/expand", expand)),
        reads(Route::get("/namespaces", namespaces)),
        reads(Route::post("/opl/syntax/check", check_syntax)),
        writes(Route::put("/admin/relation-tuples", put))
            .answers::<Value>(201, "The tuple.")
            .records(EventType::PermissionGranted),
        writes(Route::delete("/admin/relation-tuples", delete))
            .answers_empty(204)
            .records(EventType::PermissionRevoked),
        writes(Route::patch("/admin/relation-tuples", patch))
            .answers_empty(204)
            .records(EventType::PermissionGranted),
    ]
}

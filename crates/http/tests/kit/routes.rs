//! The table that the tests call.

use avnology_http::{
    AnySession, Auth, Body, Bucket, Caller, Created, Form, Idempotency, Json, List, NoContent, NoInput, Page,
    PageSignedIn, Patch, Path1, Path2, Precondition, Problem, Public, Query, Reply as _, Response, Route,
    Scoped, SignedIn, Submit, Visitor, With, cookies, csrf, nullable, scopes,
};
use avnology_model::{
    Code, Error, Result,
    events::EventType,
    ids::{IdentityId, SessionId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewThing {
    name: String,
    size: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThingChange {
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent, cleared or set")]
    name: Option<Option<String>>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Thing {
    id: String,
    name: Option<String>,
    etag: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    color: Option<String>,
    count: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct Note {
    text: String,
}

fn thing(id: IdentityId, name: Option<String>) -> Thing {
    Thing { id: id.to_string(), name, etag: "7-abcd".to_owned() }
}

async fn whoami(auth: Auth<SignedIn>, _: NoInput) -> Result<Json<Value>> {
    let id = auth.session().session.identity_id;
    Ok(Json(
        json!({"id": id, "actor": auth.cx.actor.id, "ip": auth.cx.ip_text(), "agent": &*auth.cx.user_agent}),
    ))
}

async fn settings(auth: Auth<AnySession>, _: NoInput) -> Result<Json<Value>> {
    Ok(Json(json!({"kind": auth.session().session.kind})))
}

async fn see(
    auth: Auth<Scoped<scopes::IdentitiesRead>>,
    Path1(id): Path1<IdentityId>,
) -> Result<With<Json<Thing>>> {
    let by = match auth.caller {
        Caller::Key(_) => "key",
        Caller::Session(_) => "session",
        Caller::Token(_) => "token",
        Caller::Anonymous => "nobody",
    };
    Ok(Json(thing(id, Some(by.to_owned()))).with_etag("7-abcd"))
}

async fn list(auth: Auth<Scoped<scopes::IdentitiesRead>>, list: List<Search>) -> Result<Json<Value>> {
    let at = match list.position.as_deref() {
        None => 0,
        Some([Position::Number(n)]) => *n,
        Some(_) => -1,
    };
    let next = (at < 2).then(|| vec![Position::Number(at + 1)]);
    Ok(Json(json!({
        "at": at, "page_size": list.page_size, "color": list.query.color, "count": list.query.count,
        "filtered": list.filter.is_some(), "ordered": list.order_by.len(), "total": list.include_total,
        "next_page_token": list.next_page_token(&auth.app, auth.cx.now, next),
    })))
}

type Position = avnology_aip::Key;

async fn create(
    auth: Auth<Scoped<scopes::IdentitiesWrite>>,
    (Body(new), Idempotency(key)): (Body<NewThing>, Idempotency),
) -> Result<With<Created<Value>>> {
    assert!(auth.cx.ip.is_some());
    let key = key.map(|k| json!({"scope": k.scope, "body": k.body}));
    let body = json!({"name": new.name, "size": new.size, "key": key});
    Ok(Created { location: "/v1/things/usr_1".to_owned(), body }.with_etag("1-a"))
}

async fn patch(
    _: Auth<Scoped<scopes::IdentitiesWrite>>,
    (Path1(id), precondition, Patch(change)): (Path1<IdentityId>, Precondition, Patch<ThingChange>),
) -> Result<Json<Thing>> {
    precondition.check("7-abcd")?;
    let name = match change.name {
        None => Some("kept".to_owned()),
        Some(changed) => changed,
    };
    Ok(Json(thing(id, name)))
}

async fn remove(_: Auth<SignedIn>, Path2(_, _): Path2<IdentityId, SessionId>) -> Result<NoContent> {
    Ok(NoContent)
}

async fn deactivate(_: Auth<SignedIn>, Path1(id): Path1<IdentityId>) -> Result<Json<Value>> {
    Ok(Json(json!({"deactivated": id})))
}

async fn open(_: Auth<Public>, Query(search): Query<Search>) -> Result<Json<Value>> {
    Ok(Json(json!({"color": search.color, "count": search.count})))
}

async fn text(_: Auth<Public>, Path1(text): Path1<String>) -> Result<Json<Value>> {
    Ok(Json(json!({"text": text})))
}

async fn start(auth: Auth<Visitor>, _: NoInput) -> Result<Response> {
    let cookie = cookies::set(&auth.app, avnology_http::Cookie::Flow, "k", Some(cookies::YEARS));
    let body = json!({"browser": auth.is_browser(), "known": auth.visitor().is_some()});
    Ok(Json(body).with_cookie(cookie).respond())
}

async fn submit(_: Auth<Visitor>, (Path1(_), submit): (Path1<String>, Submit)) -> Result<Json<Value>> {
    Ok(Json(json!({"method": submit.method, "body": submit.body, "is_form": submit.is_form})))
}

#[expect(clippy::panic, reason = "this is what it is for")]
async fn explode(_: Auth<Public>, _: NoInput) -> Result<NoContent> {
    panic!("the secret is swordfish")
}

async fn fail(_: Auth<Public>, _: NoInput) -> Result<NoContent> {
    Err(Error::internal("the secret is swordfish"))
}

async fn refuse(auth: Auth<Public>, _: NoInput) -> Result<Response> {
    let cookie = cookies::clear(&auth.app, avnology_http::Cookie::Session);
    Ok(Problem(Error::new(Code::FlowGone).with_member("new_flow_url", "/x")).with_cookie(cookie).respond())
}

async fn home(auth: Auth<PageSignedIn>, _: NoInput) -> Result<Page> {
    let nonce = auth.nonce();
    let token = csrf::page_token(&auth.app, auth.session().session.id);
    Ok(Page::new(format!("<p>{token}</p><i>{}</i>", nonce.as_str()), nonce))
}

async fn note(auth: Auth<PageSignedIn>, form: Form<Note>) -> Result<Page> {
    csrf::check_page(&auth.app, auth.session().session.id, form.csrf.as_deref())?;
    Ok(Page::new(form.fields.text, auth.nonce()))
}

async fn sign_in(auth: Auth<Visitor>, _: NoInput) -> Result<Page> {
    Ok(Page::new("sign in".to_owned(), auth.nonce()).open_opener().open_form_action())
}

async fn keys(_: Auth<Public>, _: NoInput) -> Result<Json<Value>> {
    Ok(Json(json!({"keys": []})))
}

/// The table.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get::<SignedIn, NoInput, _, _>("/v1/me", whoami)
            .operation_id("whoami")
            .summary("Who am I")
            .tag("me")
            .answers::<Thing>(200, "You."),
        Route::get("/v1/me/settings", settings)
            .operation_id("settings")
            .summary("Settings")
            .tag("me")
            .answers::<Thing>(200, "Yours."),
        Route::get("/v1/things/{id}", see)
            .operation_id("getThing")
            .summary("Read")
            .tag("things")
            .answers::<Thing>(200, "It.")
            .etag(),
        Route::get("/v1/things", list)
            .operation_id("listThings")
            .summary("List")
            .tag("things")
            .answers::<Thing>(200, "A page."),
        Route::post("/v1/things", create)
            .operation_id("createThing")
            .records(EventType::UserCreated)
            .summary("Create")
            .tag("things")
            .answers::<Thing>(201, "It.")
            .creates()
            .etag()
            .refuses(&[Code::EmailTaken]),
        Route::patch("/v1/things/{id}", patch)
            .operation_id("updateThing")
            .records(EventType::UserUpdated)
            .summary("Update")
            .tag("things")
            .answers::<Thing>(200, "It.")
            .etag(),
        Route::delete("/v1/things/{id}/parts/{part}", remove)
            .operation_id("deletePart")
            .summary("Delete")
            .tag("things")
            .answers_empty(204),
        Route::post("/v1/things/{id}:deactivate", deactivate)
            .operation_id("deactivateThing")
            .summary("Deactivate")
            .tag("things")
            .answers::<Thing>(200, "It."),
        Route::get("/v1/open", open)
            .operation_id("open")
            .summary("Open")
            .tag("open")
            .answers::<Thing>(200, "It."),
        Route::get("/v1/text/{text}", text)
            .operation_id("text")
            .summary("Text")
            .tag("open")
            .answers::<Thing>(200, "It."),
        Route::get("/v1/flows/login", start)
            .operation_id("startLogin")
            .summary("Start")
            .tag("flows")
            .answers::<Thing>(200, "A flow.")
            .limited(Bucket::IpAuth)
            .produces(&["application/json", "text/html"]),
        Route::post("/v1/flows/login/{id}:submit", submit)
            .operation_id("submitLogin")
            .summary("Submit")
            .tag("flows")
            .answers::<Thing>(200, "The next step.")
            .limited(Bucket::IpAuth),
        Route::get("/v1/explode", explode)
            .operation_id("explode")
            .summary("Explode")
            .tag("open")
            .answers_empty(204),
        Route::get("/v1/fail", fail).operation_id("fail").summary("Fail").tag("open").answers_empty(204),
        Route::get("/v1/refuse", refuse)
            .operation_id("refuse")
            .summary("Refuse")
            .tag("open")
            .answers_empty(204),
        Route::get("/fail", fail).answers_html(200),
        Route::get("/account", home).answers_html(200),
        Route::post("/account/note", note).answers_html(200),
        Route::get("/sign-in", sign_in).answers_html(200),
        Route::get("/.well-known/jwks.json", keys)
            .answers::<Thing>(200, "Keys.")
            .produces(&["application/json"]),
    ]
}

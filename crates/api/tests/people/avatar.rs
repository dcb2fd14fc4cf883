//! Uploaded pictures: `contract/10` §5.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, Client, Engine, ORIGIN, Setup, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_picture_is_uploaded_and_served_to_anyone,
    a_new_picture_takes_the_place_of_the_old_one,
    a_picture_goes_with_its_removal_and_with_its_identity,
    what_is_no_picture_or_too_large_is_refused,
    a_form_that_is_not_well_formed_is_refused,
    another_sites_form_cannot_upload,
    an_uploaded_picture_survives_other_changes,
    in_development_an_uploaded_picture_is_not_https_and_stays,
    the_profile_page_uploads_and_removes_without_a_script,
    the_profile_page_says_what_is_wrong_with_a_picture,
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF and so on";
const WEBP: &[u8] = b"RIFF\x10\0\0\0WEBPVP8 and so on";
const MULTIPART: &str = "multipart/form-data; boundary=b0undary";

/// A form of these fields: name, file name, content.
fn form(fields: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in fields {
        let file = file.map(|f| format!("; filename=\"{f}\"\r\nContent-Type: text/html")).unwrap_or_default();
        let head = format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b0undary--\r\n");
    body
}

async fn upload(client: &Client, file: &[u8]) -> Answer {
    client.post("/v1/me/avatar").raw(MULTIPART, form(&[("file", Some("me.html"), file)])).await
}

/// The path of the picture that an identity has.
fn path_of(identity: &Value) -> String {
    let url = identity["avatar_url"].as_str().expect("an address");
    url.strip_prefix(ORIGIN).expect("our own address").to_owned()
}

async fn a_picture_is_uploaded_and_served_to_anyone(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for (file, content_type) in [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")] {
        let answer = upload(&jane.client, file).await;
        let path = path_of(answer.ok());
        assert_eq!(answer.header("etag"), format!("\"{}\"", answer.at("/etag")));
        let rest = path.strip_prefix(&format!("/assets/avatars/{}/", jane.id)).expect("its identity");
        assert!(rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_hexdigit()), "{path}");
        let picture = app.program().get(&path).await;
        picture.is(200);
        assert_eq!((picture.body.as_slice(), picture.header("content-type")), (file, content_type));
        assert_eq!(picture.header("x-content-type-options"), "nosniff");
        assert_eq!(picture.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(picture.header("content-security-policy"), "sandbox; default-src 'none'");
        let shown = app.admin_key().get(&format!("/v1/identities/{}", jane.id)).await.at("/avatar_url");
        assert_eq!(shown, format!("{ORIGIN}{path}"));
        assert_eq!(jane.client.whoami().await.at("/identity/avatar_url"), shown);
    }
    let events = app.payloads(EventType::UserUpdated).await;
    assert_eq!(events.last().expect("an event")["changed_fields"], json!(["avatar_url"]));
}

async fn a_new_picture_takes_the_place_of_the_old_one(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let old = path_of(upload(&jane.client, PNG).await.ok());
    assert_eq!(path_of(upload(&jane.client, PNG).await.ok()), old, "the same file has the same address");
    let new = path_of(upload(&jane.client, JPEG).await.ok());
    app.program().get(&old).await.is(404);
    app.program().get(&new).await.is(200);
    // An address elsewhere ends the upload, too.
    jane.client.patch("/v1/me").json(&json!({ "avatar_url": "https://cdn.example/j.png" })).await.ok();
    app.program().get(&new).await.is(404);
    let other = app.person("joe@acme.example").await;
    app.program().get(&new.replace(&jane.id, &other.id)).await.is(404);
}

async fn a_picture_goes_with_its_removal_and_with_its_identity(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let path = path_of(upload(&jane.client, PNG).await.ok());
    let removed = jane.client.delete("/v1/me/avatar").await;
    assert_eq!(removed.ok()["avatar_url"], Value::Null);
    app.program().get(&path).await.is(404);
    jane.client.delete("/v1/me/avatar").await.ok();
    let path = path_of(upload(&jane.client, PNG).await.ok());
    let gone =
        app.admin_key().delete(&format!("/v1/identities/{}", jane.id)).query(&[("force", "true")]).await;
    gone.no_content();
    app.program().get(&path).await.is(404);
}

async fn what_is_no_picture_or_too_large_is_refused(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for file in
        [&b"GIF89a..."[..], b"<svg xmlns='http://www.w3.org/2000/svg'>", b"RIFF\0\0\0\0WAVE", b"\x89PNG"]
    {
        let refused = upload(&jane.client, file).await;
        let supported = refused.refused(Code::UnsupportedMediaType)["supported"].clone();
        assert_eq!(supported, json!(["image/png", "image/jpeg", "image/webp"]));
    }
    let of_size = |n: usize| [PNG, &vec![0; n - PNG.len()]].concat();
    upload(&jane.client, &of_size(2 << 20)).await.ok();
    for size in [(2 << 20) + 1, 3 << 20] {
        let refused = upload(&jane.client, &of_size(size)).await;
        assert_eq!(refused.refused(Code::PayloadTooLarge)["limit_bytes"], 2 << 20);
    }
    // The limit of other bodies is what it was.
    let long = json!({ "display_name": "x".repeat(1 << 20) });
    let refused = jane.client.patch("/v1/me").json(&long).await;
    assert_eq!(refused.refused(Code::PayloadTooLarge)["limit_bytes"], 1 << 20);
}

async fn a_form_that_is_not_well_formed_is_refused(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let post =
        async |media_type: &str, body: Vec<u8>| jane.client.post("/v1/me/avatar").raw(media_type, body).await;
    for media_type in ["application/json", "image/png", "application/x-www-form-urlencoded"] {
        let refused = post(media_type, PNG.to_vec()).await;
        assert_eq!(refused.refused(Code::UnsupportedMediaType)["supported"], json!(["multipart/form-data"]));
    }
    post("multipart/form-data", form(&[])).await.refused(Code::MalformedRequest);
    post(MULTIPART, b"--b0undary\r\nContent-Disp".to_vec()).await.refused(Code::MalformedRequest);
    post(MULTIPART, Vec::new()).await.refused(Code::MalformedRequest);
    post(MULTIPART, form(&[])).await.refused_fields(Code::ValidationFailed, &[("file", "required")]);
    let two = form(&[("file", Some("a"), PNG), ("file", Some("b"), PNG)]);
    post(MULTIPART, two).await.refused_fields(Code::ValidationFailed, &[("file", "duplicate")]);
    let more = form(&[("file", Some("a"), PNG), ("size", None, b"4")]);
    post(MULTIPART, more).await.refused_fields(Code::ValidationFailed, &[("size", "unknown_field")]);
}

async fn another_sites_form_cannot_upload(app: TestApp) {
    // A browser posts multipart forms anywhere without asking first.
    let jane = app.browsing("jane@acme.example").await;
    let body = || form(&[("file", Some("a"), PNG)]);
    let post = || jane.client.post("/v1/me/avatar").raw(MULTIPART, body());
    let elsewhere =
        post().header("origin", "https://evil.example").header("sec-fetch-site", "cross-site").await;
    elsewhere.refused(Code::CsrfFailed);
    post().header("origin", "null").header("sec-fetch-site", "cross-site").await.refused(Code::CsrfFailed);
    post().without("origin").without("sec-fetch-site").await.refused(Code::CsrfFailed);
    post().await.ok();
    app.program().post("/v1/me/avatar").raw(MULTIPART, body()).await.refused(Code::SessionInvalid);
    app.admin_key().post("/v1/me/avatar").raw(MULTIPART, body()).await.refused(Code::ScopeMissing);
}

async fn an_uploaded_picture_survives_other_changes(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let path = path_of(upload(&jane.client, PNG).await.ok());
    let url = format!("{ORIGIN}{path}");
    let changed = jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane", "avatar_url": url })).await;
    assert_eq!(changed.ok()["avatar_url"], json!(url));
    let admin = json!({ "identity": { "last_name": "Doe" } });
    app.admin_key().patch(&format!("/v1/identities/{}", jane.id)).json(&admin).await.ok();
    app.program().get(&path).await.is(200);
}

async fn in_development_an_uploaded_picture_is_not_https_and_stays(engine: Engine) {
    let origin = "http://localhost:8080";
    let app = TestApp::start(Setup::on(engine).with("AVNOLOGY_PUBLIC_URL", origin)).await;
    let jane = app.person("jane@acme.example").await;
    let url = upload(&jane.client, PNG).await.at("/avatar_url");
    let path = url.strip_prefix(origin).expect("our own address");
    let changed = jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane" })).await;
    assert_eq!(changed.ok()["avatar_url"], json!(url));
    let admin = json!({ "identity": { "last_name": "Doe", "avatar_url": url } });
    app.admin_key().patch(&format!("/v1/identities/{}", jane.id)).json(&admin).await.ok();
    app.program().get(path).await.is(200);
    let other = json!({ "avatar_url": "http://localhost:8080/else.png" });
    let refused = jane.client.patch("/v1/me").json(&other).await;
    refused.refused_fields(Code::ValidationFailed, &[("avatar_url", "invalid_format")]);
}

/// A person in a browser on their profile page; the page.
async fn on_profile(client: &Client) -> Answer {
    let to = client.get("/account/profile").header("accept", "text/html").await;
    client.get(to.is(303).header("location")).header("accept", "text/html").await
}

/// The first value that an attribute has after a text.
fn after(page: &str, text: &str, attribute: &str) -> String {
    let rest = page.split_once(text).unwrap_or_else(|| panic!("no {text} in {page}")).1;
    let rest =
        rest.split_once(&format!("{attribute}=\"")).unwrap_or_else(|| panic!("no {attribute} in {rest}")).1;
    rest.split_once('"').expect("an attribute").0.to_owned()
}

async fn the_profile_page_uploads_and_removes_without_a_script(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let page = on_profile(&jane.client).await.text();
    assert!(!page.contains("Remove picture"), "{page}");
    let action = after(&page, "id=\"picture\"", "action");
    let token = after(&page, "enctype=\"multipart/form-data\"", "value");
    let body = form(&[("csrf_token", None, token.as_bytes()), ("file", Some("me.png"), PNG)]);
    let back = jane.client.post(&action).raw(MULTIPART, body).await;
    let page = jane.client.get(back.is(303).header("location")).header("accept", "text/html").await.text();
    assert!(page.contains("Your picture was saved."), "{page}");
    let path = path_of(jane.client.get("/v1/me").await.ok());
    assert!(page.contains(&format!("src=\"{ORIGIN}{path}\"")), "{page}");
    let action = after(&page, "Save picture", "action");
    let token = after(&page, "Save picture", "value");
    let back = jane.client.post(&action).form(&[("csrf_token", &token)]).await;
    let page = jane.client.get(back.is(303).header("location")).header("accept", "text/html").await.text();
    assert!(page.contains("Your picture was removed.") && !page.contains("Remove picture"), "{page}");
    app.program().get(&path).await.is(404);
}

async fn the_profile_page_says_what_is_wrong_with_a_picture(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let page = on_profile(&jane.client).await.text();
    let action = after(&page, "id=\"picture\"", "action");
    let token = after(&page, "enctype=\"multipart/form-data\"", "value");
    let large = [PNG, &vec![0; 5 << 20]].concat();
    let slightly = [PNG, &vec![0; 2 << 20]].concat();
    for (file, name, words) in [
        (&b"GIF89a"[..], "a.gif", "This file is not a PNG, JPEG or WebP picture"),
        (&large, "a.png", "This picture is larger than 2 MiB"),
        (&slightly, "a.png", "This picture is larger than 2 MiB"),
        (b"", "", "this field is required"),
    ] {
        let body = form(&[("csrf_token", None, token.as_bytes()), ("file", Some(name), file)]);
        let back = jane.client.post(&action).raw(MULTIPART, body).await;
        let page =
            jane.client.get(back.is(303).header("location")).header("accept", "text/html").await.text();
        assert!(page.contains(words) && page.contains("href=\"#file\""), "{words}: {page}");
    }
    let body = form(&[("csrf_token", None, b"x"), ("file", Some("a.png"), PNG)]);
    jane.client.post(&action).raw(MULTIPART, body).await.refused(Code::CsrfFailed);
    assert_eq!(jane.client.get("/v1/me").await.ok()["avatar_url"], Value::Null);
}

//! Tokens made of sessions, and the keys that verify them: `contract/10` §8.5, `contract/30` §13. They are verified here
//! by somebody else's code, as an application's backend does.

use avnology_model::Code;
use avnology_testkit::{Answer, Client, Engine, TestApp, on_both_engines, run};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
const KEYS: &str = "/.well-known/jwks.json";
const TOKENIZE: &str = "/v1/sessions:tokenize";
const ORIGIN: &str = "https://id.example.com";

on_both_engines! {
    a_token_says_who_how_and_since_when,
    the_keys_are_public_and_hold_no_private_half,
    whoami_brings_a_token_along_when_asked,
    a_template_decides_on_audience_life_and_claims,
    an_audience_that_is_not_listed_is_refused,
    an_unknown_template_is_not_found,
    a_token_ends_with_its_session_at_the_latest,
    in_an_organization_the_token_says_so,
    an_organizations_limits_and_a_memberships_end_shorten_the_token,
    who_acts_for_the_platform_has_no_role_in_the_token,
    data_for_administrators_never_comes_into_a_token,
    templates_that_do_not_fit_are_refused_by_their_fields,
    a_template_is_changed_and_taken_away,
    a_token_that_no_header_could_carry_is_refused,
    only_a_signed_in_person_gets_one,
    a_token_is_no_credential_here,
    the_key_survives_a_restart,
    many_first_calls_make_one_key_of_each_algorithm,
    warm_tokens_are_made_without_the_database,
}

/// Header and claims, if one of the published keys signed them.
async fn verified(app: &TestApp, token: &str) -> (Value, Value) {
    let published = app.program().get(KEYS).await;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("three parts: {token}") };
    let json = |text: &str| -> Value { serde_json::from_slice(&decode(text)).expect("JSON") };
    let (header, claims) = (json(header), json(claims));
    let keys = published.ok()["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key is published");
    let coordinate = |name: &str| decode(key[name].as_str().expect(name));
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let signed = format!("{}.{}", parts[0], parts[1]);
    let signature = Signature::from_slice(&decode(signature)).expect("a signature");
    let key = VerifyingKey::from_sec1_bytes(&point).expect("a point");
    key.verify(signed.as_bytes(), &signature).expect("the signature fits");
    (header, claims)
}

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// The claims of the token that a client gets for this body.
async fn claims(client: &Client, body: Value) -> Value {
    let made = client.post(TOKENIZE).json(&body).await;
    made.ok();
    verified(client.app(), &made.at("/token")).await.1
}

async fn template(app: &TestApp, template: Value) {
    app.settings(json!({ "session_token_templates": { "api": template } })).await;
}

fn names(claims: &Value) -> Vec<&str> {
    claims.as_object().expect("claims").keys().map(String::as_str).collect()
}

async fn a_token_says_who_how_and_since_when(app: TestApp) {
    let jane = app.person(JANE).await;
    let signed_in = app.now().seconds();
    app.advance(30);
    let made = jane.client.post(TOKENIZE).await;
    assert_eq!(
        (made.at("/token_type"), made.ok()["expires_in"].clone(), made.at("/template")),
        ("Bearer".to_owned(), json!(900), "default".to_owned())
    );
    let (header, claims) = verified(&app, &made.at("/token")).await;
    assert_eq!((header["alg"].clone(), header["typ"].clone()), (json!("ES256"), json!("session+jwt")));
    let now = app.now().seconds();
    let expected = json!({
        "iss": ORIGIN, "aud": ORIGIN, "sub": jane.id, "session_id": jane.session_id, "iat": now, "nbf": now, "exp": now + 900,
        "aal": "aal1", "amr": ["pwd"], "auth_time": signed_in, "jti": claims["jti"],
    });
    assert_eq!(claims, expected);
    let again = self::claims(&jane.client, json!({ "template": "default", "audience": ORIGIN })).await;
    assert!(claims["jti"].as_str().is_some_and(|id| id.len() == 32) && claims["jti"] != again["jti"]);
}

async fn the_keys_are_public_and_hold_no_private_half(app: TestApp) {
    let published = app.program().get(KEYS).header("origin", "https://anyone.example").await;
    assert_eq!(published.is(200).header("content-type"), "application/json");
    assert_eq!(published.header("cache-control"), "public, max-age=300");
    assert_eq!(published.header("access-control-allow-origin"), "*");
    let keys = published.ok()["keys"].as_array().cloned().unwrap_or_default();
    assert_eq!(keys.len(), 2, "{published}");
    for (alg, members) in [
        ("ES256", ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
        ("RS256", &["alg", "e", "kid", "kty", "n", "use"]),
    ] {
        let key = keys.iter().find(|key| key["alg"] == alg).expect(alg);
        assert_eq!((names(key).as_slice(), &key["use"]), (members, &json!("sig")));
    }
    let tag = published.header("etag").to_owned();
    app.program().get(KEYS).header("if-none-match", &tag).await.is(304);
    app.program().get(KEYS).header("accept", "application/jwk-set+json").await.ok();
    assert_eq!(app.program().call("HEAD", KEYS).await.is(200).header("etag"), tag);
}

async fn whoami_brings_a_token_along_when_asked(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let plain = jane.client.whoami().await;
    let asked = jane.client.get("/v1/sessions/whoami?tokenize=default").await;
    let (_, claims) = verified(&app, &asked.at("/tokenized")).await;
    assert_eq!(claims["session_id"], json!(jane.session_id));
    let mut rest = asked.ok().clone();
    rest.as_object_mut().expect("an object").remove("tokenized");
    assert_eq!((&rest, asked.header("x-avnology-session-id")), (plain.ok(), jane.session_id.as_str()));
    assert!(jane.client.whoami().await.ok().get("tokenized").is_none());
}

async fn a_template_decides_on_audience_life_and_claims(app: TestApp) {
    template(&app, json!({ "audience": ["https://api.example", "billing"], "ttl_seconds": 60, "claims": {
        "email": "identity.email", "https://api.example/plan": "identity.metadata.public.plan", "department": "identity.traits.department",
        "legacy": "identity.external_id", "platform": "session.device.platform", "methods": "session.authentication_methods",
        "of": "session.identity_id", "env": "literal:a.b:c", "nothing": "identity.phone", "nowhere": "identity.shoe.size",
        "outside": "organization.name" } }))
    .await;
    let more = json!({ "traits": { "department": "engineering" }, "external_id": "legacy|7",
        "metadata": { "public": { "plan": "pro" }, "admin": { "note": "secret" } } });
    app.account_with(JANE, more).await;
    let jane = app.browser().signed_in(JANE).await;
    let token = claims(&jane.client, json!({ "template": "api" })).await;
    let standard = ["aal", "amr", "aud", "auth_time", "exp", "iat", "iss", "jti", "nbf", "session_id", "sub"];
    let added: Value = token
        .as_object()
        .expect("claims")
        .clone()
        .into_iter()
        .filter(|(name, _)| !standard.contains(&&**name))
        .collect();
    let methods = jane.client.whoami().await.ok()["authentication_methods"].clone();
    let expected = json!({ "email": JANE, "https://api.example/plan": "pro", "department": "engineering", "legacy": "legacy|7",
        "platform": "web", "methods": methods, "of": jane.id, "env": "a.b:c" });
    assert_eq!(added, expected, "what leads nowhere, or to null, is left out");
    assert_eq!(token["aud"], json!(["https://api.example", "billing"]));
    assert_eq!(token["exp"].as_i64(), Some(app.now().seconds() + 60));
    let one = claims(&jane.client, json!({ "template": "api", "audience": "billing" })).await;
    assert_eq!(one["aud"], "billing");
}

async fn an_audience_that_is_not_listed_is_refused(app: TestApp) {
    template(&app, json!({ "audience": ["billing"] })).await;
    let jane = app.person(JANE).await;
    for body in [
        json!({ "template": "api", "audience": ORIGIN }),
        json!({ "audience": "billing" }),
        json!({ "audience": "" }),
    ] {
        let refused = jane.client.post(TOKENIZE).json(&body).await;
        refused.refused_fields(Code::ValidationFailed, &[("audience", "not_allowed")]);
    }
    let odd = jane.client.post(TOKENIZE).json(&json!({ "shoe": 1, "audience": ["billing"] })).await;
    odd.refused(Code::ValidationFailed);
    let mut fields = odd.fields();
    fields.sort();
    assert_eq!(fields.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["audience", "shoe"]);
}

async fn an_unknown_template_is_not_found(app: TestApp) {
    let jane = app.person(JANE).await;
    for name in ["api", "", "Default"] {
        jane.client.post(TOKENIZE).json(&json!({ "template": name })).await.refused(Code::NotFound);
        let asked = jane.client.get("/v1/sessions/whoami").query(&[("tokenize", name)]).await;
        asked.refused(Code::NotFound);
    }
    jane.client
        .get("/v1/sessions/whoami?tokenise=default")
        .await
        .refused_fields(Code::ValidationFailed, &[("tokenise", "unknown_field")]);
}

async fn a_token_ends_with_its_session_at_the_latest(app: TestApp) {
    template(&app, json!({ "ttl_seconds": 3600 })).await;
    app.settings(
        json!({ "session_policy": { "idle_timeout_seconds": 3000, "absolute_timeout_seconds": 6000 } }),
    )
    .await;
    let jane = app.person(JANE).await;
    let begin = app.now().seconds();
    let body = json!({ "template": "api" });
    assert_eq!(claims(&jane.client, body.clone()).await["exp"], json!(begin + 3000), "the idle limit");
    app.advance(1200);
    assert_eq!(claims(&jane.client, body.clone()).await["exp"], json!(begin + 4200), "moves with use");
    app.settle().await;
    app.advance(2400);
    let last = jane.client.post(TOKENIZE).json(&body).await;
    assert_eq!(last.ok()["expires_in"], json!(2400));
    assert_eq!(verified(&app, &last.at("/token")).await.1["exp"], json!(begin + 6000), "the absolute limit");
    app.advance(2400);
    jane.client.post(TOKENIZE).json(&body).await.refused(Code::SessionExpired);
}

async fn in_an_organization_the_token_says_so(app: TestApp) {
    template(&app, json!({ "claims": { "org_plan": "organization.metadata.public.plan", "slug": "session.organization.slug",
        "seats": "organization.seat_limit" } }))
    .await;
    let more = json!({ "metadata": { "public": { "plan": "pro" } }, "seat_limit": 9 });
    let team = app.team_with("Acme", "owner@acme.example", more).await;
    let jane = team.member(JANE, "member").await;
    let outside = claims(&jane.client, json!({ "template": "api" })).await;
    assert!(
        names(&outside).iter().all(|name| !name.starts_with("org") && *name != "permissions"),
        "{outside}"
    );
    jane.client
        .post("/v1/sessions:switchOrganization")
        .json(&json!({ "organization_id": team.slug }))
        .await
        .ok();
    let inside = claims(&jane.client, json!({ "template": "api" })).await;
    let shown = jane.client.whoami().await.ok()["organization"].clone();
    let said = json!({ "id": inside["org_id"], "slug": inside["org_slug"], "name": inside["org_name"],
        "role": inside["org_role"], "permissions": inside["permissions"] });
    assert_eq!(said, shown, "as whoami shows it");
    assert_eq!((inside["org_id"].clone(), inside["org_role"].clone()), (json!(team.id), json!("member")));
    assert!(
        inside["permissions"].as_array().is_some_and(|held| held.contains(&json!("account:self"))),
        "{inside}"
    );
    assert_eq!(
        (inside["org_plan"].clone(), inside["slug"].clone(), inside["seats"].clone()),
        (json!("pro"), json!(team.slug), json!(9))
    );
    // The header decides for one request.
    let personal = jane.client.post(TOKENIZE).header("x-avnology-org", "personal").await;
    assert!(verified(&app, &personal.at("/token")).await.1.get("org_id").is_none());
    let asked = team.owner.client.get_in(&team.id, "/v1/sessions/whoami?tokenize=default").await;
    assert_eq!(verified(&app, &asked.at("/tokenized")).await.1["org_role"], "owner");
}

async fn an_organizations_limits_and_a_memberships_end_shorten_the_token(app: TestApp) {
    let limits = json!({ "session_policy": { "idle_timeout_seconds": 600 } });
    let team = app.team_with("Acme", "owner@acme.example", limits).await;
    let end = async |person: &Client| {
        let made = person.post(TOKENIZE).header("x-avnology-org", &team.id).await;
        made.ok()["expires_in"].clone()
    };
    assert_eq!(end(&team.owner.client).await, 600, "the organization's");
    assert_eq!(
        team.owner.client.post(TOKENIZE).header("x-avnology-org", "personal").await.ok()["expires_in"],
        900
    );
    let jane = app.person(JANE).await;
    let until = avnology_model::Timestamp::from_micros(app.now().plus_seconds(120).micros());
    let body = json!({ "identity_id": jane.id, "role": "member", "expire_time": until });
    app.admin_key().post(&team.path("/members")).json(&body).await.created();
    assert_eq!(end(&jane.client).await, 120, "the membership's");
}

async fn who_acts_for_the_platform_has_no_role_in_the_token(app: TestApp) {
    let team = app.team("Acme", "owner@acme.example").await;
    let root =
        app.person_with_role("root@acme.example", avnology_model::permissions::PlatformRole::Admin).await;
    let made = root.client.post(TOKENIZE).header("x-avnology-org", &team.id).await;
    let (_, claims) = verified(&app, &made.at("/token")).await;
    assert_eq!((claims["org_id"].clone(), claims.get("org_role")), (json!(team.id), None));
}

async fn data_for_administrators_never_comes_into_a_token(app: TestApp) {
    let hidden = json!({ "metadata": { "public": { "a": 1 }, "admin": { "note": "hidden-note" } } });
    let team = app.team_with("Acme", "owner@acme.example", hidden.clone()).await;
    app.account_with(JANE, hidden).await;
    let jane = app.program().signed_in(JANE).await;
    team.add(&jane.id, "owner").await;
    template(&app, json!({ "claims": { "a": "identity.metadata", "b": "session.identity", "c": "organization.metadata" } })).await;
    let made = jane
        .client
        .post(TOKENIZE)
        .header("x-avnology-org", &team.id)
        .json(&json!({ "template": "api" }))
        .await;
    let (_, claims) = verified(&app, &made.at("/token")).await;
    assert_eq!(
        (claims["a"].clone(), claims["c"].clone()),
        (json!({ "public": { "a": 1 } }), json!({ "public": { "a": 1 } }))
    );
    assert!(claims["b"]["id"] == json!(jane.id) && !claims.to_string().contains("hidden-note"), "{claims}");
}

async fn templates_that_do_not_fit_are_refused_by_their_fields(app: TestApp) {
    let refuse = async |template: Value, fields: &[(&str, &str)]| {
        let patch = json!({ "session_token_templates": { "api": template } });
        let refused = app.admin_key().patch("/v1/tenant").json(&patch).await;
        refused.refused_fields(Code::ValidationFailed, fields);
    };
    let claim = |name: &str, source: &str| json!({ "claims": { name: source } });
    for source in [
        "identity.metadata.admin",
        "identity.metadata.admin.note",
        "session.identity.metadata.admin",
        "organization.metadata.admin",
    ] {
        refuse(claim("x", source), &[("session_token_templates.api.claims.x", "not_allowed")]).await;
    }
    for name in [
        "iss",
        "sub",
        "aud",
        "iat",
        "nbf",
        "exp",
        "jti",
        "session_id",
        "aal",
        "amr",
        "auth_time",
        "org_id",
        "org_slug",
        "org_name",
        "org_role",
        "permissions",
    ] {
        let field = format!("session_token_templates.api.claims.{name}");
        refuse(claim(name, "literal:x"), &[(&field, "not_allowed")]).await;
    }
    refuse(claim("x", "env.HOME"), &[("session_token_templates.api.claims.x", "invalid_format")]).await;
    refuse(json!({ "ttl_seconds": 59 }), &[("session_token_templates.api.ttl_seconds", "too_small")]).await;
    refuse(json!({ "ttl_seconds": 3601 }), &[("session_token_templates.api.ttl_seconds", "too_large")]).await;
    refuse(json!({ "audience": [""] }), &[("session_token_templates.api.audience[0]", "invalid_format")])
        .await;
    let named =
        app.admin_key().patch("/v1/tenant").json(&json!({ "session_token_templates": { "Api": {} } })).await;
    named.refused_fields(Code::ValidationFailed, &[("session_token_templates.Api", "invalid_format")]);
    assert_eq!(app.admin_key().get("/v1/tenant").await.ok()["session_token_templates"], json!({}));
}

async fn a_template_is_changed_and_taken_away(app: TestApp) {
    let jane = app.person(JANE).await;
    let change = async |templates: Value| app.settings(json!({ "session_token_templates": templates })).await;
    change(json!({ "default": { "audience": ["api"], "claims": { "a": "literal:1", "b": "literal:2" } } }))
        .await;
    let first = claims(&jane.client, json!({})).await;
    assert_eq!(
        (first["aud"].clone(), first["a"].clone(), first["b"].clone()),
        (json!("api"), json!("1"), json!("2"))
    );
    change(json!({ "default": { "claims": { "a": null } }, "api": {} })).await;
    let second = claims(&jane.client, json!({})).await;
    assert_eq!(
        (second["aud"].clone(), second.get("a"), second["b"].clone()),
        (json!("api"), None, json!("2"))
    );
    claims(&jane.client, json!({ "template": "api" })).await;
    change(json!({ "default": null, "api": null })).await;
    assert_eq!(claims(&jane.client, json!({})).await["aud"], ORIGIN, "the one that is always there");
    jane.client.post(TOKENIZE).json(&json!({ "template": "api" })).await.refused(Code::NotFound);
}

async fn a_token_that_no_header_could_carry_is_refused(app: TestApp) {
    template(&app, json!({ "claims": { "all": "identity.traits" } })).await;
    app.account_with(JANE, json!({ "traits": { "note": "x".repeat(17_000) } })).await;
    let jane = app.program().signed_in(JANE).await;
    let refused = jane.client.post(TOKENIZE).json(&json!({ "template": "api" })).await;
    refused.refused_fields(Code::ValidationFailed, &[("template", "too_long")]);
    claims(&jane.client, json!({})).await;
}

async fn only_a_signed_in_person_gets_one(app: TestApp) {
    app.program().post(TOKENIZE).await.refused(Code::SessionInvalid);
    let by_key = app.admin_key().post(TOKENIZE).await;
    by_key.refused(Code::ScopeMissing);
    let recovering = app.recovering(JANE).await;
    recovering.client.post(TOKENIZE).await.refused(Code::StepUpRequired);
    recovering.client.get("/v1/sessions/whoami?tokenize=default").await.refused(Code::StepUpRequired);
    recovering.client.whoami().await.ok();
}

async fn a_token_is_no_credential_here(app: TestApp) {
    let jane = app.person(JANE).await;
    let token = jane.client.post(TOKENIZE).await.at("/token");
    let program = app.program().with_token(&token);
    program.whoami().await.refused(Code::SessionInvalid);
    program.get("/v1/me").await.refused(Code::SessionInvalid);
    let checked = app.admin_key().post("/v1/sessions:verify").json(&json!({ "session_token": token })).await;
    assert_eq!(checked.ok()["active"], json!(false));
}

async fn the_key_survives_a_restart(app: TestApp) {
    let token = app.person(JANE).await.client.post(TOKENIZE).await.at("/token");
    let before = app.program().get(KEYS).await.text();
    let app = app.restarted().await;
    assert_eq!(app.program().get(KEYS).await.text(), before);
    verified(&app, &token).await;
    let joe = app.person("joe@acme.example").await;
    claims(&joe.client, json!({})).await;
}

/// All keys of a set.
fn kids(published: &Answer) -> Vec<String> {
    let keys = published.ok()["keys"].as_array().cloned().unwrap_or_default();
    keys.iter().map(|key| key["kid"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn many_first_calls_make_one_key_of_each_algorithm(app: TestApp) {
    let jane = app.person(JANE).await;
    let calls = (0..12).map(|n| {
        let client = jane.client.clone();
        tokio::spawn(
            async move { if n % 2 == 0 { client.get(KEYS).await } else { client.post(TOKENIZE).await } },
        )
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.expect("an answer"));
    }
    let published = kids(&app.program().get(KEYS).await);
    assert_eq!(published.len(), 2, "one of each algorithm");
    for answer in &answers {
        match answer.ok().get("token") {
            Some(token) => drop(verified(&app, token.as_str().expect("a token")).await),
            None => assert_eq!(kids(answer), published),
        }
    }
}

async fn warm_tokens_are_made_without_the_database(app: TestApp) {
    let jane = app.person(JANE).await;
    claims(&jane.client, json!({})).await;
    let published = app.program().get(KEYS).await.text();
    app.tenant().store.close().await.expect("the store closes");
    claims(&jane.client, json!({})).await;
    // Sessions are asked for again within a minute; the keys go on even past their time in memory.
    app.advance(600);
    assert_eq!(app.program().get(KEYS).await.text(), published);
}

#[test]
fn two_nodes_share_the_key() {
    run(Engine::Postgres, |first: TestApp| async move {
        let second = first.second_node().await;
        let (here, there) = (first.program(), second.program());
        let (one, other) = tokio::join!(here.get(KEYS).into_future(), there.get(KEYS).into_future());
        assert_eq!((kids(&one).len(), one.text()), (2, other.text()));
        assert_eq!(one.header("etag"), other.header("etag"));
        let jane = first.person(JANE).await;
        let here = jane.client.post(TOKENIZE).await.at("/token");
        let there = second.program().with_token(&jane.client.token()).post(TOKENIZE).await.at("/token");
        verified(&second, &here).await;
        verified(&first, &there).await;
    });
}

//! The tenant's own fields: `contract/00` §14 (`identity_schema`), `contract/10` §§2, 5, `contract/11` §§3.2, 5, 9.

use avnology_model::Code;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_schema_is_set_merged_and_taken_back,
    what_is_no_schema_is_refused_by_its_place,
    a_schema_may_be_64_kib_and_reaches_nothing_outside,
    administrators_are_told_of_each_flaw,
    what_does_not_change_is_not_held_against_a_new_schema,
    people_change_only_the_traits_that_are_theirs,
    registration_asks_for_what_is_required_or_self_service,
    a_form_sends_texts_and_means_numbers_and_ticks,
    the_settings_flow_shows_and_saves_ones_own_traits,
}

fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["department"],
        "additionalProperties": false,
        "properties": {
            "department": { "enum": ["engineering", "sales"], "title": "Department" },
            "level": { "type": "integer", "minimum": 1, "maximum": 9 },
            "nickname": { "type": "string", "minLength": 2, "maxLength": 10, "title": "Nickname", "x-self-service": true },
            "newsletter": { "type": "boolean", "x-self-service": true },
            "address": { "$ref": "#/$defs/address" },
        },
        "$defs": { "address": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } } },
    })
}

async fn with_schema(app: &TestApp) {
    app.settings(json!({ "identity_schema": schema() })).await;
}

fn made_of(email: &str, traits: &Value) -> Value {
    json!({ "identity": { "email": email, "email_verified": true, "traits": traits }, "initial_password": PASSWORD })
}

async fn a_schema_is_set_merged_and_taken_back(app: TestApp) {
    let admin = app.admin_key();
    assert_eq!(admin.get("/v1/tenant").await.ok()["identity_schema"], Value::Null);
    with_schema(&app).await;
    assert_eq!(admin.get("/v1/tenant").await["identity_schema"], schema());
    let more =
        json!({ "identity_schema": { "properties": { "level": null, "shoe": { "type": "integer" } } } });
    let merged = admin.patch("/v1/tenant").json(&more).await;
    let properties = &merged.ok()["identity_schema"]["properties"];
    assert!(properties.get("level").is_none() && properties["shoe"]["type"] == "integer", "{merged}");
    assert!(properties.get("nickname").is_some(), "RFC 7396 keeps what is not named: {merged}");
    admin.patch("/v1/tenant").json(&json!({ "identity_schema": null })).await.ok();
    admin.post("/v1/identities").json(&made_of("free@acme.example", &json!({ "any": [1] }))).await.created();
}

async fn what_is_no_schema_is_refused_by_its_place(app: TestApp) {
    let admin = app.admin_key();
    for (schema, field, code) in [
        (json!("text"), "identity_schema", "invalid_format"),
        (
            json!({ "properties": { "a": { "type": "strin" } } }),
            "identity_schema.properties.a.type",
            "invalid_format",
        ),
        (
            json!({ "properties": { "a": { "pattern": "(?<=x)y" } } }),
            "identity_schema.properties.a.pattern",
            "invalid_format",
        ),
        (
            json!({ "$schema": "http://json-schema.org/draft-07/schema#" }),
            "identity_schema.$schema",
            "not_in_enum",
        ),
        (
            json!({ "properties": { "a": { "x-self-service": 1 } } }),
            "identity_schema.properties.a.x-self-service",
            "invalid_format",
        ),
    ] {
        let answer = admin.patch("/v1/tenant").json(&json!({ "identity_schema": schema })).await;
        answer.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
    assert_eq!(admin.get("/v1/tenant").await["identity_schema"], Value::Null);
}

async fn a_schema_may_be_64_kib_and_reaches_nothing_outside(app: TestApp) {
    let admin = app.admin_key();
    let set =
        async |schema: Value| admin.patch("/v1/tenant").json(&json!({ "identity_schema": schema })).await;
    let long = |n: usize| json!({ "description": "x".repeat(n) });
    set(long(65_537)).await.refused_fields(Code::ValidationFailed, &[("identity_schema", "too_long")]);
    set(long(65_000)).await.ok();
    set(Value::Null).await.ok();
    for target in ["https://a.example/schema.json", "file:///etc/hostname", "#"] {
        let refused = set(json!({ "properties": { "a": { "$ref": target } } })).await;
        refused
            .refused_fields(Code::ValidationFailed, &[("identity_schema.properties.a.$ref", "not_allowed")]);
    }
}

async fn administrators_are_told_of_each_flaw(app: TestApp) {
    with_schema(&app).await;
    let admin = app.admin_key();
    let traits = json!({ "department": "art", "level": 10, "nickname": "x", "shoe": 1, "address": {} });
    let answer = admin.post("/v1/identities").json(&made_of("jane@acme.example", &traits)).await;
    answer.refused(Code::ValidationFailed);
    let mut fields = answer.fields();
    fields.sort();
    let at = |name: &str, code: &str| (format!("identity.traits.{name}"), code.to_owned());
    assert_eq!(
        fields,
        [
            at("address.city", "required"),
            at("department", "not_in_enum"),
            at("level", "too_large"),
            at("nickname", "too_short"),
            at("shoe", "unknown_field"),
        ]
    );
    let answer = admin.post("/v1/identities").json(&made_of("jane@acme.example", &json!({}))).await;
    answer.refused_fields(Code::ValidationFailed, &[("identity.traits.department", "required")]);
    let made = admin
        .post("/v1/identities")
        .json(&made_of("jane@acme.example", &json!({ "department": "sales" })))
        .await;
    made.created();
    let path = format!("/v1/identities/{}", made.at("/id"));
    let change = json!({ "identity": { "traits": { "level": 0 } } });
    let answer = admin.patch(&path).json(&change).await;
    answer.refused_fields(Code::ValidationFailed, &[("identity.traits.level", "too_small")]);
    let change = json!({ "identity": {}, "update_mask": "traits.department" });
    let answer = admin.patch(&path).json(&change).await;
    answer.refused_fields(Code::ValidationFailed, &[("identity.traits.department", "required")]);
    let change = json!({ "identity": { "traits": { "level": 3, "address": { "city": "Leeds" } } } });
    let after = admin.patch(&path).json(&change).await;
    let wanted = json!({ "department": "sales", "level": 3, "address": { "city": "Leeds" } });
    assert_eq!(after.ok()["traits"], wanted);
}

async fn what_does_not_change_is_not_held_against_a_new_schema(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "traits": { "old": true } })).await;
    let jane = app.program().signed_in("jane@acme.example").await;
    with_schema(&app).await;
    let path = format!("/v1/identities/{}", jane.id);
    app.admin_key().patch(&path).json(&json!({ "identity": { "first_name": "Jane" } })).await.ok();
    jane.client.patch("/v1/me").json(&json!({ "last_name": "Doe" })).await.ok();
    // What she cannot mend herself does not keep her from changing what is hers.
    let after = jane.client.patch("/v1/me").json(&json!({ "traits": { "nickname": "JD" } })).await;
    assert_eq!(after.ok()["traits"], json!({ "old": true, "nickname": "JD" }));
}

async fn people_change_only_the_traits_that_are_theirs(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "traits": { "department": "sales" } })).await;
    let jane = app.program().signed_in("jane@acme.example").await;
    with_schema(&app).await;
    let patch = async |traits: Value| jane.client.patch("/v1/me").json(&json!({ "traits": traits })).await;
    patch(json!({ "department": "engineering" }))
        .await
        .refused_fields(Code::ValidationFailed, &[("traits.department", "not_allowed")]);
    patch(json!({ "department": null }))
        .await
        .refused_fields(Code::ValidationFailed, &[("traits.department", "not_allowed")]);
    patch(json!({ "shoe": 1 }))
        .await
        .refused_fields(Code::ValidationFailed, &[("traits.shoe", "unknown_field")]);
    patch(json!({ "nickname": "x" }))
        .await
        .refused_fields(Code::ValidationFailed, &[("traits.nickname", "too_short")]);
    // Sending back what is there already changes nothing.
    let after = patch(json!({ "department": "sales", "nickname": "JD", "newsletter": true })).await;
    assert_eq!(after.ok()["traits"], json!({ "department": "sales", "nickname": "JD", "newsletter": true }));
    let after = patch(json!({ "nickname": null })).await;
    assert_eq!(after.ok()["traits"], json!({ "department": "sales", "newsletter": true }));
}

async fn registration_asks_for_what_is_required_or_self_service(app: TestApp) {
    with_schema(&app).await;
    let terms = json!([{ "key": "terms", "label": "I agree to the terms", "required": true }]);
    app.settings(json!({ "registration": { "consents": terms } })).await;
    let flow = app.program().open("registration").await;
    assert_eq!(
        flow.opened.node_names(),
        [
            "traits.email",
            "traits.first_name",
            "traits.last_name",
            "traits.department",
            "traits.newsletter",
            "traits.nickname",
            "password",
            "consents.terms",
            "method=password",
            "method=passkey",
        ]
    );
    let node = |name: &str| flow.opened.node(name).expect("a node").clone();
    let department = node("traits.department");
    assert_eq!(
        (&department["group"], &department["label"]["text"]),
        (&json!("profile"), &json!("Department"))
    );
    assert_eq!(
        (&department["attributes"]["type"], &department["attributes"]["required"]),
        (&json!("select"), &json!(true))
    );
    assert_eq!(
        department["attributes"]["options"][1],
        json!({ "value": "engineering", "label": "engineering" })
    );
    assert_eq!(node("traits.nickname")["attributes"]["maxlength"], 10);
    assert_eq!(node("traits.newsletter")["attributes"]["type"], "checkbox");
    assert_eq!(node("traits.newsletter")["label"]["text"], "newsletter");

    let register = async |traits: Value| {
        let consents = json!({ "terms": true });
        flow.submit("password", json!({ "traits": traits, "password": PASSWORD, "consents": consents })).await
    };
    let refused = register(json!({ "email": "jane@acme.example", "nickname": "x", "level": 3 })).await;
    refused.refused(Code::InputRejected);
    let mut fields = refused.fields();
    fields.sort();
    let at = |name: &str, code: &str| (format!("traits.{name}"), code.to_owned());
    assert_eq!(
        fields,
        [at("department", "required"), at("level", "not_allowed"), at("nickname", "too_short")]
    );
    assert_eq!(refused.node_messages("traits.department"), ["4000001"]);
    assert_eq!(refused.node_messages("traits.nickname"), ["4000002"]);
    assert_eq!(
        refused.node("traits.nickname").expect("a node")["attributes"]["value"],
        "x",
        "it is shown again"
    );
    assert_eq!(refused.messages(), ["4000002"], "what has no node is told of the whole flow");

    let done =
        register(json!({ "email": "jane@acme.example", "department": "sales", "nickname": "JD" })).await;
    done.ok();
    assert_eq!(done["session"]["identity"]["traits"], json!({ "department": "sales", "nickname": "JD" }));
}

async fn a_form_sends_texts_and_means_numbers_and_ticks(app: TestApp) {
    let properties = json!({
        "age": { "type": "integer", "minimum": 18, "x-self-service": true },
        "adult": { "const": true, "type": "boolean" },
        "mail": { "type": "boolean" },
        "motto": { "type": "string", "minLength": 3, "x-self-service": true },
    });
    app.settings(json!({ "identity_schema": { "required": ["adult", "mail"], "properties": properties } }))
        .await;
    let browser = app.browser();
    let flow = browser.open("registration").await;
    assert_eq!(flow.opened.node("traits.adult").expect("a node")["attributes"]["required"], true);
    assert_eq!(flow.opened.node("traits.age").expect("a node")["attributes"]["inputmode"], "numeric");
    let csrf = flow.csrf();
    let fields = [
        ("method", "password"),
        ("csrf_token", csrf.as_str()),
        ("traits.email", "jane@acme.example"),
        ("traits.age", "42"),
        ("traits.adult", "true"),
        ("traits.motto", ""),
        ("password", PASSWORD),
    ];
    let without_tick: Vec<_> = fields.iter().copied().filter(|(name, _)| *name != "traits.adult").collect();
    browser.post(&flow.submit_path()).form(&without_tick).await.is(303);
    let again = flow.read().await;
    assert_eq!(again.node_messages("traits.adult"), ["4000001"]);
    assert_eq!(again.node("traits.age").expect("a node")["attributes"]["value"], "42");
    browser.post(&flow.submit_path()).form(&fields).await.is(303);
    let traits = browser.get("/v1/me").await.ok()["traits"].clone();
    assert_eq!(traits, json!({ "age": 42, "adult": true, "mail": false }));
}

async fn the_settings_flow_shows_and_saves_ones_own_traits(app: TestApp) {
    with_schema(&app).await;
    app.account_with(
        "jane@acme.example",
        json!({ "traits": { "department": "sales", "nickname": "Janey" } }),
    )
    .await;
    let jane = app.program().signed_in("jane@acme.example").await;
    let flow = jane.client.open_with("settings", &[("section", "profile")]).await;
    assert_eq!(flow.opened.node("traits.nickname").expect("a node")["attributes"]["value"], "Janey");
    assert!(flow.opened.node("traits.department").is_none(), "it is not hers to change");
    assert_eq!(flow.opened.node("traits.newsletter").expect("a node")["attributes"]["type"], "select");
    let refused =
        flow.submit("profile", json!({ "traits": { "nickname": "x", "first_name": "Jane" } })).await;
    refused.refused_fields(Code::InputRejected, &[("traits.nickname", "too_short")]);
    assert_eq!(refused.node_messages("traits.nickname"), ["4000002"]);
    let refused = flow.submit("profile", json!({ "traits": { "department": "engineering" } })).await;
    refused.refused_fields(Code::InputRejected, &[("traits.department", "not_allowed")]);
    let saved = flow
        .submit(
            "profile",
            json!({ "traits": { "nickname": "JD", "newsletter": "true", "first_name": "Jane" } }),
        )
        .await;
    saved.goes_on("show_form");
    let me = jane.client.get("/v1/me").await;
    assert_eq!(me["traits"], json!({ "department": "sales", "nickname": "JD", "newsletter": true }));
    assert_eq!(me.at("/first_name"), "Jane");
    flow.submit("profile", json!({ "traits": { "nickname": "", "newsletter": "" } }))
        .await
        .goes_on("show_form");
    assert_eq!(jane.client.get("/v1/me").await["traits"], json!({ "department": "sales" }));
}

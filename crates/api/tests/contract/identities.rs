//! Administration of identities: `contract/10` §§2–3.

use std::collections::BTreeSet;

use avnology_model::{Code, events::EventType};
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

const NOBODY: &str = "usr_01kjpwd6m0emptw6bw4v8qtn83";

on_both_engines! {
    an_identity_has_every_documented_member,
    an_identity_is_read_as_it_was_written,
    the_name_shown_falls_back_from_set_to_names_to_address,
    an_address_is_required_unless_the_tenant_says_otherwise,
    odd_but_valid_addresses_are_kept_as_they_were_entered,
    what_is_no_address_is_refused,
    one_address_is_one_identity_however_it_is_written,
    look_alikes_of_other_scripts_are_other_identities,
    a_username_a_phone_and_an_external_id_are_unique,
    values_out_of_their_limits_are_named,
    fields_that_the_server_sets_are_refused,
    a_password_must_meet_the_policy_at_creation,
    a_welcome_mail_leads_to_a_password,
    absent_fields_stay_null_clears_and_objects_merge,
    a_mask_names_exactly_what_changes,
    a_mask_that_is_none_is_refused,
    a_new_address_is_not_proven_and_the_old_one_is_told,
    an_address_that_an_administrator_vouches_for_is_proven_whatever_was_before,
    a_change_into_anothers_address_or_name_is_refused,
    of_two_who_take_one_address_at_once_one_gets_it,
    an_administrator_reads_and_removes_credentials,
    the_last_way_to_sign_in_stays,
    an_administrator_sees_and_ends_other_peoples_sessions,
    an_identity_that_is_not_there_is_not_found,
}

async fn an_identity_has_every_documented_member(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let jane = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    let keys: BTreeSet<&str> = jane.ok().as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = [
        "id",
        "state",
        "email",
        "email_verified",
        "phone",
        "phone_verified",
        "username",
        "first_name",
        "last_name",
        "display_name",
        "avatar_url",
        "locale",
        "timezone",
        "traits",
        "metadata",
        "external_id",
        "organization_id",
        "managed_by",
        "mfa_methods",
        "linked_providers",
        "has_password",
        "password_change_required",
        "create_time",
        "update_time",
        "last_login_at",
        "locked_until",
        "deletion",
        "etag",
    ];
    assert_eq!(keys, expected.into());
    assert_eq!(jane["metadata"], json!({ "public": {}, "admin": {} }));
    assert_eq!((jane["mfa_methods"].clone(), jane["deletion"].clone()), (json!([]), Value::Null));
    assert_eq!((jane["has_password"].clone(), jane.at("/state")), (json!(true), "active".to_owned()));
}

async fn an_identity_is_read_as_it_was_written(app: TestApp) {
    let written = json!({
        "email": "Jane@Acme.example", "email_verified": true, "phone": "+44 20 7946 0000", "phone_verified": true,
        "username": "Jane-D", "first_name": "Jane", "last_name": "Doe", "display_name": "JD",
        "avatar_url": "https://cdn.example/j.png", "locale": "en-GB", "timezone": "Europe/London",
        "traits": { "department": "engineering", "深い": [1, null, { "a": true }] },
        "metadata": { "public": { "plan": "pro" }, "admin": { "note": "vip" } },
        "external_id": "legacy|5f7c8ec7", "password_change_required": true,
    });
    let made = app.admin_key().post("/v1/identities").json(&json!({ "identity": written })).await;
    made.created();
    let read = app.admin_key().get(&format!("/v1/identities/{}", made.at("/id"))).await;
    for (name, value) in written.as_object().expect("an object") {
        let expected = if name == "phone" { &json!("+442079460000") } else { value };
        assert_eq!(&read[name.as_str()], expected, "{name}");
    }
    assert_eq!(read.json(), made.json());
}

async fn the_name_shown_falls_back_from_set_to_names_to_address(app: TestApp) {
    let id =
        app.account_with("jane@acme.example", json!({ "first_name": "Jane", "display_name": "JD" })).await;
    let patch = |value: Value| {
        let (admin, id) = (app.admin_key(), id.clone());
        async move {
            let answer =
                admin.patch(&format!("/v1/identities/{id}")).json(&json!({ "identity": value })).await;
            answer.ok();
            answer.at("/display_name")
        }
    };
    assert_eq!(patch(json!({})).await, "JD");
    assert_eq!(patch(json!({ "display_name": null, "last_name": "Doe" })).await, "Jane Doe");
    assert_eq!(patch(json!({ "first_name": null, "last_name": null })).await, "jane");
}

async fn an_address_is_required_unless_the_tenant_says_otherwise(app: TestApp) {
    let admin = app.admin_key();
    let make = || admin.post("/v1/identities").json(&json!({ "identity": { "username": "jane" } }));
    make().await.refused_fields(Code::ValidationFailed, &[("identity.email", "required")]);
    app.settings(json!({ "registration": { "required_fields": [] } })).await;
    make().await.created();
}

async fn odd_but_valid_addresses_are_kept_as_they_were_entered(app: TestApp) {
    for address in [
        "jane.doe+news@sub.acme.example",
        "o'brien!#$%&*/=?^_`{|}~-@acme.example",
        "\"jane doe\"@acme.example",
        "\"a@b\"@acme.example",
        "\"quo\\\"te\"@acme.example",
        "jörg@bücher.example",
        "用户@例子.广告",
        "x@xn--mnchen-3ya.example",
        "1@acme.example",
        &format!("{}@acme.example", "l".repeat(64)),
    ] {
        app.account(address).await;
        let person = app.program().signed_in(address).await;
        assert_eq!(person.client.get("/v1/me").await.at("/email"), address);
    }
}

async fn what_is_no_address_is_refused(app: TestApp) {
    for address in [
        "jane",
        "jane@",
        "@acme.example",
        "jane@acme",
        "jane..doe@acme.example",
        "jane doe@acme.example",
        "jane@acme.example,x@y.example",
        "<jane@acme.example>",
        "jane@[127.0.0.1]",
        "jane@-acme.example",
        "jane@acme.example\r\nBcc: x@y.example",
        "ja\u{200b}ne@acme.example",
        &format!("{}@acme.example", "l".repeat(65)),
    ] {
        let answer =
            app.admin_key().post("/v1/identities").json(&json!({ "identity": { "email": address } })).await;
        answer.refused_fields(Code::ValidationFailed, &[("identity.email", "invalid_format")]);
    }
    let long = format!("{}@{}.example", "l".repeat(60), "d".repeat(200));
    let answer = app.admin_key().post("/v1/identities").json(&json!({ "identity": { "email": long } })).await;
    answer.refused_fields(Code::ValidationFailed, &[("identity.email", "too_long")]);
}

async fn one_address_is_one_identity_however_it_is_written(app: TestApp) {
    app.account("jörg@bücher.example").await;
    for same in [
        "JÖRG@bücher.example",
        "jörg@BÜCHER.EXAMPLE",
        "jörg@xn--bcher-kva.example",
        "jo\u{308}rg@bücher.example",
        "\"jörg\"@bücher.example",
        "jörg@bücher。example",
        "ｊörg@bücher.example",
    ] {
        let answer =
            app.admin_key().post("/v1/identities").json(&json!({ "identity": { "email": same } })).await;
        assert_eq!(answer.code(), Some(Code::EmailTaken), "{same}: {answer}");
        app.program().signed_in(same).await;
    }
}

async fn look_alikes_of_other_scripts_are_other_identities(app: TestApp) {
    let jane = app.account("jane@acme.example").await;
    let cyrillic = app.account("j\u{430}ne@acme.example").await;
    let domain = app.account("jane@\u{430}cme.example").await;
    assert_eq!(BTreeSet::from([jane.clone(), cyrillic, domain]).len(), 3);
    assert_eq!(app.program().signed_in("jane@acme.example").await.id, jane);
}

async fn a_username_a_phone_and_an_external_id_are_unique(app: TestApp) {
    let admin = app.admin_key();
    let unique = json!({ "username": "Jane-D", "phone": "+442079460000", "phone_verified": true, "external_id": "x|1" });
    app.account_with("jane@acme.example", unique).await;
    let make = |more: Value| {
        let mut identity = json!({ "email": "joe@acme.example" });
        identity.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        admin.post("/v1/identities").json(&json!({ "identity": identity }))
    };
    let taken = make(json!({ "username": "jane-d" })).await;
    assert_eq!(taken.refused(Code::HandleTaken)["field"], "username");
    let taken = make(json!({ "phone": "+44 (20) 7946-0000", "phone_verified": true })).await;
    assert_eq!(taken.refused(Code::HandleTaken)["field"], "phone");
    let taken = make(json!({ "external_id": "x|1" })).await;
    assert_eq!(taken.refused(Code::AlreadyExists)["field"], "external_id");
    make(json!({ "external_id": "X|1", "phone": "+442079460000" })).await.created();
}

async fn values_out_of_their_limits_are_named(app: TestApp) {
    let admin = app.admin_key();
    let large = json!({ "text": "x".repeat(33 * 1024) });
    for (name, value, code) in [
        ("username", json!("ja"), "too_short"),
        ("username", json!("x".repeat(65)), "too_long"),
        ("username", json!("12345"), "invalid_format"),
        ("username", json!("-jane"), "invalid_format"),
        ("username", json!("jäne"), "invalid_format"),
        ("phone", json!("02079460000"), "invalid_format"),
        ("first_name", json!("x".repeat(101)), "too_long"),
        ("last_name", json!("x".repeat(101)), "too_long"),
        ("display_name", json!("x".repeat(201)), "too_long"),
        ("avatar_url", json!("http://cdn.example/j.png"), "invalid_format"),
        ("avatar_url", json!("javascript:alert(1)"), "invalid_format"),
        ("locale", json!("en_GB"), "invalid_format"),
        ("timezone", json!("../etc/passwd"), "invalid_format"),
        ("external_id", json!("x".repeat(256)), "too_long"),
        ("traits", large.clone(), "too_long"),
        ("metadata", json!({ "public": large }), "too_long"),
    ] {
        let mut identity = json!({ "email": "jane@acme.example" });
        identity[name] = value;
        let answer = admin.post("/v1/identities").json(&json!({ "identity": identity })).await;
        let field = if name == "metadata" {
            "identity.metadata.public".to_owned()
        } else {
            format!("identity.{name}")
        };
        answer.refused_fields(Code::ValidationFailed, &[(&field, code)]);
    }
    let both = json!({ "email": "jane", "username": "j", "locale": "e" });
    let answer = admin.post("/v1/identities").json(&json!({ "identity": both })).await;
    answer.refused(Code::ValidationFailed);
    assert_eq!(answer.fields().len(), 3, "all at once: {answer}");
}

async fn fields_that_the_server_sets_are_refused(app: TestApp) {
    let admin = app.admin_key();
    let id = app.account("joe@acme.example").await;
    for name in [
        "id",
        "state",
        "create_time",
        "etag",
        "has_password",
        "locked_until",
        "deletion",
        "mfa_methods",
        "managed_by",
    ] {
        let mut identity = json!({ "email": "jane@acme.example" });
        identity[name] = json!("x");
        let answer = admin.post("/v1/identities").json(&json!({ "identity": identity })).await;
        answer.refused_fields(Code::ValidationFailed, &[(&format!("identity.{name}"), "unknown_field")]);
        let answer =
            admin.patch(&format!("/v1/identities/{id}")).json(&json!({ "identity": { name: "x" } })).await;
        answer.refused_fields(Code::ValidationFailed, &[(&format!("identity.{name}"), "unknown_field")]);
    }
}

async fn a_password_must_meet_the_policy_at_creation(app: TestApp) {
    let make = |password: &str| {
        let identity = json!({ "email": "bergstroem@acme.example" });
        app.admin_key()
            .post("/v1/identities")
            .json(&json!({ "identity": identity, "initial_password": password }))
    };
    for (weak, code) in
        [("short1!", "too_short"), ("password1", "not_allowed"), ("xx bergstroem otter 7", "not_allowed")]
    {
        let answer = make(weak).await;
        answer.refused(Code::PasswordWeak);
        assert_eq!(answer.fields()[0].1, code, "{answer}");
    }
    make(&"velvet ".repeat(40)).await.refused(Code::PasswordWeak);
    make(PASSWORD).await.created();
}

async fn a_welcome_mail_leads_to_a_password(app: TestApp) {
    let body = json!({ "identity": { "email": "jane@acme.example" }, "send_welcome": true });
    app.admin_key().post("/v1/identities").json(&body).await.created();
    let mail = app.latest_mail("jane@acme.example").await;
    assert_eq!(mail.kind, "welcome");
    let browser = app.browser();
    browser.open("login").await;
    let flow = mail.link_parameter("flow");
    let submit = browser.post(&format!("/v1/flows/recovery/{flow}:submit"));
    let token = mail.link_parameter("token");
    let csrf = browser.csrf_of(&flow);
    let answer =
        submit.json(&json!({ "method": "link", "body": { "token": token, "csrf_token": csrf } })).await;
    answer.goes_on("show_form");
    let saved = browser.follow(&answer).submit("password", json!({ "password": PASSWORD })).await;
    saved.goes_on("show_form");
    let me = browser.get("/v1/me").await;
    assert_eq!((me["has_password"].clone(), me["email_verified"].clone()), (json!(true), json!(true)));
}

async fn absent_fields_stay_null_clears_and_objects_merge(app: TestApp) {
    let more = json!({ "first_name": "Jane", "last_name": "Doe", "traits": { "a": 1, "b": { "c": 2, "d": 3 } },
        "metadata": { "public": { "plan": "pro" }, "admin": { "note": "vip" } } });
    let id = app.account_with("jane@acme.example", more).await;
    let change = json!({ "first_name": null, "traits": { "a": null, "b": { "c": 4 } }, "metadata": { "admin": { "x": 1 } } });
    let after =
        app.admin_key().patch(&format!("/v1/identities/{id}")).json(&json!({ "identity": change })).await;
    assert_eq!((after["first_name"].clone(), after.at("/last_name")), (Value::Null, "Doe".to_owned()));
    assert_eq!(after["traits"], json!({ "b": { "c": 4, "d": 3 } }));
    assert_eq!(after["metadata"], json!({ "public": { "plan": "pro" }, "admin": { "note": "vip", "x": 1 } }));
    assert_eq!(
        (after.at("/email"), after["email_verified"].clone()),
        ("jane@acme.example".to_owned(), json!(true))
    );
}

async fn a_mask_names_exactly_what_changes(app: TestApp) {
    let more = json!({ "first_name": "Jane", "last_name": "Doe", "traits": { "a": 1, "b": 2 } });
    let id = app.account_with("jane@acme.example", more).await;
    let patch = |identity: Value, mask: &str| {
        let body = json!({ "identity": identity, "update_mask": mask });
        app.admin_key().patch(&format!("/v1/identities/{id}")).json(&body)
    };
    let after = patch(
        json!({ "first_name": "Joan", "last_name": "Roe", "traits": { "a": 5, "b": 6 } }),
        "first_name,traits.a",
    )
    .await;
    after.ok();
    assert_eq!((after.at("/first_name"), after.at("/last_name")), ("Joan".to_owned(), "Doe".to_owned()));
    assert_eq!(after["traits"], json!({ "a": 5, "b": 2 }));
    let after = patch(json!({}), "last_name,traits.b").await;
    assert_eq!((after["last_name"].clone(), after["traits"].clone()), (Value::Null, json!({ "a": 5 })));
    let after = patch(json!({ "traits": { "z": 1 } }), "traits").await;
    assert_eq!(after["traits"], json!({ "z": 1 }), "replaced whole");
}

async fn a_mask_that_is_none_is_refused(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    for mask in ["*", "a..b", "first_name,", "first_name,*", "a.b.c.d"] {
        let body = json!({ "identity": { "first_name": "Jane" }, "update_mask": mask });
        let answer = app.admin_key().patch(&format!("/v1/identities/{id}")).json(&body).await;
        answer.refused_fields(Code::ValidationFailed, &[("update_mask", "invalid_format")]);
    }
}

async fn a_new_address_is_not_proven_and_the_old_one_is_told(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let patch = |identity: Value| {
        app.admin_key().patch(&format!("/v1/identities/{}", jane.id)).json(&json!({ "identity": identity }))
    };
    let after = patch(json!({ "email": "new@acme.example" })).await;
    assert_eq!(
        (after.at("/email"), after["email_verified"].clone()),
        ("new@acme.example".to_owned(), json!(false))
    );
    assert_eq!(app.mail_kinds("jane@acme.example").await, ["email_changed"]);
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), "new@acme.example", "no session ends");
    assert_eq!(jane.client.whoami().await.at("/identity/email"), "new@acme.example");
    let after = patch(json!({ "email": "NEW@acme.example", "email_verified": true })).await;
    assert_eq!(
        (after.at("/email"), after["email_verified"].clone()),
        ("NEW@acme.example".to_owned(), json!(true))
    );
    let after = patch(json!({ "phone": "+442079460000", "phone_verified": true })).await;
    assert_eq!(after["phone_verified"], true);
    assert_eq!(patch(json!({ "phone": "+442079460001" })).await.ok()["phone_verified"], false);
}

async fn an_address_that_an_administrator_vouches_for_is_proven_whatever_was_before(app: TestApp) {
    let jane = app.secured("jane@acme.example").await.person;
    let path = format!("/v1/identities/{}", jane.id);
    let change = |body: Value| app.admin_key().patch(&path).json(&body);
    assert_eq!(app.admin_key().get(&path).await["email_verified"], true);
    let vouched = json!({ "email": "new@acme.example", "email_verified": true });
    let after = change(json!({ "identity": vouched })).await;
    assert_eq!(
        (after.at("/email"), after["email_verified"].clone()),
        ("new@acme.example".into(), json!(true))
    );
    let told = app.payloads(EventType::UserEmailVerified).await;
    assert_eq!(told.last(), Some(&json!({ "user_id": jane.id, "email": "new@acme.example" })));
    let body = json!({ "reason": "Lost the phone." });
    let start = app.admin_key().post(&format!("{path}:startFactorRecovery")).json(&body).await;
    start.ok();
    let unasked = json!({ "email": "third@acme.example", "email_verified": true });
    let after = change(json!({ "identity": unasked, "update_mask": "email" })).await;
    assert_eq!(after["email_verified"], false);
}

async fn a_change_into_anothers_address_or_name_is_refused(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "username": "jane", "external_id": "x" })).await;
    let joe = app.account("joe@acme.example").await;
    let patch = |value: Value| {
        app.admin_key().patch(&format!("/v1/identities/{joe}")).json(&json!({ "identity": value }))
    };
    patch(json!({ "email": "Jane@Acme.Example" })).await.refused(Code::EmailTaken);
    assert_eq!(patch(json!({ "username": "JANE" })).await.refused(Code::HandleTaken)["field"], "username");
    assert_eq!(
        patch(json!({ "external_id": "x" })).await.refused(Code::AlreadyExists)["field"],
        "external_id"
    );
    assert_eq!(app.admin_key().get(&format!("/v1/identities/{joe}")).await.at("/email"), "joe@acme.example");
}

async fn of_two_who_take_one_address_at_once_one_gets_it(app: TestApp) {
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let admin = app.admin_key();
            let body = json!({ "identity": { "email": "jane@acme.example" } });
            tokio::spawn(async move { admin.post("/v1/identities").json(&body).await })
        })
        .collect();
    let mut made = 0;
    for call in calls {
        let answer = call.await.expect("an answer");
        if answer.status == 201 {
            made += 1;
        } else {
            answer.refused(Code::EmailTaken);
        }
    }
    assert_eq!(made, 1);
}

async fn an_administrator_reads_and_removes_credentials(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let admin = app.admin_key();
    let path = format!("/v1/identities/{}/credentials", jane.id);
    let list = admin.get(&path).await;
    let password = &list.ok()["credentials"][0];
    assert_eq!(
        (password["type"].clone(), list["credentials"].as_array().map(Vec::len)),
        (json!("password"), Some(1))
    );
    assert!(password["last_used_at"].is_string() && !list.text().contains("argon2"), "{list}");
    let own = jane.client.get("/v1/me/credentials").await;
    assert_eq!(own.json(), list.json());
    let credential = format!("{path}/{}", list.at("/credentials/0/id"));
    admin.delete(&credential).await.no_content();
    admin.delete(&credential).await.refused(Code::NotFound);
    jane.client.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::WrongCredentials);
    app.program().sign_in_by_code("jane@acme.example").await.ok();
}

async fn the_last_way_to_sign_in_stays(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    app.settings(json!({ "allowed_methods": ["password"] })).await;
    let list = jane.client.get("/v1/me/credentials").await.at("/credentials/0/id");
    let admin = app.admin_key();
    admin
        .delete(&format!("/v1/identities/{}/credentials/{list}", jane.id))
        .await
        .refused(Code::LastCredential);
    jane.client.delete(&format!("/v1/me/credentials/{list}")).await.refused(Code::LastCredential);
    app.program().signed_in("jane@acme.example").await;
}

async fn an_administrator_sees_and_ends_other_peoples_sessions(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let second = app.program().signed_in("jane@acme.example").await;
    let joe = app.person("joe@acme.example").await;
    let admin = app.admin_key();
    let path = format!("/v1/identities/{}/sessions", jane.id);
    let list = admin.get(&path).await;
    assert_eq!(list.ok()["sessions"].as_array().map(Vec::len), Some(2));
    let of_joe = format!("/v1/identities/{}/sessions/{}", joe.id, second.session_id);
    admin.delete(&of_joe).await.refused(Code::NotFound);
    second.client.whoami().await.ok();
    admin.delete(&format!("{path}/{}", second.session_id)).await.no_content();
    second.client.whoami().await.refused(Code::SessionInvalid);
    admin.delete(&format!("{path}/{}", second.session_id)).await.refused(Code::NotFound);
    jane.client.whoami().await.ok();
    admin.delete(&path).await.no_content();
    jane.client.whoami().await.refused(Code::SessionInvalid);
    joe.client.whoami().await.ok();
}

async fn an_identity_that_is_not_there_is_not_found(app: TestApp) {
    let admin = app.admin_key();
    let path = format!("/v1/identities/{NOBODY}");
    admin.get(&path).await.refused(Code::NotFound);
    admin.patch(&path).json(&json!({ "identity": {} })).await.refused(Code::NotFound);
    admin.delete(&path).await.refused(Code::NotFound);
    for verb in ["deactivate", "reactivate", "cancelDeletion", "unlock", "recoveryLink"] {
        admin.post(&format!("{path}:{verb}")).await.refused(Code::NotFound);
    }
    admin
        .post(&format!("{path}:setPassword"))
        .json(&json!({ "password": PASSWORD }))
        .await
        .refused(Code::NotFound);
    for part in ["sessions", "credentials"] {
        admin.get(&format!("{path}/{part}")).await.refused(Code::NotFound);
    }
    admin.delete(&format!("{path}/sessions")).await.refused(Code::NotFound);
}

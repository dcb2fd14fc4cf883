//! Passkeys: `contract/11` §§4.2, 5, 6, 9.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{
    Answer, PASSWORD, Person, Says, SoftPasskey, TestApp, backup_codes, ceremony, on_both_engines,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";

on_both_engines! {
    a_person_signs_up_with_a_passkey_only_and_signs_in_without_a_name,
    an_account_is_asked_for_before_a_passkey_is_made_for_it,
    a_passkey_waits_until_the_address_is_proven,
    a_browser_is_asked_in_the_forms_of_the_standard,
    a_passkey_is_added_named_renamed_and_removed,
    a_passkey_in_settings_becomes_a_second_factor_with_backup_codes,
    whoever_is_not_verified_reaches_the_first_level_only,
    every_lie_is_refused_with_its_reason,
    what_makes_a_passkey_is_checked_as_strictly,
    an_answer_counts_once,
    of_two_sign_ins_with_one_answer_one_wins,
    a_copied_key_is_found_out,
    a_key_that_can_be_copied_may_count_as_it_likes,
    a_passkey_of_somebody_else_is_no_second_factor,
    a_passkey_raises_a_session,
    the_last_way_in_stays,
    a_password_that_lets_nobody_in_is_no_way_in,
    of_the_last_two_one_stays_whoever_is_faster,
    a_passkey_is_one_persons,
    a_factor_that_is_required_may_be_a_passkey,
    recovery_takes_a_passkey_and_a_new_one_ends_it,
    the_first_answer_of_a_recovery_offers_a_new_passkey,
    where_passkeys_are_switched_off_none_is_asked_for,
    the_relying_party_is_this_host_or_a_domain_above_it,
    password_managers_find_the_pages,
    an_address_at_a_domain_with_single_sign_on_is_no_way_around_it,
}

async fn signed_up(app: &TestApp, key: &mut SoftPasskey) -> Person {
    let client = app.program();
    let flow = client.open("registration").await;
    let asked = flow.submit("passkey", json!({ "traits": { "email": JANE, "first_name": "Jane" } })).await;
    asked.goes_on("create_passkey");
    let done = flow.submit("passkey", json!({ "passkey_response": key.create(&asked) })).await;
    done.ok();
    client.take(&done);
    Person {
        client,
        email: JANE.to_owned(),
        id: done.at("/session/identity/id"),
        session_id: done.at("/session/id"),
    }
}

/// Adds a passkey in settings.
async fn added(person: &Person, key: &mut SoftPasskey) -> Answer {
    let flow = person.client.open_with("settings", &[("section", "passkey")]).await;
    flow.submit("passkey", json!({ "passkey_response": key.create(&flow.opened) })).await
}

async fn sign_in(app: &TestApp, key: &mut SoftPasskey) -> Answer {
    let flow = app.program().open("login").await;
    flow.submit("passkey", json!({ "passkey_response": key.get(&flow.opened) })).await
}

async fn a_person_signs_up_with_a_passkey_only_and_signs_in_without_a_name(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    let jane = signed_up(&app, &mut key).await;
    let me = jane.client.get("/v1/me").await;
    assert_eq!((me["has_password"].clone(), me["mfa_methods"].clone()), (json!(false), json!([])));
    let session = jane.client.whoami().await;
    assert_eq!(session.at("/aal"), "aal2", "the person was verified");
    let done = sign_in(&app, &mut key).await;
    assert_eq!(
        (done.at("/session/identity/id"), done.at("/session/aal")),
        (jane.id.clone(), "aal2".to_owned())
    );
    let method = done["session"]["authentication_methods"][0].clone();
    assert_eq!(method["method"], "passkey");
    let held = jane.client.get("/v1/me/credentials").await;
    assert_eq!(
        (held.at("/credentials/0/id"), held.at("/credentials/0/type")),
        (method["credential_id"].as_str().unwrap_or_default().to_owned(), "passkey".to_owned())
    );
    let passkey = held["credentials"][0]["passkey"].clone();
    let expected = json!({
        "aaguid": "00000000-0000-0000-0000-000000000000", "authenticator_name": null, "transports": ["hybrid", "internal"],
        "backup_eligible": true, "backed_up": true, "attested": false, "rp_id": "id.example.com",
    });
    assert_eq!(passkey, expected);
    // The names of others' libraries, and the answer as text.
    let flow = app.program().open("login").await;
    let text = key.get(&flow.opened).to_string();
    flow.submit("webauthn", json!({ "webauthn_login": text })).await.ok();
    // The mailbox leads in as well, and asks for nothing that may be lost.
    app.program().sign_in_by_code(JANE).await.ok();
}

async fn an_account_is_asked_for_before_a_passkey_is_made_for_it(app: TestApp) {
    app.account(JANE).await;
    let flow = app.program().open("registration").await;
    flow.submit("passkey", json!({ "traits": { "email": JANE } })).await.refused(Code::EmailTaken);
    flow.submit("passkey", json!({ "traits": { "email": "nonsense" } })).await.refused(Code::InputRejected);
    // Somebody is faster: the passkey that was made is of no use.
    let body = json!({ "traits": { "email": "joe@acme.example" } });
    let (one, other) = (app.program().open("registration").await, app.program().open("registration").await);
    let (a, b) = (one.submit("passkey", body.clone()).await, other.submit("passkey", body).await);
    one.submit("passkey", json!({ "passkey_response": SoftPasskey::new(1).create(&a) })).await.ok();
    let late = other.submit("passkey", json!({ "passkey_response": SoftPasskey::new(2).create(&b) })).await;
    assert_eq!(late.refused(Code::EmailTaken)["continue_flow"]["state"], "show_form");
    // A password instead is fine until the passkey is there.
    let flow = app.program().open("registration").await;
    let body = json!({ "traits": { "email": "joan@acme.example" } });
    flow.submit("passkey", body.clone()).await.goes_on("create_passkey");
    flow.submit("passkey", json!({})).await.refused(Code::InputRejected);
    flow.submit("password", json!({ "traits": { "email": "joan@acme.example" }, "password": PASSWORD }))
        .await
        .refused(Code::StepUnavailable);
}

async fn a_passkey_waits_until_the_address_is_proven(app: TestApp) {
    app.settings(json!({ "require_verified_email": true })).await;
    let mut key = SoftPasskey::new(1);
    let flow = app.program().open("registration").await;
    let asked = flow.submit("passkey", json!({ "traits": { "email": JANE } })).await;
    let waits = flow.submit("passkey", json!({ "passkey_response": key.create(&asked) })).await;
    waits.goes_on("verify_address");
    sign_in(&app, &mut key).await.refused(Code::PasskeyRefused);
    let code = app.latest_mail(JANE).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["identity"]["email_verified"], true);
    sign_in(&app, &mut key).await.ok();
}

async fn a_browser_is_asked_in_the_forms_of_the_standard(app: TestApp) {
    let flow = app.program().open("login").await;
    let get = ceremony(&flow.opened);
    let challenge = get["options"]["challenge"].as_str().expect("a challenge").to_owned();
    assert_eq!(challenge.len(), 43, "32 bytes in base64url");
    let expected = json!({ "kind": "get", "mediation": "conditional", "options": {
        "challenge": challenge, "rpId": "id.example.com", "timeout": 300_000, "userVerification": "preferred",
        "allowCredentials": [],
    } });
    assert_eq!(get, expected);
    let field = flow.opened.node("identifier").expect("a field")["attributes"]["autocomplete"].clone();
    assert_eq!(field, "username webauthn");
    let named = flow.submit("identifier", json!({ "identifier": JANE })).await;
    assert_eq!(ceremony(&named)["mediation"], "optional");
    assert_eq!(ceremony(&named)["options"]["allowCredentials"], json!([]), "an account is not revealed");
    let mut key = SoftPasskey::new(1);
    let jane = app.person(JANE).await;
    added(&jane, &mut key).await.goes_on("show_form");
    let flow = jane.client.open("login").await;
    assert_eq!(flow.opened.state(), "passed");
    let flow = jane.client.open_with("login", &[("aal", "aal2")]).await;
    let get = ceremony(&flow.opened)["options"].clone();
    assert_eq!(get["userVerification"], "required");
    assert_eq!(
        (get["allowCredentials"].as_array().map(Vec::len), get["allowCredentials"][0]["transports"].clone()),
        (Some(1), json!(["hybrid", "internal"]))
    );
    let done = flow.submit("passkey", json!({ "passkey_response": key.get(&flow.opened) })).await;
    jane.client.take(&done);
    let settings = jane.client.open_with("settings", &[("section", "passkey")]).await;
    let create = ceremony(&settings.opened);
    let options = create["options"].clone();
    assert_eq!(
        (create["kind"].clone(), options["rp"].clone()),
        (json!("create"), json!({ "id": "id.example.com", "name": "Avnology ID" }))
    );
    let algorithms: Vec<i64> = options["pubKeyCredParams"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|p| p["alg"].as_i64())
        .collect();
    assert_eq!(algorithms, [-7, -8, -257]);
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["excludeCredentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(options["user"]["id"].as_str().map(str::len), Some(86), "64 bytes that tell nothing");
    assert_eq!(
        (options["attestation"].clone(), options["user"]["name"].clone()),
        (json!("none"), json!(JANE))
    );
}

async fn a_passkey_is_added_named_renamed_and_removed(app: TestApp) {
    let jane = app.person(JANE).await;
    jane.client.verify(JANE).await;
    let mut key = SoftPasskey::new(1);
    let flow = jane.client.open("settings").await;
    let long = json!({ "passkey_response": key.create(&flow.opened), "name": "x".repeat(101) });
    flow.submit("passkey", long).await.refused(Code::InputRejected);
    let body = json!({ "passkey_response": key.create(&flow.read().await), "name": " Phone " });
    let saved = flow.submit("passkey", body).await;
    assert_eq!(saved.goes_on("show_form").messages(), ["1050001", "1050002"]);
    let held = jane.client.get("/v1/me/credentials").await;
    let id =
        held["credentials"].as_array().and_then(|all| all.iter().find(|c| c["type"] == "passkey").cloned());
    let id = id.expect("the passkey");
    assert_eq!(id["name"], "Phone");
    let id = id["id"].as_str().expect("an id").to_owned();
    let added = app.payloads(EventType::UserPasskeyAdded).await;
    assert_eq!((added[0]["credential_id"].clone(), added[0]["name"].clone()), (json!(id), json!("Phone")));
    let renamed = flow.submit("passkey", json!({ "passkey_rename": id, "name": "Tablet" })).await;
    assert_eq!(renamed.goes_on("show_form").messages(), ["1050001"]);
    flow.submit("passkey", json!({ "passkey_rename": id })).await.refused(Code::InputRejected);
    let strange = json!({ "passkey_rename": "cred_01kjpwd6m0ffvtt3ffntwvc9yd", "name": "Mine" });
    flow.submit("passkey", strange).await.refused(Code::FactorNotEnrolled);
    flow.submit("passkey", json!({ "passkey_remove": id })).await.refused(Code::SecondFactorRequired);
    let login = jane.client.open_with("login", &[("aal", "aal2")]).await;
    let done = login.submit("passkey", json!({ "passkey_response": key.get(&login.opened) })).await;
    jane.client.take(&done);
    let gone = flow.submit("passkey", json!({ "passkey_remove": id })).await;
    gone.goes_on("show_form");
    assert_eq!(
        gone["signal"],
        json!({ "rp_id": "id.example.com", "credential_id": URL_SAFE_NO_PAD.encode(&key.id) }),
        "the browser forgets it, too"
    );
    jane.client.take(&gone);
    assert_eq!(jane.client.get("/v1/me").await["mfa_methods"], json!([]), "backup codes do not stay alone");
    assert_eq!(app.payloads(EventType::UserPasskeyRemoved).await.len(), 1);
    let kinds = app.mail_kinds(JANE).await;
    assert!(kinds.contains(&"factor_enrolled".to_owned()) && kinds.contains(&"factor_removed".to_owned()));
    sign_in(&app, &mut key).await.refused(Code::PasskeyRefused);
}

async fn a_passkey_in_settings_becomes_a_second_factor_with_backup_codes(app: TestApp) {
    let jane = app.person(JANE).await;
    let mut key = SoftPasskey::new(1);
    let codes = backup_codes(&added(&jane, &mut key).await);
    assert_eq!(jane.client.get("/v1/me").await["mfa_methods"], json!(["passkey", "recovery_code"]));
    let flow = app.half_signed_in(JANE).await;
    let half = flow.read().await;
    assert_eq!(half.node_names(), ["passkey_response", "recovery_code", "method=recovery_code"]);
    let done = flow.submit("passkey", json!({ "passkey_response": key.get(&half) })).await;
    let methods: Vec<Value> =
        done["session"]["authentication_methods"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = methods.iter().filter_map(|m| m["method"].as_str()).collect();
    assert_eq!((names, done.at("/session/aal")), (vec!["password", "passkey"], "aal2".to_owned()));
    let flow = app.half_signed_in(JANE).await;
    flow.submit("recovery_code", json!({ "recovery_code": codes[0] })).await.ok();
    // A passkey that verified the person asks for nothing more.
    assert_eq!(sign_in(&app, &mut key).await.at("/session/aal"), "aal2");
}

async fn whoever_is_not_verified_reaches_the_first_level_only(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    signed_up(&app, &mut key).await;
    let flow = app.program().open("login").await;
    let unverified = Says { verified: false, ..Says::default() };
    let answer = key.get_saying(&ceremony(&flow.opened)["options"], &unverified);
    let done = flow.submit("passkey", json!({ "passkey_response": answer })).await;
    assert_eq!(done.at("/session/aal"), "aal1");
    app.settings(json!({ "webauthn": { "user_verification": "required" } })).await;
    let flow = app.program().open("login").await;
    assert_eq!(ceremony(&flow.opened)["options"]["userVerification"], "required");
    let answer = key.get_saying(&ceremony(&flow.opened)["options"], &unverified);
    let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "user_verification");
    app.settings(json!({ "webauthn": null })).await;
    // As second factor it must verify.
    let joe = app.person("joe@acme.example").await;
    let mut key = SoftPasskey::new(2);
    added(&joe, &mut key).await.goes_on("show_form");
    let flow = app.half_signed_in("joe@acme.example").await;
    let answer = key.get_saying(&ceremony(&flow.read().await)["options"], &unverified);
    let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "user_verification");
}

async fn every_lie_is_refused_with_its_reason(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    signed_up(&app, &mut key).await;
    let says = Says::default;
    let lies = [
        ("origin", Says { origin: "https://id.example.com.evil.example".to_owned(), ..says() }),
        ("origin", Says { origin: "http://id.example.com".to_owned(), ..says() }),
        ("origin", Says { origin: "https://id.example.com:444".to_owned(), ..says() }),
        ("origin", Says { more: json!({ "crossOrigin": true }), ..says() }),
        ("origin", Says { more: json!({ "topOrigin": "https://evil.example" }), ..says() }),
        ("rp_id", Says { rp_id: "evil.example".to_owned(), ..says() }),
        ("user_verification", Says { present: false, verified: false, ..says() }),
        ("format", Says { more: json!({ "type": "webauthn.create" }), ..says() }),
        (
            "challenge",
            Says { more: json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }), ..says() },
        ),
    ];
    for (reason, lie) in lies {
        app.advance(1_000);
        let flow = app.program().open("login").await;
        let answer = key.get_saying(&ceremony(&flow.opened)["options"], &lie);
        let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
        assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], reason, "{refused}");
        assert_eq!(refused.messages(), ["4010006"]);
        // Another challenge, and the flow goes on.
        assert_ne!(
            ceremony(&refused)["options"]["challenge"],
            ceremony(&flow.opened)["options"]["challenge"]
        );
        flow.submit("passkey", json!({ "passkey_response": key.get(&refused) })).await.ok();
    }
    let flow = app.program().open("login").await;
    let mut forged = key.get(&flow.opened);
    forged["response"]["signature"] = SoftPasskey::new(9).get(&flow.opened)["response"]["signature"].clone();
    let mut refused = flow.submit("passkey", json!({ "passkey_response": forged })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "signature");
    for bogus in ["", "AAAA", "MEQCIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIgAA"] {
        let mut forged = key.get(&refused);
        forged["response"]["signature"] = json!(bogus);
        let again = flow.submit("passkey", json!({ "passkey_response": forged })).await;
        assert_eq!(again.refused(Code::PasskeyRefused)["reason"], "signature", "{bogus}");
        refused = again;
    }
    let mut strange = SoftPasskey::new(7);
    strange.user_handle = key.user_handle.clone();
    let refused = flow.submit("passkey", json!({ "passkey_response": strange.get(&refused) })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "unknown_credential");
    let mut nameless = key.get(&refused);
    nameless["response"]["userHandle"] = json!(null);
    let refused = flow.submit("passkey", json!({ "passkey_response": nameless })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "unknown_credential");
    for broken in [json!("{"), json!([]), json!({ "type": "public-key" })] {
        let refused = flow.submit("passkey", json!({ "passkey_response": broken })).await;
        assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "format");
    }
    flow.submit("passkey", json!({ "passkey_response": "" })).await.refused(Code::InputRejected);
}

async fn what_makes_a_passkey_is_checked_as_strictly(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open_with("settings", &[("section", "passkey")]).await;
    let says = Says::default;
    let lies = [
        ("origin", Says { origin: "https://evil.example".to_owned(), ..says() }),
        ("origin", Says { more: json!({ "crossOrigin": true }), ..says() }),
        (
            "origin",
            Says { more: json!({ "crossOrigin": false, "topOrigin": "https://evil.example" }), ..says() },
        ),
        ("rp_id", Says { rp_id: "evil.example".to_owned(), ..says() }),
        ("user_verification", Says { present: false, verified: false, ..says() }),
        ("format", Says { more: json!({ "type": "webauthn.get" }), ..says() }),
        (
            "challenge",
            Says { more: json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }), ..says() },
        ),
    ];
    let mut shown = flow.opened.clone();
    for (reason, lie) in lies {
        let answer = SoftPasskey::new(1).create_saying(&ceremony(&shown)["options"], &lie);
        let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
        assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], reason, "{refused}");
        shown = refused;
    }
    let mut broken = SoftPasskey::new(1).create(&shown);
    broken["response"]["attestationObject"] = json!("AAAA");
    let refused = flow.submit("passkey", json!({ "passkey_response": broken })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "format");
    // What opened the answer once does not open it again.
    let mut key = SoftPasskey::new(1);
    let answer = json!({ "passkey_response": key.create(&refused) });
    flow.submit("passkey", json!({ "passkey_response": "{" })).await.refused(Code::PasskeyRefused);
    let replayed = flow.submit("passkey", answer).await;
    assert_eq!(replayed.refused(Code::PasskeyRefused)["reason"], "challenge");
    // Who has nothing else to sign up with must be verified.
    let sign_up = app.program().open("registration").await;
    let asked = sign_up.submit("passkey", json!({ "traits": { "email": "joe@acme.example" } })).await;
    let unverified = Says { verified: false, ..says() };
    let answer = SoftPasskey::new(2).create_saying(&ceremony(&asked)["options"], &unverified);
    let refused = sign_up.submit("passkey", json!({ "passkey_response": answer })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "user_verification");
    assert_eq!(jane.client.get("/v1/me/credentials").await["credentials"].as_array().map(Vec::len), Some(1));
}

async fn an_answer_counts_once(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    signed_up(&app, &mut key).await;
    let flow = app.program().open("login").await;
    let answer = json!({ "passkey_response": key.get(&flow.opened) });
    flow.submit("passkey", answer.clone()).await.ok();
    flow.submit("passkey", answer.clone()).await.refused(Code::FlowGone);
    // Nor in another flow, nor after a refusal.
    let other = app.program().open("login").await;
    let refused = other.submit("passkey", answer).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "challenge");
    let late = json!({ "passkey_response": key.get(&other.opened) });
    assert_eq!(other.submit("passkey", late).await.refused(Code::PasskeyRefused)["reason"], "challenge");
}

async fn of_two_sign_ins_with_one_answer_one_wins(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    signed_up(&app, &mut key).await;
    let flow = app.program().open("login").await;
    let answer = json!({ "passkey_response": key.get(&flow.opened) });
    let (a, b) = tokio::join!(flow.submit("passkey", answer.clone()), flow.submit("passkey", answer));
    let won = [&a, &b].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{a} {b}");
}

async fn a_copied_key_is_found_out(app: TestApp) {
    let mut key = SoftPasskey::bound(1);
    let jane = signed_up(&app, &mut key).await;
    let mut copy = key.clone();
    sign_in(&app, &mut key).await.ok();
    sign_in(&app, &mut key).await.ok();
    let refused = sign_in(&app, &mut copy).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "counter");
    let told = app.payloads(EventType::UserCredentialSuspicious).await;
    assert_eq!(
        (told.len(), told[0]["user_id"].clone(), told[0]["reason"].clone()),
        (1, json!(jane.id), json!("counter"))
    );
    sign_in(&app, &mut key).await.ok();
}

async fn a_key_that_can_be_copied_may_count_as_it_likes(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    key.counter = 40;
    signed_up(&app, &mut key).await;
    sign_in(&app, &mut key).await.ok();
    key.counter = 3;
    sign_in(&app, &mut key).await.ok();
}

async fn a_passkey_of_somebody_else_is_no_second_factor(app: TestApp) {
    let (jane, joe) = (app.person(JANE).await, app.person("joe@acme.example").await);
    let (mut hers, mut his) = (SoftPasskey::new(1), SoftPasskey::new(2));
    added(&jane, &mut hers).await.goes_on("show_form");
    added(&joe, &mut his).await.goes_on("show_form");
    let flow = app.half_signed_in(JANE).await;
    let refused = flow.submit("passkey", json!({ "passkey_response": his.get(&flow.read().await) })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "unknown_credential");
    let step_up = jane.client.open_with("login", &[("aal", "aal2")]).await;
    let refused = step_up.submit("passkey", json!({ "passkey_response": his.get(&step_up.opened) })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "unknown_credential");
    step_up.submit("passkey", json!({ "passkey_response": hers.get(&refused) })).await.ok();
}

async fn a_passkey_raises_a_session(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    let jane = signed_up(&app, &mut key).await;
    app.advance(1_000);
    let flow = jane.client.open_with("login", &[("refresh", "true")]).await;
    assert_eq!(ceremony(&flow.opened)["options"]["allowCredentials"].as_array().map(Vec::len), Some(1));
    let done = flow.submit("passkey", json!({ "passkey_response": key.get(&flow.opened) })).await;
    assert_eq!((done.at("/session/id"), done.at("/session/aal")), (jane.session_id, "aal2".to_owned()));
    assert_eq!(done.at("/session/authenticated_at"), "2026-03-02T09:16:40.000Z");
}

async fn the_last_way_in_stays(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    let jane = signed_up(&app, &mut key).await;
    let held = jane.client.get("/v1/me/credentials").await;
    let path = format!("/v1/me/credentials/{}", held.at("/credentials/0/id"));
    jane.client.delete(&path).await.refused(Code::LastCredential);
    let flow = jane.client.open("settings").await;
    let remove = json!({ "passkey_remove": held.at("/credentials/0/id") });
    flow.submit("passkey", remove).await.refused(Code::LastCredential);
    let by_admin = format!("/v1/identities/{}/credentials/{}", jane.id, held.at("/credentials/0/id"));
    app.admin_key().delete(&by_admin).await.refused(Code::LastCredential);
    jane.client.verify(JANE).await;
    jane.client.delete(&path).await.no_content();
    jane.client.delete(&path).await.refused(Code::NotFound);
}

async fn a_password_that_lets_nobody_in_is_no_way_in(app: TestApp) {
    app.settings(json!({ "allowed_methods": ["passkey", "password"] })).await;
    let jane = app.person(JANE).await;
    let mut key = SoftPasskey::new(1);
    added(&jane, &mut key).await.goes_on("show_form");
    let login = jane.client.open_with("login", &[("aal", "aal2")]).await;
    let done = login.submit("passkey", json!({ "passkey_response": key.get(&login.opened) })).await;
    jane.client.take(&done);
    let held = jane.client.get("/v1/me/credentials").await;
    let all = held["credentials"].as_array().cloned().unwrap_or_default();
    let id =
        all.iter().find(|credential| credential["type"] == "passkey").expect("the passkey")["id"].clone();
    let path = format!("/v1/me/credentials/{}", id.as_str().expect("an id"));
    app.settings(json!({ "allowed_methods": ["passkey"] })).await;
    jane.client.delete(&path).await.refused(Code::LastCredential);
    app.settings(json!({ "allowed_methods": ["passkey", "password"] })).await;
    jane.client.delete(&path).await.no_content();
}

async fn of_the_last_two_one_stays_whoever_is_faster(app: TestApp) {
    let (mut one, mut other) = (SoftPasskey::new(1), SoftPasskey::new(2));
    let jane = signed_up(&app, &mut one).await;
    added(&jane, &mut other).await.goes_on("show_form");
    let held = jane.client.get("/v1/me/credentials").await;
    let all = held["credentials"].as_array().cloned().unwrap_or_default();
    let paths: Vec<String> = all
        .iter()
        .filter(|credential| credential["type"] == "passkey")
        .filter_map(|credential| credential["id"].as_str())
        .map(|id| format!("/v1/identities/{}/credentials/{id}", jane.id))
        .collect();
    let (a, b) = tokio::join!(app.admin_key().delete(&paths[0]), app.admin_key().delete(&paths[1]));
    let (won, lost) = if a.status == 204 { (a, b) } else { (b, a) };
    won.no_content();
    lost.refused(Code::LastCredential);
    let mut let_in = 0;
    for key in [&mut one, &mut other] {
        let flow = app.program().open("login").await;
        let done = flow.submit("passkey", json!({ "passkey_response": key.get(&flow.opened) })).await;
        let_in += usize::from(done.status == 200);
    }
    assert_eq!(let_in, 1);
}

async fn a_passkey_is_one_persons(app: TestApp) {
    let (jane, joe) = (app.person(JANE).await, app.person("joe@acme.example").await);
    added(&jane, &mut SoftPasskey::new(1)).await.goes_on("show_form");
    let again = added(&joe, &mut SoftPasskey::new(1)).await;
    assert_eq!(again.refused(Code::PasskeyRefused)["reason"], "unknown_credential");
    assert_eq!(joe.client.get("/v1/me").await["mfa_methods"], json!([]));
    // Twenty and no more.
    let mut key = SoftPasskey::new(30);
    added(&joe, &mut key).await.goes_on("show_form");
    let login = joe.client.open_with("login", &[("aal", "aal2")]).await;
    let done = login.submit("passkey", json!({ "passkey_response": key.get(&login.opened) })).await;
    joe.client.take(&done);
    for seed in 31..50 {
        added(&joe, &mut SoftPasskey::new(seed)).await.goes_on("show_form");
    }
    assert_eq!(added(&joe, &mut SoftPasskey::new(60)).await.refused(Code::LimitReached)["limit"], 20);
}

async fn a_factor_that_is_required_may_be_a_passkey(app: TestApp) {
    app.account(JANE).await;
    app.settings(json!({ "mfa_required": true })).await;
    let flow = app.program().open("login").await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    half.goes_on("enroll_factor");
    assert_eq!(ceremony(&half)["options"]["authenticatorSelection"]["userVerification"], "required");
    let mut key = SoftPasskey::new(1);
    let unverified = Says { verified: false, ..Says::default() };
    let answer = key.create_saying(&ceremony(&half)["options"], &unverified);
    let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "user_verification");
    let done = flow.submit("passkey", json!({ "passkey_response": key.create(&refused) })).await;
    assert_eq!((done.at("/session/aal"), backup_codes(&done).len()), ("aal2".to_owned(), 10));
    // And who registers with one has all that is asked for.
    let mut key = SoftPasskey::new(2);
    let flow = app.program().open("registration").await;
    let asked = flow.submit("passkey", json!({ "traits": { "email": "joe@acme.example" } })).await;
    let done = flow.submit("passkey", json!({ "passkey_response": key.create(&asked) })).await;
    assert_eq!(done.at("/session/aal"), "aal2");
}

async fn recovery_takes_a_passkey_and_a_new_one_ends_it(app: TestApp) {
    let jane = app.person(JANE).await;
    jane.client.verify(JANE).await;
    let mut key = SoftPasskey::new(1);
    added(&jane, &mut key).await.goes_on("show_form");
    let client = app.program();
    let flow = client.open("recovery").await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let done = flow.submit("code", json!({ "code": app.latest_mail(JANE).await.code })).await;
    assert_eq!(done.state(), "second_factor");
    client.take(&done);
    let settings = client.follow(&done);
    let passed = settings.submit("passkey", json!({ "passkey_response": key.get(&done) })).await;
    passed.goes_on("show_form");
    let other = app.program().with_token(&jane.client.token());
    let mut new = SoftPasskey::new(2);
    let saved = settings.submit("passkey", json!({ "passkey_response": new.create(&passed) })).await;
    assert_eq!(
        (saved.at("/session/kind"), saved.at("/session/aal")),
        ("standard".to_owned(), "aal1".to_owned())
    );
    other.whoami().await.refused(Code::SessionInvalid);
    assert_eq!(app.payloads(EventType::UserRecoveryCompleted).await.len(), 1);
    sign_in(&app, &mut new).await.ok();
}

async fn the_first_answer_of_a_recovery_offers_a_new_passkey(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let recovered = client.recover(JANE).await;
    client.take(&recovered);
    let mut key = SoftPasskey::new(3);
    let answer = json!({ "passkey_response": key.create(&recovered) });
    let saved = client.follow(&recovered).submit("passkey", answer).await;
    assert_eq!(
        (saved.at("/session/kind"), saved.messages()),
        ("standard".to_owned(), vec!["1050001".to_owned()])
    );
    sign_in(&app, &mut key).await.ok();
}

async fn where_passkeys_are_switched_off_none_is_asked_for(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    signed_up(&app, &mut key).await;
    let before = app.program().open("login").await;
    app.settings(json!({ "allowed_methods": ["password", "code"] })).await;
    let answer = json!({ "passkey_response": key.get(&before.opened) });
    let refused = before.submit("passkey", answer).await;
    assert_eq!(refused.refused(Code::MethodDisabled)["allowed_methods"], json!(["password", "code"]));
    let flow = app.program().open("login").await;
    assert!(flow.opened.node("passkey_response").is_none());
    let flow = app.program().open("registration").await;
    flow.submit("passkey", json!({ "traits": { "email": "joe@acme.example" } }))
        .await
        .refused(Code::MethodDisabled);
}

async fn the_relying_party_is_this_host_or_a_domain_above_it(app: TestApp) {
    for (id, code) in
        [("evil.example", "not_allowed"), ("com", "not_allowed"), ("https://example.com", "invalid_format")]
    {
        let refused = app.admin_key().patch("/v1/tenant").json(&json!({ "webauthn": { "rp_id": id } })).await;
        assert!(refused.fields().contains(&("webauthn.rp_id".to_owned(), code.to_owned())), "{refused}");
    }
    app.settings(json!({ "webauthn": { "rp_id": "example.com", "rp_name": "Acme" } })).await;
    let flow = app.program().open("login").await;
    assert_eq!(ceremony(&flow.opened)["options"]["rpId"], "example.com");
}

async fn password_managers_find_the_pages(app: TestApp) {
    let found = app.program().get("/.well-known/passkey-endpoints").await;
    assert_eq!(
        *found.ok(),
        json!({
            "enroll": "https://id.example.com/account/security#passkeys", "manage": "https://id.example.com/account/security#passkeys",
        })
    );
}

async fn an_address_at_a_domain_with_single_sign_on_is_no_way_around_it(app: TestApp) {
    let mut key = SoftPasskey::new(1);
    signed_up(&app, &mut key).await;
    sign_in(&app, &mut key).await.ok();
    let team = app.team_with("Acme", "owner@elsewhere.example", json!({})).await;
    team.holds_domain("acme.example", |_| {}).await;
    sign_in(&app, &mut key).await.ok();
    team.alter(|organization| organization.sso_required = true).await;
    sign_in(&app, &mut key).await.refused(Code::SsoRequired);
    team.alter(|organization| organization.sso_required = false).await;
    sign_in(&app, &mut key).await.ok();
}

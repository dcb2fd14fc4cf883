//! Passkeys in hardware that its maker vouches for: `contract/10` §7.1, `contract/00` §14.

use avnology_model::Code;
use avnology_testkit::{
    MAKER_CERTIFICATE, MAKER_ROOT, PASSWORD, Person, Says, SoftPasskey, TestApp, ceremony, on_both_engines,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
/// A model that is trusted in these tests, and what it is called.
const MODEL: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";
const MODEL_BYTES: [u8; 16] = 0x2fc0_579f_8113_47ea_b116_bb5a_8db9_202a_u128.to_be_bytes();

on_both_engines! {
    an_attested_key_of_a_trusted_model_reaches_the_third_level,
    whatever_lacks_one_of_its_conditions_reaches_the_second_level,
    a_model_that_is_trusted_no_longer_reaches_the_second_level,
    a_broken_statement_is_refused,
    who_is_asked_for_the_third_level_shows_such_a_key_and_nothing_else,
    who_has_no_such_key_is_told_so,
    a_signed_in_person_without_such_a_key_keeps_the_session,
    makers_are_asked_for_where_the_tenant_says_so,
}

fn trusting() -> Value {
    json!({ "webauthn": {
        "attestation": "direct", "trusted_aaguids": [MODEL], "trusted_roots": [MAKER_ROOT],
    } })
}

fn hardware(seed: u8) -> SoftPasskey {
    SoftPasskey::attested(seed, MODEL_BYTES)
}

/// Registers by this passkey alone; the assurance of the session, and who.
async fn sign_up(app: &TestApp, email: &str, key: &mut SoftPasskey) -> (String, Person) {
    let client = app.program();
    let flow = client.open("registration").await;
    let asked = flow.submit("passkey", json!({ "traits": { "email": email } })).await;
    let done = flow.submit("passkey", json!({ "passkey_response": key.create(&asked) })).await;
    done.ok();
    client.take(&done);
    let (id, session_id) = (done.at("/session/identity/id"), done.at("/session/id"));
    (done.at("/session/aal"), Person { client, email: email.to_owned(), id, session_id })
}

/// Signs in by this passkey alone; the assurance.
async fn sign_in(app: &TestApp, key: &mut SoftPasskey) -> String {
    let flow = app.program().open("login").await;
    flow.submit("passkey", json!({ "passkey_response": key.get(&flow.opened) })).await.at("/session/aal")
}

/// Adds a passkey in settings, after the second factor where one is asked for.
async fn add(person: &Person, key: &mut SoftPasskey, shown: Option<&mut SoftPasskey>) {
    if let Some(shown) = shown {
        let login = person.client.open_with("login", &[("aal", "aal2")]).await;
        if login.opened.state() != "passed" {
            let done = login.submit("passkey", json!({ "passkey_response": shown.get(&login.opened) })).await;
            person.client.take(&done);
        }
    }
    let flow = person.client.open_with("settings", &[("section", "passkey")]).await;
    let saved = flow.submit("passkey", json!({ "passkey_response": key.create(&flow.opened) })).await;
    saved.goes_on("show_form");
}

async fn an_attested_key_of_a_trusted_model_reaches_the_third_level(app: TestApp) {
    app.settings(trusting()).await;
    let mut key = hardware(1);
    let (aal, jane) = sign_up(&app, JANE, &mut key).await;
    assert_eq!(aal, "aal3");
    let held = jane.client.get("/v1/me/credentials").await;
    let credential = held["credentials"][0].clone();
    let passkey = &credential["passkey"];
    assert_eq!((passkey["aaguid"].clone(), passkey["attested"].clone()), (json!(MODEL), json!(true)));
    assert_eq!(
        (credential["name"].clone(), passkey["authenticator_name"].clone()),
        (json!("YubiKey 5"), json!("YubiKey 5"))
    );
    assert_eq!(credential["last_used_at"], json!(null));
    assert!(!held.text().contains("CERTIFICATE") && !held.text().contains("x5c"));
    app.advance(60);
    let flow = app.program().open("login").await;
    let done = flow.submit("passkey", json!({ "passkey_response": key.get(&flow.opened) })).await;
    let method = done["session"]["authentication_methods"][0].clone();
    assert_eq!((done.at("/session/aal"), method["aal"].clone()), ("aal3".to_owned(), json!("aal3")));
    let held = jane.client.get("/v1/me/credentials").await;
    assert_eq!(held["credentials"][0]["last_used_at"], method["completed_at"], "last use");
    // Tokens say that hardware holds the key.
    let token = app.program().with_token(&done.token()).post("/v1/sessions:tokenize").json(&json!({})).await;
    let claims = token.at("/token").split('.').nth(1).map(str::to_owned).expect("a token");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    assert_eq!(
        (claims["amr"].clone(), claims["aal"].clone()),
        (json!(["hwk", "user", "mfa"]), json!("aal3"))
    );
    // Without verifying its owner it is one factor, as any other.
    let flow = app.program().open("login").await;
    let says = Says { verified: false, ..Says::default() };
    let answer = key.get_saying(&ceremony(&flow.opened)["options"], &says);
    assert_eq!(
        flow.submit("passkey", json!({ "passkey_response": answer })).await.at("/session/aal"),
        "aal1"
    );
}

async fn whatever_lacks_one_of_its_conditions_reaches_the_second_level(app: TestApp) {
    let with = |member: &str, value: Value| {
        let mut settings = trusting();
        settings["webauthn"][member] = value;
        settings
    };
    let but = |seed, change: fn(&mut SoftPasskey)| {
        let mut key = hardware(seed);
        change(&mut key);
        key
    };
    let unattested = but(3, |key| key.attested = false);
    let copied = but(4, |key| key.backup_eligible = true);
    let another = but(5, |key| key.model = [7; 16]);
    let cases = [
        ("no root", with("trusted_roots", json!([])), hardware(1)),
        ("what is no root", with("trusted_roots", json!([MAKER_CERTIFICATE])), hardware(2)),
        ("no statement", trusting(), unattested),
        ("keys that can be copied", trusting(), copied),
        ("another model", trusting(), another),
    ];
    for (i, (what, settings, mut key)) in cases.into_iter().enumerate() {
        app.settings(settings).await;
        let (aal, _) = sign_up(&app, &format!("jane{i}@acme.example"), &mut key).await;
        assert_eq!(aal, "aal2", "{what}");
        assert_eq!(sign_in(&app, &mut key).await, "aal2", "{what}");
    }
    // What was said without being asked for does not count later.
    app.settings(json!({ "webauthn": null })).await;
    let mut key = hardware(6);
    sign_up(&app, JANE, &mut key).await;
    app.settings(trusting()).await;
    assert_eq!(sign_in(&app, &mut key).await, "aal2");
}

async fn a_model_that_is_trusted_no_longer_reaches_the_second_level(app: TestApp) {
    app.settings(trusting()).await;
    let mut key = hardware(1);
    sign_up(&app, JANE, &mut key).await;
    assert_eq!(sign_in(&app, &mut key).await, "aal3");
    app.settings(json!({ "webauthn": { "trusted_aaguids": [] } })).await;
    assert_eq!(sign_in(&app, &mut key).await, "aal2");
}

async fn a_broken_statement_is_refused(app: TestApp) {
    // Whether one was asked for or not.
    for (settings, seed) in [(json!({ "webauthn": null }), 1), (trusting(), 2)] {
        app.settings(settings).await;
        let flow = app.program().open("registration").await;
        let asked = flow.submit("passkey", json!({ "traits": { "email": JANE } })).await;
        let mut answer = hardware(seed).create(&asked);
        let client = answer["response"]["clientDataJSON"].as_str().expect("text").to_owned();
        let mut client = URL_SAFE_NO_PAD.decode(client).expect("base64url");
        client.push(b' ');
        answer["response"]["clientDataJSON"] = json!(URL_SAFE_NO_PAD.encode(client));
        let refused = flow.submit("passkey", json!({ "passkey_response": answer })).await;
        assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "attestation");
        assert_eq!(refused.messages(), ["4010006"]);
    }
}

async fn who_is_asked_for_the_third_level_shows_such_a_key_and_nothing_else(app: TestApp) {
    app.settings(trusting()).await;
    let (mut soft, mut hard) = (SoftPasskey::new(1), hardware(2));
    let jane = app.person(JANE).await;
    add(&jane, &mut soft, None).await;
    add(&jane, &mut hard, Some(&mut soft)).await;
    assert_eq!(jane.client.whoami().await.at("/aal"), "aal2");
    // A session is raised by it.
    let flow = jane.client.open_with("login", &[("aal", "aal3")]).await;
    assert_eq!(flow.opened.node_names(), ["passkey_response"]);
    let options = ceremony(&flow.opened)["options"].clone();
    let allowed: Vec<&str> = options["allowCredentials"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|credential| credential["id"].as_str())
        .collect();
    assert_eq!(allowed, [URL_SAFE_NO_PAD.encode(&hard.id)]);
    let refused = flow.submit("passkey", json!({ "passkey_response": soft.get(&flow.opened) })).await;
    assert_eq!(refused.refused(Code::PasskeyRefused)["reason"], "attestation");
    let done = flow.submit("passkey", json!({ "passkey_response": hard.get(&refused) })).await;
    assert_eq!((done.at("/session/id"), done.at("/session/aal")), (jane.session_id, "aal3".to_owned()));
    jane.client.take(&done);
    assert_eq!(jane.client.open_with("login", &[("aal", "aal3")]).await.opened.state(), "passed");
    // Whoever signs in by less is asked for it as well.
    let flow = app.program().open_with("login", &[("aal", "aal3")]).await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    assert_eq!(half.goes_on("second_factor").node_names(), ["passkey_response"]);
    flow.submit("recovery_code", json!({ "recovery_code": "abcd-efgh" })).await.refused(Code::MethodDisabled);
    let half = flow.read().await;
    let done = flow.submit("passkey", json!({ "passkey_response": hard.get(&half) })).await;
    assert_eq!(done.at("/session/aal"), "aal3");
    let flow = app.program().open_with("login", &[("aal", "aal3")]).await;
    let half = flow.submit("passkey", json!({ "passkey_response": soft.get(&flow.opened) })).await;
    half.goes_on("second_factor");
    let done = flow.submit("passkey", json!({ "passkey_response": hard.get(&half) })).await;
    assert_eq!(done.at("/session/aal"), "aal3");
    // With the right key first, nothing is asked for.
    let flow = app.program().open_with("login", &[("aal", "aal3")]).await;
    let done = flow.submit("passkey", json!({ "passkey_response": hard.get(&flow.opened) })).await;
    assert_eq!(done.at("/session/aal"), "aal3");
}

async fn who_has_no_such_key_is_told_so(app: TestApp) {
    app.settings(trusting()).await;
    app.account(JANE).await;
    let flow = app.program().open_with("login", &[("aal", "aal3")]).await;
    let refused = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    let required = refused.refused(Code::SecondFactorRequired)["required"].clone();
    assert_eq!(
        required,
        json!({ "aal": "aal3", "max_age": null, "connection_id": null, "methods": ["passkey"] })
    );
    flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD }))
        .await
        .refused(Code::FlowGone);
}

async fn a_signed_in_person_without_such_a_key_keeps_the_session(app: TestApp) {
    app.settings(trusting()).await;
    let jane = app.person(JANE).await;
    let refused = jane.client.get("/v1/flows/login?aal=aal3").await;
    assert_eq!(refused.refused(Code::SecondFactorRequired)["required"]["aal"], "aal3");
    assert_eq!(jane.client.whoami().await.at("/aal"), "aal1");
}

async fn makers_are_asked_for_where_the_tenant_says_so(app: TestApp) {
    let asked = |answer: &avnology_testkit::Answer| ceremony(answer)["options"]["attestation"].clone();
    let jane = app.person(JANE).await;
    let opened = jane.client.open_with("settings", &[("section", "passkey")]).await;
    assert_eq!(asked(&opened.opened), "none");
    app.settings(trusting()).await;
    let opened = jane.client.open_with("settings", &[("section", "passkey")]).await;
    assert_eq!(asked(&opened.opened), "direct");
    let refusals = [
        (json!({ "attestation": "none" }), "webauthn.attestation", "conflict"),
        (json!({ "trusted_aaguids": ["YubiKey"] }), "webauthn.trusted_aaguids[0]", "invalid_format"),
        (json!({ "trusted_aaguids": [MODEL, MODEL] }), "webauthn.trusted_aaguids[1]", "duplicate"),
        (json!({ "trusted_roots": [MAKER_ROOT, "root"] }), "webauthn.trusted_roots[1]", "invalid_format"),
    ];
    for (webauthn, field, code) in refusals {
        let refused = app.admin_key().patch("/v1/tenant").json(&json!({ "webauthn": webauthn })).await;
        refused.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
}

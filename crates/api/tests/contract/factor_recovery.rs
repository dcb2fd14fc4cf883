//! Recovery of second factors that were lost: a waiting period, notice on every channel, cancelled from any; and an administrator
//! who starts one without seeing anything that opens the account.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{
    Answer, Authenticator, Client, FlowRun, Mail, ORIGIN, PASSWORD, TestApp, on_both_engines,
};
use serde_json::json;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const JANE: &str = "jane@acme.example";
const PHONE: &str = "+442079460042";
const OTHER: &str = "amber canyon tulip 9";

on_both_engines! {
    whoever_lost_everything_says_so_and_is_told_when_it_ends,
    a_waiting_recovery_shows_in_every_session,
    too_early_nothing_is_removed,
    after_the_wait_the_link_and_the_password_remove_the_factors,
    a_wrong_password_removes_nothing_and_counts_as_a_failure,
    an_account_without_a_password_needs_the_mailbox_and_the_wait,
    the_person_is_reminded_a_day_before,
    a_proven_phone_is_told_at_each_stage_and_its_link_keeps_the_factors,
    the_mailed_link_keeps_the_factors_and_works_once,
    any_session_keeps_the_factors,
    a_sign_in_with_a_factor_keeps_the_factors,
    a_factor_used_in_recovery_keeps_the_factors,
    a_sign_in_without_one_does_not,
    of_a_completion_and_a_cancellation_one_wins,
    of_two_completions_one_wins,
    of_two_starts_one_recovery_comes,
    nobody_begins_more_than_three_times_in_a_month,
    what_nobody_completes_ends_after_a_week,
    another_address_ends_it,
    a_tenant_can_leave_it_to_administrators,
    an_organization_that_asks_for_a_factor_leaves_it_to_administrators,
    an_administrator_starts_it_and_sees_no_secret,
    an_administrator_is_told_why_it_cannot_start,
    an_organization_starts_it_for_those_it_manages,
    an_administrator_cancels_it_and_a_reset_makes_it_void,
    an_administrator_has_the_recovery_link_mailed,
    a_deleted_account_leaves_no_recovery_behind,
    where_everybody_needs_a_factor_a_recovery_ends_with_a_new_one,
}

/// A recovery flow of somebody with second factors, up to the question for them.
async fn asked(app: &TestApp) -> (Client, FlowRun, Answer) {
    let client = app.program();
    app.advance(60);
    let recovered = client.recover(JANE).await;
    assert_eq!(recovered.state(), "second_factor", "{recovered}");
    client.take(&recovered);
    let settings = client.follow(&recovered);
    (client, settings, recovered)
}

async fn begun(app: &TestApp) -> Answer {
    let (_, settings, _) = asked(app).await;
    let waits = settings.submit("lost_factors", json!({})).await;
    assert_eq!(waits.goes_on("second_factor").messages(), ["1060003"]);
    waits
}

async fn mail_of(app: &TestApp, kind: &str) -> Mail {
    app.mail_to(JANE).await.into_iter().rfind(|mail| mail.kind == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// The link in a mail that keeps the factors.
fn cancel_url(mail: &Mail) -> String {
    let found = mail.text.split_whitespace().find(|word| word.contains("/account/factor-recovery?token="));
    found.expect("a link").strip_prefix(ORIGIN).expect("our own link").to_owned()
}

/// The page behind the link that keeps the factors, and the answer to its button.
async fn press_keep(app: &TestApp, url: &str) -> (Answer, Option<Answer>) {
    let browser = app.browser();
    let page = browser.get(url).header("accept", "text/html").await;
    let text = page.text();
    let Some((_, rest)) = text.split_once("name=\"csrf_token\" value=\"") else { return (page, None) };
    let csrf = rest.split('"').next().expect("a token").to_owned();
    let (_, token) = url.split_once("token=").expect("a token");
    let form = [("csrf_token", csrf.as_str()), ("token", token)];
    let done = browser.post("/account/factor-recovery").header("accept", "text/html").form(&form).await;
    (page, Some(done))
}

async fn ended_by(app: &TestApp) -> String {
    let told = app.payloads(EventType::UserFactorRecoveryCancelled).await;
    assert_eq!(told.len(), 1, "{told:?}");
    told[0]["by"].as_str().expect("who").to_owned()
}

async fn whoever_lost_everything_says_so_and_is_told_when_it_ends(app: TestApp) {
    let jane = app.secured(JANE).await;
    let (client, settings, first) = asked(&app).await;
    assert_eq!(
        first.node_names(),
        ["totp_code", "method=totp", "recovery_code", "method=recovery_code", "method=lost_factors"]
    );
    let waits = settings.submit("lost_factors", json!({})).await;
    assert_eq!(waits.goes_on("second_factor").messages(), ["1060003"]);
    let until = app.now().plus_seconds(72 * HOUR).to_string();
    assert_eq!(waits.at("/continue_flow/ui/messages/0/context/time"), until);
    assert_eq!(
        waits.node_names(),
        ["totp_code", "method=totp", "recovery_code", "method=recovery_code"],
        "the factors can be used still"
    );
    let told = app.payloads(EventType::UserFactorRecoveryStarted).await;
    assert_eq!(
        (told.len(), &told[0]["by"], &told[0]["user_id"]),
        (1, &json!("self"), &json!(jane.person.id))
    );
    let mail = mail_of(&app, "factor_recovery_started").await;
    assert_eq!(mail.link, "", "what opens the account comes after the wait");
    cancel_url(&mail);
    // Said again, it changes nothing.
    assert_eq!(settings.submit("lost_factors", json!({})).await.messages(), ["1060003"]);
    assert_eq!(app.payloads(EventType::UserFactorRecoveryStarted).await.len(), 1);
    settings.submit("password", json!({ "password": OTHER })).await.refused(Code::StepUnavailable);
    client.get("/v1/me").await.refused(Code::StepUpRequired);
    jane.person.client.whoami().await.ok();
}

async fn a_waiting_recovery_shows_in_every_session(app: TestApp) {
    let jane = app.secured(JANE).await;
    assert!(jane.person.client.get("/v1/me").await.ok().get("factor_recovery").is_none());
    begun(&app).await;
    let me = jane.person.client.get("/v1/me").await;
    assert_eq!(
        (me.at("/factor_recovery/state"), me.at("/factor_recovery/started_by")),
        ("waiting".to_owned(), "self".to_owned())
    );
    app.advance(72 * HOUR);
    let listed = app.admin_key().get(&format!("/v1/identities/{}/factor-recoveries", jane.person.id)).await;
    assert_eq!(listed.at("/factor_recoveries/0/state"), "ready");
}

async fn too_early_nothing_is_removed(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    app.advance(72 * HOUR - 120);
    app.sweep().await;
    let (_, settings, first) = asked(&app).await;
    assert_eq!(first.messages(), ["1060003", "1010003"]);
    let early = settings.submit("lost_factors", json!({ "current_password": PASSWORD })).await;
    assert_eq!(early.goes_on("second_factor").messages(), ["1060003"]);
    let credentials = app.admin_key().get(&format!("/v1/identities/{}", jane.person.id)).await;
    assert_eq!(credentials["mfa_methods"], json!(["totp", "recovery_code"]));
}

async fn after_the_wait_the_link_and_the_password_remove_the_factors(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    app.advance(72 * HOUR);
    app.sweep().await;
    let other = app.program().sign_in_by_code(JANE).await;
    assert_eq!(other.state(), "second_factor");
    let mail = mail_of(&app, "factor_recovery_ready").await;
    let client = app.program();
    let id = mail.link_parameter("flow");
    let flow = client.resume("recovery", &id).await;
    let body = json!({ "token": mail.link_parameter("token") });
    let opened = flow.submit("link", body.clone()).await;
    assert_eq!(opened.state(), "second_factor");
    assert_eq!(opened.node_names(), ["current_password", "method=lost_factors"]);
    assert!(opened.messages().contains(&"1060004".to_owned()));
    flow.submit("link", body).await.refused(Code::FlowGone);
    client.take(&opened);
    let settings = client.follow(&opened);
    settings
        .submit("lost_factors", json!({}))
        .await
        .refused_fields(Code::InputRejected, &[("current_password", "required")]);
    let done = settings.submit("lost_factors", json!({ "current_password": PASSWORD })).await;
    assert_eq!(done.goes_on("show_form").messages(), ["1060002"]);
    jane.person.client.whoami().await.refused(Code::SessionInvalid);
    assert!(app.mail_kinds(JANE).await.contains(&"factor_removed".to_owned()));
    let told = app.payloads(EventType::UserFactorRecoveryCompleted).await;
    assert_eq!((told.len(), told[0]["methods"].clone()), (1, json!(["totp", "recovery_code"])));
    assert!(app.payloads(EventType::UserFactorRecoveryCancelled).await.is_empty());
    let saved = settings.submit("password", json!({ "password": OTHER })).await;
    assert_eq!(saved.goes_on("show_form").at("/session/kind"), "standard");
    app.program().sign_in(JANE, OTHER).await.token();
}

async fn a_wrong_password_removes_nothing_and_counts_as_a_failure(app: TestApp) {
    app.secured(JANE).await;
    begun(&app).await;
    app.advance(73 * HOUR);
    let (_, settings, _) = asked(&app).await;
    for _ in 0..5 {
        let wrong = settings.submit("lost_factors", json!({ "current_password": OTHER })).await;
        wrong.refused(Code::WrongCredentials);
        assert_eq!(wrong.node_messages("current_password"), ["4010001"]);
    }
    let locked = settings.submit("lost_factors", json!({ "current_password": PASSWORD })).await;
    locked.refused(Code::AccountLocked);
    assert!(app.payloads(EventType::UserFactorRecoveryCompleted).await.is_empty());
}

async fn an_account_without_a_password_needs_the_mailbox_and_the_wait(app: TestApp) {
    let jane = app.secured(JANE).await;
    let flow = app.half_signed_in(JANE).await;
    let raised = flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    flow_client_removes_password(&app, &raised).await;
    begun(&app).await;
    app.advance(73 * HOUR);
    let (_, settings, first) = asked(&app).await;
    assert_eq!(first.node_names(), ["method=lost_factors"]);
    settings.submit("lost_factors", json!({})).await.goes_on("show_form");
}

async fn flow_client_removes_password(app: &TestApp, raised: &Answer) {
    let client = app.program().with_token(&raised.token());
    let settings = client.open_with("settings", &[("section", "password")]).await;
    settings.submit("password", json!({ "password_remove": true })).await.goes_on("show_form");
}

async fn the_person_is_reminded_a_day_before(app: TestApp) {
    app.secured(JANE).await;
    begun(&app).await;
    let reminders = async |app: &TestApp| {
        app.sweep().await;
        app.mail_kinds(JANE).await.iter().filter(|kind| *kind == "factor_recovery_reminder").count()
    };
    app.advance(48 * HOUR - 1);
    assert_eq!(reminders(&app).await, 0);
    app.advance(1);
    assert_eq!(reminders(&app).await, 1);
    app.advance(HOUR);
    assert_eq!(reminders(&app).await, 1);
    let (_, pressed) = press_keep(&app, &cancel_url(&mail_of(&app, "factor_recovery_reminder").await)).await;
    pressed.expect("a page with a button").is(200);
    assert_eq!(ended_by(&app).await, "link");
}

async fn a_proven_phone_is_told_at_each_stage_and_its_link_keeps_the_factors(app: TestApp) {
    let jane = app.secured(JANE).await;
    let path = format!("/v1/identities/{}", jane.person.id);
    app.admin_key()
        .patch(&path)
        .json(&json!({ "identity": { "phone": PHONE, "phone_verified": true } }))
        .await
        .ok();
    begun(&app).await;
    assert_eq!(app.latest_mail(PHONE).await.kind, "factor_recovery_started");
    app.advance(48 * HOUR);
    app.sweep().await;
    assert_eq!(app.latest_mail(PHONE).await.kind, "factor_recovery_reminder");
    app.advance(24 * HOUR);
    app.sweep().await;
    let ready = app.latest_mail(PHONE).await;
    assert_eq!(ready.kind, "factor_recovery_ready");
    assert_eq!(ready.link, "", "what removes them goes to the mailbox");
    assert!(ready.text.contains("possible now"), "{}", ready.text);
    let (_, pressed) = press_keep(&app, &cancel_url(&ready)).await;
    pressed.expect("a page with a button").is(200);
    assert_eq!(ended_by(&app).await, "link");
}

async fn the_mailed_link_keeps_the_factors_and_works_once(app: TestApp) {
    app.secured(JANE).await;
    begun(&app).await;
    let url = cancel_url(&mail_of(&app, "factor_recovery_started").await);
    let (page, pressed) = press_keep(&app, &url).await;
    assert!(page.is(200).text().contains(JANE), "a look changes nothing");
    pressed.expect("a page with a button").is(200);
    assert_eq!(ended_by(&app).await, "link");
    let (page, pressed) = press_keep(&app, &url).await;
    assert_eq!((page.status, pressed.is_none()), (410, true));
    mail_of(&app, "factor_recovery_cancelled").await;
    app.advance(73 * HOUR);
    app.sweep().await;
    assert!(!app.mail_kinds(JANE).await.contains(&"factor_recovery_ready".to_owned()));
    let (_, _, first) = asked(&app).await;
    assert!(first.node_names().contains(&"method=lost_factors".to_owned()), "one may begin anew");
    assert!(first.node("totp_code").is_some());
}

async fn any_session_keeps_the_factors(app: TestApp) {
    let jane = app.secured(JANE).await;
    let client = &jane.person.client;
    client.post("/v1/me/factor-recovery:cancel").await.refused(Code::NotFound);
    let (recovering, settings, _) = asked(&app).await;
    settings.submit("lost_factors", json!({})).await.goes_on("second_factor");
    // The recovery itself is no session of the account.
    recovering.post("/v1/me/factor-recovery:cancel").await.refused(Code::StepUpRequired);
    assert_eq!(client.whoami().await.at("/aal"), "aal1");
    let kept = client.post("/v1/me/factor-recovery:cancel").await;
    assert_eq!((kept.at("/state"), kept.at("/finished_by")), ("cancelled".to_owned(), "self".to_owned()));
    client.post("/v1/me/factor-recovery:cancel").await.refused(Code::NotFound);
    assert_eq!(ended_by(&app).await, "self");
}

async fn a_sign_in_with_a_factor_keeps_the_factors(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    let flow = app.half_signed_in(JANE).await;
    flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await.token();
    assert_eq!(ended_by(&app).await, "second_factor");
}

async fn a_factor_used_in_recovery_keeps_the_factors(app: TestApp) {
    let jane = app.secured(JANE).await;
    let (_, settings, _) = asked(&app).await;
    settings.submit("lost_factors", json!({})).await.goes_on("second_factor");
    settings.submit("recovery_code", json!({ "recovery_code": jane.codes[0] })).await.goes_on("show_form");
    assert_eq!(ended_by(&app).await, "second_factor");
}

async fn a_sign_in_without_one_does_not(app: TestApp) {
    app.secured(JANE).await;
    begun(&app).await;
    app.half_signed_in(JANE).await;
    asked(&app).await;
    assert!(app.payloads(EventType::UserFactorRecoveryCancelled).await.is_empty());
}

async fn of_a_completion_and_a_cancellation_one_wins(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    app.advance(73 * HOUR);
    let (_, settings, _) = asked(&app).await;
    let id = jane.person.id.clone();
    let path = format!("/v1/identities/{id}:cancelFactorRecovery");
    let admin = app.admin_key();
    let (done, kept) =
        tokio::join!(settings.submit("lost_factors", json!({ "current_password": PASSWORD })), async {
            admin.post(&path).await
        });
    let completed = app.payloads(EventType::UserFactorRecoveryCompleted).await.len();
    let cancelled = app.payloads(EventType::UserFactorRecoveryCancelled).await.len();
    // Who comes after the cancellation may begin anew, which is an answer, too.
    assert_eq!(completed + cancelled, 1, "{done}, {kept}");
    assert_eq!(kept.status == 200, cancelled == 1, "{kept}");
    let held = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    assert_eq!(held["mfa_methods"] == json!([]), completed == 1);
}

async fn of_two_completions_one_wins(app: TestApp) {
    app.secured(JANE).await;
    begun(&app).await;
    app.advance(73 * HOUR);
    let (_, one, _) = asked(&app).await;
    let (_, other, _) = asked(&app).await;
    let body = json!({ "current_password": PASSWORD });
    let (a, b) = tokio::join!(one.submit("lost_factors", body.clone()), other.submit("lost_factors", body));
    let won = [&a, &b].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{a} {b}");
    assert_eq!(app.payloads(EventType::UserFactorRecoveryCompleted).await.len(), 1);
}

async fn of_two_starts_one_recovery_comes(app: TestApp) {
    let jane = app.secured(JANE).await;
    let (_, settings, _) = asked(&app).await;
    let path = format!("/v1/identities/{}:startFactorRecovery", jane.person.id);
    let admin = app.admin_key();
    let reason = json!({ "reason": "Lost phone" });
    let (_, _) = tokio::join!(settings.submit("lost_factors", json!({})), async {
        admin.post(&path).json(&reason).await
    });
    assert_eq!(app.payloads(EventType::UserFactorRecoveryStarted).await.len(), 1);
    let again = admin.post(&path).json(&reason).await;
    let listed = admin.get(&format!("/v1/identities/{}/factor-recoveries", jane.person.id)).await;
    assert_eq!(again.refused(Code::JobRunning)["id"], listed["factor_recoveries"][0]["id"]);
}

async fn nobody_begins_more_than_three_times_in_a_month(app: TestApp) {
    let jane = app.secured(JANE).await;
    for _ in 0..3 {
        begun(&app).await;
        jane.person.client.post("/v1/me/factor-recovery:cancel").await.ok();
    }
    let (_, settings, _) = asked(&app).await;
    let refused = settings.submit("lost_factors", json!({})).await;
    assert!(refused.refused(Code::TooManyRequests)["retry_after"].as_i64().is_some_and(|s| s > DAY));
}

async fn what_nobody_completes_ends_after_a_week(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    app.advance(72 * HOUR + 7 * DAY);
    let (_, settings, first) = asked(&app).await;
    assert!(first.node("totp_code").is_some(), "too late, even before the sweep");
    app.sweep().await;
    assert_eq!(ended_by(&app).await, "time");
    let listed = app.admin_key().get(&format!("/v1/identities/{}/factor-recoveries", jane.person.id)).await;
    assert_eq!(listed.at("/factor_recoveries/0/state"), "expired");
    settings.submit("lost_factors", json!({})).await.goes_on("second_factor");
    assert_eq!(app.payloads(EventType::UserFactorRecoveryStarted).await.len(), 2);
}

async fn another_address_ends_it(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    let path = format!("/v1/identities/{}", jane.person.id);
    let change = json!({ "identity": { "email": "jd@acme.example", "email_verified": true } });
    app.admin_key().patch(&path).json(&change).await.ok();
    app.advance(73 * HOUR);
    app.sweep().await;
    assert_eq!(ended_by(&app).await, "account_changed");
}

async fn a_tenant_can_leave_it_to_administrators(app: TestApp) {
    let jane = app.secured(JANE).await;
    app.settings(json!({ "factor_recovery_wait_hours": 0 })).await;
    let (_, settings, first) = asked(&app).await;
    assert!(!first.node_names().contains(&"method=lost_factors".to_owned()));
    settings.submit("lost_factors", json!({})).await.refused(Code::MethodDisabled);
    let path = format!("/v1/identities/{}:startFactorRecovery", jane.person.id);
    app.admin_key().post(&path).json(&json!({ "reason": "Lost phone" })).await.ok();
    for hours in [23, 721] {
        let change = json!({ "factor_recovery_wait_hours": hours });
        app.admin_key().patch("/v1/tenant").json(&change).await.refused(Code::ValidationFailed);
    }
}

async fn an_organization_that_asks_for_a_factor_leaves_it_to_administrators(app: TestApp) {
    let jane = app.secured(JANE).await;
    let team = app.team("Acme", "owner@other.example").await;
    team.add(&jane.person.id, "member").await;
    team.holds_domain("acme.example", |_| {}).await;
    managed_by(&app, &jane.person.id, &team).await;
    team.alter(|organization| organization.mfa_required = true).await;
    let (_, settings, first) = asked(&app).await;
    assert!(!first.node_names().contains(&"method=lost_factors".to_owned()));
    settings.submit("lost_factors", json!({})).await.refused(Code::MethodDisabled);
    team.alter(|organization| organization.mfa_required = false).await;
    settings.submit("lost_factors", json!({})).await.goes_on("second_factor");
}

async fn an_administrator_starts_it_and_sees_no_secret(app: TestApp) {
    let jane = app.secured(JANE).await;
    let path = format!("/v1/identities/{}:startFactorRecovery", jane.person.id);
    let body = json!({ "reason": "Lost phone, seen on video", "wait_hours": 0 });
    let started = app.admin_key().post(&path).json(&body).await;
    assert_eq!(
        (started.at("/state"), started.at("/started_by"), started.at("/reason")),
        ("ready".to_owned(), "administrator".to_owned(), "Lost phone, seen on video".to_owned())
    );
    assert!(!started.text().contains("avnl_lnk_") && !started.text().contains("token"), "{started}");
    let me = jane.person.client.get("/v1/me").await;
    assert_eq!(me["factor_recovery"]["reason"], json!(null), "the reason is the administrators'");
    app.sweep().await;
    let mail = mail_of(&app, "factor_recovery_ready").await;
    let client = app.program();
    let flow = client.resume("recovery", &mail.link_parameter("flow")).await;
    let opened = flow.submit("link", json!({ "token": mail.link_parameter("token") })).await;
    client.take(&opened);
    // The administrator vouches: a password that is forgotten, too, is not asked for.
    assert_eq!(opened.node_names(), ["method=lost_factors"]);
    client.follow(&opened).submit("lost_factors", json!({})).await.goes_on("show_form");
}

async fn an_administrator_is_told_why_it_cannot_start(app: TestApp) {
    let admin = app.admin_key();
    let (jane, joe) = (app.account(JANE).await, app.account_with("joe@acme.example", json!({})).await);
    let path = |id: &str| format!("/v1/identities/{id}:startFactorRecovery");
    let body = json!({ "reason": "Lost phone" });
    admin.post(&path(&jane)).json(&json!({})).await.refused(Code::ValidationFailed);
    admin.post(&path(&jane)).json(&json!({ "reason": " " })).await.refused(Code::ValidationFailed);
    let far = json!({ "reason": "Lost phone", "wait_hours": 721 });
    admin.post(&path(&jane)).json(&far).await.refused(Code::ValidationFailed);
    admin.post(&path(&jane)).json(&body).await.refused(Code::FactorNotEnrolled);
    admin.post(&format!("/v1/identities/{joe}:deactivate")).await.ok();
    admin.post(&path(&joe)).json(&body).await.refused(Code::AccountInactive);
    admin.post(&path("usr_01kjpwd6m0emptw6bw4v8qtn83")).json(&body).await.refused(Code::NotFound);
    app.program().post(&path(&jane)).json(&body).await.is(401);
}

async fn managed_by(app: &TestApp, person: &str, team: &avnology_testkit::Team) {
    // The address is of a domain that the organization holds, and the organization has claimed the account.
    let (id, organization) = (person.parse().expect("an id"), team.id.parse().expect("an id"));
    app.tenant()
        .store
        .identity()
        .write(move |tx| {
            let mut identity = avnology_store::identities::identities::get(tx, id)?;
            identity.claimed_by = Some(organization);
            avnology_store::identities::identities::update(
                tx,
                &mut identity,
                avnology_model::Timestamp::default(),
            )
        })
        .await
        .expect("a claim");
}

async fn an_organization_starts_it_for_those_it_manages(app: TestApp) {
    let jane = app.secured(JANE).await;
    let team = app.team("Acme", "owner@other.example").await;
    team.add(&jane.person.id, "member").await;
    let path = format!("/v1/identities/{}:startFactorRecovery", jane.person.id);
    let body = json!({ "reason": "Lost phone" });
    let robot = team.robot(&["identities:write", "identities:read"]).await;
    robot.post(&path).json(&body).await.refused(Code::PermissionDenied);
    let listed = format!("/v1/identities/{}/factor-recoveries", jane.person.id);
    robot.get(&listed).await.refused(Code::PermissionDenied);
    team.holds_domain("acme.example", |_| {}).await;
    managed_by(&app, &jane.person.id, &team).await;
    robot.post(&path).json(&body).await.ok();
    assert_eq!(robot.get(&listed).await.at("/factor_recoveries/0/state"), "waiting");
}

async fn an_administrator_cancels_it_and_a_reset_makes_it_void(app: TestApp) {
    let jane = app.secured(JANE).await;
    let (admin, id) = (app.admin_key(), jane.person.id.clone());
    let cancel = format!("/v1/identities/{id}:cancelFactorRecovery");
    admin.post(&cancel).await.refused(Code::NotFound);
    begun(&app).await;
    let cancelled = admin.post(&cancel).await;
    assert_eq!((cancelled.at("/state"), cancelled.at("/finished_by")), ("cancelled".into(), "admin".into()));
    begun(&app).await;
    admin.post(&format!("/v1/identities/{id}:resetMfa")).await.ok();
    let listed = admin.get(&format!("/v1/identities/{id}/factor-recoveries")).await;
    assert_eq!(listed["factor_recoveries"].as_array().map(Vec::len), Some(2));
    assert_eq!(listed.at("/factor_recoveries/0/state"), "cancelled");
}

async fn an_administrator_has_the_recovery_link_mailed(app: TestApp) {
    let id = app.account(JANE).await;
    let path = format!("/v1/identities/{id}:sendRecovery");
    let sent = app.admin_key().post(&path).await;
    assert_eq!(
        sent.ok().as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()),
        Some(vec!["expires_at".to_owned(), "flow_id".to_owned()])
    );
    let mail = app.latest_mail(JANE).await;
    assert_eq!(mail.kind, "recovery");
    let flow = app.program().resume("recovery", &sent.at("/flow_id")).await;
    let recovered = flow.submit("code", json!({ "code": mail.code })).await;
    assert_eq!(recovered.goes_on("show_form").at("/session/kind"), "recovery");
    assert_eq!(app.payloads(EventType::UserRecoveryRequested).await.len(), 1);
    app.limit("message.address", 1, 3_600).await;
    app.advance(3_600);
    app.admin_key().post(&path).await.ok();
    app.admin_key().post(&path).await.refused(Code::TooManyRequests);
    app.admin_key().post(&format!("/v1/identities/{id}:deactivate")).await.ok();
    app.admin_key().post(&path).await.refused(Code::AccountInactive);
}

async fn a_deleted_account_leaves_no_recovery_behind(app: TestApp) {
    let jane = app.secured(JANE).await;
    begun(&app).await;
    let mail = mail_of(&app, "factor_recovery_started").await;
    app.admin_key().delete(&format!("/v1/identities/{}?force=true", jane.person.id)).await.no_content();
    let (page, _) = press_keep(&app, &cancel_url(&mail)).await;
    page.is(410);
    app.advance(73 * HOUR);
    app.sweep().await;
}

async fn where_everybody_needs_a_factor_a_recovery_ends_with_a_new_one(app: TestApp) {
    app.secured(JANE).await;
    app.settings(json!({ "mfa_required": true })).await;
    begun(&app).await;
    app.advance(73 * HOUR);
    let (client, settings, _) = asked(&app).await;
    settings.submit("lost_factors", json!({ "current_password": PASSWORD })).await.goes_on("show_form");
    let saved = settings.submit("password", json!({ "password": OTHER })).await;
    assert_eq!(saved.goes_on("enroll_factor").at("/continue_flow/type"), "login");
    assert!(saved["session_token"].is_null(), "{saved}");
    client.get("/v1/me").await.refused(Code::StepUpRequired);
    let old = client.token();
    let key = Authenticator::of(&saved);
    let done = client.follow(&saved).submit("totp", json!({ "totp_code": key.code(app.now()) })).await;
    assert_eq!(
        (done.at("/session/kind"), done.at("/session/aal")),
        ("standard".to_owned(), "aal2".to_owned())
    );
    app.program().with_token(&old).whoami().await.refused(Code::SessionInvalid);
    client.take(&done);
    assert_eq!(client.get("/v1/me").await["mfa_methods"], json!(["totp", "recovery_code"]));
}

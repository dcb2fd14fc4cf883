//! Sign-in by a mailed link: `contract/11` §4.3.

use avnology_model::Code;
use avnology_testkit::{Answer, Client, FlowRun, Mail, PASSWORD, TestApp, on_both_engines, winners};
use serde_json::json;

const JANE: &str = "jane@acme.example";

on_both_engines! {
    a_link_signs_in_the_browser_that_asked_for_it,
    opening_a_link_as_a_mail_scanner_does_changes_nothing,
    a_link_in_another_browser_signs_that_one_in_and_never_the_first,
    a_link_works_once_and_for_ten_minutes,
    of_two_who_press_the_button_at_once_one_signs_in,
    a_forged_link_is_refused,
    a_program_gets_link_and_code_and_goes_on_with_the_code,
    the_button_needs_its_form_token,
    an_account_whose_address_was_not_proven_starts_anew_by_link,
}

async fn asked(app: &TestApp, client: &Client) -> (FlowRun, Mail) {
    let flow = client.open_with("login", &[("return_to", "/account/sessions")]).await;
    let sent = flow.submit("link", json!({ "identifier": JANE })).await;
    assert_eq!(sent.goes_on("sent_email").messages(), ["1010005"]);
    let mail = app.latest_mail(JANE).await;
    assert_eq!(mail.kind, "sign_in_link");
    assert!(
        mail.link
            .starts_with(&format!("https://id.example.com/sign-in/link?flow={}&token=avnl_lnk_", flow.id)),
        "{mail:?}"
    );
    (flow, mail)
}

/// Presses the button of the page that the link opens.
async fn press(browser: &Client, mail: &Mail) -> Answer {
    let flow = mail.link_parameter("flow");
    let body = json!({ "token": mail.link_parameter("token"), "csrf_token": browser.csrf_of(&flow) });
    browser
        .post(&format!("/v1/flows/login/{flow}:submit"))
        .json(&json!({ "method": "link", "body": body }))
        .await
}

async fn open(browser: &Client, mail: &Mail) -> Answer {
    browser.get(mail.link.trim_start_matches("https://id.example.com")).header("accept", "text/html").await
}

async fn a_link_signs_in_the_browser_that_asked_for_it(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    let (_, mail) = asked(&app, &browser).await;
    assert!(mail.code.is_empty(), "one thing to do: {mail:?}");
    let page = open(&browser, &mail).await;
    assert!(page.is(200).text().contains("<form") && page.text().contains(JANE), "{page}");
    browser.whoami().await.refused(Code::SessionInvalid);
    let done = press(&browser, &mail).await;
    assert_eq!(
        (done.at("/session/authentication_methods/0/method"), done.at("/redirect_to")),
        ("link".to_owned(), "/account/sessions".to_owned())
    );
    assert_eq!(browser.whoami().await.at("/identity/email"), JANE);
}

async fn opening_a_link_as_a_mail_scanner_does_changes_nothing(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    let (flow, mail) = asked(&app, &browser).await;
    let scanner = app.program().as_agent("Scanner/1.0");
    for method in ["GET", "HEAD", "GET"] {
        let path = mail.link.trim_start_matches("https://id.example.com");
        let opened = scanner.call(method, path).await;
        assert!(opened.set_cookies().iter().all(|c| !c.contains("session")), "{opened}");
    }
    assert_eq!(flow.read().await.state(), "sent_email");
    press(&browser, &mail).await.ok();
}

async fn a_link_in_another_browser_signs_that_one_in_and_never_the_first(app: TestApp) {
    app.account(JANE).await;
    let (first, second) = (
        app.browser(),
        app.browser().as_agent("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"),
    );
    let (flow, mail) = asked(&app, &first).await;
    let page = open(&second, &mail).await;
    assert!(page.is(200).text().contains("Firefox on Linux"), "who asked for it is shown: {page}");
    let done = press(&second, &mail).await;
    done.ok();
    assert!(done["redirect_to"].as_str().is_none_or(|to| to == "/account"), "to the account: {done}");
    assert_eq!(second.whoami().await.at("/identity/email"), JANE);
    first.whoami().await.refused(Code::SessionInvalid);
    let told = flow.read().await;
    assert_eq!(told.refused(Code::FlowGone)["detail"], "You signed in on another device.");
}

async fn a_link_works_once_and_for_ten_minutes(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    let (_, mail) = asked(&app, &browser).await;
    press(&browser, &mail).await.ok();
    press(&browser, &mail).await.refused(Code::FlowGone);
    app.advance(60);
    let other = app.browser();
    let (_, mail) = asked(&app, &other).await;
    app.advance(600);
    press(&other, &mail).await.refused(Code::CodeExpired);
    other.whoami().await.refused(Code::SessionInvalid);
}

async fn of_two_who_press_the_button_at_once_one_signs_in(app: TestApp) {
    app.account(JANE).await;
    let (first, second) = (app.browser(), app.browser());
    second.open("login").await;
    let (_, mail) = asked(&app, &first).await;
    let tries: Vec<_> = [first, second]
        .into_iter()
        .map(|browser| {
            let mail = mail.clone();
            tokio::spawn(async move { press(&browser, &mail).await })
        })
        .collect();
    assert_eq!(winners(tries, &[Code::FlowGone, Code::CodeExpired]).await, 1);
}

async fn a_forged_link_is_refused(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    let (flow, mail) = asked(&app, &browser).await;
    let token = mail.link_parameter("token");
    for forged in ["", "nonsense", &token[..50], "avnl_lnk_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg000000"]
    {
        let answer = flow.submit("link", json!({ "token": forged })).await;
        assert_ne!(answer.status, 200, "{answer}");
    }
    assert_eq!(flow.read().await.state(), "sent_email");
    press(&browser, &mail).await.ok();
}

async fn a_program_gets_link_and_code_and_goes_on_with_the_code(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let (flow, mail) = asked(&app, &client).await;
    assert_eq!(mail.code.len(), 6, "{mail:?}");
    flow.submit("code", json!({ "code": mail.code })).await.token();
}

async fn the_button_needs_its_form_token(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    let (flow, mail) = asked(&app, &browser).await;
    let body = json!({ "method": "link", "body": { "token": mail.link_parameter("token") } });
    browser.post(&flow.submit_path()).json(&body).await.refused(Code::CsrfFailed);
    app.program().post(&flow.submit_path()).json(&body).await.refused(Code::CsrfFailed);
    browser
        .post(&flow.submit_path())
        .json(&body)
        .header("sec-fetch-site", "cross-site")
        .await
        .refused(Code::CsrfFailed);
    press(&browser, &mail).await.ok();
}

async fn an_account_whose_address_was_not_proven_starts_anew_by_link(app: TestApp) {
    let mallory = app.program();
    mallory.register(JANE).await.token();
    app.advance(60);
    let browser = app.browser();
    let (_, mail) = asked(&app, &browser).await;
    press(&browser, &mail).await.ok();
    mallory.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    assert_eq!(browser.get("/v1/me").await.ok()["email_verified"], true);
}

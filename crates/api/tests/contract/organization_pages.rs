//! The pages of organizations as browsers get them: who sees which, forms without scripts, and no trace for those who
//! belong to none (`contract/95` §§1, 3, 4).

use avnology_testkit::{Answer, Person, Team, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    people_without_memberships_meet_no_trace_of_organizations,
    pages_of_an_organization_are_not_there_for_strangers,
    a_member_without_the_permission_is_told_so,
    a_team_is_created_and_entered,
    a_team_is_created_by_those_who_may,
    the_switcher_changes_session_and_cookie_together,
    the_list_of_sessions_says_for_which_organization_each_acts,
    members_are_searched_changed_and_removed,
    people_are_invited_by_mail_and_by_link,
    an_invitation_leaves_the_address_bar_and_is_accepted,
    an_invitation_that_is_over_says_why,
    memberships_are_left_and_invitations_answered,
    keys_are_shown_once_and_ended,
    settings_are_saved_and_flaws_stand_beside_their_fields,
    owners_hand_over_delete_and_keep,
    forms_without_their_token_change_nothing,
    who_signed_in_too_weakly_for_an_organization_is_led_to_a_better_way,
}

async fn who_signed_in_too_weakly_for_an_organization_is_led_to_a_better_way(app: TestApp) {
    let (team, jane) = team(&app).await;
    let by_code = json!({ "allowed_methods": ["code"] });
    app.admin_key().patch(&team.path("")).json(&by_code).await.ok();
    let refused = jane.client.get("/organizations/acme/members").header("accept", "text/html").await;
    let query = "refresh=true&organization_id=acme&return_to=%2Forganizations%2Facme%2Fmembers";
    let link = format!("/sign-in?{}", query.replace('&', "&amp;"));
    assert!(refused.is(403).text().replace("&#38;", "&amp;").contains(&link), "{refused}");
    let opened = jane.client.get(&format!("/sign-in?{query}")).await;
    let shown = jane.client.get(opened.is(303).header("location")).await;
    assert!(shown.is(200).text().contains("Acme") && !shown.text().contains("name=\"password\""), "{shown}");
}

/// Somebody at a browser, signed in with a cookie.
async fn at_browser(app: &TestApp, email: &str) -> Person {
    app.browsing(email).await
}

/// The form token of a page.
fn token(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("name=\"csrf_token\" value=\"").expect("a form");
    rest.split('"').next().expect("a token").to_owned()
}

pub(crate) async fn post(person: &Person, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
    let shown = person.client.get(page).await;
    let token = token(&shown);
    let mut all = vec![("csrf_token", token.as_str())];
    all.extend_from_slice(fields);
    person.client.post(action).form(&all).await
}

/// A team whose owner sits at a browser.
pub(crate) async fn team(app: &TestApp) -> (Team, Person) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = app.browser().signed_in("jane@acme.example").await;
    (team, jane)
}

/// A member of the team at a browser.
pub(crate) async fn member(app: &TestApp, team: &Team, email: &str, role: &str) -> Person {
    let person = at_browser(app, email).await;
    team.add(&person.id, role).await;
    person
}

fn state(page: &Answer) -> (String, String) {
    let text = page.text();
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    (value("data-page"), value("data-state"))
}

pub(crate) fn is_page(page: &Answer, name: &str, wanted: &str) {
    assert_eq!(state(page), (name.to_owned(), wanted.to_owned()), "{page}");
}

async fn people_without_memberships_meet_no_trace_of_organizations(app: TestApp) {
    app.team("Acme", "jane@acme.example").await;
    let bill = at_browser(&app, "bill@example.com").await;
    for path in ["/account", "/account/profile", "/account/security", "/account/sessions", "/sign-out"] {
        let mut page = bill.client.get(path).await;
        if page.status == 303 {
            page = bill.client.get(page.header("location")).await;
        }
        page.is(200);
        let text = page.text().to_lowercase();
        for word in ["organization", "organisation", "team", "acme"] {
            assert!(!text.contains(word), "{path} says {word}");
        }
    }
    bill.client.get("/account/organizations").await.is(404);
}

async fn pages_of_an_organization_are_not_there_for_strangers(app: TestApp) {
    let (team, jane) = team(&app).await;
    let bill = at_browser(&app, "bill@example.com").await;
    for below in [
        "",
        "/members",
        "/invitations",
        "/groups",
        "/groups/new",
        "/roles",
        "/roles/new",
        "/domains",
        "/api-keys",
        "/settings",
        "/ownership",
        "/deletion",
    ] {
        for name in [team.id.as_str(), team.slug.as_str(), "nowhere"] {
            bill.client.get(&format!("/organizations/{name}{below}")).await.is(404);
        }
        jane.client.get(&format!("/organizations/{}{below}", team.slug)).await.is(200);
        let visitor = app.browser().get(&format!("/organizations/{}{below}", team.slug)).await;
        assert!(visitor.is(303).header("location").starts_with("/sign-in?return_to="), "{visitor}");
    }
}

async fn a_member_without_the_permission_is_told_so(app: TestApp) {
    let (team, _) = team(&app).await;
    let bill = member(&app, &team, "bill@acme.example", "member").await;
    let overview = bill.client.get(&format!("/organizations/{}", team.slug)).await;
    is_page(&overview, "organization", "overview");
    assert!(!overview.text().contains("/settings\""), "no entry without the permission");
    for below in ["/settings", "/api-keys", "/deletion", "/domains", "/roles/new", "/groups/new"] {
        let path = format!("/organizations/{}{below}", team.slug);
        let page = bill.client.get(&path).header("accept", "text/html").await;
        is_page(page.is(403), "error", "error");
        assert!(page.text().contains(&format!("/organizations/{}\"", team.slug)), "a way on: {page}");
    }
    for below in ["/roles", "/groups"] {
        let list = bill.client.get(&format!("/organizations/{}{below}", team.slug)).await;
        assert!(!list.is(200).text().contains(&format!("{below}/new")), "{list}");
    }
    let list = bill.client.get(&format!("/organizations/{}/members", team.slug)).await;
    assert!(list.is(200).text().contains("jane@acme.example") && !list.text().contains("Manage"));
}

async fn a_team_is_created_and_entered(app: TestApp) {
    let jane = at_browser(&app, "jane@acme.example").await;
    let page = jane.client.get("/organizations/new").await;
    is_page(&page, "organization-new", "form");
    let fields = [("name", "Acme Corporation"), ("slug", ""), ("action", "check")];
    let checked = post(&jane, "/organizations/new", "/organizations/new", &fields).await;
    is_page(checked.is(200), "organization-new", "checked");
    assert!(checked.text().contains("/organizations/acme-corporation is free"), "{checked}");
    let flawed =
        post(&jane, "/organizations/new", "/organizations/new", &[("name", ""), ("slug", "A B")]).await;
    assert!(flawed.is(400).text().contains("id=\"slug-error\""), "{flawed}");
    let made =
        post(&jane, "/organizations/new", "/organizations/new", &[("name", "Acme"), ("slug", "acme")]).await;
    assert_eq!(made.is(303).header("location"), "/organizations/acme/invitations?done=created");
    let invite = jane.client.get("/organizations/acme/invitations?done=created").await;
    is_page(&invite, "organization-invitations", "empty");
    assert!(invite.text().contains("Your team is ready"), "{invite}");
    let whoami = jane.client.get("/v1/sessions/whoami").await;
    assert!(whoami["organization"].is_object(), "the session acts for it: {whoami}");
    let again =
        post(&jane, "/organizations/new", "/organizations/new", &[("name", "Acme"), ("slug", "acme")]).await;
    assert!(again.is(409).text().contains("id=\"slug-error\""), "{again}");
}

async fn a_team_is_created_by_those_who_may(app: TestApp) {
    let jane = at_browser(&app, "jane@acme.example").await;
    app.settings(json!({ "organization_creation": "admins" })).await;
    let page = jane.client.get("/organizations/new").await;
    is_page(page.is(403), "organization-new", "closed");
    app.settings(json!({ "organization_creation": "anyone" })).await;
    is_page(&jane.client.get("/organizations/new").await, "organization-new", "form");
}

async fn the_switcher_changes_session_and_cookie_together(app: TestApp) {
    let (acme, jane) = team(&app).await;
    let made = acme.owner.client.post("/v1/organizations").json(&json!({ "name": "Initech" })).await;
    let initech = made.at("/id");
    let account = jane.client.get("/account").await.text();
    assert!(
        account.contains(">Personal<") && account.contains("Initech") && account.contains("form=\"switch\"")
    );
    let switch = |name: String| {
        let jane = jane.clone();
        async move {
            let fields = [("action", "switch"), ("organization", name.as_str())];
            post(&jane, "/account", "/account/organizations", &fields).await
        }
    };
    assert_eq!(switch(initech.clone()).await.is(303).header("location"), "/organizations/initech");
    assert_eq!(jane.client.cookie("X-Avnology-Org"), Some(initech.clone()));
    let whoami = jane.client.get("/v1/sessions/whoami").await;
    assert_eq!(whoami.header("x-avnology-org"), initech);
    // The page of another one is about that one, whatever the cookie says: tabs do not disturb each other.
    let other = jane.client.get(&format!("/organizations/{}", acme.slug)).await;
    assert_eq!(other.header("x-avnology-org"), acme.id);
    assert_eq!(switch("personal".to_owned()).await.is(303).header("location"), "/account");
    assert!(jane.client.cookie("X-Avnology-Org").is_none_or(|value| value.is_empty()));
    let foreign = switch("org_01kjpwdk93e6yrn4jvq0b9zr89".to_owned()).await;
    assert_eq!(foreign.is(303).header("location"), "/account/organizations?failed=302");
}

async fn the_list_of_sessions_says_for_which_organization_each_acts(app: TestApp) {
    let (team, jane) = team(&app).await;
    let elsewhere = app.browser().signed_in("jane@acme.example").await;
    let switch = async |person: &Person, name: &str| {
        let fields = [("action", "switch"), ("organization", name)];
        post(person, "/account", "/account/organizations", &fields).await.is(303);
    };
    let told =
        async || jane.client.get("/account/sessions").await.is(200).text().matches("Acts for Acme").count();
    assert_eq!(told().await, 0, "neither acts for anybody");
    switch(&elsewhere, &team.id).await;
    assert_eq!(told().await, 0, "what is personal names no organization");
    switch(&jane, &team.id).await;
    assert_eq!(told().await, 2);
    switch(&elsewhere, "personal").await;
    assert_eq!(told().await, 1);
}

async fn members_are_searched_changed_and_removed(app: TestApp) {
    let (team, jane) = team(&app).await;
    app.advance(1);
    let bill = team.member("bill@acme.example", "member").await;
    team.member("ann@acme.example", "admin").await;
    let list = format!("/organizations/{}/members", team.slug);
    let found = jane.client.get(&format!("{list}?q=BILL&role=&state=")).await.text();
    assert!(found.contains("bill@acme.example") && !found.contains("ann@acme.example"), "{found}");
    let admins = jane.client.get(&format!("{list}?role=admin&state=active")).await.text();
    assert!(admins.contains("ann@acme.example") && !admins.contains("bill@acme.example"), "{admins}");
    is_page(&jane.client.get(&format!("{list}?q=nobody")).await, "organization-members", "empty");
    assert_eq!(jane.client.get(&format!("{list}?state=asleep")).await.is(303).header("location"), list);
    let first = jane.client.get(&format!("{list}?page_size=1")).await.text();
    let next = first.split("href=\"").find(|part| part.contains("page_token=")).expect("a next page");
    let next = next.split('"').next().unwrap_or_default().replace("&#38;", "&");
    let second = jane.client.get(&next).await.is(200).text();
    assert!(!second.contains(">You</span>") && second.contains("Manage"), "{next}: {second}");

    let one = format!("{list}/{}", bill.id);
    let role = post(&jane, &one, &one, &[("action", "role"), ("role", "admin")]).await;
    assert_eq!(role.is(303).header("location"), format!("{one}?done=role"));
    post(&jane, &one, &one, &[("action", "suspend")]).await.is(303);
    is_page(&jane.client.get(&one).await, "organization-member", "suspended");
    post(&jane, &one, &one, &[("action", "activate")]).await.is(303);
    let removed = post(&jane, &one, &one, &[("action", "remove")]).await;
    assert_eq!(removed.is(303).header("location"), format!("{list}?done=removed"));
    jane.client.get(&one).await.is(404);

    let own = format!("{list}/{}", jane.id);
    let refused = post(&jane, &own, &own, &[("action", "role"), ("role", "member")]).await;
    assert_eq!(refused.is(303).header("location"), format!("{own}?failed=305"));
    assert!(jane.client.get(&format!("{own}?failed=305")).await.text().contains("the last owner"));
}

async fn people_are_invited_by_mail_and_by_link(app: TestApp) {
    let (team, jane) = team(&app).await;
    let url = format!("/organizations/{}/invitations", team.slug);
    let invite = |emails: &'static str, delivery: &'static str| {
        let (jane, url) = (jane.clone(), url.clone());
        async move {
            let fields =
                [("action", "invite"), ("emails", emails), ("role", "member"), ("delivery", delivery)];
            post(&jane, &url, &url, &fields).await
        }
    };
    let mailed = invite("bill@partner.example, ann@partner.example\nzoe@partner.example", "email").await;
    assert_eq!(mailed.is(303).header("location"), format!("{url}?done=invited"));
    for email in ["bill@partner.example", "ann@partner.example", "zoe@partner.example"] {
        assert!(app.latest_mail(email).await.link.contains("/invitations/avnl_inv_"));
        assert!(jane.client.get(&url).await.text().contains(email));
    }
    let twice = invite("bill@partner.example new@partner.example no-address", "email").await;
    let text = twice.is(400).text();
    assert!(text.contains("invited already") && text.contains("id=\"emails-error\""), "{text}");
    assert!(
        text.contains(">\nbill@partner.example\nno-address</textarea>"),
        "what was refused stays: {text}"
    );
    let linked = invite("liz@partner.example", "link").await;
    is_page(linked.is(200), "organization-invitations", "links");
    assert!(linked.text().contains("/invitations/avnl_inv_"));
    assert!(!jane.client.get(&url).await.text().contains("/invitations/avnl_inv_"), "it is shown once");
    invite("", "email").await.is(400);

    let list = team.owner.client.get(&team.path("/invitations")).await;
    let id = list["invitations"][0]["id"].as_str().expect("an id").to_owned();
    let revoked = post(&jane, &url, &url, &[("action", "revoke"), ("invitation", &id)]).await;
    assert_eq!(revoked.is(303).header("location"), format!("{url}?done=revoked"));
    let over = post(&jane, &url, &url, &[("action", "resend"), ("invitation", &id)]).await;
    assert_eq!(over.is(303).header("location"), format!("{url}?failed=910"));
}

async fn invited(team: &Team, email: &str) -> String {
    let body = json!({ "email": email, "delivery": "link" });
    let made = team.owner.client.post(&team.path("/invitations")).json(&body).await;
    made.created();
    let url = made.at("/accept_url");
    url[url.find("/invitations/").expect("a page")..].to_owned()
}

async fn an_invitation_leaves_the_address_bar_and_is_accepted(app: TestApp) {
    let (team, jane) = team(&app).await;
    let link = invited(&team, "bill@partner.example").await;
    let stranger = app.browser();
    assert_eq!(stranger.get(&link).await.is(303).header("location"), "/invitations");
    let page = stranger.get("/invitations").await;
    is_page(&page, "invitation", "sign_up");
    assert!(!page.text().contains("avnl_inv_") && page.text().contains("Acme"), "{page}");
    let bill = at_browser(&app, "bill@partner.example").await;
    is_page(&stranger.get("/invitations").await, "invitation", "sign_in");

    jane.client.get(&link).await.is(303);
    is_page(&jane.client.get("/invitations").await, "invitation", "wrong_account");
    bill.client.get(&link).await.is(303);
    is_page(&bill.client.get("/invitations").await, "invitation", "preview");
    let joined = post(&bill, "/invitations", "/invitations", &[("action", "accept")]).await;
    assert_eq!(joined.is(303).header("location"), format!("/organizations/{}?done=joined", team.slug));
    let there = bill.client.get(&format!("/organizations/{}?done=joined", team.slug)).await;
    assert!(there.is(200).text().contains("You belong to it now"));
    stranger.get(&link).await.is(303);
    is_page(stranger.get("/invitations").await.is(410), "invitation", "used");
}

async fn an_invitation_that_is_over_says_why(app: TestApp) {
    let (team, _) = team(&app).await;
    let visitor = app.browser();
    is_page(visitor.get("/invitations").await.is(410), "invitation", "unknown");
    let link = invited(&team, "bill@partner.example").await;
    visitor.get(&link).await.is(303);
    let page = visitor.get("/invitations").await;
    let form = [("csrf_token", token(&page)), ("action", "decline".to_owned())];
    let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    is_page(visitor.post("/invitations").form(&pairs).await.is(200), "invitation", "declined");
    visitor.get(&link).await.is(303);
    is_page(visitor.get("/invitations").await.is(410), "invitation", "revoked");
    let link = invited(&team, "ann@partner.example").await;
    app.advance(8 * 86_400);
    visitor.get(&link).await.is(303);
    is_page(visitor.get("/invitations").await.is(410), "invitation", "expired");
}

async fn memberships_are_left_and_invitations_answered(app: TestApp) {
    let (team, _) = team(&app).await;
    let bill = at_browser(&app, "bill@partner.example").await;
    invited(&team, "bill@partner.example").await;
    let mine = "/account/organizations";
    let page = bill.client.get(mine).await;
    is_page(&page, "account-organizations", "list");
    let list = team.owner.client.get(&team.path("/invitations")).await;
    let id = list["invitations"][0]["id"].as_str().expect("an id").to_owned();
    let accepted = post(&bill, mine, mine, &[("action", "accept"), ("invitation", &id)]).await;
    assert_eq!(accepted.is(303).header("location"), format!("/organizations/{}?done=joined", team.slug));
    assert_eq!(bill.client.cookie("X-Avnology-Org"), Some(team.id.clone()));
    is_page(&bill.client.get(&format!("{mine}?leave={}", team.id)).await, "account-organizations", "leave");
    let left = post(&bill, mine, mine, &[("action", "leave"), ("organization", &team.id)]).await;
    assert_eq!(left.is(303).header("location"), "/account");
    assert!(bill.client.cookie("X-Avnology-Org").is_none_or(|value| value.is_empty()));
    bill.client.get(mine).await.is(404);
    assert!(!bill.client.get("/account").await.text().to_lowercase().contains("organization"));
}

async fn keys_are_shown_once_and_ended(app: TestApp) {
    let (team, jane) = team(&app).await;
    let url = format!("/organizations/{}/api-keys", team.slug);
    is_page(&jane.client.get(&url).await, "organization-api-keys", "empty");
    let fields = [("action", "create"), ("name", "Import"), ("days", "90"), ("scope:members:read", "true")];
    let made = post(&jane, &url, &url, &fields).await;
    is_page(made.is(200), "organization-api-keys", "created");
    let text = made.text();
    let (_, rest) = text.split_once("id=\"secret\">").expect("the key");
    let key = rest.split('<').next().expect("a key").to_owned();
    let program = app.program().with_token(&key);
    program.get(&team.path("/members")).await.ok();
    program.get(&team.path("/invitations")).await.ok();
    program.get(&team.path("/api-keys")).await.is(403);
    assert!(!jane.client.get(&url).await.text().contains(&key), "it is shown once");
    let flawed = post(&jane, &url, &url, &[("action", "create"), ("name", ""), ("days", "")]).await;
    assert!(flawed.is(400).text().contains("id=\"name-error\""), "{flawed}");
    let keys = team.owner.client.get(&team.path("/api-keys")).await;
    let id = keys["keys"][0]["id"].as_str().expect("an id").to_owned();
    let rotated = post(&jane, &url, &url, &[("action", "rotate"), ("key", &id)]).await;
    is_page(rotated.is(200), "organization-api-keys", "created");
    let ended = post(&jane, &url, &url, &[("action", "revoke"), ("key", &id)]).await;
    assert_eq!(ended.is(303).header("location"), format!("{url}?done=revoked"));
    program.get(&team.path("/members")).await.is(401);
}

async fn settings_are_saved_and_flaws_stand_beside_their_fields(app: TestApp) {
    let (team, jane) = team(&app).await;
    let url = format!("/organizations/{}/settings", team.slug);
    let page = jane.client.get(&url).await.text();
    let (_, rest) = page.split_once("name=\"etag\" value=\"").expect("a version");
    let etag = rest.split('"').next().expect("a version").to_owned();
    let fields = |name: &'static str, hours: &'static str| {
        vec![
            ("name", name),
            ("registration_mode", "public"),
            ("default_role", "member"),
            ("method_password", "true"),
            ("method_code", "true"),
            ("idle_hours", hours),
        ]
    };
    let mut good = fields("Acme Ltd", "8");
    good.push(("etag", &etag));
    let saved = post(&jane, &url, &url, &good).await;
    assert_eq!(saved.is(303).header("location"), format!("{url}?done=saved"));
    let now = team.owner.client.get(&team.path("")).await;
    assert_eq!((now.at("/name"), now.at("/registration_mode")), ("Acme Ltd".to_owned(), "public".to_owned()));
    assert_eq!(now["session_policy"]["idle_timeout_seconds"], 28_800);
    assert_eq!(now["allowed_methods"], json!(["password", "code"]));
    assert!(jane.client.get(&url).await.text().contains("Anyone who has an account"));
    // The version is not the one that the form was made of any more.
    post(&jane, &url, &url, &good).await.is(412);
    for (field, value) in [("idle_hours", "500"), ("idle_hours", "x")] {
        let mut bad = fields("Acme Ltd", value);
        let etag = now.at("/etag");
        bad.push(("etag", &etag));
        let refused = post(&jane, &url, &url, &bad).await;
        assert!(refused.is(400).text().contains(&format!("id=\"{field}-error\"")), "{refused}");
    }
}

async fn owners_hand_over_delete_and_keep(app: TestApp) {
    let (team, jane) = team(&app).await;
    let bill = member(&app, &team, "bill@acme.example", "admin").await;
    let base = format!("/organizations/{}", team.slug);
    let (ownership, deletion) = (format!("{base}/ownership"), format!("{base}/deletion"));
    let given =
        post(&jane, &ownership, &ownership, &[("identity_id", &bill.id), ("keep_role", "admin")]).await;
    assert_eq!(given.is(303).header("location"), format!("{base}?done=transferred"));
    jane.client.get(&deletion).await.is(403);
    let wrong = post(&bill, &deletion, &deletion, &[("action", "delete"), ("name", "acme")]).await;
    assert!(wrong.is(400).text().contains("id=\"name-error\""), "{wrong}");
    let gone = post(&bill, &deletion, &deletion, &[("action", "delete"), ("name", "Acme")]).await;
    assert_eq!(gone.is(303).header("location"), format!("{base}?done=deleting"));
    is_page(&bill.client.get(&base).await, "organization", "deleting");
    jane.client.get(&base).await.is(403);
    let kept = post(&bill, &deletion, &deletion, &[("action", "restore")]).await;
    assert_eq!(kept.is(303).header("location"), format!("{base}?done=restored"));
    jane.client.get(&base).await.is(200);
    // A sign-in that is not fresh is repeated first, and leads back.
    app.advance(3_600);
    let stale = bill.client.get(&deletion).await;
    assert!(stale.is(303).header("location").starts_with("/sign-in?refresh=true&return_to="), "{stale}");
}

async fn forms_without_their_token_change_nothing(app: TestApp) {
    let (team, jane) = team(&app).await;
    let base = format!("/organizations/{}", team.slug);
    for path in [
        "/organizations/new".to_owned(),
        "/account/organizations".to_owned(),
        format!("{base}/members/{}", jane.id),
        format!("{base}/invitations"),
        format!("{base}/groups/new"),
        format!("{base}/roles/new"),
        format!("{base}/domains"),
        format!("{base}/api-keys"),
        format!("{base}/settings"),
        format!("{base}/ownership"),
        format!("{base}/deletion"),
    ] {
        for forged in [&[("action", "delete")][..], &[("csrf_token", "forged"), ("action", "delete")]] {
            jane.client.post(&path).form(forged).await.is(403);
        }
    }
    jane.client.get(&base).await.is(200);
}

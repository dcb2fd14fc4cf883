//! Organizations in OAuth (`contract/30` §7).

use avnology_testkit::{Answer, Client, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Back, challenge_of, csrf_of, jane, own_app, refused, verified};

on_both_engines! {
    tokens_are_for_the_organization_that_was_asked_for,
    a_client_without_organizations_gets_none,
    a_client_that_needs_one_gets_the_only_one,
    several_are_chosen_from_and_the_session_stays_where_it_is,
    an_organization_that_the_client_is_not_for_is_denied,
    who_is_no_member_may_join_where_the_rules_let_them,
    who_belongs_to_none_is_told_so,
    nothing_is_chosen_in_silence,
    an_organization_that_wants_two_factors_asks_for_them,
    a_refresh_switches_the_organization,
    a_lost_membership_ends_the_tokens,
}

async fn choose(browser: &Client, challenge: &str, organization: &str) -> Answer {
    let page = browser.get(&format!("/select-organization?login_challenge={challenge}")).await;
    let token = csrf_of(&page);
    let form =
        [("csrf_token", token.as_str()), ("login_challenge", challenge), ("organization", organization)];
    browser.post("/select-organization").form(&form).await
}

async fn tokens_are_for_the_organization_that_was_asked_for(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    team.add(&jane.id, "member").await;
    let tokens = client.tokens(&jane.client, &[("organization_id", &team.slug)]).await;
    for (token, typ) in [("/access_token", "at+jwt"), ("/id_token", "JWT")] {
        let claims = verified(&app, &tokens.at(token), typ).await;
        assert_eq!(
            (claims["org_id"].clone(), claims["org_slug"].clone()),
            (json!(team.id), json!(team.slug))
        );
        assert_eq!(
            (claims["org_name"].clone(), claims["org_role"].clone()),
            (json!("Acme"), json!("member"))
        );
    }
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert!(access["permissions"].as_array().is_some_and(|list| list.contains(&json!("members:read"))));
    assert_eq!(access["organization_id"], json!(team.id));
    let bearer = format!("Bearer {}", tokens.at("/access_token"));
    let info = app.program().get("/userinfo").header("authorization", &bearer).await;
    assert_eq!(info.ok()["org_id"], json!(team.id));
    let listed = json!([{ "id": team.id, "name": "Acme", "slug": team.slug, "role": "member" }]);
    assert_eq!(info["organizations"], listed);
}

async fn a_client_without_organizations_gets_none(app: TestApp) {
    let client = own_app(&app, json!({ "organization_selection": "none" })).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let owner = app.browser().signed_in("owner@acme.example").await;
    let tokens = client.tokens(&owner.client, &[]).await;
    assert!(verified(&app, &tokens.at("/access_token"), "at+jwt").await.get("org_id").is_none());
    assert_eq!(client.back(&owner.client, &[("organization_id", &team.id)]).await.error(), "invalid_request");
    let choose = client.back(&owner.client, &[("prompt", "select_organization")]).await;
    assert_eq!(choose.error(), "invalid_request");
}

async fn a_client_that_needs_one_gets_the_only_one(app: TestApp) {
    let client = own_app(&app, json!({ "organization_selection": "required" })).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let owner = app.browser().signed_in("owner@acme.example").await;
    let tokens = client.tokens(&owner.client, &[]).await;
    let claims = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(claims["org_id"], json!(team.id));
    assert_eq!(client.back(&owner.client, &[("organization_id", "personal")]).await.error(), "access_denied");
}

async fn several_are_chosen_from_and_the_session_stays_where_it_is(app: TestApp) {
    let client = own_app(&app, json!({ "organization_selection": "required" })).await;
    let jane = jane(&app).await;
    let (acme, other) =
        (app.team("Acme", "a@acme.example").await, app.team("Other", "b@other.example").await);
    acme.add(&jane.id, "member").await;
    other.add(&jane.id, "admin").await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/select-organization");
    let text = jane.client.get(&format!("/select-organization?login_challenge={challenge}")).await.text();
    assert!(text.contains("Acme") && text.contains("Other") && !text.contains("No organization"), "{text}");
    let answer = choose(&jane.client, &challenge, &other.id).await;
    let goes_on = jane.client.get(answer.is(303).header("location")).await;
    let tokens = client.redeem(&Back::of(goes_on.header("location")).code()).await;
    let claims = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!((claims["org_id"].clone(), claims["org_role"].clone()), (json!(other.id), json!("admin")));
    let session = jane.client.get("/v1/sessions/whoami").await;
    assert_eq!(session["active_organization"], json!(null), "{session}");
    challenge_of(&jane.client.get(&client.request(&[])).await, "/select-organization");
    let optional = own_app(&app, json!({})).await;
    let ask = [("prompt", "select_organization")];
    let challenge = challenge_of(&jane.client.get(&optional.request(&ask)).await, "/select-organization");
    let answer = choose(&jane.client, &challenge, "").await;
    let goes_on = jane.client.get(answer.is(303).header("location")).await;
    let tokens = optional.redeem(&Back::of(goes_on.header("location")).code()).await;
    assert!(verified(&app, &tokens.at("/access_token"), "at+jwt").await.get("org_id").is_none());
}

async fn an_organization_that_the_client_is_not_for_is_denied(app: TestApp) {
    let jane = jane(&app).await;
    let (acme, other) =
        (app.team("Acme", "a@acme.example").await, app.team("Other", "b@other.example").await);
    acme.add(&jane.id, "member").await;
    other.add(&jane.id, "member").await;
    let more = json!({ "allowed_organizations": [acme.id], "organization_selection": "required" });
    let client = own_app(&app, more).await;
    assert_eq!(client.back(&jane.client, &[("organization_id", &other.id)]).await.error(), "access_denied");
    let tokens = client.tokens(&jane.client, &[]).await;
    assert_eq!(verified(&app, &tokens.at("/access_token"), "at+jwt").await["org_id"], json!(acme.id));
    let refresh = tokens.at("/refresh_token");
    refused(&client.refresh(&refresh, &[("organization_id", &other.id)]).await, 400, "invalid_grant");
}

async fn who_is_no_member_may_join_where_the_rules_let_them(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let open = app.team_with("Open", "a@open.example", json!({ "registration_mode": "public" })).await;
    let closed = app.team("Closed", "b@closed.example").await;
    let ask = |id: &str| client.request(&[("organization_id", id)]);
    let challenge = challenge_of(&jane.client.get(&ask(&open.id)).await, "/select-organization");
    let text = jane.client.get(&format!("/select-organization?login_challenge={challenge}")).await.text();
    assert!(text.contains("data-state=\"join\"") && text.contains("Join Open"), "{text}");
    let answer = choose(&jane.client, &challenge, &open.slug).await;
    let goes_on = jane.client.get(answer.is(303).header("location")).await;
    let tokens = client.redeem(&Back::of(goes_on.header("location")).code()).await;
    assert_eq!(verified(&app, &tokens.at("/access_token"), "at+jwt").await["org_id"], json!(open.id));
    let back = client.back(&jane.client, &[("organization_id", &closed.id)]).await;
    assert_eq!(back.error(), "access_denied", "who would be turned away is not asked");
}

async fn who_belongs_to_none_is_told_so(app: TestApp) {
    let client = own_app(&app, json!({ "organization_selection": "required" })).await;
    let jane = jane(&app).await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/select-organization");
    let page = jane.client.get(&format!("/select-organization?login_challenge={challenge}")).await;
    let text = page.is(200).text();
    assert!(text.contains("data-state=\"none\"") && text.contains("/organizations/new?return_to="), "{text}");
    let none = client.back(&jane.client, &[("prompt", "none")]).await;
    assert_eq!(none.error(), "access_denied");
}

async fn nothing_is_chosen_in_silence(app: TestApp) {
    let client = own_app(&app, json!({ "organization_selection": "required" })).await;
    let jane = jane(&app).await;
    for (name, owner) in [("Acme", "a@acme.example"), ("Other", "b@other.example")] {
        app.team(name, owner).await.add(&jane.id, "member").await;
    }
    assert_eq!(client.back(&jane.client, &[("prompt", "none")]).await.error(), "interaction_required");
}

async fn an_organization_that_wants_two_factors_asks_for_them(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let team = app.team_with("Acme", "owner@acme.example", json!({ "mfa_required": true })).await;
    team.add(&jane.id, "member").await;
    let there = [("organization_id", team.id.as_str())];
    let answer = jane.client.get(&client.request(&there)).await;
    let location = answer.is(303).header("location");
    assert!(location.starts_with("/sign-in?return_to=") && location.contains("aal=aal2"), "{location}");
    let silent = client.back(&jane.client, &[there[0], ("prompt", "none")]).await;
    assert_eq!(silent.error(), "interaction_required");
    let tokens = client.tokens(&jane.client, &[]).await;
    let refresh = tokens.at("/refresh_token");
    refused(&client.refresh(&refresh, &there).await, 400, "interaction_required");
    // Nothing was used up by that.
    client.refresh(&refresh, &[]).await.ok();
}

async fn a_refresh_switches_the_organization(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let (acme, other) =
        (app.team("Acme", "a@acme.example").await, app.team("Other", "b@other.example").await);
    acme.add(&jane.id, "member").await;
    other.add(&jane.id, "member").await;
    let tokens = client.tokens(&jane.client, &[("organization_id", &acme.id)]).await;
    let org = async |answer: &Answer| {
        answer.ok();
        verified(&app, &answer.at("/access_token"), "at+jwt").await.get("org_id").cloned()
    };
    let second = client.refresh(&tokens.at("/refresh_token"), &[("organization_id", &other.slug)]).await;
    assert_eq!(org(&second).await, Some(json!(other.id)));
    assert!(
        client.is_active(&tokens.at("/access_token")).await,
        "what was given before is good until its end"
    );
    let third = client.refresh(&second.at("/refresh_token"), &[]).await;
    assert_eq!(org(&third).await, Some(json!(other.id)));
    let fourth = client.refresh(&third.at("/refresh_token"), &[("organization_id", "personal")]).await;
    assert_eq!(org(&fourth).await, None);
    refused(
        &client.refresh(&fourth.at("/refresh_token"), &[("organization_id", "nobody")]).await,
        400,
        "invalid_grant",
    );
}

async fn a_lost_membership_ends_the_tokens(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let member = team.add(&jane.id, "member").await;
    let tokens = client.tokens(&jane.client, &[("organization_id", &team.id)]).await;
    let personal = client.tokens(&jane.client, &[]).await;
    assert!(client.is_active(&tokens.at("/access_token")).await);
    team.owner.client.delete(&team.path(&format!("/members/{member}"))).await.no_content();
    assert!(!client.is_active(&tokens.at("/access_token")).await);
    refused(&client.refresh(&tokens.at("/refresh_token"), &[]).await, 400, "invalid_grant");
    assert!(client.is_active(&personal.at("/access_token")).await);
}

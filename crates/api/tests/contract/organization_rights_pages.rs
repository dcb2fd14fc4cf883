//! The pages of domains, roles and groups: what forms do, who may use them, and what a refusal says and keeps.

use avnology_testkit::{Answer, Person, Team, TestApp, on_both_engines};
use serde_json::json;

use crate::organization_pages::{is_page, member, post, team};

on_both_engines! {
    a_domain_is_proven_by_its_page,
    a_role_of_joining_stays_with_a_domain_whoever_saves_it,
    a_role_is_made_changed_and_replaced_by_its_page,
    nobody_makes_a_role_that_allows_more_than_they_may,
    pages_call_roles_by_their_names,
    a_group_is_filled_by_address,
    an_address_of_a_stranger_is_refused_like_one_that_nobody_has,
    a_rule_is_tried_before_it_is_saved,
    features_that_are_off_have_no_way_in,
}

/// Where a form led to, without what was done.
fn led_to(answer: &Answer) -> String {
    let to = answer.is(303).header("location").to_owned();
    to.split('?').next().unwrap_or_default().to_owned()
}

fn hidden(page: &Answer, name: &str) -> String {
    let text = page.text();
    let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\"")).expect("a hidden value");
    rest.split('"').next().expect("a value").to_owned()
}

async fn a_domain_is_proven_by_its_page(app: TestApp) {
    let (team, jane) = team(&app).await;
    let url = format!("/organizations/{}/domains", team.slug);
    is_page(&jane.client.get(&url).await, "organization-domains", "empty");
    let refused = post(&jane, &url, &url, &[("domain", "gmail.com")]).await;
    assert!(refused.is(400).text().contains("value=\"gmail.com\""), "{refused}");
    let here = led_to(&post(&jane, &url, &url, &[("domain", " Acme.Example ")]).await);
    is_page(&jane.client.get(&here).await, "organization-domain", "pending");
    let listed = team.owner.client.get(&team.path("/domains")).await;
    let (name, value) = (listed.at("/domains/0/txt_record/name"), listed.at("/domains/0/txt_record/value"));
    app.dns().set_txt(&name, &["another-value"]);
    let missing = post(&jane, &here, &here, &[("action", "verify")]).await;
    assert!(missing.is(400).text().contains("another-value"), "{missing}");
    assert!(missing.text().contains("AVNOLOGY_AUTH_308"), "{missing}");
    app.dns().set_txt(&name, &["another-value", &value]);
    let proven = post(&jane, &here, &here, &[("action", "verify")]).await;
    assert_eq!(proven.is(303).header("location"), format!("{here}?done=verified"));
    is_page(&jane.client.get(&here).await, "organization-domain", "verified");
    let fields = [("action", "save"), ("auto_join", "true"), ("default_role", "admin")];
    assert_eq!(led_to(&post(&jane, &here, &here, &fields).await), here);
    let saved = team.owner.client.get(&team.path("/domains")).await;
    assert_eq!(saved["domains"][0]["sign_in_routing"], false);
    assert_eq!(
        (saved.at("/domains/0/default_role"), &saved["domains"][0]["auto_join"]),
        ("admin".to_owned(), &json!(true))
    );
    let question = format!("{here}?remove=true");
    is_page(&jane.client.get(&question).await, "organization-domain", "confirm");
    assert_eq!(led_to(&post(&jane, &question, &here, &[("action", "remove")]).await), url);
    is_page(&jane.client.get(&url).await, "organization-domains", "empty");
}

async fn a_role_of_joining_stays_with_a_domain_whoever_saves_it(app: TestApp) {
    let (team, _) = team(&app).await;
    let keeper = json!({ "key": "keeper", "name": "Keeper", "permissions": ["organizations:write"] });
    team.owner.client.post(&team.path("/roles")).json(&keeper).await.created();
    let domain = json!({ "domain": "acme.example", "default_role": "admin" });
    let made = team.owner.client.post(&team.path("/domains")).json(&domain).await;
    made.created();
    let bill = member(&app, &team, "bill@acme.example", "keeper").await;
    let here = format!("/organizations/{}/domains/{}", team.slug, made.at("/id"));
    let page = bill.client.get(&here).await.text();
    assert!(page.contains("<option value=\"admin\" selected>"), "what it is now can stay");
    let kept = [("action", "save"), ("default_role", "admin")];
    assert_eq!(
        post(&bill, &here, &here, &kept).await.is(303).header("location"),
        format!("{here}?done=saved")
    );
    let other = [("action", "save"), ("default_role", "member")];
    post(&bill, &here, &here, &other).await.is(303);
    let back = post(&bill, &here, &here, &kept).await;
    assert_eq!(back.is(303).header("location"), format!("{here}?failed=314"));
}

async fn a_role_is_made_changed_and_replaced_by_its_page(app: TestApp) {
    let (team, jane) = team(&app).await;
    let url = format!("/organizations/{}/roles", team.slug);
    let new = format!("{url}/new");
    let fields = |permissions: &'static str| {
        [
            ("action", "create"),
            ("name", "Billing clerk"),
            ("key", "billing"),
            ("base", "member"),
            ("permissions", permissions),
            ("scope:audit:read", "true"),
            ("scope:governance.reviews:read", "true"),
        ]
    };
    let refused = post(&jane, &new, &new, &fields("invoices:write\ninvoices")).await;
    is_page(refused.is(400), "organization-role-new", "form");
    let text = refused.text();
    assert!(text.contains("id=\"permissions-error\"") && text.contains("invoices: An area"), "{text}");
    assert!(text.contains("name=\"scope:audit:read\" value=\"true\" checked"), "{text}");
    let here = led_to(&post(&jane, &new, &new, &fields("invoices:write, reports:*")).await);
    let made = team.owner.client.get(&team.path("/roles/billing")).await;
    let permissions = json!(["invoices:write", "reports:*", "audit:read", "governance.reviews:read"]);
    assert_eq!(made["permissions"], permissions);
    let taken = post(&jane, &new, &new, &fields("")).await;
    assert!(taken.is(409).text().contains("id=\"key-error\""), "{taken}");

    let page = jane.client.get(&here).await;
    let text = page.text();
    assert!(text.contains("Read the audit log") && text.contains("<code>invoices:write</code>"), "{text}");
    let etag = hidden(&page, "etag");
    let change = [
        ("action", "save"),
        ("etag", etag.as_str()),
        ("name", "Clerk"),
        ("base", "member"),
        ("permissions", ""),
    ];
    assert_eq!(led_to(&post(&jane, &here, &here, &change).await), here);
    post(&jane, &here, &here, &change).await.is(412);
    let saved = team.owner.client.get(&team.path("/roles/billing")).await;
    assert_eq!((saved.at("/name"), &saved["permissions"]), ("Clerk".to_owned(), &json!([])));

    let bill = member(&app, &team, "bill@acme.example", "billing").await;
    let question = jane.client.get(&format!("{here}?remove=true")).await;
    is_page(&question, "organization-role", "confirm");
    assert!(question.text().contains("One active member has it now."), "{question}");
    let etag = hidden(&question, "etag");
    let ask = format!("{here}?remove=true");
    let remove = |to: &'static str| {
        [("action", "remove"), ("etag", etag.as_str()), ("reassign_to", to)].map(|(a, b)| (a, b.to_owned()))
    };
    for (to, status) in [("", 409), ("owner", 400), ("nothing", 400)] {
        let fields = remove(to);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let refused = post(&jane, &ask, &here, &fields).await;
        assert!(refused.is(status).text().contains("id=\"reassign_to-error\""), "{refused}");
    }
    let fields = remove("member");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (*a, b.as_str())).collect();
    assert_eq!(led_to(&post(&jane, &ask, &here, &fields).await), url);
    let member = team.owner.client.get(&team.path(&format!("/members/{}", bill.id))).await;
    assert_eq!(member.at("/role"), "member");
    for built_in in ["owner", "admin", "member"] {
        let path = format!("{url}/{built_in}?remove=true");
        is_page(&jane.client.get(&path).await, "organization-role", "built_in");
    }
}

async fn nobody_makes_a_role_that_allows_more_than_they_may(app: TestApp) {
    let (team, _) = team(&app).await;
    let maker = json!({ "key": "maker", "name": "Maker", "permissions": ["roles:write"] });
    team.owner.client.post(&team.path("/roles")).json(&maker).await.created();
    let bill = member(&app, &team, "bill@acme.example", "maker").await;
    let new = format!("/organizations/{}/roles/new", team.slug);
    let page = bill.client.get(&new).await.text();
    assert!(page.contains("scope:roles:write") && !page.contains("scope:audit:read"), "{page}");
    assert!(!page.contains("<option value=\"admin\""), "{page}");
    let fields = [
        ("action", "create"),
        ("name", "More"),
        ("key", "more"),
        ("base", "member"),
        ("scope:audit:read", "true"),
    ];
    let refused = post(&bill, &new, &new, &fields).await;
    assert!(refused.is(403).text().contains("A role cannot allow what you may not do yourself"), "{refused}");
    assert!(refused.text().contains("name=\"scope:audit:read\" value=\"true\" checked"), "{refused}");
    team.owner.client.get(&team.path("/roles/more")).await.is(404);
}

async fn pages_call_roles_by_their_names(app: TestApp) {
    let (team, jane) = team(&app).await;
    let role = json!({ "key": "clerk-7", "name": "Night watch" });
    team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    let bill = member(&app, &team, "bill@acme.example", "clerk-7").await;
    let base = format!("/organizations/{}", team.slug);
    for (person, path) in [
        (&jane, format!("{base}/members")),
        (&jane, format!("{base}/members/{}", bill.id)),
        (&jane, format!("{base}/invitations")),
        (&jane, format!("{base}/settings")),
        (&bill, base.clone()),
        (&bill, "/account/organizations".to_owned()),
    ] {
        let page = person.client.get(&path).await;
        assert!(page.is(200).text().contains("Night watch"), "{path}: {page}");
    }
}

/// A group that the team's owner makes by the page; its own page.
async fn group(jane: &Person, team: &Team, fields: &[(&str, &str)]) -> String {
    let new = format!("/organizations/{}/groups/new", team.slug);
    led_to(&post(jane, &new, &new, fields).await)
}

async fn a_group_is_filled_by_address(app: TestApp) {
    let (team, jane) = team(&app).await;
    let bill = member(&app, &team, "bill@acme.example", "member").await;
    let fields = [
        ("action", "save"),
        ("type", "static"),
        ("rule", "left behind"),
        ("name", "Deputies"),
        ("role", "admin"),
    ];
    let here = group(&jane, &team, &fields).await;
    is_page(&jane.client.get(&here).await, "organization-group", "static");
    let added = post(&jane, &here, &here, &[("action", "add"), ("email", " Bill@ACME.example ")]).await;
    assert_eq!(added.is(303).header("location"), format!("{here}?done=added"));
    let settings = format!("/organizations/{}/settings", team.slug);
    bill.client.get(&settings).await.is(200);
    let twice = post(&jane, &here, &here, &[("action", "add"), ("email", "bill@acme.example")]).await;
    assert!(twice.is(409).text().contains("id=\"email-error\""), "{twice}");
    let out = [("action", "take_out"), ("identity_id", bill.id.as_str())];
    assert_eq!(led_to(&post(&jane, &here, &here, &out).await), here);
    bill.client.get(&settings).await.is(403);

    let edit = format!("{here}/edit");
    let etag = hidden(&jane.client.get(&edit).await, "etag");
    let change = [
        ("action", "save"),
        ("etag", etag.as_str()),
        ("type", "static"),
        ("name", "Stand-ins"),
        ("role", ""),
    ];
    assert_eq!(led_to(&post(&jane, &edit, &edit, &change).await), here);
    post(&jane, &edit, &edit, &change).await.is(412);
    let question = format!("{here}?remove=true");
    let page = jane.client.get(&question).await;
    is_page(&page, "organization-group", "confirm");
    let etag = hidden(&page, "etag");
    let remove = [("action", "remove"), ("etag", etag.as_str())];
    let list = format!("/organizations/{}/groups", team.slug);
    assert_eq!(led_to(&post(&jane, &question, &here, &remove).await), list);
    is_page(&jane.client.get(&list).await, "organization-groups", "empty");
}

async fn an_address_of_a_stranger_is_refused_like_one_that_nobody_has(app: TestApp) {
    let (team, jane) = team(&app).await;
    app.person("zoe@example.com").await;
    let here = group(&jane, &team, &[("action", "save"), ("type", "static"), ("name", "Sales")]).await;
    let said = |page: Answer| {
        let text = page.is(403).text();
        let (_, rest) = text.split_once("id=\"email-error\"").expect("beside the field");
        rest.split("</div></div>").next().unwrap_or_default().to_owned()
    };
    let stranger = post(&jane, &here, &here, &[("action", "add"), ("email", "zoe@example.com")]).await;
    let nobody = post(&jane, &here, &here, &[("action", "add"), ("email", "nobody@example.com")]).await;
    assert_eq!(said(stranger), said(nobody));
    let none = post(&jane, &here, &here, &[("action", "add"), ("email", "nothing")]).await;
    assert!(none.is(400).text().contains("id=\"email-error\""), "{none}");
}

async fn a_rule_is_tried_before_it_is_saved(app: TestApp) {
    let (team, jane) = team(&app).await;
    let bill = member(&app, &team, "bill@acme.example", "member").await;
    let new = format!("/organizations/{}/groups/new", team.slug);
    let fields = |action: &'static str, rule: &'static str, role: &'static str| {
        [("action", action), ("type", "dynamic"), ("name", "Members"), ("rule", rule), ("role", role)]
    };
    let wrong = post(&jane, &new, &new, &fields("preview", "shoe_size = 46", "")).await;
    assert!(wrong.is(400).text().contains("id=\"rule-error\""), "{wrong}");
    let tried = post(&jane, &new, &new, &fields("preview", "member.role = \"member\"", "")).await;
    is_page(tried.is(200), "organization-group-new", "preview");
    assert!(tried.text().contains("One of 2 members fits it now."), "{tried}");
    assert!(tried.text().contains("bill@acme.example"), "{tried}");
    let groups = team.owner.client.get(&team.path("/groups")).await;
    assert_eq!(groups["groups"], json!([]), "nothing was saved");
    let admin = post(&jane, &new, &new, &fields("save", "member.role = \"member\"", "admin")).await;
    assert!(admin.is(400).text().contains("id=\"role-error\""), "{admin}");
    let here = group(&jane, &team, &fields("save", "member.role = \"member\"", "")).await;
    app.settle_groups().await;
    let page = jane.client.get(&here).await;
    is_page(&page, "organization-group", "dynamic");
    assert!(page.text().contains("bill@acme.example"), "{page}");
    let by_hand =
        post(&jane, &here, &here, &[("action", "take_out"), ("identity_id", bill.id.as_str())]).await;
    assert_eq!(by_hand.is(303).header("location"), format!("{here}?failed=910"));
}

async fn features_that_are_off_have_no_way_in(app: TestApp) {
    let (team, jane) = team(&app).await;
    let off = json!({ "feature_flags": { "custom_roles": false, "groups": false } });
    app.admin_key().patch(&team.path("")).json(&off).await.ok();
    for (below, fields) in [
        ("/roles", [("action", "create"), ("name", "A"), ("key", "aa"), ("base", "member")]),
        ("/groups", [("action", "save"), ("name", "A"), ("type", "static"), ("role", "")]),
    ] {
        let list = format!("/organizations/{}{below}", team.slug);
        let page = jane.client.get(&list).await;
        assert!(page.is(200).text().contains("switched off here"), "{page}");
        let new = format!("{list}/new");
        assert!(!page.text().contains(&new), "{page}");
        let refused = post(&jane, &new, &new, &fields).await;
        assert!(refused.is(403).text().contains("AVNOLOGY_AUTH_911"), "{refused}");
    }
}

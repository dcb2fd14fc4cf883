//! Pages, filters and order: `contract/00` §7.

use std::collections::BTreeSet;

use avnology_model::{Code, permissions::PlatformRole};
use avnology_testkit::{Client, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    pages_hold_everyone_once_and_the_last_token_is_empty,
    people_who_come_and_go_between_pages_change_nothing_for_the_others,
    a_page_has_25_unless_asked_and_never_more_than_100,
    a_page_size_that_is_none_is_refused,
    a_page_token_is_bound_to_caller_path_filter_order_and_time,
    a_forged_page_token_is_refused,
    the_newest_come_first_unless_another_order_is_asked_for,
    an_order_that_the_list_does_not_offer_is_refused,
    filters_find_whom_they_describe,
    a_filter_that_cannot_be_read_or_does_not_fit_is_refused,
    hostile_filter_values_are_only_values,
    the_total_is_told_when_asked_for,
    linked_providers_are_left_out_of_lists_unless_asked_for,
    sessions_come_newest_first_in_pages,
    the_outbox_is_a_list_too,
}

async fn people(app: &TestApp, count: usize) {
    for n in 0..count {
        app.account_with(&format!("p{n}@acme.example"), json!({ "traits": { "n": n } })).await;
        app.advance(1);
    }
}

fn emails(page: &Value) -> Vec<String> {
    let list = page["identities"].as_array().expect("identities");
    list.iter().map(|i| i["email"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn all(client: &Client, query: &[(&str, &str)]) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = client.get("/v1/identities").query(query).query(&[("page_token", &token)]).await;
        found.extend(emails(page.ok()));
        token = page.at("/next_page_token");
        if token.is_empty() {
            return found;
        }
    }
}

async fn found(client: &Client, filter: &str) -> Vec<String> {
    let mut names = all(client, &[("filter", filter)]).await;
    for name in &mut names {
        name.truncate(name.find('@').unwrap_or(name.len()));
    }
    names.sort();
    names
}

async fn pages_hold_everyone_once_and_the_last_token_is_empty(app: TestApp) {
    people(&app, 7).await;
    for size in ["1", "3", "7", "8"] {
        let list = all(&app.admin_key(), &[("page_size", size)]).await;
        assert_eq!(list, (0..7).rev().map(|n| format!("p{n}@acme.example")).collect::<Vec<_>>(), "{size}");
    }
}

async fn people_who_come_and_go_between_pages_change_nothing_for_the_others(app: TestApp) {
    people(&app, 6).await;
    let admin = app.admin_key();
    let first = admin.get("/v1/identities?page_size=2").await;
    assert_eq!(emails(first.ok()), ["p5@acme.example", "p4@acme.example"]);
    app.account("new@acme.example").await;
    let shown = first["identities"][1]["id"].as_str().expect("an id").to_owned();
    admin.delete(&format!("/v1/identities/{shown}?force=true")).await.no_content();
    let token = first.at("/next_page_token");
    let rest = admin.get("/v1/identities").query(&[("page_size", "9"), ("page_token", &token)]).await;
    let expected = ["p3@acme.example", "p2@acme.example", "p1@acme.example", "p0@acme.example"];
    assert_eq!(emails(rest.ok()), expected);
}

async fn a_page_has_25_unless_asked_and_never_more_than_100(app: TestApp) {
    people(&app, 104).await;
    let admin = app.admin_key();
    assert_eq!(emails(admin.get("/v1/identities").await.ok()).len(), 25);
    assert_eq!(emails(admin.get("/v1/identities?page_size=1000").await.ok()).len(), 100);
}

async fn a_page_size_that_is_none_is_refused(app: TestApp) {
    for size in ["0", "-1", "x", "1.5", "99999999999999999999"] {
        let answer = app.admin_key().get("/v1/identities").query(&[("page_size", size)]).await;
        answer.refused(Code::ValidationFailed);
        assert_eq!(answer.fields()[0].0, "page_size", "{answer}");
    }
}

async fn a_page_token_is_bound_to_caller_path_filter_order_and_time(app: TestApp) {
    people(&app, 4).await;
    let admin = app.admin_key();
    let other = app.person_with_role("root@acme.example", PlatformRole::Admin).await.client;
    let filter = "state = \"active\"";
    let first = admin.get("/v1/identities").query(&[("page_size", "2"), ("filter", filter)]).await;
    let token = first.at("/next_page_token");
    let with = |client: &Client, query: &[(&str, &str)]| {
        client.get("/v1/identities").query(&[("page_token", &token)]).query(query)
    };
    with(&admin, &[("filter", filter)]).await.ok();
    with(&admin, &[("filter", filter), ("page_size", "1")]).await.ok();
    let bad = &[("page_token", "invalid_format")];
    with(&other, &[("filter", filter)]).await.refused_fields(Code::ValidationFailed, bad);
    with(&admin, &[]).await.refused_fields(Code::ValidationFailed, bad);
    with(&admin, &[("filter", "email:*")]).await.refused_fields(Code::ValidationFailed, bad);
    with(&admin, &[("filter", filter), ("order_by", "email")])
        .await
        .refused_fields(Code::ValidationFailed, bad);
    let elsewhere = admin.get("/v1/outbox/messages").query(&[("page_token", &token)]).await;
    elsewhere.refused_fields(Code::ValidationFailed, bad);
    app.advance(24 * 3600 + 1);
    with(&admin, &[("filter", filter)]).await.refused_fields(Code::ValidationFailed, bad);
}

async fn a_forged_page_token_is_refused(app: TestApp) {
    people(&app, 3).await;
    let admin = app.admin_key();
    let token = admin.get("/v1/identities?page_size=1").await.at("/next_page_token");
    let mut forged = vec!["x".to_owned(), token[1..].to_owned(), format!("{token}A"), "AAAA".repeat(40)];
    for at in [0, token.len() / 2, token.len() - 1] {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).expect("text"));
    }
    for forged in forged {
        let answer = admin.get("/v1/identities").query(&[("page_size", "1"), ("page_token", &forged)]).await;
        answer.refused_fields(Code::ValidationFailed, &[("page_token", "invalid_format")]);
    }
}

async fn the_newest_come_first_unless_another_order_is_asked_for(app: TestApp) {
    for email in ["b@acme.example", "C@acme.example", "a@acme.example"] {
        app.account(email).await;
        app.advance(1);
    }
    let ordered = |order: &'static str| {
        let admin = app.admin_key();
        async move {
            all(&admin, &[("order_by", order), ("page_size", "1")])
                .await
                .join(" ")
                .replace("@acme.example", "")
        }
    };
    assert_eq!(ordered("").await, "a C b");
    assert_eq!(ordered("create_time").await, "b C a");
    assert_eq!(ordered("email").await, "a b C");
    assert_eq!(ordered("email desc").await, "C b a");
    assert_eq!(ordered("last_login_at desc, email asc").await, "a b C");
}

async fn an_order_that_the_list_does_not_offer_is_refused(app: TestApp) {
    let admin = app.admin_key();
    for order in [
        "shoe",
        "first_name",
        "email up",
        "email,create_time,update_time",
        "email; DROP TABLE x",
        "email,email",
    ] {
        let answer = admin.get("/v1/identities").query(&[("order_by", order)]).await;
        answer.refused(Code::ValidationFailed);
        assert_eq!(answer.fields()[0].0, "order_by", "{answer}");
    }
    let jane = app.person("jane@acme.example").await;
    let answer = jane.client.get("/v1/sessions?order_by=issued_at").await;
    answer.refused(Code::ValidationFailed);
    assert_eq!(answer.fields()[0].0, "order_by");
    assert_eq!(jane.client.get("/v1/sessions").query(&[("filter", "id:*")]).await.fields()[0].0, "filter");
}

async fn filters_find_whom_they_describe(app: TestApp) {
    let admin = app.admin_key();
    app.account_with(
        "jane@acme.example",
        json!({ "username": "Jane-D", "first_name": "Jane", "external_id": "x|1", "traits": { "team": "red", "level": 3 },
                "metadata": { "public": { "plan": "pro" } } }),
    )
    .await;
    app.advance(60);
    app.account_with(
        "joe@acme.example",
        json!({ "first_name": "Joe", "traits": { "team": "blue", "level": 5 } }),
    )
    .await;
    app.advance(60);
    let jim = app.account_with("jim@bücher.example", json!({ "email_verified": false })).await;
    admin.post(&format!("/v1/identities/{jim}:deactivate")).await.ok();
    app.program().signed_in("joe@acme.example").await;
    for (filter, expected) in [
        ("", "jane jim joe"),
        ("email = \"JANE@acme.example\"", "jane"),
        ("email = \"jim@xn--bcher-kva.example\"", "jim"),
        ("email != \"jane@acme.example\"", "jim joe"),
        ("email:\"j*\"", "jane jim joe"),
        ("email:\"jo*\"", "joe"),
        ("email ~ \"j?m@*\"", "jim"),
        ("username = \"jane-d\"", "jane"),
        ("username:*", "jane"),
        ("username = null", "jim joe"),
        ("first_name != \"Jane\"", "joe"),
        ("external_id = \"x|1\"", "jane"),
        ("state = \"inactive\"", "jim"),
        ("email_verified = false", "jim"),
        ("NOT state = \"active\"", "jim"),
        ("-email_verified = true", "jim"),
        ("state = \"active\" AND email_verified = true", "jane joe"),
        ("email:\"jane*\" OR first_name = \"Joe\"", "jane joe"),
        ("(email:\"jane*\" OR email:\"joe*\") AND NOT first_name = \"Joe\"", "jane"),
        ("create_time >= \"2026-03-02T09:01:00Z\"", "jim joe"),
        ("create_time < \"2026-03-02T10:01:00+01:00\"", "jane"),
        ("last_login_at:*", "joe"),
        ("traits.team = \"red\"", "jane"),
        ("traits.level > 3", "joe"),
        ("traits.level >= 3", "jane joe"),
        ("traits:\"team\"", "jane joe"),
        ("metadata.public.plan = \"pro\"", "jane"),
        (&format!("id = \"{jim}\""), "jim"),
    ] {
        assert_eq!(found(&admin, filter).await.join(" "), expected, "{filter}");
    }
}

async fn a_filter_that_cannot_be_read_or_does_not_fit_is_refused(app: TestApp) {
    let many = vec!["state = \"active\""; 51].join(" AND ");
    let (deep, long) = (format!("{}state = \"active\"{}", "(".repeat(11), ")".repeat(11)), "x".repeat(2_001));
    for filter in [
        "email",
        "email =",
        "= \"x\"",
        "email = jane",
        "email = \"open",
        "shoe = 1",
        "email > 3",
        "email_verified ~ \"t*\"",
        "state = \"active\" AND state = \"active\" OR state = \"active\"",
        "state = \"dancing\"",
        "create_time = \"yesterday\"",
        "email_verified = \"true\"",
        "state = \"active\" and state = \"active\"",
        "(state = \"active\"",
        &many,
        &deep,
        &long,
    ] {
        let answer = app.admin_key().get("/v1/identities").query(&[("filter", filter)]).await;
        answer.refused(Code::ValidationFailed);
        assert_eq!(answer.fields()[0].0, "filter", "{answer}");
    }
}

async fn hostile_filter_values_are_only_values(app: TestApp) {
    let admin = app.admin_key();
    people(&app, 2).await;
    for value in ["' OR 1=1 --", "%", "_", "\\\\", "$1", "*'); DROP TABLE identities; --", "\\\"; --"] {
        for operator in ["=", ":", "~"] {
            assert!(
                found(&admin, &format!("first_name {operator} \"{value}\"")).await.is_empty(),
                "{operator} {value}"
            );
        }
        assert!(found(&admin, &format!("traits.team = \"{value}\"")).await.is_empty(), "{value}");
    }
    assert_eq!(found(&admin, "").await, ["p0", "p1"]);
}

async fn the_total_is_told_when_asked_for(app: TestApp) {
    people(&app, 5).await;
    let admin = app.admin_key();
    assert!(admin.get("/v1/identities").await.ok().get("total_size").is_none());
    let page = admin.get("/v1/identities?include_total=true&page_size=2").await;
    assert_eq!((page["total_size"].clone(), page.json().get("total_is_minimum")), (json!(5), None));
    let filter = [("include_total", "true"), ("filter", "email = \"p3@acme.example\"")];
    assert_eq!(admin.get("/v1/identities").query(&filter).await.ok()["total_size"], 1);
    admin.get("/v1/identities?include_total=maybe").await.refused(Code::ValidationFailed);
}

async fn linked_providers_are_left_out_of_lists_unless_asked_for(app: TestApp) {
    people(&app, 1).await;
    let admin = app.admin_key();
    let page = admin.get("/v1/identities").await;
    assert!(page.ok()["identities"][0].get("linked_providers").is_none());
    let page = admin.get("/v1/identities?include_linked_providers=true").await;
    assert_eq!(page.ok()["identities"][0]["linked_providers"], json!([]));
}

async fn sessions_come_newest_first_in_pages(app: TestApp) {
    app.account("jane@acme.example").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(app.program().signed_in("jane@acme.example").await);
        app.advance(1);
    }
    let client = made[4].client.clone();
    for (path, caller) in [
        ("/v1/sessions", client.clone()),
        ("/v1/me/sessions", client),
        (&format!("/v1/identities/{}/sessions", made[0].id), app.admin_key()),
    ] {
        let (mut ids, mut token) = (Vec::new(), String::new());
        loop {
            let page = caller.get(path).query(&[("page_size", "2"), ("page_token", &token)]).await;
            ids.extend(page.ok()["sessions"].as_array().expect("sessions").iter().map(|s| s["id"].clone()));
            token = page.at("/next_page_token");
            if token.is_empty() {
                break;
            }
        }
        let expected: Vec<Value> = made.iter().rev().map(|p| json!(p.session_id)).collect();
        assert_eq!(ids, expected, "{path}");
    }
}

async fn the_outbox_is_a_list_too(app: TestApp) {
    for n in 0..3 {
        app.program().register(&format!("p{n}@acme.example")).await.ok();
        app.advance(1);
    }
    app.settle().await;
    let admin = app.admin_key();
    let page = admin.get("/v1/outbox/messages?page_size=2").await;
    let first: Vec<_> =
        page.ok()["messages"].as_array().expect("messages").iter().map(|m| m["to"].clone()).collect();
    assert_eq!(first, ["p2@acme.example", "p1@acme.example"]);
    let token = page.at("/next_page_token");
    let rest = admin.get("/v1/outbox/messages").query(&[("page_size", "2"), ("page_token", &token)]).await;
    assert_eq!(rest.ok()["messages"][0]["to"], "p0@acme.example");
    let keys: BTreeSet<_> = rest["messages"][0].as_object().expect("a message").keys().cloned().collect();
    let expected = ["channel", "code", "create_time", "html", "id", "link", "subject", "text", "to", "type"];
    assert_eq!(keys, expected.map(str::to_owned).into());
    let typed = admin.get("/v1/outbox/messages?type=recovery").await;
    assert_eq!(typed.ok()["messages"], json!([]));
    admin.delete("/v1/outbox/messages").await.no_content();
    assert_eq!(admin.get("/v1/outbox/messages").await.ok()["messages"], json!([]));
    app.program().register("p9@acme.example").await.ok();
    app.settle().await;
    app.advance(24 * 3600 + 1);
    assert_eq!(admin.get("/v1/outbox/messages").await.ok()["messages"], json!([]), "kept for a day");
}

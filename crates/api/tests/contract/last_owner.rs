//! The last owner stays one, whatever two requests do at once (`contract/20` §3).

use avnology_model::Code;
use avnology_testkit::{Answer, Client, Person, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    of_two_ways_to_lose_the_last_two_owners_at_once_one_is_refused,
    an_owner_whose_time_will_be_over_is_no_owner_who_stays,
    handing_over_and_leaving_at_once_leave_an_owner,
}

/// How an owner ceases to be one.
const WAYS: [&str; 6] = ["leaves", "is removed", "is demoted", "is suspended", "is to expire", "is erased"];

async fn lose(app: &TestApp, team: &Team, admin: &Client, owner: &Person, way: &str) -> Answer {
    let member = team.path(&format!("/members/{}", owner.id));
    let change = |body: Value| admin.patch(&member).json(&body).into_future();
    match way {
        "leaves" => owner.client.delete(&format!("/v1/me/organizations/{}", team.id)).await,
        "is removed" => admin.delete(&member).await,
        "is demoted" => change(json!({ "role": "member" })).await,
        "is suspended" => change(json!({ "state": "suspended" })).await,
        "is to expire" => {
            let soon = serde_json::to_value(app.now().plus_seconds(60)).expect("a time");
            change(json!({ "expire_time": soon })).await
        }
        _ => admin.delete(&format!("/v1/identities/{}?force=true", owner.id)).await,
    }
}

async fn owners(team: &Team, admin: &Client) -> usize {
    let query = [("filter", "role = \"owner\" AND state = \"active\"")];
    let page = admin.get(&team.path("/members")).query(&query).await;
    let list = page.ok()["members"].as_array().cloned().expect("members");
    list.iter().filter(|member| member["expire_time"].is_null()).count()
}

async fn of_two_ways_to_lose_the_last_two_owners_at_once_one_is_refused(app: TestApp) {
    let admin = app.admin_key();
    for (n, one) in WAYS.iter().enumerate() {
        for (m, other) in WAYS.iter().enumerate().skip(n) {
            let team = app.team(&format!("Team {n} {m}"), &format!("jane{n}{m}@acme.example")).await;
            let mary = team.member(&format!("mary{n}{m}@acme.example"), "owner").await;
            let (a, b) = tokio::join!(
                lose(&app, &team, &admin, &team.owner, one),
                lose(&app, &team, &admin, &mary, other)
            );
            let line = format!("one {one}, the other {other}: {a} {b}");
            let (won, lost) = if a.status < 300 { (&a, &b) } else { (&b, &a) };
            assert!(won.status < 300, "{line}");
            assert_eq!(lost.code(), Some(Code::LastOwner), "{line}");
            assert_eq!(lost["organization_ids"], json!([team.id]), "{line}");
            assert_eq!(owners(&team, &admin).await, 1, "{line}");
        }
    }
}

async fn an_owner_whose_time_will_be_over_is_no_owner_who_stays(app: TestApp) {
    let (team, admin) = (app.team("Acme", "jane@acme.example").await, app.admin_key());
    let mary = team.member("mary@acme.example", "owner").await;
    lose(&app, &team, &admin, &mary, "is to expire").await.ok();
    for way in WAYS {
        lose(&app, &team, &admin, &team.owner, way).await.refused(Code::LastOwner);
    }
    app.advance(61);
    app.sweep().await;
    assert_eq!(owners(&team, &admin).await, 1);
}

async fn handing_over_and_leaving_at_once_leave_an_owner(app: TestApp) {
    let admin = app.admin_key();
    for round in 0..4 {
        let team = app.team(&format!("Team {round}"), &format!("jane{round}@acme.example")).await;
        let mary = team.member(&format!("mary{round}@acme.example"), "admin").await;
        let hand_over = team.owner.client.post(&team.path(":transferOwnership"));
        let leave = format!("/v1/me/organizations/{}", team.id);
        let (_, left) = tokio::join!(
            hand_over.json(&json!({ "identity_id": mary.id })).into_future(),
            mary.client.delete(&leave).into_future()
        );
        assert!(left.status == 204 || left.code() == Some(Code::LastOwner), "{left}");
        assert_eq!(owners(&team, &admin).await, 1, "{left}");
    }
}

//! Seats (`contract/20` §9).

use avnology_model::Code;
use avnology_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    seats_are_counted_by_state_and_role,
    each_day_keeps_its_numbers_for_four_hundred_days,
    a_seat_is_free_again_when_its_member_is_suspended_or_gone,
    whoever_wants_the_last_seat_first_gets_it,
    members_read_seats_and_others_do_not,
}

const DAY: i64 = 86_400;

fn numbers(answer: &Answer) -> [Value; 6] {
    let seats = answer.ok();
    ["used", "active", "suspended", "pending", "invited", "limit"].map(|name| seats[name].clone())
}

async fn seats_are_counted_by_state_and_role(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "seat_limit": 9 })).await;
    let jane = &team.owner.client;
    jane.post(&team.path("/roles")).json(&json!({ "key": "helper", "name": "Helper" })).await.created();
    for (name, role) in [("ann", "helper"), ("bob", "member"), ("cid", "member")] {
        let id = app.account(&format!("{name}@acme.example")).await;
        team.add(&id, role).await;
        if name == "cid" {
            let member = team.path(&format!("/members/{id}"));
            jane.patch(&member).json(&json!({ "state": "suspended" })).await.ok();
        }
    }
    let invitation = json!({ "email": "bill@partner.example" });
    jane.post(&team.path("/invitations")).json(&invitation).await.created();
    // A service account takes no seat.
    let key = json!({ "name": "Robot", "scopes": ["members:read"] });
    jane.post(&team.path("/api-keys")).json(&key).await.created();
    let seats = jane.get(&team.path("/seats")).await;
    assert_eq!(numbers(&seats), [json!(3), json!(3), json!(1), json!(0), json!(1), json!(9)]);
    assert_eq!(seats["by_role"], json!({ "owner": 1, "helper": 1, "member": 1 }));
    assert_eq!(
        (seats["organization_id"].clone(), seats["as_of"].clone()),
        (json!(team.id), json!(app.now()))
    );
    let counted = jane.get(&team.path("/seats")).query(&[("count_pending", "true")]).await;
    assert_eq!(numbers(&counted), [json!(4), json!(3), json!(1), json!(0), json!(1), json!(9)]);
    jane.get(&team.path("/seats"))
        .query(&[("count_pending", "perhaps")])
        .await
        .refused(Code::ValidationFailed);
    assert_eq!(jane.get(&team.path("")).await["member_count"], 3);
}

async fn each_day_keeps_its_numbers_for_four_hundred_days(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let first = app.now();
    app.advance(2 * DAY);
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let third = app.now();
    let used = |as_of: String| {
        let admin = app.admin_key();
        let path = team.path("/seats");
        async move { admin.get(&path).query(&[("as_of", &as_of)]).await }
    };
    let date = |at: avnology_model::Timestamp| at.to_string().chars().take(10).collect::<String>();
    for (as_of, expected) in [
        (date(first), 1),
        (first.to_string(), 1),
        // Nothing changed on the second day, and the third is read as a whole.
        (date(first.plus_seconds(DAY)), 1),
        (date(third), 2),
        (format!("{}T00:00:00Z", date(third)), 2),
        // Nobody had a seat before there was an organization.
        (date(first.plus_seconds(-DAY)), 0),
    ] {
        assert_eq!(used(as_of.clone()).await.ok()["used"], expected, "{as_of}");
    }
    // Whole days count: the four hundredth is read to its beginning.
    let edge = date(third.plus_seconds(-400 * DAY));
    used(edge.clone()).await.ok();
    used(format!("{edge}T00:00:00Z")).await.ok();
    for (as_of, code) in [
        (date(third.plus_seconds(-401 * DAY)), "too_small"),
        (date(third.plus_seconds(DAY)), "too_large"),
        ("yesterday".to_owned(), "invalid_format"),
        ("2026-02-30".to_owned(), "invalid_format"),
    ] {
        used(as_of).await.refused_fields(Code::ValidationFailed, &[("as_of", code)]);
    }
}

async fn a_seat_is_free_again_when_its_member_is_suspended_or_gone(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "seat_limit": 2 })).await;
    let [ann, bob, cid] = [
        app.account("ann@acme.example").await,
        app.account("bob@acme.example").await,
        app.account("cid@acme.example").await,
    ];
    let admin = app.admin_key();
    let add = |id: &str| admin.post(&team.path("/members")).json(&json!({ "identity_id": id })).into_future();
    let member = |id: &str| team.path(&format!("/members/{id}"));
    add(&ann).await.created();
    let full = add(&bob).await;
    let told = full.refused(Code::SeatLimitReached);
    assert_eq!((told["limit"].clone(), told["used"].clone()), (json!(2), json!(2)));
    admin.patch(&member(&ann)).json(&json!({ "state": "suspended" })).await.ok();
    add(&bob).await.created();
    admin.patch(&member(&ann)).json(&json!({ "state": "active" })).await.refused(Code::SeatLimitReached);
    admin.delete(&member(&bob)).await.no_content();
    admin.patch(&member(&ann)).json(&json!({ "state": "active" })).await.ok();
    // A limit below what is taken takes nobody's seat and gives none.
    admin.patch(&team.path("")).json(&json!({ "seat_limit": 1 })).await.ok();
    add(&cid).await.refused(Code::SeatLimitReached);
    assert_eq!(admin.get(&team.path("/seats")).await.ok()["used"], 2);
    admin.patch(&team.path("")).json(&json!({ "seat_limit": null })).await.ok();
    add(&cid).await.created();
    team.owner
        .client
        .patch(&team.path(""))
        .json(&json!({ "seat_limit": 9 }))
        .await
        .refused(Code::PermissionDenied);
}

async fn whoever_wants_the_last_seat_first_gets_it(app: TestApp) {
    for round in 0..4 {
        let owner = format!("jane{round}@acme.example");
        let team = app.team_with("Acme", &owner, json!({ "seat_limit": 3 })).await;
        let admin = app.admin_key();
        let held = app.account(&format!("held{round}@acme.example")).await;
        let wanted = app.account(&format!("new{round}@acme.example")).await;
        let third = app.account(&format!("third{round}@acme.example")).await;
        team.add(&held, "member").await;
        let path = team.path(&format!("/members/{held}"));
        admin.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
        team.add(&third, "member").await;
        // One seat is left, and somebody is added while somebody else is reactivated.
        let add = admin.post(&team.path("/members")).json(&json!({ "identity_id": wanted })).into_future();
        let wake = admin.patch(&path).json(&json!({ "state": "active" })).into_future();
        let (added, woken) = tokio::join!(add, wake);
        let refused = if added.status == 201 { woken } else { added };
        refused.refused(Code::SeatLimitReached);
        let seats = admin.get(&team.path("/seats")).await;
        assert_eq!((seats.ok()["used"].clone(), seats["active"].clone()), (json!(3), json!(3)));
    }
}

async fn members_read_seats_and_others_do_not(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    mary.client.get(&team.path("/seats")).await.ok();
    let eve = app.person("eve@evil.example").await;
    eve.client.get(&team.path("/seats")).await.refused(Code::NotAMember);
}

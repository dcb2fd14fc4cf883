//! The list of identities.

use avnology_aip::{filter, order_by};
use avnology_model::{
    Result, Timestamp,
    identities::{Email, Identity, IdentityState},
    ids::IdentityId,
};
use avnology_store::{
    identities::{identities, list},
    list::{ListQuery, Page},
};
use serde_json::{Map, Value as Json, json};

use crate::harness::{NOW, TestStore};

fn identity(number: u8, email: &str) -> Identity {
    let email = Email::parse(email).unwrap();
    let mut identity =
        Identity::new(IdentityId::from_bytes([number; 16]), NOW.plus_seconds(i64::from(number)));
    identity.email_key = Some(email.key().to_owned());
    identity.email = Some(email.to_string());
    identity
}

fn object(json: Json) -> Map<String, Json> {
    serde_json::from_value(json).unwrap()
}

async fn with_people(store: TestStore) -> TestStore {
    let mut jane = identity(1, "Jane@Acme.example");
    jane.username = Some("Jane-D".to_owned());
    jane.first_name = Some("Jané".to_owned());
    jane.phone = Some("+442079460000".to_owned());
    jane.traits = object(json!({"department": "R&D", "level": 3}));
    jane.metadata.public = object(json!({"plan": "pro"}));
    jane.last_login_at = Some(NOW);
    let mut karl = identity(2, "karl@bücher.example");
    karl.state = IdentityState::Inactive;
    karl.email_verified = true;
    karl.external_id = Some("hr-2".to_owned());
    karl.metadata.admin = object(json!({"plan": null, "note": "x"}));
    let mut nobody = Identity::new(IdentityId::from_bytes([3; 16]), Timestamp::from_micros(0));
    nobody.display_name = Some("JANE".to_owned());
    nobody.last_login_at = Some(NOW.plus_seconds(60));
    store
        .identity()
        .write(move |tx| [&jane, &karl, &nobody].into_iter().try_for_each(|i| identities::insert(tx, i)))
        .await
        .unwrap();
    store
}

async fn get(store: &TestStore, filter: &str, order: &str) -> Result<Page<Identity>> {
    let query = ListQuery {
        filter: filter::parse(filter).unwrap(),
        order_by: order_by::parse(order).unwrap(),
        include_total: true,
        ..ListQuery::default()
    };
    store.identity().scan(move |tx| list::list(tx, &query, None)).await
}

/// Who passes, by number.
async fn who(store: &TestStore, filter: &str, order: &str) -> Vec<u8> {
    let page = get(store, filter, order).await.unwrap_or_else(|e| panic!("{filter}: {e:?}"));
    assert_eq!(page.total.unwrap().size as usize, page.items.len(), "{filter}");
    page.items.iter().map(|identity| identity.id.bytes()[15]).collect()
}

both_engines! {
    async fn people_are_found_by_each_field(store) {
        let store = with_people(store).await;
        let id = IdentityId::from_bytes([2; 16]);
        for (filter, expected) in [
            ("", &[2, 1, 3][..]),
            (&format!(r#"id = "{id}""#), &[2]),
            (r#"state = "inactive""#, &[2]),
            (r#"email = " jane@ACME.example""#, &[1]),
            (r#"email = "KARL@xn--bcher-kva.example""#, &[2]),
            (r#"email = "nobody""#, &[]),
            (r#"email != "jane@acme.example""#, &[2]),
            (r#"email:"jane*" OR username:"jane*""#, &[1]),
            (r#"email:"karl@BÜ*""#, &[2]),
            ("email = null", &[3]),
            ("NOT email_verified = true", &[1, 3]),
            (r#"phone = "+442079460000""#, &[1]),
            (r#"username = "JANE-d""#, &[1]),
            (r#"first_name:"JANÉ""#, &[1]),
            ("last_name:*", &[]),
            (r#"display_name ~ "j?ne""#, &[3]),
            (r#"external_id = "hr-2""#, &[2]),
            (r#"create_time > "2000-01-01T00:00:00Z""#, &[2, 1]),
            (r#"update_time < "2000-01-01T00:00:00Z""#, &[3]),
            ("last_login_at:*", &[1, 3]),
            (r#"traits.department = "R&D""#, &[1]),
            ("traits.level >= 2.5", &[1]),
            (r#"metadata.public.plan = "pro" OR metadata.admin:"note""#, &[2, 1]),
            (r#"metadata.admin:"plan""#, &[]),
        ] {
            assert_eq!(who(&store, filter, "").await, expected, "{filter}");
        }
    }

    async fn people_are_sorted_by_each_field(store) {
        let store = with_people(store).await;
        for (order, expected) in [
            ("create_time", [3, 1, 2]),
            ("update_time desc", [2, 1, 3]),
            ("email", [1, 2, 3]),
            ("email desc", [2, 1, 3]),
            ("last_login_at", [1, 3, 2]),
            ("last_login_at desc", [3, 1, 2]),
        ] {
            assert_eq!(who(&store, "", order).await, expected, "{order}");
        }
    }

    async fn people_come_whole(store) {
        let store = with_people(store).await;
        let page = get(&store, r#"email = "jane@acme.example""#, "email").await.unwrap();
        let id = page.items[0].id;
        let found = store.identity().read(move |tx| identities::get(tx, id)).await.unwrap();
        assert_eq!(page.items, [found]);
    }
}

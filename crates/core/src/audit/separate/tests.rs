use proptest::prelude::*;
use serde_json::json;

use super::*;

const JANE: &str = "usr_01kjpwd6m0emptw6bw4v8qtn83";
const JOE: &str = "usr_01kjpwd6m0emptw6bw4v8qtn84";
const SESSION: &str = "ses_01kjpwe457etztza3v90genf98";

fn record(action: &str, actor: &Value, targets: &Value, details: &Value) -> Value {
    json!({
        "action": action, "actor": actor, "targets": targets, "organization_id": "org_01kjpwdk93e6yrn4jvq0b9zr89",
        "ip": "192.0.2.1", "user_agent": "curl", "location": null, "device_id": null, "details": details,
    })
}

fn person(id: &str) -> Value {
    json!({ "type": "identity", "id": id, "display": "Somebody", "session_id": SESSION, "client_id": null, "act": null })
}

fn target(id: &str) -> Value {
    json!({ "type": "identity", "id": id, "display": "Somebody" })
}

#[test]
fn what_tells_about_people_is_kept_apart_by_person() {
    let details = json!({
        "member": { "id": "mem_1", "identity_id": JANE, "role": "admin" }, "previous_role": "member",
        "invited_by": JOE, "by_session": SESSION,
    });
    let targets = json!([{ "type": "member", "id": "mem_1", "display": null }, target(JANE)]);
    let whole = record("organization.member.role_changed", &person(JOE), &targets, &details);
    let mut public = whole.clone();
    let parts = separate(&mut public);
    let owners: Vec<_> = parts.iter().map(|part| part.person.as_deref()).collect();
    assert_eq!(owners, [Some(JOE), Some(JANE)], "the actor first, then targets");
    let text = public.to_string();
    for trace in [JANE, JOE, SESSION, "Somebody", "192.0.2.1", "curl"] {
        assert!(!text.contains(trace), "{trace} in {text}");
    }
    assert!(text.contains("mem_1") && text.contains("admin"), "{text}");
    assert_eq!(parts[0].values["/details/invited_by"], JOE);
    assert_eq!(parts[1].values["/details/member/identity_id"], JANE);
    assert_eq!(parts[1].values["/details/by_session"], SESSION);
    put_back(&mut public, parts.iter().map(|part| &part.values));
    assert_eq!(public, whole);
}

#[test]
fn nobody_known_has_a_part_and_programs_have_none() {
    let nobody = json!({ "type": "anonymous", "id": null, "display": null, "session_id": null });
    let mut public = record("session.login_failed", &nobody, &json!([]), &json!({ "identifier_hash": "ab" }));
    let parts = separate(&mut public);
    assert_eq!((parts.len(), &parts[0].person), (1, &None));
    assert_eq!(parts[0].values["/ip"], "192.0.2.1");
    assert_eq!(parts[0].values["/details/identifier_hash"], "ab");

    let program = json!({ "type": "service_account", "id": "sa_1", "display": "Robot", "session_id": null });
    let mut public =
        record("organization.updated", &program, &json!([]), &json!({ "changed_fields": ["name"] }));
    assert!(separate(&mut public).is_empty());
    assert_eq!(public["actor"]["id"], "sa_1");
}

#[test]
fn an_invited_address_is_kept_apart_without_an_account() {
    let targets = json!([{ "type": "invitation", "id": "inv_1", "display": "kim@acme.example" }]);
    let details =
        json!({ "invitation": { "email": "kim@acme.example", "role": "member", "message": "Hi Kim" } });
    let mut public = record("organization.invitation.created", &person(JOE), &targets, &details);
    let parts = separate(&mut public);
    assert_eq!(parts[1].person, None);
    assert_eq!(parts[1].values.len(), 3);
    let text = public.to_string();
    assert!(!text.contains("kim@") && !text.contains("Hi Kim") && text.contains("inv_1"), "{text}");
}

#[test]
fn words_of_people_are_personal_and_reasons_of_ours_are_not() {
    let reason = |action: &str| {
        let mut public = record(action, &person(JOE), &json!([target(JANE)]), &json!({ "reason": "left" }));
        separate(&mut public);
        public["details"]["reason"].clone()
    };
    assert_eq!(reason("user.disabled"), DELETED);
    assert_eq!(reason("session.revoked"), "left");
}

#[test]
fn what_an_organization_was_called_is_nobodys() {
    let details =
        json!({ "old": "a", "previous_values": { "name": "Acme" }, "new_values": { "name": "Acme Inc" } });
    let mut public = record("organization.updated", &person(JOE), &json!([]), &details);
    separate(&mut public);
    assert_eq!(public["details"], details);
    let mut public = record("user.updated", &person(JOE), &json!([target(JANE)]), &details);
    separate(&mut public);
    assert_eq!(
        public["details"],
        json!({ "old": DELETED, "previous_values": DELETED, "new_values": DELETED })
    );
}

fn details() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(JANE)),
        Just(json!(SESSION)),
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-z/~]{0,6}".prop_map(Value::from),
    ];
    let name = prop_oneof![Just("email".to_owned()), Just("user".to_owned()), "[a-z~/]{0,4}"];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_of_a_person_stays_and_everything_can_be_put_back(details in details()) {
        let whole = record("user.updated", &person(JOE), &json!([target(JANE)]), &details);
        let mut public = whole.clone();
        let parts = separate(&mut public);
        let text = public.to_string();
        prop_assert!(!text.contains(JANE) && !text.contains(SESSION) && !text.contains(JOE), "{}", text);
        put_back(&mut public, parts.iter().map(|part| &part.values));
        prop_assert_eq!(public, whole);
    }
}

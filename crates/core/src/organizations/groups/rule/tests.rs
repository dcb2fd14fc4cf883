//! Rules are read without surprises and see no more than they may.

use avnology_model::{
    Timestamp,
    ids::{IdentityId, MembershipId},
    organizations::{MemberState, MembershipSource, RoleSource},
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn membership() -> Membership {
    Membership {
        id: MembershipId::new(NOW, [1; 10]),
        organization_id: OrganizationId::new(NOW, [2; 10]),
        identity_id: IdentityId::new(NOW, [3; 10]),
        role: RoleKey::member(),
        role_source: RoleSource::Manual,
        state: MemberState::Active,
        source: MembershipSource::Admin,
        joined_at: Some(NOW),
        last_active_at: None,
        expire_time: None,
        create_time: NOW,
        update_time: NOW,
        version: 1,
    }
}

fn person() -> Identity {
    let mut identity = Identity::new(membership().identity_id, NOW);
    identity.email = Some("Ann@acme.example".to_owned());
    identity.first_name = Some("Ann".to_owned());
    identity.locale = Some("de-AT".to_owned());
    identity
}

/// The same person with much that an organization sees of those whom it manages.
fn known() -> Identity {
    let mut identity = person();
    identity.email_verified = true;
    identity.phone = Some("+4915112345678".to_owned());
    identity.username = Some("ann".to_owned());
    identity.external_id = Some("7".to_owned());
    let traits =
        json!({ "team": { "name": "red", "size": 2.5 }, "tags": ["a", "b"], "lead": true, "gone": null });
    identity.traits = traits.as_object().cloned().expect("a map");
    identity.metadata.public = json!({ "plan": "pro" }).as_object().cloned().expect("a map");
    identity.metadata.admin = json!({ "note": "x" }).as_object().cloned().expect("a map");
    identity
}

fn holds(rule: &str, identity: &Identity) -> bool {
    Rule::parse(rule).expect("a rule").matches(identity, &membership())
}

#[test]
fn every_field_is_looked_up() {
    let mut managed = known();
    managed.managed_by = Some(membership().organization_id);
    for rule in [
        "email = \"ann@ACME.example\" AND id:\"usr_*\"",
        "first_name:\"an*\"",
        "last_name = null",
        "display_name:*",
        "state = \"active\"",
        "locale ~ \"de*\"",
        "timezone = null AND avatar_url = null",
        "create_time <= \"2030-01-01T00:00:00Z\"",
        "member.role = \"member\" AND member.source = \"admin\" AND member.joined_at:*",
        "email_verified = true",
        "phone:\"+49*\" AND username = \"ANN\" AND external_id = \"7\"",
        "traits.team.name = \"red\" AND traits.team.size > 2 AND traits.lead = true",
        "traits.tags:\"b\" AND traits:\"team\" AND NOT traits:\"gone\" AND traits.gone = null",
        "metadata.public.plan = \"pro\" AND metadata.admin.note = \"x\"",
    ] {
        assert!(holds(rule, &managed), "{rule}");
    }
    for rule in ["member.role = \"admin\"", "locale = \"de\"", "traits.team.name = \"blue\"", "phone = null"]
    {
        assert!(!holds(rule, &managed), "{rule}");
    }
}

fn restriction() -> impl Strategy<Value = String> {
    let fields = vec![
        "email",
        "first_name",
        "locale",
        "phone",
        "username",
        "external_id",
        "traits.team.name",
        "traits.lead",
        "traits.tags",
        "metadata.public.plan",
        "metadata.admin",
        "email_verified",
        "member.role",
        "state",
    ];
    let values =
        vec!["\"ann\"", "\"red\"", "\"7\"", "\"pro\"", "\"member\"", "\"active\"", "true", "null", "*", "2"];
    (select(fields), select(vec!["=", "!=", ":", "~", "<"]), select(values), any::<bool>())
        .prop_map(|(field, op, value, not)| format!("{}{field} {op} {value}", if not { "NOT " } else { "" }))
}

proptest! {
    #[test]
    fn whatever_cannot_be_read_is_refused_by_name(text in "\\PC{0,60}") {
        if let Err(error) = Rule::parse(&text) {
            prop_assert_eq!(error.code(), Code::ValidationFailed);
            prop_assert!(error.errors().iter().all(|flaw| flaw.field == "rule"), "{:?}", error);
        }
    }

    #[test]
    fn what_an_organization_does_not_see_makes_no_difference(
        terms in vec(restriction(), 1..4),
        joiner in select(vec![" AND ", " OR "]),
    ) {
        if let Ok(rule) = Rule::parse(&terms.join(joiner)) {
            let membership = membership();
            prop_assert_eq!(rule.matches(&person(), &membership), rule.matches(&known(), &membership));
        }
    }
}

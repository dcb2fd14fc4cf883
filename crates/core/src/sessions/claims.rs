//! What tokens say of a session.

use std::{cell::OnceCell, collections::BTreeMap};

use avnology_model::{
    Timestamp,
    platform::ClaimSource,
    sessions::{Aal, CompletedMethod, Method},
};
use serde_json::{Map, Value, json};

use super::{ActiveOrganization, LiveSession, SessionView};
use crate::{
    identities::IdentityView,
    organizations::{Acting, OrganizationView},
    platform::SettingsVersion,
};

/// What every token says of the session.
pub(super) fn of_session(live: &LiveSession) -> Map<String, Value> {
    let session = &live.session;
    object(json!({
        "sub": session.identity_id,
        "session_id": session.id,
        "aal": session.aal,
        "amr": amr(&session.methods, session.aal),
        "auth_time": session.authenticated_at.seconds(),
    }))
}

/// What every token says of the organization that it was made in. Who acts there for the platform has no role.
pub(super) fn of_organization(acting: &Acting) -> Map<String, Value> {
    let active = ActiveOrganization::of(acting);
    let mut claims = object(json!({
        "org_id": active.id,
        "org_slug": active.slug,
        "org_name": active.name,
        "permissions": active.permissions,
    }));
    claims.extend(active.role.map(|role| ("org_role".to_owned(), Value::from(role.as_str()))));
    claims
}

/// What sources are read from.
pub(super) struct Subject<'s> {
    pub(super) live: &'s LiveSession,
    pub(super) acting: Option<&'s Acting>,
    pub(super) settings: &'s SettingsVersion,
    pub(super) now: Timestamp,
}

impl Subject<'_> {
    /// The identity as events tell of it: whole, but for what only administrators see.
    fn identity(&self) -> Value {
        IdentityView::for_events(&self.live.identity, self.now)
    }

    fn session(&self) -> Value {
        let view = SessionView::of_live(self.live, self.settings, self.now).acting(self.acting);
        serde_json::to_value(view).unwrap_or_default()
    }

    /// The organization as its members see it; nothing outside of one.
    fn organization(&self) -> Value {
        let view = self.acting.map(|acting| OrganizationView::of(&acting.organization.organization, false));
        view.and_then(|view| serde_json::to_value(view).ok()).unwrap_or_default()
    }
}

/// The claims of a template. One whose source leads nowhere, or to null, is left out.
pub(super) fn of_template(claims: &BTreeMap<String, String>, subject: &Subject<'_>) -> Map<String, Value> {
    let (identity, session, organization) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
    let value = |source: &str| match ClaimSource::parse(source).ok()? {
        ClaimSource::Identity(path) => at(identity.get_or_init(|| subject.identity()), path),
        ClaimSource::Session(path) => at(session.get_or_init(|| subject.session()), path),
        ClaimSource::Organization(path) => at(organization.get_or_init(|| subject.organization()), path),
        ClaimSource::Literal(text) => Some(Value::from(text)),
    };
    claims.iter().filter_map(|(claim, source)| Some((claim.clone(), value(source)?))).collect()
}

/// The value at a dotted path of members.
fn at(value: &Value, path: &str) -> Option<Value> {
    let found = path.split('.').try_fold(value, |value, name| value.get(name))?;
    (!found.is_null()).then(|| found.clone())
}

/// How the person was authenticated (RFC 8176; `contract/30` §6.5), in the order of the steps. `mfa` stands for methods of
/// two kinds only where they add up to more than one factor: a password and a code to the mailbox that recovers it do not.
pub(crate) fn amr(methods: &[CompletedMethod], aal: Aal) -> Vec<&'static str> {
    let mut values: Vec<&'static str> = Vec::new();
    for done in methods {
        let value = match done.method {
            Method::Password => "pwd",
            // Whether hardware holds the key is known by what its maker vouched for.
            Method::Passkey if done.aal == Aal::Aal3 => "hwk",
            Method::Passkey => "swk",
            Method::Code | Method::Totp | Method::RecoveryCode => "otp",
            Method::Sms => "sms",
            Method::Link => "link",
            // No registered value says so.
            Method::Recovery => "recovery",
        };
        if !values.contains(&value) {
            values.push(value);
        }
        if done.method == Method::Passkey && done.aal > Aal::Aal1 && !values.contains(&"user") {
            values.push("user");
        }
    }
    if values.len() > 1 && aal > Aal::Aal1 {
        values.push("mfa");
    }
    values
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn done(methods: &[Method]) -> Vec<CompletedMethod> {
        methods.iter().map(|method| CompletedMethod::first_factor(*method, NOW)).collect()
    }

    #[test]
    fn each_method_has_its_value_once_and_two_factors_say_so() {
        let values = |methods: &[Method], aal| amr(&done(methods), aal);
        assert_eq!(values(&[Method::Password], Aal::Aal1), ["pwd"]);
        assert_eq!(values(&[Method::Password, Method::Code], Aal::Aal1), ["pwd", "otp"]);
        assert_eq!(values(&[Method::Link, Method::Password, Method::Link], Aal::Aal1), ["link", "pwd"]);
        assert_eq!(values(&[Method::Recovery], Aal::Aal1), ["recovery"]);
        assert_eq!(values(&[Method::Password, Method::Code], Aal::Aal2), ["pwd", "otp", "mfa"]);
        assert_eq!(values(&[Method::Password], Aal::Aal2), ["pwd"]);
        let mut by_passkey = done(&[Method::Passkey]);
        assert_eq!(amr(&by_passkey, Aal::Aal1), ["swk"]);
        for (aal, expected) in [(Aal::Aal2, ["swk", "user", "mfa"]), (Aal::Aal3, ["hwk", "user", "mfa"])] {
            by_passkey[0].aal = aal;
            assert_eq!(amr(&by_passkey, aal), expected);
        }
    }

    #[test]
    fn a_path_leads_through_members_and_never_to_null() {
        let value = json!({ "a": { "b": { "c": 1 }, "n": null }, "l": [1] });
        assert_eq!(at(&value, "a.b"), Some(json!({ "c": 1 })));
        assert_eq!((at(&value, "a.b.c"), at(&value, "l")), (Some(json!(1)), Some(json!([1]))));
        for path in ["a.n", "a.x", "x", "a.b.c.d", "l.0", ""] {
            assert_eq!(at(&value, path), None, "{path}");
        }
    }
}

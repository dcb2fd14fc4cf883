//! What a token made of a session says, and to whom (`contract/10` §8.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    FieldCode, FieldError,
    text::{Refusal, collect, line},
};

/// Most templates of a tenant.
const TEMPLATES: usize = 50;
/// Most characters of a template's name.
const NAME: usize = 64;
/// Most audiences and most claims of a template.
const AUDIENCES: usize = 20;
const CLAIMS: usize = 50;
/// Most characters of an audience, of a claim's name and of a source.
const AUDIENCE: usize = 255;
const CLAIM: usize = 128;
const SOURCE: usize = 1_000;

/// Claims that every token has, or has in an organization.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "iat",
    "nbf",
    "exp",
    "jti",
    "session_id",
    "aal",
    "amr",
    "auth_time",
    "org_id",
    "org_slug",
    "org_name",
    "org_role",
    "permissions",
];

/// What a token made of a session says besides what all of them say, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionTokenTemplate {
    /// For whom it is; the issuer when there is none.
    pub audience: Vec<String>,
    /// How long it is good, in seconds, 60–3600; never longer than the session.
    pub ttl_seconds: u32,
    /// More claims, each with its source: `identity.<path>`, `session.<path>`, `organization.<path>` or
    /// `literal:<value>`.
    pub claims: BTreeMap<String, String>,
}

impl Default for SessionTokenTemplate {
    fn default() -> Self {
        Self { audience: Vec::new(), ttl_seconds: 900, claims: BTreeMap::new() }
    }
}

impl SessionTokenTemplate {
    /// The template that is there even when no setting makes it.
    pub const DEFAULT: &'static str = "default";
}

/// Where the value of a claim comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimSource<'t> {
    /// A member of the identity, at this dotted path.
    Identity(&'t str),
    /// A member of the session.
    Session(&'t str),
    /// A member of the active organization.
    Organization(&'t str),
    /// This text.
    Literal(&'t str),
}

impl<'t> ClaimSource<'t> {
    /// Reads a source. Applications' data that is for administrators only is none.
    pub fn parse(text: &'t str) -> Result<Self, Refusal> {
        if let Some(literal) = text.strip_prefix("literal:") {
            return Ok(Self::Literal(literal));
        }
        let source = match text.split_once('.') {
            Some(("identity", path)) => Self::Identity(path),
            Some(("session", path)) => Self::Session(path),
            Some(("organization", path)) => Self::Organization(path),
            _ => return Err(UNKNOWN),
        };
        let (Self::Identity(path) | Self::Session(path) | Self::Organization(path)) = source else {
            return Err(UNKNOWN);
        };
        if path.split('.').any(str::is_empty) {
            return Err(UNKNOWN);
        }
        // A session holds its identity.
        let inner = path.strip_prefix("identity.").unwrap_or(path);
        if inner == "metadata.admin" || inner.starts_with("metadata.admin.") {
            return Err((
                FieldCode::NotAllowed,
                "metadata.admin is for administrators, and stays out of tokens.",
            ));
        }
        Ok(source)
    }
}

const UNKNOWN: Refusal = (
    FieldCode::InvalidFormat,
    "One of identity.<path>, session.<path>, organization.<path> and literal:<value>.",
);

/// What is not acceptable in these templates, which have names.
pub(super) fn problems(templates: &BTreeMap<String, SessionTokenTemplate>, errors: &mut Vec<FieldError>) {
    let setting = "session_token_templates";
    limit(errors, setting, templates.len(), TEMPLATES);
    for (name, template) in templates {
        let field = format!("{setting}.{name}");
        if !is_name(name) {
            let message = "1–64 lower-case letters, digits, - and _, beginning with a letter.";
            refuse(errors, &field, FieldCode::InvalidFormat, message);
        }
        match template.ttl_seconds {
            0..60 => refuse(errors, &format!("{field}.ttl_seconds"), FieldCode::TooSmall, "At least 60."),
            60..=3600 => {}
            _ => refuse(errors, &format!("{field}.ttl_seconds"), FieldCode::TooLarge, "At most 3600."),
        }
        audience_problems(&template.audience, &format!("{field}.audience"), errors);
        limit(errors, &format!("{field}.claims"), template.claims.len(), CLAIMS);
        for (claim, source) in &template.claims {
            claim_problem(claim, source, &format!("{field}.claims.{claim}"), errors);
        }
    }
}

fn is_name(name: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    name.len() <= NAME && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(rest)
}

fn audience_problems(audience: &[String], field: &str, errors: &mut Vec<FieldError>) {
    limit(errors, field, audience.len(), AUDIENCES);
    for (i, one) in audience.iter().enumerate() {
        let field = format!("{field}[{i}]");
        match line(one, AUDIENCE) {
            Ok(fine) if fine == *one && !one.is_empty() => {}
            Err((code, message)) => refuse(errors, &field, code, message),
            Ok(_) => refuse(errors, &field, FieldCode::InvalidFormat, "One name without spaces around it."),
        }
        if audience.iter().take(i).any(|other| other == one) {
            refuse(errors, &field, FieldCode::Duplicate, "This audience stands here twice.");
        }
    }
}

fn claim_problem(claim: &str, source: &str, field: &str, errors: &mut Vec<FieldError>) {
    if RESERVED.contains(&claim) {
        return refuse(errors, field, FieldCode::NotAllowed, "This claim says the same in every token.");
    }
    match line(claim, CLAIM) {
        Ok(fine) if fine == claim && !claim.is_empty() => {}
        Err((code, message)) => return refuse(errors, field, code, message),
        Ok(_) => return refuse(errors, field, FieldCode::InvalidFormat, "A name without spaces around it."),
    }
    if source.chars().count() > SOURCE {
        return refuse(errors, field, FieldCode::TooLong, "At most 1000 characters.");
    }
    collect(errors, field, ClaimSource::parse(source).map(|_| ()));
}

fn limit(errors: &mut Vec<FieldError>, field: &str, count: usize, most: usize) {
    if count > most {
        refuse(errors, field, FieldCode::TooLong, &format!("At most {most}."));
    }
}

fn refuse(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems_of(templates: Value) -> Vec<(String, FieldCode)> {
        let templates: BTreeMap<String, SessionTokenTemplate> = serde_json::from_value(templates).unwrap();
        let mut errors = Vec::new();
        problems(&templates, &mut errors);
        errors.into_iter().map(|error| (error.field, error.code)).collect()
    }

    #[test]
    fn a_template_with_every_kind_of_source_is_acceptable() {
        let template = json!({ "audience": ["https://api.example", "billing"], "ttl_seconds": 60, "claims": {
            "email": "identity.email", "https://api.example/plan": "identity.metadata.public.plan",
            "methods": "session.authentication_methods", "name": "organization.name", "env": "literal:a b:c.", "empty": "literal:",
            "mine": "identity.traits.metadata.admin" } });
        assert_eq!(problems_of(json!({ "api": template, "default": {}, "a-b_9": {} })), []);
    }

    #[test]
    fn each_unacceptable_value_is_named() {
        let at = |rest: &str| format!("session_token_templates.{rest}");
        let bad = json!({
            "Api": {}, "9a": {}, "": {}, "a.b": {},
            "x": { "ttl_seconds": 59, "audience": ["", " a", "b", "b"] },
            "y": { "ttl_seconds": 3601, "claims": { "sub": "literal:root", "permissions": "literal:", "": "literal:", "a ": "literal:",
                "b": "identity", "c": "identity.", "d": "identity.a..b", "e": "organisation.name", "f": "literal", "g": "" } },
        });
        let expected: Vec<(String, FieldCode)> = [
            ("", FieldCode::InvalidFormat),
            ("9a", FieldCode::InvalidFormat),
            ("Api", FieldCode::InvalidFormat),
            ("a.b", FieldCode::InvalidFormat),
            ("x.ttl_seconds", FieldCode::TooSmall),
            ("x.audience[0]", FieldCode::InvalidFormat),
            ("x.audience[1]", FieldCode::InvalidFormat),
            ("x.audience[3]", FieldCode::Duplicate),
            ("y.ttl_seconds", FieldCode::TooLarge),
            ("y.claims.", FieldCode::InvalidFormat),
            ("y.claims.a ", FieldCode::InvalidFormat),
            ("y.claims.b", FieldCode::InvalidFormat),
            ("y.claims.c", FieldCode::InvalidFormat),
            ("y.claims.d", FieldCode::InvalidFormat),
            ("y.claims.e", FieldCode::InvalidFormat),
            ("y.claims.f", FieldCode::InvalidFormat),
            ("y.claims.g", FieldCode::InvalidFormat),
            ("y.claims.permissions", FieldCode::NotAllowed),
            ("y.claims.sub", FieldCode::NotAllowed),
        ]
        .map(|(rest, code)| (at(rest), code))
        .into();
        assert_eq!(problems_of(bad), expected);
    }

    #[test]
    fn data_for_administrators_is_no_source() {
        for source in [
            "identity.metadata.admin",
            "identity.metadata.admin.note",
            "session.identity.metadata.admin",
            "organization.metadata.admin",
        ] {
            assert_eq!(
                ClaimSource::parse(source).map_err(|refusal| refusal.0),
                Err(FieldCode::NotAllowed),
                "{source}"
            );
        }
        for source in
            ["identity.metadata", "identity.metadata.administrator", "literal:identity.metadata.admin"]
        {
            assert!(ClaimSource::parse(source).is_ok(), "{source}");
        }
    }

    #[test]
    fn too_many_of_anything_are_refused() {
        let claims: BTreeMap<String, &str> = (0..51).map(|n| (format!("c{n}"), "literal:x")).collect();
        let audience: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        let large = json!({ "a": { "claims": claims, "audience": audience }, "b": { "claims": { "x": format!("literal:{}", "x".repeat(993)) } } });
        let at = |rest: &str| (format!("session_token_templates.{rest}"), FieldCode::TooLong);
        assert_eq!(problems_of(large), [at("a.audience"), at("a.claims"), at("b.claims.x")]);
        let many: BTreeMap<String, Value> = (0..51).map(|n| (format!("t{n}"), json!({}))).collect();
        assert_eq!(problems_of(json!(many)), [("session_token_templates".to_owned(), FieldCode::TooLong)]);
    }
}

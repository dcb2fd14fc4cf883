//! One line: the members of an identity, and what else comes with it.

use avnology_model::{
    Code, Error, FieldCode, Result,
    credentials::{HashAlgorithm, PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    super::input::{IdentityInput, from_json},
    LINE,
};
use crate::{credentials::totp, patch};

/// Longest plain password, in bytes. Beyond it the rules for new ones do not hold: people have theirs already.
const PASSWORD: usize = 1_024;
/// Most memberships of one line.
const MEMBERSHIPS: usize = 100;

/// What an import takes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ImportIdentities)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    /// Each has the members of an identity, and besides them `password` or `password_hash`, `totp_seed` (base32)
    /// and `memberships` (`[{organization_id, role}]`). `linked_providers` are refused.
    #[schema(value_type = Vec<Object>, max_items = 50000)]
    pub identities: Vec<Value>,
}

/// A membership that comes with a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineMembership {
    /// By id or slug.
    pub(super) organization_id: String,
    #[serde(default)]
    pub(super) role: Option<String>,
}

/// A password that comes with a line.
#[derive(Clone, Debug)]
pub(super) enum LinePassword {
    Plain(SecretString),
    Hash(Box<PasswordHash>),
}

impl LinePassword {
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self, Self::Hash(hash) if HashAlgorithm::is_legacy(hash.algorithm))
    }
}

/// A line that was read. Its fields are not checked yet.
pub(super) struct Line {
    /// The identity, member by member: what an update changes.
    pub(super) members: Map<String, Value>,
    pub(super) identity: IdentityInput,
    pub(super) password: Option<LinePassword>,
    /// The shared secret of an authenticator application.
    pub(super) totp: Option<Zeroizing<Vec<u8>>>,
    pub(super) memberships: Vec<LineMembership>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Besides {
    password: Option<SecretString>,
    password_hash: Option<PasswordHash>,
    totp_seed: Option<SecretString>,
    linked_providers: Vec<IgnoredAny>,
    memberships: Vec<LineMembership>,
}

/// The id in the source system that a line names, as far as it can be read.
pub(super) fn external_id(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        external_id: Option<String>,
    }
    serde_json::from_slice::<Named>(line).ok()?.external_id.map(|id| id.chars().take(255).collect())
}

/// Reads a line. `_900` when it is no JSON, `_902` with the members that do not fit.
pub(super) fn read(line: &[u8]) -> Result<Line> {
    if line.len() > LINE {
        return Err(Error::field("line", FieldCode::TooLong, "A line has at most 256 KiB."));
    }
    let malformed = |why: serde_json::Error| {
        let detail = format!("The line is not a JSON object (column {}).", why.column());
        Error::new(Code::MalformedRequest).with_detail(detail)
    };
    let mut members: Map<String, Value> = serde_json::from_slice(line).map_err(malformed)?;
    members.retain(|_, value| !value.is_null());
    let mut besides = Map::new();
    for name in ["password", "password_hash", "totp_seed", "linked_providers", "memberships"] {
        besides.extend(members.remove(name).map(|value| (name.to_owned(), value)));
    }
    let besides: Besides = patch::read(Value::Object(besides))?;
    let password = match (besides.password, besides.password_hash) {
        (Some(_), Some(_)) => {
            let message = "Either this or password, not both.";
            return Err(Error::field("password_hash", FieldCode::Conflict, message));
        }
        (Some(plain), None) => Some(LinePassword::Plain(checked(plain)?)),
        (None, Some(hash)) => Some(LinePassword::Hash(Box::new(hash))),
        (None, None) => None,
    };
    if !besides.linked_providers.is_empty() {
        // So that nobody believes that a way in came along.
        let message = "Providers cannot be linked here: take them out of the line.";
        return Err(Error::field("linked_providers", FieldCode::NotAllowed, message));
    }
    let totp = besides.totp_seed.map(|seed| totp_secret(&seed)).transpose()?;
    if besides.memberships.len() > MEMBERSHIPS {
        return Err(Error::field("memberships", FieldCode::TooLong, "At most 100."));
    }
    let identity = from_json(Value::Object(members.clone()), "")?;
    Ok(Line { members, identity, password, totp, memberships: besides.memberships })
}

fn totp_secret(seed: &SecretString) -> Result<Zeroizing<Vec<u8>>> {
    totp::from_base32(seed.expose_secret()).ok_or_else(|| {
        Error::field("totp_seed", FieldCode::InvalidFormat, "Base32, 10 to 64 bytes (16 to 103 letters).")
    })
}

fn checked(plain: SecretString) -> Result<SecretString> {
    let length = plain.expose_secret().len();
    let code = match length {
        0 => FieldCode::TooShort,
        1..=PASSWORD => return Ok(plain),
        _ => FieldCode::TooLong,
    };
    Err(Error::field("password", code, "1 to 1,024 bytes."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(line: &str) -> Vec<(String, FieldCode)> {
        let error = read(line.as_bytes()).err().expect("a refusal");
        error.errors().iter().map(|e| (e.field.clone(), e.code)).collect()
    }

    #[test]
    fn a_line_is_taken_apart() {
        let text = r#"{"email": "a@b.example", "external_id": " 7 ", "username": null, "password": "x",
            "memberships": [{"organization_id": "acme", "role": "admin"}]}"#;
        let line = read(text.as_bytes()).unwrap();
        assert_eq!(line.members.len(), 2, "what comes besides is none of the identity");
        assert_eq!(line.memberships[0].role.as_deref(), Some("admin"));
        assert!(matches!(line.password, Some(LinePassword::Plain(_))));
        assert_eq!(external_id(text.as_bytes()).as_deref(), Some(" 7 "));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(read(b"[1]").err().map(|e| e.code()), Some(Code::MalformedRequest));
        assert_eq!(read(b"\xff").err().map(|e| e.code()), Some(Code::MalformedRequest));
        for (line, field, code) in [
            (r#"{"shoe": 1}"#, "shoe", FieldCode::UnknownField),
            (r#"{"password": ""}"#, "password", FieldCode::TooShort),
            (
                r#"{"password": "x", "password_hash": {"algorithm": "md5"}}"#,
                "password_hash",
                FieldCode::Conflict,
            ),
            (r#"{"totp_seed": "ABC"}"#, "totp_seed", FieldCode::InvalidFormat),
            (r#"{"linked_providers": [{"provider": "x"}]}"#, "linked_providers", FieldCode::NotAllowed),
            (r#"{"memberships": [{"role": "x"}]}"#, "memberships[0].organization_id", FieldCode::Required),
            (r#"{"password_hash": {"algorithm": "rot13"}}"#, "password_hash.algorithm", FieldCode::NotInEnum),
        ] {
            assert_eq!(fields(line), [(field.to_owned(), code)], "{line}");
        }
    }

    /// Any JSON, some levels deep, with the names that a line knows among those of its objects.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        let names = "email|external_id|password|password_hash|algorithm|encoded|totp_seed|memberships|metadata|traits|[a-z]{0,4}";
        leaf.prop_recursive(4, 32, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(names, inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reading_of_a_line_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(&bytes), external_id(&bytes));
        }

        #[test]
        fn whatever_a_line_holds_it_is_read_or_refused_with_words(value in any_json()) {
            let text = value.to_string();
            external_id(text.as_bytes());
            if let Err(error) = read(text.as_bytes()) {
                prop_assert!(!error.is_failure(), "{text}: {error:?}");
            } else {
                prop_assert!(value.is_object());
            }
        }
    }
}

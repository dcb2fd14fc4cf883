//! Settings of passkeys, and the names of authenticators.

use std::collections::BTreeSet;

use psl::Psl as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldCode, FieldError, text::text_enum};

text_enum! {
    /// Whether authenticators verify the person, by a fingerprint or a PIN.
    pub enum UserVerification {
        /// Always.
        Required = "required",
        /// Where they can.
        Preferred = "preferred",
        /// Only where a second factor is asked for.
        Discouraged = "discouraged",
    }
}

text_enum! {
    /// Whether authenticators are asked who made them.
    pub enum AttestationConveyance {
        /// They are not.
        None = "none",
        /// They are, and browsers may ask the person whether they may say so.
        Direct = "direct",
    }
}

/// Most models of authenticators that are trusted.
const MODELS: usize = 200;
/// Most roots that vouch for them.
const ROOTS: usize = 50;
/// Most bytes of a root.
const ROOT_BYTES: usize = 8 * 1024;
/// Most origins that share the relying party.
const ORIGINS: usize = 50;
/// Names of different registrable domains that browsers read from the list of origins (WebAuthn Level 3 §5.11.1).
const LABELS: usize = 5;

/// How passkeys are made (`contract/00` §14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebauthnSettings {
    /// The domain that passkeys are bound to; the host of the public URL when absent. Passkeys do not outlive a change.
    pub rp_id: Option<String>,
    /// What browsers call the tenant; its name when absent.
    pub rp_name: Option<String>,
    /// Whether authenticators are asked who made them.
    pub attestation: AttestationConveyance,
    /// Whether authenticators verify the person.
    pub user_verification: UserVerification,
    /// Models of authenticators, as UUIDs in lower case, whose passkeys reach `aal3`.
    pub trusted_aaguids: Vec<String>,
    /// Certificates (PEM) of makers of authenticators: an attestation that leads to one of them is believed.
    pub trusted_roots: Vec<String>,
    /// Origins besides this server's where its passkeys are used, by pages of yours (`/.well-known/webauthn`).
    pub related_origins: Vec<String>,
}

impl Default for WebauthnSettings {
    fn default() -> Self {
        Self {
            rp_id: None,
            rp_name: None,
            attestation: AttestationConveyance::None,
            user_verification: UserVerification::Preferred,
            trusted_aaguids: Vec::new(),
            trusted_roots: Vec::new(),
            related_origins: Vec::new(),
        }
    }
}

impl WebauthnSettings {
    /// Values that are not acceptable.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut push = |field: &str, code: FieldCode, message: &str| {
            errors.push(FieldError { field: format!("webauthn.{field}"), code, message: message.to_owned() });
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if self.rp_id.as_deref().is_some_and(|id| id.len() > 253 || !id.split('.').all(is_label)) {
            push("rp_id", FieldCode::InvalidFormat, "A domain in lower case.");
        }
        if self.rp_name.as_deref().is_some_and(|name| name.trim().is_empty() || name.chars().count() > 100) {
            push("rp_name", FieldCode::TooLong, "1 to 100 characters.");
        }
        if !self.trusted_aaguids.is_empty() && self.attestation == AttestationConveyance::None {
            push("attestation", FieldCode::Conflict, "`direct`, as `trusted_aaguids` asks for it.");
        }
        each(&self.trusted_aaguids, "trusted_aaguids", MODELS, &mut push, |id| {
            (!is_model(id)).then_some((FieldCode::InvalidFormat, "The UUID of a model, in lower case."))
        });
        each(&self.trusted_roots, "trusted_roots", ROOTS, &mut push, |root| {
            (root.len() > ROOT_BYTES).then_some((FieldCode::TooLong, "At most 8 KiB."))
        });
        each(&self.related_origins, "related_origins", ORIGINS, &mut push, |origin| {
            (!is_secure(origin)).then_some((
                FieldCode::InvalidFormat,
                "An origin with https, such as https://app.example.com.",
            ))
        });
        let labels: BTreeSet<&str> =
            self.related_origins.iter().filter_map(|origin| label_of(origin)).collect();
        if labels.len() > LABELS {
            push("related_origins", FieldCode::TooLong, "Of at most 5 names: browsers read no more.");
        }
        errors
    }

    /// Whether passkeys of some authenticators reach `aal3`.
    pub fn reaches_aal3(&self) -> bool {
        !self.trusted_aaguids.is_empty()
    }

    /// Whether a model of authenticators is trusted.
    pub fn trusts(&self, aaguid: &str) -> bool {
        self.trusted_aaguids.iter().any(|trusted| trusted == aaguid)
    }

    /// Whether browsers let pages at `host` use the domain that passkeys are bound to.
    pub fn fits(&self, host: &str) -> bool {
        let Some(id) = &self.rp_id else { return true };
        host == id
            || id.contains('.') && host.strip_suffix(id.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }
}

/// Checks the items of a list, and that none stands there twice.
fn each(
    items: &[String],
    field: &str,
    most: usize,
    push: &mut impl FnMut(&str, FieldCode, &str),
    problem: impl Fn(&str) -> Option<(FieldCode, &'static str)>,
) {
    if items.len() > most {
        push(field, FieldCode::TooLong, &format!("At most {most}."));
    }
    for (i, item) in items.iter().enumerate().take(most) {
        if let Some((code, message)) = problem(item) {
            push(&format!("{field}[{i}]"), code, message);
        } else if items.iter().take(i).any(|before| before == item) {
            push(&format!("{field}[{i}]"), FieldCode::Duplicate, "This stands here twice.");
        }
    }
}

/// Whether this names a model: a UUID in its one form, and not the one of authenticators that name none.
fn is_model(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|id| !id.is_nil() && id.hyphenated().to_string() == text)
}

/// Whether this is an origin that browsers use passkeys at.
fn is_secure(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https" && url.domain().is_some() && url.origin().ascii_serialization() == text
    })
}

/// What browsers count origins by: the name that was registered, without what it was registered under.
fn label_of(origin: &str) -> Option<&str> {
    let host = origin.strip_prefix("https://")?.split(':').next()?;
    let under = psl::List.suffix(host.as_bytes()).map_or(0, |suffix| suffix.as_bytes().len());
    let registered = host.get(..host.len().saturating_sub(under))?.trim_end_matches('.');
    registered.rsplit('.').next()
}

/// What an authenticator of this model is called, for those that most people have; a UUID in lower case.
pub fn authenticator_name(aaguid: &str) -> Option<&'static str> {
    Some(match aaguid {
        "fbfc3007-154e-4ecc-8c0b-6e020557d7bd" => "iCloud Keychain",
        "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" => "Google Password Manager",
        "adce0002-35bc-c60a-648b-0b25f1f05503" => "Chrome on Mac",
        "08987058-cadc-4b81-b6e1-30de50dcbe96"
        | "9ddd1817-af5a-4672-a2b9-3e3dd95000a9"
        | "6028b017-b1d4-4c02-b4b3-afcdafc96bb2" => "Windows Hello",
        "bada5566-a7aa-401f-bd96-45619a55120d" => "1Password",
        "d548826e-79b4-db40-a3d8-11116f7e8349" => "Bitwarden",
        "531126d6-e717-415c-9320-3d9aa6981239" => "Dashlane",
        "53414d53-554e-4700-0000-000000000000" => "Samsung Pass",
        "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6" => "Keeper",
        "50726f74-6f6e-5061-7373-50726f746f6e" => "Proton Pass",
        "b84e4048-15dc-4dd0-8640-f4f60813c8af" => "NordPass",
        "2fc0579f-8113-47ea-b116-bb5a8db9202a" => "YubiKey 5",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_relying_party_is_the_host_or_a_domain_above_it() {
        let of = |id: &str| WebauthnSettings { rp_id: Some(id.to_owned()), ..WebauthnSettings::default() };
        for (id, fits) in [
            ("id.example.com", true),
            ("example.com", true),
            ("com", false),
            ("ample.com", false),
            ("other.example.com", false),
        ] {
            assert_eq!(of(id).fits("id.example.com"), fits, "{id}");
        }
        assert!(of("localhost").fits("localhost"));
        for bad in ["", "Example.com", "https://example.com", "a..b", "exämple.com"] {
            assert!(!of(bad).problems().is_empty(), "{bad}");
        }
    }
    #[test]
    fn models_roots_and_origins_have_one_form_and_stand_once() {
        let problems = |value: serde_json::Value| -> Vec<(String, FieldCode)> {
            let settings: WebauthnSettings = serde_json::from_value(value).unwrap();
            settings.problems().into_iter().map(|p| (p.field, p.code)).collect()
        };
        let model = "2fc0579f-8113-47ea-b116-bb5a8db9202a";
        let direct =
            |models: &[&str]| problems(json!({ "attestation": "direct", "trusted_aaguids": models }));
        assert_eq!(direct(&[model]), []);
        for wrong in [
            "00000000-0000-0000-0000-000000000000",
            "2FC0579F-8113-47EA-B116-BB5A8DB9202A",
            "2fc0579f811347eab116bb5a8db9202a",
            "yubikey",
        ] {
            assert_eq!(
                direct(&[wrong]),
                [("webauthn.trusted_aaguids[0]".to_owned(), FieldCode::InvalidFormat)]
            );
        }
        assert_eq!(
            direct(&[model, model]),
            [("webauthn.trusted_aaguids[1]".to_owned(), FieldCode::Duplicate)]
        );
        assert_eq!(
            problems(json!({ "trusted_aaguids": [model] })),
            [("webauthn.attestation".to_owned(), FieldCode::Conflict)]
        );
        assert_eq!(
            problems(json!({ "trusted_roots": ["x".repeat(ROOT_BYTES + 1)] })),
            [("webauthn.trusted_roots[0]".to_owned(), FieldCode::TooLong)]
        );
        for wrong in [
            "http://app.example.com",
            "https://app.example.com/",
            "https://App.example.com",
            "https://app.example.com/x",
            "https://[::1]",
            "https://192.0.2.1",
            "app.example.com",
        ] {
            assert_eq!(
                problems(json!({ "related_origins": [wrong] })),
                [("webauthn.related_origins[0]".to_owned(), FieldCode::InvalidFormat)],
                "{wrong}"
            );
        }
    }

    #[test]
    fn origins_are_counted_by_the_names_that_were_registered() {
        assert_eq!(label_of("https://app.shop.co.uk:8443"), Some("shop"));
        assert_eq!(label_of("https://shop.example"), Some("shop"));
        let origins = |names: &[&str]| {
            let related_origins = names.iter().map(|name| format!("https://{name}")).collect();
            WebauthnSettings { related_origins, ..WebauthnSettings::default() }.problems()
        };
        let five = ["a.com", "www.a.com", "a.co.uk", "b.com", "c.com", "d.com", "e.com"];
        assert_eq!(origins(&five), []);
        let six: Vec<&str> = five.into_iter().chain(["f.com"]).collect();
        let [problem] = origins(&six).try_into().unwrap();
        assert_eq!((problem.field.as_str(), problem.code), ("webauthn.related_origins", FieldCode::TooLong));
    }

    #[test]
    fn models_that_most_people_have_are_called_by_their_names() {
        assert_eq!(authenticator_name("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"), Some("iCloud Keychain"));
        assert_eq!(authenticator_name("2fc0579f-8113-47ea-b116-bb5a8db9202a"), Some("YubiKey 5"));
        assert_eq!(authenticator_name("00000000-0000-0000-0000-000000000000"), None);
    }
}

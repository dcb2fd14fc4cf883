//! Settings of passkeys, and the names of authenticators.

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

/// How passkeys are made (`contract/00` §14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebauthnSettings {
    /// The domain that passkeys are bound to; the host of the public URL when absent. Passkeys do not outlive a change.
    pub rp_id: Option<String>,
    /// What browsers call the tenant; its name when absent.
    pub rp_name: Option<String>,
    /// Whether authenticators verify the person.
    pub user_verification: UserVerification,
}

impl Default for WebauthnSettings {
    fn default() -> Self {
        Self { rp_id: None, rp_name: None, user_verification: UserVerification::Preferred }
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
        errors
    }

    /// Whether browsers let pages at `host` use the domain that passkeys are bound to.
    pub fn fits(&self, host: &str) -> bool {
        let Some(id) = &self.rp_id else { return true };
        host == id
            || id.contains('.') && host.strip_suffix(id.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }
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
}

//! The parameter `claims` (OpenID Connect Core §5.5).

use avnology_jose::json;
use serde_json::{Map, Value};

use crate::{AcrValue, ErrorCode, OAuthError};

/// Most bytes of the parameter.
const BYTES: usize = 8_192;
/// Most claims in it.
const CLAIMS: usize = 100;

/// Which claims are wanted where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsRequest {
    /// In the ID token.
    pub id_token: Vec<String>,
    /// At userinfo.
    pub userinfo: Vec<String>,
    /// The one subject that will do, if it names one: acts as `id_token_hint`.
    pub subject: Option<String>,
    /// The values of `acr` that are wanted.
    pub acr: Vec<AcrValue>,
    /// Whether one of them is required.
    pub acr_is_essential: bool,
}

impl ClaimsRequest {
    /// Reads the parameter. `invalid_request` when it is no JSON object of the standard's form, or names a member twice.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let malformed = OAuthError::request("claims is malformed");
        if text.len() > BYTES {
            return Err(malformed);
        }
        let members = json::object(text.as_bytes()).map_err(|_| malformed.clone())?;
        let mut request = Self::default();
        for (place, into) in [("id_token", &mut request.id_token), ("userinfo", &mut request.userinfo)] {
            let wanted = match members.get(place) {
                None | Some(Value::Null) => continue,
                Some(Value::Object(wanted)) if wanted.len() <= CLAIMS => wanted,
                Some(_) => return Err(malformed),
            };
            if !wanted.values().all(|one| matches!(one, Value::Null | Value::Object(_))) {
                return Err(malformed);
            }
            into.extend(wanted.keys().cloned());
        }
        if let Some(wanted) = members.get("id_token").and_then(Value::as_object) {
            request.read_acr(wanted)?;
        }
        for place in ["id_token", "userinfo"] {
            let value = members.get(place).and_then(|wanted| wanted.get("sub")?.get("value")?.as_str());
            if let Some(value) = value {
                if request.subject.as_deref().is_some_and(|other| other != value) {
                    return Err(OAuthError::request("claims names two subjects"));
                }
                request.subject = Some(value.to_owned());
            }
        }
        Ok(request)
    }

    /// `unmet_authentication_requirements` when it is essential and none of the values is ours.
    fn read_acr(&mut self, wanted: &Map<String, Value>) -> Result<(), OAuthError> {
        let Some(acr) = wanted.get("acr") else { return Ok(()) };
        let one = acr.get("value").and_then(Value::as_str).into_iter();
        let many =
            acr.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let names: Vec<_> = one.chain(many).collect();
        self.acr = names.iter().filter_map(|name| AcrValue::from_name(name)).collect();
        self.acr_is_essential = acr.get("essential") == Some(&Value::Bool(true)) && !names.is_empty();
        if self.acr_is_essential && self.acr.is_empty() {
            let why = "no such acr can be reached";
            return Err(OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_wanted_in_their_places() {
        let text = r#"{"id_token":{"auth_time":{"essential":true},"acr":{"essential":true,"values":["x","aal2"]},"sub":{"value":"usr_1"}},
            "userinfo":{"email":null,"http://example.info/claims/groups":null},"else":7}"#;
        let read = ClaimsRequest::parse(text).unwrap();
        assert_eq!(read.id_token, ["acr", "auth_time", "sub"]);
        assert_eq!(read.userinfo, ["email", "http://example.info/claims/groups"]);
        assert_eq!(
            (read.subject.as_deref(), read.acr.len(), read.acr_is_essential),
            (Some("usr_1"), 1, true)
        );
        assert_eq!(ClaimsRequest::parse("{}"), Ok(ClaimsRequest::default()));
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "",
            "[]",
            r#"{"id_token":[]}"#,
            r#"{"id_token":{"email":true}}"#,
            r#"{"id_token":{},"id_token":{}}"#,
            r#"{"id_token":{"acr":{"essential":true,"value":"made-up"}}}"#,
            r#"{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}"#,
            &" ".repeat(BYTES + 1),
        ] {
            assert!(ClaimsRequest::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Reading what browsers answer.

use avnology_model::secret_token::sha256;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{Challenge, LARGEST, LONGEST_ID, Refused};
use crate::credentials::attestation::AttestationObject;

/// What `toJSON()` of a browser's credential gives, taken apart as far as our own rules need.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The credential's id.
    pub(crate) raw_id: Vec<u8>,
    /// Whom the authenticator takes the person for.
    pub(crate) user_handle: Option<Vec<u8>>,
    response: Map<String, Value>,
    client: Map<String, Value>,
    /// The client's data as it was signed.
    client_bytes: Vec<u8>,
}

impl Answer {
    /// Reads an answer: an object, or its JSON as text.
    pub(crate) fn read(value: &Value) -> Result<Self, Refused> {
        let parsed;
        let object = match value {
            Value::String(text) if text.len() <= LARGEST => {
                parsed = serde_json::from_str::<Value>(text).map_err(|_| Refused::Format)?;
                parsed.as_object()
            }
            other => other.as_object(),
        };
        let object = object.ok_or(Refused::Format)?;
        let text =
            |map: &Map<String, Value>, name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
        if text(object, "type").as_deref() != Some("public-key") {
            return Err(Refused::Format);
        }
        let raw = text(object, "rawId").or_else(|| text(object, "id")).ok_or(Refused::Format)?;
        if text(object, "id").is_some_and(|id| id != raw) {
            return Err(Refused::Format);
        }
        let raw_id = bytes(&raw)?;
        if raw_id.is_empty() || raw_id.len() > LONGEST_ID {
            return Err(Refused::Format);
        }
        let response = object.get("response").and_then(Value::as_object).cloned().ok_or(Refused::Format)?;
        let client_bytes = bytes(&text(&response, "clientDataJSON").ok_or(Refused::Format)?)?;
        let client: Value = serde_json::from_slice(&client_bytes).map_err(|_| Refused::Format)?;
        let Value::Object(client) = client else { return Err(Refused::Format) };
        let user_handle = text(&response, "userHandle").map(|handle| bytes(&handle)).transpose()?;
        Ok(Self { raw_id, user_handle, response, client, client_bytes })
    }

    /// Checks the client's data (§5.8.1): the ceremony, the challenge, the very origin, and no frame of another one.
    pub(super) fn check_client(
        &self,
        ceremony: &str,
        challenge: &Challenge,
        origins: &[String],
    ) -> Result<(), Refused> {
        let told = |name: &str| self.client.get(name).and_then(Value::as_str);
        if told("type") != Some(ceremony) {
            return Err(Refused::Format);
        }
        if told("challenge") != Some(URL_SAFE_NO_PAD.encode(challenge).as_str()) {
            return Err(Refused::Challenge);
        }
        let is_framed = self.client.get("crossOrigin").is_some_and(|value| *value != Value::Bool(false))
            || self.client.contains_key("topOrigin");
        let is_ours = told("origin").is_some_and(|told| origins.iter().any(|origin| origin == told));
        if !is_ours || is_framed {
            return Err(Refused::Origin);
        }
        Ok(())
    }

    /// A member of the response, or null.
    fn member(&self, name: &str) -> Value {
        self.response.get(name).cloned().unwrap_or(Value::Null)
    }

    /// A member of the response that is bytes.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, Refused> {
        bytes(self.response.get(name).and_then(Value::as_str).ok_or(Refused::Format)?)
    }

    /// What is signed with these data of the authenticator (§6.3.3).
    pub(super) fn signed(&self, data: &[u8]) -> Vec<u8> {
        [data, sha256(&self.client_bytes).as_slice()].concat()
    }

    /// The answer with nothing in it but these members of the response; extensions that nobody asked for are left out.
    pub(super) fn normal(&self, members: &[(&str, Value)]) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.raw_id);
        let mut response: Map<String, Value> =
            members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        response.insert("clientDataJSON".to_owned(), self.member("clientDataJSON"));
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} })
    }

    pub(super) fn transports(&self) -> Vec<String> {
        let listed = self.response.get("transports").and_then(Value::as_array);
        let known =
            |text: &&str| matches!(*text, "usb" | "nfc" | "ble" | "smart-card" | "hybrid" | "internal");
        let texts = listed.into_iter().flatten().filter_map(Value::as_str).filter(known);
        let mut transports: Vec<String> = texts.map(str::to_owned).collect();
        transports.sort_unstable();
        transports.dedup();
        transports
    }

    pub(super) fn attestation(&self) -> Option<AttestationObject> {
        let object = self.response.get("attestationObject").and_then(Value::as_str)?;
        AttestationObject::read(&bytes(object).ok()?)
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Format)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_another_form_is_refused_as_such() {
        let client = URL_SAFE_NO_PAD.encode(r#"{"type":"webauthn.get"}"#);
        let good = json!({ "id": "AAEC", "rawId": "AAEC", "type": "public-key", "response": { "clientDataJSON": client } });
        assert!(Answer::read(&good).is_ok());
        assert!(Answer::read(&Value::String(good.to_string())).is_ok(), "its JSON as text");
        let with = |pointer: &str, value: Value| {
            let mut other = good.clone();
            if let Some(member) = other.pointer_mut(pointer) {
                *member = value;
            }
            Answer::read(&other).err()
        };
        for (pointer, value) in [
            ("/type", json!("password")),
            ("/rawId", json!("AAE")),
            ("/rawId", json!("AA/C")),
            ("/id", json!("AAED")),
            ("/rawId", json!("")),
            ("/response", json!([])),
            ("/response/clientDataJSON", json!(7)),
            ("/response/clientDataJSON", json!(URL_SAFE_NO_PAD.encode("[]"))),
        ] {
            assert_eq!(with(pointer, value), Some(Refused::Format), "{pointer}");
        }
        for value in [json!(null), json!("{"), json!([]), json!("x".repeat(LARGEST + 1))] {
            assert_eq!(Answer::read(&value).err(), Some(Refused::Format));
        }
    }

    proptest! {
        #[test]
        fn reading_never_fails_otherwise(text in ".{0,200}") {
            prop_assert!(Answer::read(&Value::String(text)).is_err());
        }
    }
}

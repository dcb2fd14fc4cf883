//! Somebody's authenticators in software: a passkey that can be copied and verifies its owner, and an app that shows codes.

use avnology_model::secret_token::sha256;
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use crate::{Outcome, seed::random};

/// Present, verified, may be copied, was copied (WebAuthn Level 3 §6.1).
const FLAGS: u8 = 0b0001_1101;
/// What an attestation brings besides: the credential itself.
const WITH_CREDENTIAL: u8 = 0b0100_0000;

/// A passkey for one account.
pub(crate) struct Passkey {
    key: EcdsaKeyPair,
    id: [u8; 32],
    user_handle: String,
}

impl Passkey {
    pub(crate) fn new() -> Outcome<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| "no key was made")?;
        Ok(Self { key, id: random(), user_handle: String::new() })
    }

    /// The answer to `PublicKeyCredentialCreationOptionsJSON`.
    pub(crate) fn create(&mut self, options: &Value, origin: &str) -> Outcome<Value> {
        text(options, "/user/id")?.clone_into(&mut self.user_handle);
        let client = client_data("webauthn.create", text(options, "/challenge")?, origin);
        let mut data = data(text(options, "/rp/id")?, FLAGS | WITH_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len())?.to_be_bytes());
        data.extend(self.id);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053 §7.1); the point is 4, x, y.
        let (_, point) = self.key.public_key().as_ref().split_at(1);
        let (x, y) = point.split_at(32);
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(x);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(y);
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len())?.to_be_bytes());
        object.extend(data);
        Ok(self.wrap(&json!({
            "clientDataJSON": BASE64.encode(client), "attestationObject": BASE64.encode(object),
            "transports": ["internal", "hybrid"],
        })))
    }

    /// The answer to a challenge for a relying party.
    pub(crate) fn get(&self, challenge: &str, rp_id: &str, origin: &str) -> Outcome<Value> {
        let client = client_data("webauthn.get", challenge, origin);
        let data = data(rp_id, FLAGS);
        let signed = [data.as_slice(), sha256(client.as_bytes()).as_slice()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).map_err(|_| "nothing was signed")?;
        Ok(self.wrap(&json!({
            "clientDataJSON": BASE64.encode(client), "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature.as_ref()), "userHandle": self.user_handle,
        })))
    }

    fn wrap(&self, response: &Value) -> Value {
        let id = BASE64.encode(self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
            "response": response, "clientExtensionResults": {},
        })
    }
}

fn client_data(kind: &str, challenge: &str, origin: &str) -> String {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string()
}

fn data(rp_id: &str, flags: u8) -> Vec<u8> {
    // It does not count: four bytes of nought.
    [sha256(rp_id.as_bytes()).as_slice(), &[flags], &[0; 4]].concat()
}

fn text<'v>(value: &'v Value, pointer: &str) -> Outcome<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("no {pointer} in {value}").into())
}

/// The code that an app with this secret shows at this second (RFC 6238).
pub(crate) fn code(secret: &[u8], second: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &(second / 30).to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes.last().copied().unwrap_or_default() & 15);
    let four = bytes.iter().skip(at).take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    format!("{:06}", (four & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_shows_the_codes_of_rfc_6238() {
        for (second, shown) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code(b"12345678901234567890", second), shown);
        }
    }
}

//! Somebody's security key in software: it signs as a real one does, and lies as a forged one would.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::sec1::ToSec1Point as _,
};
use serde_json::{Value, json};

use crate::{Answer, ORIGIN, maker};

/// A key pair for one account, and what its device says of itself.
#[derive(Clone)]
pub struct SoftPasskey {
    key: SigningKey,
    /// Its own name for the credential.
    pub id: Vec<u8>,
    /// Whom it takes the person for.
    pub user_handle: Vec<u8>,
    /// How often it has signed; 0 for devices that do not count.
    pub counter: u32,
    /// Whether it can be copied to other devices.
    pub backup_eligible: bool,
    /// The model of its device.
    pub model: [u8; 16],
    /// Whether its maker vouches for the device.
    pub attested: bool,
}

/// What a signature says, to be made wrong.
#[derive(Clone)]
pub struct Says {
    /// Where the page was.
    pub origin: String,
    /// For whom the key is.
    pub rp_id: String,
    /// Whether the person touched it.
    pub present: bool,
    /// Whether it verified the person.
    pub verified: bool,
    /// What else the browser says.
    pub more: Value,
}

impl Default for Says {
    fn default() -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            rp_id: "id.example.com".to_owned(),
            present: true,
            verified: true,
            more: json!({ "crossOrigin": false }),
        }
    }
}

/// What a flow asks a browser for.
#[track_caller]
pub fn ceremony(answer: &Answer) -> Value {
    let node = answer.node("passkey_response").expect("a node for passkeys");
    node["attributes"]["webauthn"].clone()
}

fn client_data(kind: &str, options: &Value, says: &Says) -> Vec<u8> {
    let mut data = json!({ "type": kind, "challenge": options["challenge"], "origin": says.origin });
    if let (Value::Object(data), Value::Object(more)) = (&mut data, &says.more) {
        data.extend(more.clone());
    }
    data.to_string().into_bytes()
}

impl SoftPasskey {
    /// A new key, different for every `seed`.
    pub fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed.max(1); 32]).expect("a scalar");
        Self {
            key,
            id: vec![seed; 32],
            user_handle: Vec::new(),
            counter: 0,
            backup_eligible: true,
            model: [0; 16],
            attested: false,
        }
    }

    /// A device that counts its signatures and cannot be copied.
    pub fn bound(seed: u8) -> Self {
        Self { counter: 1, backup_eligible: false, ..Self::new(seed) }
    }

    /// The same, of a model that its maker vouches for ([`MAKER_ROOT`](crate::MAKER_ROOT)).
    pub fn attested(seed: u8, model: [u8; 16]) -> Self {
        Self { attested: true, model, ..Self::bound(seed) }
    }

    /// The answer to a ceremony that makes a credential.
    pub fn create(&mut self, answer: &Answer) -> Value {
        self.create_saying(&ceremony(answer)["options"], &Says::default())
    }

    /// The same, saying something else.
    pub fn create_saying(&mut self, options: &Value, says: &Says) -> Value {
        let handle = options["user"]["id"].as_str().unwrap_or_default();
        self.user_handle = BASE64.decode(handle).expect("base64url");
        let client = client_data("webauthn.create", options, says);
        let mut data = self.authenticator_data(says, 0x40);
        // Attested credential data (WebAuthn Level 3 §6.5.1): model, id, and the key in COSE form.
        data.extend(self.model);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose());
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = vec![0xa3, 0x63];
        if self.attested {
            let mut signed = data.clone();
            signed.extend(avnology_model::secret_token::sha256(&client));
            object.extend(b"fmt\x66packed\x67attStmt");
            object.extend(maker::statement(&signed));
        } else {
            object.extend(b"fmt\x64none\x67attStmt\xa0");
        }
        object.extend(b"\x68authData\x59");
        object.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        object.extend(&data);
        self.wrap(&json!({
            "clientDataJSON": BASE64.encode(client), "attestationObject": BASE64.encode(object),
            "transports": ["internal", "hybrid"],
        }))
    }

    /// The answer to a ceremony that uses a credential.
    pub fn get(&mut self, answer: &Answer) -> Value {
        self.get_saying(&ceremony(answer)["options"], &Says::default())
    }

    /// The same, saying something else.
    pub fn get_saying(&mut self, options: &Value, says: &Says) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let client = client_data("webauthn.get", options, says);
        let data = self.authenticator_data(says, 0);
        let mut signed = data.clone();
        signed.extend(avnology_model::secret_token::sha256(&client));
        let signature: Signature = self.key.sign(&signed);
        self.wrap(&json!({
            "clientDataJSON": BASE64.encode(client), "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature.to_der().as_bytes()), "userHandle": BASE64.encode(&self.user_handle),
        }))
    }

    fn wrap(&self, response: &Value) -> Value {
        let id = BASE64.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "response": response,
            "clientExtensionResults": { "credProps": { "rk": true } },
        })
    }

    fn authenticator_data(&self, says: &Says, more: u8) -> Vec<u8> {
        let mut data = avnology_model::secret_token::sha256(says.rp_id.as_bytes()).to_vec();
        let backup = if self.backup_eligible { 0x18 } else { 0 };
        data.push(u8::from(says.present) | u8::from(says.verified) << 2 | backup | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` (RFC 9053 §7.1).
    fn cose(&self) -> Vec<u8> {
        let point = self.key.verifying_key().as_affine().to_sec1_point(false);
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        cose.extend(point.x().expect("a point"));
        cose.extend([0x22, 0x58, 0x20]);
        cose.extend(point.y().expect("a point"));
        cose
    }
}

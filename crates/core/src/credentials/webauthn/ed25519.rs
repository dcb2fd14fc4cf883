//! Credentials on Ed25519 (RFC 8032), whose keys `webauthn-rs-core` does not read. It checks everything else of an answer
//! before it says so: the client's data, the authenticator's, and a statement with certificates.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize as _;
use serde_cbor_2::{Deserializer, Value as Cbor};
use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AttestationFormat, AttestationMetadata, COSEAlgorithm, COSEKey, COSEKeyType, COSEOKPKey, Credential,
    EDDSACurve, ParsedAttestation, RegisteredExtensions,
};

use super::{Refused, authenticator_data::AuthenticatorData, from, policy, signature};
use crate::credentials::attestation::{AttestationObject, Statement};

/// Bytes of the model, before the length of the id.
const MODEL: usize = 16;

/// The credential that an answer makes; `signed` is what its statement signs.
pub(super) fn made(
    object: &AttestationObject,
    signed: &[u8],
    must_verify: bool,
) -> Result<Credential, Refused> {
    let data = AuthenticatorData::read(object.data())?;
    let (_, rest) = data.rest.split_at_checked(MODEL).ok_or(Refused::Format)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Refused::Format)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (id, rest) = rest.split_at_checked(length).ok_or(Refused::Format)?;
    let key = key(rest).ok_or(Refused::Format)?;
    let (format, statement) = match object.statement() {
        Statement::None => (AttestationFormat::None, json!("None")),
        Statement::Itself { algorithm, signature: by } => {
            if algorithm != COSEAlgorithm::EDDSA as i128 || signature::check(&key, signed, by).is_err() {
                return Err(Refused::Attestation);
            }
            (AttestationFormat::Packed, json!("Self_"))
        }
        Statement::Certified(chain) => {
            let chain: Vec<String> = chain.iter().map(|der| URL_SAFE_NO_PAD.encode(der)).collect();
            (AttestationFormat::Packed, json!({ "Basic": chain }))
        }
        Statement::Other => return Err(Refused::Attestation),
    };
    Ok(Credential {
        cred_id: id.to_vec(),
        cred: key,
        counter: data.counter,
        transports: None,
        user_verified: data.is_verified(),
        backup_eligible: data.is_backup_eligible(),
        backup_state: data.is_backed_up(),
        registration_policy: policy(must_verify),
        extensions: RegisteredExtensions::default(),
        attestation: attestation(statement)?,
        attestation_format: format,
    })
}

fn attestation(statement: Value) -> Result<ParsedAttestation, Refused> {
    Ok(ParsedAttestation { data: from(statement)?, metadata: AttestationMetadata::None })
}

/// `{1: 1, 3: -8, -1: 6, -2: x}` (RFC 9053 §7.2); extensions may follow.
fn key(bytes: &[u8]) -> Option<COSEKey> {
    let Cbor::Map(members) = Cbor::deserialize(&mut Deserializer::from_slice(bytes)).ok()? else {
        return None;
    };
    let is = |label: i128, value: i128| members.get(&Cbor::Integer(label)) == Some(&Cbor::Integer(value));
    let Some(Cbor::Bytes(x)) = members.get(&Cbor::Integer(-2)) else { return None };
    let is_ed25519 = is(1, 1) && is(3, COSEAlgorithm::EDDSA as i128) && is(-1, 6) && x.len() == 32;
    let key = COSEKeyType::EC_OKP(COSEOKPKey { curve: EDDSACurve::ED25519, x: x.clone() });
    is_ed25519.then_some(COSEKey { type_: COSEAlgorithm::EDDSA, key })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use avnology_model::{Timestamp, credentials::WebauthnSettings, secret_token::sha256};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;
    use crate::credentials::webauthn::{Answer, Made, RelyingParty, Used};

    const CHALLENGE: [u8; 32] = [9; 32];
    const ID: [u8; 16] = [7; 16];

    /// What an authenticator signs with, and how it shows its key.
    struct Device {
        key: Ed25519KeyPair,
        curve: u8,
    }

    fn device() -> Device {
        Device { key: Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap(), curve: 6 }
    }

    fn client(ceremony: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(CHALLENGE);
        json!({ "type": ceremony, "challenge": challenge, "origin": "https://example.org" }).to_string()
    }

    fn given(response: &Value) -> Answer {
        let id = URL_SAFE_NO_PAD.encode(ID);
        let all = json!({ "id": id, "rawId": id, "type": "public-key", "response": response });
        Answer::read(&all).unwrap()
    }

    fn party(settings: &WebauthnSettings) -> RelyingParty<'_> {
        let origins = vec!["https://example.org".to_owned()];
        RelyingParty { id: "example.org".to_owned(), name: "Example", origins, settings }
    }

    impl Device {
        /// Makes a credential; `statement` is told what is to be signed.
        fn register(
            &self,
            format: &str,
            statement: impl FnOnce(&[u8]) -> Vec<(&'static str, Cbor)>,
        ) -> Result<Made, Refused> {
            let mut data =
                [sha256(b"example.org").as_slice(), &[0x45], &[0; 4 + MODEL], &[0, 16], &ID].concat();
            data.extend([0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, self.curve, 0x21, 0x58, 0x20]);
            data.extend(self.key.public_key().as_ref());
            let client = client("webauthn.create");
            let signed = [data.as_slice(), sha256(client.as_bytes()).as_slice()].concat();
            let text = |name: &str| Cbor::Text(name.to_owned());
            let statement: BTreeMap<Cbor, Cbor> =
                statement(&signed).into_iter().map(|(name, value)| (text(name), value)).collect();
            let object = Cbor::Map(BTreeMap::from([
                (text("fmt"), text(format)),
                (text("attStmt"), Cbor::Map(statement)),
                (text("authData"), Cbor::Bytes(data)),
            ]));
            let object = serde_cbor_2::to_vec(&object).unwrap();
            let answer = given(&json!({
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "attestationObject": URL_SAFE_NO_PAD.encode(object),
            }));
            let now = Timestamp::from_micros(1_770_000_000_000_000);
            party(&WebauthnSettings::default()).check_creation(&CHALLENGE, &answer, true, now)
        }

        fn sign_in(&self, made: &Made, change: impl FnOnce(&mut Vec<u8>)) -> Result<Used, Refused> {
            let data = [sha256(b"example.org").as_slice(), &[0x05], &[0, 0, 0, 1]].concat();
            let client = client("webauthn.get");
            let signed = [data.as_slice(), sha256(client.as_bytes()).as_slice()].concat();
            let mut signature = self.key.sign(&signed).as_ref().to_vec();
            change(&mut signature);
            let answer = given(&json!({
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature),
            }));
            let held = (&made.credential, made.counter);
            party(&WebauthnSettings::default()).check_request(&CHALLENGE, &answer, held, true)
        }

        /// A statement of its own.
        fn vouches(&self, algorithm: i128, signed: &[u8]) -> Vec<(&'static str, Cbor)> {
            let signature = self.key.sign(signed).as_ref().to_vec();
            vec![("alg", Cbor::Integer(algorithm)), ("sig", Cbor::Bytes(signature))]
        }
    }

    #[test]
    fn a_key_on_ed25519_is_made_and_signs_in() {
        let device = device();
        let made = device.register("none", |_| Vec::new()).unwrap();
        assert_eq!((made.credential_id.as_slice(), made.user_verified), (ID.as_slice(), true));
        assert_eq!(made.credential["attested"], json!(false));
        let used = device.sign_in(&made, |_| {}).unwrap();
        assert_eq!((used.counter, used.user_verified), (1, true));
        assert_eq!(device.sign_in(&made, |signature| signature[0] ^= 1).unwrap_err(), Refused::Signature);
        assert_eq!(device.sign_in(&made, Vec::clear).unwrap_err(), Refused::Signature);
        let other = Device { key: Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap(), curve: 6 };
        assert_eq!(other.sign_in(&made, |_| {}).unwrap_err(), Refused::Signature);
    }

    #[test]
    fn a_statement_of_its_own_must_be_its_own() {
        let device = device();
        assert!(device.register("packed", |signed| device.vouches(-8, signed)).is_ok());
        let refused = |made: Result<Made, Refused>| made.unwrap_err();
        assert_eq!(
            refused(device.register("packed", |signed| device.vouches(-7, signed))),
            Refused::Attestation
        );
        assert_eq!(refused(device.register("packed", |_| device.vouches(-8, b"else"))), Refused::Attestation);
        assert_eq!(refused(device.register("packed", |_| Vec::new())), Refused::Attestation);
        assert_eq!(refused(device.register("fido-u2f", |_| Vec::new())), Refused::Attestation);
    }

    #[test]
    fn another_curve_is_not_taken_for_it() {
        let device = Device { curve: 7, ..device() };
        assert_eq!(device.register("none", |_| Vec::new()).unwrap_err(), Refused::Format);
    }
}

//! What an authenticator says of itself when it makes a passkey, and whether its maker vouches for that (WebAuthn Level 3
//! §§6.5, 8). Statements and chains of certificates are checked by `webauthn-rs-core`.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use avnology_model::Timestamp;
use serde_cbor_2::Value;
use webauthn_rs_core::{
    attestation::verify_attestation_ca_chain,
    proto::{AttestationCaList, AttestationFormat, Credential},
};

/// Formats whose statements are read; one in another format proves nothing, and the passkey stands without it.
const READ: [&str; 3] = ["packed", "fido-u2f", "apple"];
const NONE: &str = "none";
/// Where the model stands in the authenticator's data: behind the hash of the relying party's id, flags and counter (§6.1).
const MODEL: std::ops::Range<usize> = 37..53;

/// A statement that was taken apart, as far as it is read here.
pub(super) enum Statement<'o> {
    /// There is none.
    None,
    /// The credential's own key signed (§8.2, self attestation), by this COSE algorithm.
    Itself { algorithm: i128, signature: &'o [u8] },
    /// A chain of certificates, the authenticator's first.
    Certified(Vec<&'o [u8]>),
    /// Anything else.
    Other,
}

/// An attestation object, taken apart.
pub(super) struct AttestationObject {
    format: String,
    statement: Value,
    data: Vec<u8>,
}

impl AttestationObject {
    /// Reads one, without what else stands in it.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let Ok(Value::Map(mut members)) = serde_cbor_2::from_slice(bytes) else { return None };
        let mut take = |name: &str| members.remove(&Value::Text(name.to_owned()));
        let (Value::Text(format), statement, Value::Bytes(data)) =
            (take("fmt")?, take("attStmt")?, take("authData")?)
        else {
            return None;
        };
        Some(Self { format, statement, data })
    }

    /// Whether it says that there is no statement, and has one all the same (§8.7).
    pub(super) fn contradicts_itself(&self) -> bool {
        self.format == NONE && self.statement != Value::Map(BTreeMap::new())
    }

    /// The model of the authenticator, a UUID.
    pub(super) fn aaguid(&self) -> String {
        self.data.get(MODEL).map(uuid_text).unwrap_or_default()
    }

    /// The authenticator's data.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// The object as it is checked: without a statement that is not read.
    pub(super) fn normal(self) -> Self {
        if READ.contains(&self.format.as_str()) {
            return self;
        }
        Self { format: NONE.to_owned(), statement: Value::Map(BTreeMap::new()), data: self.data }
    }

    /// Its three members and nothing else.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let members = [
            ("fmt", Value::Text(self.format.clone())),
            ("attStmt", self.statement.clone()),
            ("authData", Value::Bytes(self.data.clone())),
        ];
        let map = members.into_iter().map(|(name, value)| (Value::Text(name.to_owned()), value)).collect();
        serde_cbor_2::to_vec(&Value::Map(map)).ok()
    }

    /// What the statement is.
    pub(super) fn statement(&self) -> Statement<'_> {
        let (Value::Map(members), "packed") = (&self.statement, self.format.as_str()) else {
            return if self.format == NONE { Statement::None } else { Statement::Other };
        };
        let get = |name: &str| members.get(&Value::Text(name.to_owned()));
        match (get("x5c"), get("alg"), get("sig")) {
            (Some(Value::Array(chain)), ..) => {
                let chain: Option<Vec<&[u8]>> = chain.iter().map(as_bytes).collect();
                chain.map_or(Statement::Other, Statement::Certified)
            }
            (None, Some(Value::Integer(algorithm)), Some(Value::Bytes(signature))) => {
                Statement::Itself { algorithm: *algorithm, signature }
            }
            _ => Statement::Other,
        }
    }
}

fn as_bytes(value: &Value) -> Option<&[u8]> {
    if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
}

fn uuid_text(bytes: &[u8]) -> String {
    let hex = crate::hex(bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// Whether this is a certificate (PEM).
pub(crate) fn is_certificate(pem: &str) -> bool {
    AttestationCaList::try_from(pem.as_bytes()).is_ok()
}

/// Whether the chain of a statement that was checked leads to one of these roots (PEM), and vouches for the model too.
pub(super) fn is_vouched_for(made: &Credential, roots: &[String], now: Timestamp) -> bool {
    // Others do not sign the model along (§8.6), or show no chain.
    if !matches!(made.attestation_format, AttestationFormat::Packed | AttestationFormat::AppleAnonymous) {
        return false;
    }
    let at = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.micros()).unwrap_or_default());
    // One after the other: several may bear one name.
    roots
        .iter()
        .filter_map(|pem| AttestationCaList::try_from(pem.as_bytes()).ok())
        .any(|root| matches!(verify_attestation_ca_chain(&made.attestation.data, &root, at), Ok(Some(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aaguid_is_written_as_a_uuid() {
        let bytes: Vec<u8> = (0..16).map(|i| i * 17).collect();
        assert_eq!(uuid_text(&bytes), "00112233-4455-6677-8899-aabbccddeeff");
    }

    fn object(format: &str, statement: Value) -> AttestationObject {
        let data: Vec<u8> = (0..60).collect();
        AttestationObject { format: format.to_owned(), statement, data }
    }

    #[test]
    fn a_statement_in_a_format_that_is_not_read_is_left_out() {
        let signed = || Value::Map(BTreeMap::from([(Value::Text("sig".to_owned()), Value::Bytes(vec![1]))]));
        for (format, kept) in [("packed", true), ("tpm", false), ("android-key", false), ("compound", false)]
        {
            let read = AttestationObject::read(&object(format, signed()).normal().encode().unwrap()).unwrap();
            assert_eq!((read.format == format, read.statement == signed()), (kept, kept), "{format}");
            assert_eq!(read.aaguid(), "25262728-292a-2b2c-2d2e-2f3031323334");
            assert!(!read.contradicts_itself());
        }
        assert!(object(NONE, signed()).contradicts_itself());
    }

    #[test]
    fn the_model_is_read_from_the_data_that_are_signed_and_nowhere_else() {
        let mut map = BTreeMap::new();
        let lure: Vec<u8> = (0..60).map(|i| if i < 32 { i } else { 0xee }).collect();
        map.insert(Value::Text("a".to_owned()), Value::Bytes(lure));
        let read = AttestationObject::read(&object("packed", Value::Map(map)).encode().unwrap()).unwrap();
        assert_eq!(read.aaguid(), "25262728-292a-2b2c-2d2e-2f3031323334");
    }

    #[test]
    fn what_is_no_attestation_object_is_not_read() {
        for bytes in [&b""[..], b"\x00", b"\xa0", b"\xff", b"\xa1\x63fmt\x64none"] {
            assert!(AttestationObject::read(bytes).is_none());
        }
        assert!(!is_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
        assert!(!is_certificate(""));
    }
}

//! The test vectors of WebAuthn Level 3 (W3C, §16, "Test Vectors"). What this server asks for passes; what it does not offer
//! is refused for that, and nothing passes once it was changed.

use avnology_model::text::from_hex;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;

use super::*;

const VECTORS: &str = include_str!("vectors.json");
/// In the life of the certificates, and after it: the years 2026 and 3030.
const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);
const TOO_LATE: Timestamp = Timestamp::from_micros(33_450_000_000_000_000);

/// What becomes of a registration: whether the maker vouches for the authenticator, or why it is refused.
const EXPECTED: [(&str, Result<bool, Refused>); 14] = [
    ("none.ES256", Ok(false)),
    ("packed-self.ES256", Ok(false)),
    // No frame of another site is let in.
    ("none.ES256.crossOrigin", Err(Refused::Origin)),
    ("none.ES256.topOrigin", Err(Refused::Origin)),
    ("none.ES256.long-credential-id", Ok(false)),
    ("packed.ES256", Ok(true)),
    // Not among the algorithms that are asked for.
    ("packed.ES384", Err(Refused::Format)),
    // Its challenge has 128 bytes; ours have 32.
    ("packed.ES512", Err(Refused::Challenge)),
    // A modulus of 3,482 bits: `webauthn-rs-core` reads those of 2,048.
    ("packed.RS256", Err(Refused::Format)),
    ("packed.EdDSA", Ok(true)),
    // Statements that are not read: the passkey stands without them.
    ("tpm.ES256", Ok(false)),
    ("android-key.ES256", Ok(false)),
    ("apple.ES256", Ok(true)),
    // The model is not signed along.
    ("fido-u2f.ES256", Ok(false)),
];

#[derive(Deserialize)]
struct Vectors {
    attestation_ca_cert: String,
    vectors: Vec<Vector>,
}

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    aaguid: String,
    credential_id: String,
    registration: Map<String, Value>,
    authentication: Map<String, Value>,
}

fn read() -> (Vec<Vector>, WebauthnSettings) {
    let all: Vectors = serde_json::from_str(VECTORS).unwrap();
    let settings = WebauthnSettings {
        attestation: AttestationConveyance::Direct,
        trusted_roots: vec![pem(&from_hex(&all.attestation_ca_cert).unwrap())],
        ..WebauthnSettings::default()
    };
    (all.vectors, settings)
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn party(settings: &WebauthnSettings) -> RelyingParty<'_> {
    let origins = vec!["https://example.org".to_owned()];
    RelyingParty { id: "example.org".to_owned(), name: "Example", origins, settings }
}

fn unhex(value: &Value) -> Vec<u8> {
    from_hex(value.as_str().unwrap()).unwrap()
}

/// What a browser's `toJSON()` gives of one ceremony, and the challenge that it answers.
fn answer(vector: &Vector, ceremony: &Map<String, Value>) -> (Challenge, Answer) {
    let mut response = ceremony.clone();
    let challenge = unhex(&response.remove("challenge").unwrap());
    for value in response.values_mut() {
        *value = json!(URL_SAFE_NO_PAD.encode(unhex(value)));
    }
    let id = URL_SAFE_NO_PAD.encode(unhex(&json!(vector.credential_id)));
    let given = json!({ "id": id, "rawId": id, "type": "public-key", "response": response });
    (challenge.try_into().unwrap_or([0; 32]), Answer::read(&given).unwrap())
}

fn register(vector: &Vector, settings: &WebauthnSettings, now: Timestamp) -> Result<Made, Refused> {
    let (challenge, answer) = answer(vector, &vector.registration);
    party(settings).check_creation(&challenge, &answer, false, now)
}

fn is_attested(made: &Made) -> bool {
    made.credential["attested"] == json!(true)
}

fn sign_in(vector: &Vector, settings: &WebauthnSettings, made: &Made) -> Result<Used, Refused> {
    let (challenge, answer) = answer(vector, &vector.authentication);
    party(settings).check_request(&challenge, &answer, (&made.credential, made.counter), false)
}

/// The ceremony with one member changed.
fn with(
    ceremony: &Map<String, Value>,
    member: &str,
    change: impl FnOnce(&mut Vec<u8>),
) -> Map<String, Value> {
    let mut changed = ceremony.clone();
    let mut bytes = unhex(&changed[member]);
    change(&mut bytes);
    changed[member] = json!(crate::hex(&bytes));
    changed
}

#[test]
fn each_vector_passes_or_is_refused_for_what_is_not_offered() {
    let (vectors, settings) = read();
    assert_eq!(vectors.len(), EXPECTED.len());
    for (vector, (name, expected)) in vectors.iter().zip(EXPECTED) {
        assert_eq!(vector.name, name);
        let made = register(vector, &settings, NOW);
        assert_eq!(made.as_ref().map(is_attested).map_err(|refused| *refused), expected, "{name}");
        let Ok(made) = made else { continue };
        assert_eq!(made.aaguid.replace('-', ""), vector.aaguid, "{name}");
        assert_eq!(crate::hex(&made.credential_id), vector.credential_id, "{name}");
        let used = sign_in(vector, &settings, &made).unwrap();
        let flags = unhex(&vector.authentication["authenticatorData"])[32];
        assert_eq!((used.user_verified, used.backed_up), (flags & 4 != 0, flags & 16 != 0), "{name}");
    }
}

#[test]
fn a_signature_that_was_changed_is_refused() {
    let (vectors, settings) = read();
    for vector in &vectors {
        let Ok(made) = register(vector, &settings, NOW) else { continue };
        let refused = |authentication| {
            sign_in(&Vector { authentication, ..vector.clone() }, &settings, &made).unwrap_err()
        };
        let given = &vector.authentication;
        let last = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(refused(with(given, "signature", last)), Refused::Signature);
        assert_eq!(refused(with(given, "signature", Vec::clear)), Refused::Signature);
        assert_eq!(refused(with(given, "clientDataJSON", |bytes| bytes.push(b' '))), Refused::Signature);
        assert_eq!(refused(with(given, "authenticatorData", |bytes| bytes[0] ^= 1)), Refused::RpId);
        assert_eq!(
            refused(with(given, "authenticatorData", |bytes| bytes[32] &= !1)),
            Refused::UserVerification
        );
        assert_eq!(refused(with(given, "authenticatorData", |bytes| bytes[32] ^= 8)), Refused::Format);
        assert_eq!(refused(with(given, "challenge", last)), Refused::Challenge);
    }
}

#[test]
fn a_statement_that_was_changed_is_refused() {
    let (vectors, settings) = read();
    let mut signed = 0;
    for vector in &vectors {
        let format = vector.name.split('.').next().unwrap_or_default();
        if register(vector, &settings, NOW).is_err() || matches!(format, "none" | "tpm" | "android-key") {
            continue;
        }
        let registration = with(&vector.registration, "clientDataJSON", |bytes| bytes.push(b' '));
        let changed = Vector { registration, ..vector.clone() };
        assert_eq!(register(&changed, &settings, NOW).unwrap_err(), Refused::Attestation, "{}", vector.name);
        signed += 1;
    }
    assert_eq!(signed, 5);
}

#[test]
fn a_maker_is_believed_by_a_root_that_is_trusted_and_in_its_time() {
    let (vectors, settings) = read();
    let vector = vectors.iter().find(|vector| vector.name == "packed.ES256").unwrap();
    let attested = |settings: &WebauthnSettings, now| is_attested(&register(vector, settings, now).unwrap());
    assert!(attested(&settings, NOW));
    assert!(!attested(&settings, TOO_LATE), "the certificates ran out");
    assert!(!attested(&WebauthnSettings { trusted_roots: Vec::new(), ..settings.clone() }, NOW));
    let unasked = WebauthnSettings { attestation: AttestationConveyance::None, ..settings.clone() };
    assert!(!attested(&unasked, NOW), "nobody asked");
    // The certificate of the authenticator itself is no root, and one that bears the root's name is another one.
    let object = unhex(&vector.registration["attestationObject"]);
    let at = object.windows(3).position(|bytes| bytes == b"x5c").unwrap() + 7;
    let length = usize::from(u16::from_be_bytes([object[at - 2], object[at - 1]]));
    let leaf = pem(&object[at..at + length]);
    assert!(super::super::attestation::is_certificate(&leaf));
    assert!(!attested(&WebauthnSettings { trusted_roots: vec![leaf.clone()], ..settings.clone() }, NOW));
    let mut both = WebauthnSettings { trusted_roots: vec![leaf], ..settings.clone() };
    both.trusted_roots.extend(settings.trusted_roots.iter().cloned());
    assert!(attested(&both, NOW), "one of several is enough");
    assert!(register(vector, &settings, NOW).unwrap().credential["attestation"]["data"] == json!("None"));
}

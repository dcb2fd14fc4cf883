//! The maker of soft passkeys, who vouches for them: the attestation authority of the test vectors of WebAuthn Level 3
//! (W3C), whose keys are published for tests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};

/// The root that vouches for authenticators.
pub const MAKER_ROOT: &str = "-----BEGIN CERTIFICATE-----
MIICBzCCAa2gAwIBAgIRAO1/kF2L0LQU0XhJExcKkLYwCgYIKoZIzj0EAwIwYjEe
MBwGA1UEAwwVV2ViQXV0aG4gdGVzdCB2ZWN0b3JzMQwwCgYDVQQKDANXM0MxJTAj
BgNVBAsMHEF1dGhlbnRpY2F0b3IgQXR0ZXN0YXRpb24gQ0ExCzAJBgNVBAYTAkFB
MCAXDTI0MDEwMTAwMDAwMFoYDzMwMjQwMTAxMDAwMDAwWjBiMR4wHAYDVQQDDBVX
ZWJBdXRobiB0ZXN0IHZlY3RvcnMxDDAKBgNVBAoMA1czQzElMCMGA1UECwwcQXV0
aGVudGljYXRvciBBdHRlc3RhdGlvbiBDQTELMAkGA1UEBhMCQUEwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAAQyaTAOX/e2mQFfcM+AqHY79wW8LirwwbOc/3GLfDWI
DKMPMZB42RsDOJoAb9/IodzYTt+gfTCqE0dKJIoNq1uqo0IwQDAPBgNVHRMBAf8E
BTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQURa/3FbDdeGdB/umW68Fl
R6OTGx4wCgYIKoZIzj0EAwIDSAAwRQIgSDBjtrsI3Mg9ozoCwR0vQiAxdok1VNE4
xhSjaQhyTMgCIQD17yyRLUUAs+L1tZHQYiSR6fIg39H5c07EhLt+kIh2Yw==
-----END CERTIFICATE-----
";

/// The certificate of what signs in the authenticators; no root.
pub const MAKER_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIICITCCAcigAwIBAgIRAIjCIPg8jvH+r+lN6uRfqtAwCgYIKoZIzj0EAwIwYjEe
MBwGA1UEAwwVV2ViQXV0aG4gdGVzdCB2ZWN0b3JzMQwwCgYDVQQKDANXM0MxJTAj
BgNVBAsMHEF1dGhlbnRpY2F0b3IgQXR0ZXN0YXRpb24gQ0ExCzAJBgNVBAYTAkFB
MCAXDTI0MDEwMTAwMDAwMFoYDzMwMjQwMTAxMDAwMDAwWjBfMR4wHAYDVQQDDBVX
ZWJBdXRobiB0ZXN0IHZlY3RvcnMxDDAKBgNVBAoMA1czQzEiMCAGA1UECwwZQXV0
aGVudGljYXRvciBBdHRlc3RhdGlvbjELMAkGA1UEBhMCQUEwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASpG6Q4lAndOKQoFBlAyo/rGsDXtDUFWBBKN3ekkyLzeYRA
83izOYqy07t7+RMiyS6yNVb1mtCoNv7Ex2Y7Dk3Do2AwXjAMBgNVHRMBAf8EAjAA
MA4GA1UdDwEB/wQEAwIHgDAdBgNVHQ4EFgQUpYm6ctBghCqxH3T7JGve2rFvm5sw
HwYDVR0jBBgwFoAURa/3FbDdeGdB/umW68FlR6OTGx4wCgYIKoZIzj0EAwIDRwAw
RAIgFya52F7Nil7VEWNyLKOiCIb9myQqCqBFPUQhFgdd79UCIH70ceUwrIeWGoin
8NDBewkf/GuSONMPefY1tBe+WRDn
-----END CERTIFICATE-----
";

/// The key that stands in that certificate: `attestation_private_key` of vector `packed.ES256`.
const KEY: [u8; 32] = [
    0xec, 0x28, 0x04, 0xb2, 0x22, 0x55, 0x2b, 0x4b, 0x27, 0x7d, 0x1f, 0x58, 0xf8, 0xc4, 0x34, 0x3c, 0x0b,
    0x0b, 0x0d, 0xb5, 0x47, 0x4e, 0xb5, 0x53, 0x65, 0xc8, 0x9d, 0x66, 0xa2, 0xbc, 0x96, 0xbe,
];

/// A packed attestation statement (§8.2) about what is signed, in CBOR: `{"alg": -7, "sig": bytes, "x5c": [bytes]}`.
pub(crate) fn statement(signed: &[u8]) -> Vec<u8> {
    let key = SigningKey::from_slice(&KEY).expect("a scalar");
    let signature: Signature = key.sign(signed);
    let signature = signature.to_der();
    let certificate: String = MAKER_CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = STANDARD.decode(certificate).expect("base64");
    let mut statement = vec![0xa3];
    statement.extend(b"\x63alg\x26\x63sig\x58");
    statement.push(u8::try_from(signature.as_bytes().len()).expect("short"));
    statement.extend(signature.as_bytes());
    statement.extend(b"\x63x5c\x81\x59");
    statement.extend(u16::try_from(certificate.len()).expect("short").to_be_bytes());
    statement.extend(certificate);
    statement
}

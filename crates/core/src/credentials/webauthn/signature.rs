//! Signatures of credentials, checked by the public keys that were kept (WebAuthn Level 3 §6.5.5).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use webauthn_rs_core::proto::{COSEAlgorithm, COSEKey, COSEKeyType, ECDSACurve, EDDSACurve};

use super::Refused;

/// Whether the key signed this. A key of an algorithm that is not offered signs nothing.
pub(super) fn check(key: &COSEKey, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
    let verified = match (&key.key, key.type_) {
        (COSEKeyType::EC_EC2(ec), COSEAlgorithm::ES256) if matches!(ec.curve, ECDSACurve::SECP256R1) => {
            // An uncompressed point (SEC 1 §2.3.3).
            let point = [&[4], ec.x.as_slice(), ec.y.as_slice()].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
        }
        (COSEKeyType::EC_OKP(edwards), COSEAlgorithm::EDDSA)
            if matches!(edwards.curve, EDDSACurve::ED25519) =>
        {
            UnparsedPublicKey::new(&ED25519, &edwards.x).verify(message, signature)
        }
        (COSEKeyType::RSA(rsa), COSEAlgorithm::RS256) => {
            let n = rsa.n.iter().position(|byte| *byte != 0).and_then(|at| rsa.n.get(at..));
            let components = RsaPublicKeyComponents { n: n.unwrap_or_default(), e: rsa.e.as_slice() };
            components.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        }
        _ => return Err(Refused::Format),
    };
    verified.map_err(|_| Refused::Signature)
}

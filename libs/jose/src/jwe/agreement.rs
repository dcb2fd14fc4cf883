//! Keys that two agree on (RFC 7518 §4.6): ECDH on P-256, P-384 (NIST) and X25519 (RFC 8037 §3.2).

use aws_lc_rs::{
    agreement::{Algorithm, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, X25519, agree},
    kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest},
};
use zeroize::Zeroizing;

use crate::{
    Refusal,
    jwe::Random,
    material::{Curve, Material},
};

/// How often bytes are drawn that are no key. Once is 1 in 2^32; more often the generator is broken.
const DRAWS: usize = 8;

/// The library's name of the curve that a key is on. `BadKey` for keys that do not agree.
pub(super) fn algorithm(material: &Material) -> Result<&'static Algorithm, Refusal> {
    match material {
        Material::Ec(Curve::P256, _) => Ok(&ECDH_P256),
        Material::Ec(Curve::P384, _) => Ok(&ECDH_P384),
        Material::X25519(_) => Ok(&X25519),
        Material::Ed25519(_) | Material::Rsa(..) => Err(Refusal::BadKey),
    }
}

fn width(material: &Material) -> usize {
    match material {
        Material::Ec(curve, _) => curve.width(),
        _ => 32,
    }
}

/// The private key of these bytes, on the curve of a public one.
pub(super) fn private_key(on: &Material, secret: &[u8]) -> Result<PrivateKey, Refusal> {
    if secret.len() != width(on) {
        return Err(Refusal::BadKey);
    }
    PrivateKey::from_private_key(algorithm(on)?, secret).map_err(|_| Refusal::BadKey)
}

/// A new private key on the curve of a public one.
pub(super) fn ephemeral(on: &Material, random: Random<'_>) -> Result<PrivateKey, Refusal> {
    let mut secret = Zeroizing::new(vec![0; width(on)]);
    for _ in 0..DRAWS {
        random(&mut secret);
        if let Ok(key) = private_key(on, &secret) {
            return Ok(key);
        }
    }
    Err(Refusal::Failure)
}

/// The public half of a private key on the curve of `like`.
pub(super) fn public_half(key: &PrivateKey, like: &Material) -> Result<Material, Refusal> {
    let public = key.compute_public_key().map_err(|_| Refusal::BadKey)?;
    match like {
        Material::Ec(curve, _) => Material::ec(*curve, public.as_ref()),
        Material::X25519(_) => Ok(Material::X25519(public.as_ref().try_into().map_err(|_| Refusal::BadKey)?)),
        Material::Ed25519(_) | Material::Rsa(..) => Err(Refusal::BadKey),
    }
}

/// Whether the library finds the point on the curve.
pub(super) fn is_on_curve(material: &Material) -> bool {
    let Ok(algorithm) = algorithm(material) else { return false };
    let form = material.library_form();
    aws_lc_rs::agreement::ParsedPublicKey::try_from(UnparsedPublicKey::new(algorithm, form)).is_ok()
}

/// A key of so many bytes that the owners of `mine` and `theirs` share and nobody else knows, for this purpose and these
/// parties (the Concat KDF of §4.6.2). `Undecryptable` when the two are on different curves, or theirs on none.
pub(super) fn shared_key(
    mine: &PrivateKey,
    theirs: &Material,
    purpose: &str,
    parties: (&[u8], &[u8]),
    bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let bits = u32::try_from(bytes * 8).map_err(|_| Refusal::Failure)?;
    let mut info = Vec::new();
    for part in [purpose.as_bytes(), parties.0, parties.1] {
        info.extend(u32::try_from(part.len()).map_err(|_| Refusal::TooLarge)?.to_be_bytes());
        info.extend(part);
    }
    info.extend(bits.to_be_bytes());
    let theirs = UnparsedPublicKey::new(algorithm(theirs)?, theirs.library_form());
    agree(mine, theirs, Refusal::Undecryptable, |secret| {
        let mut key = Zeroizing::new(vec![0; bytes]);
        let sha256 = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).ok_or(Refusal::Failure)?;
        sskdf_digest(sha256, secret, &info, &mut key).map_err(|_| Refusal::Failure)?;
        Ok(key)
    })
}

#[cfg(test)]
mod tests;

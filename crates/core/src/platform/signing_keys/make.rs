//! New keys, and how they are kept.

use avnology_jose::{Algorithm, SigningKey};
use avnology_model::{Error, Result, platform::SigningAlgorithm};
use avnology_store::platform::signing_keys::StoredSigningKey;
use zeroize::Zeroizing;

use crate::{
    Cx,
    platform::{Keys, Place},
};

/// How often bytes are drawn that are no key. Once is 1 in 2^32; more often the generator is broken.
const DRAWS: usize = 8;

/// A new key that signs from now on, sealed. An RSA key takes a good part of a second.
pub(super) async fn draw(keys: &Keys, cx: &Cx, algorithm: SigningAlgorithm) -> Result<StoredSigningKey> {
    let key = match algorithm {
        SigningAlgorithm::Es256 => {
            let mut drawn = (0..DRAWS).map(|_| SigningKey::from_secret(&Zeroizing::new(cx.random())));
            drawn.find_map(Result::ok).ok_or_else(|| Error::internal("no random bytes make a key"))?
        }
        SigningAlgorithm::EdDsa => {
            SigningKey::from_seed(&Zeroizing::new(cx.random())).map_err(Error::internal)?
        }
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => cx.rsa_key(name(algorithm)).await?,
    };
    let private = key.to_pkcs8().map_err(Error::internal)?;
    Ok(StoredSigningKey {
        kid: key.kid().to_owned(),
        algorithm: algorithm.as_str().to_owned(),
        active: true,
        public_jwk: key.public().to_jwk(),
        private_key: keys.seal(&place(key.kid()), &private)?,
        create_time: cx.now,
        activate_time: cx.now,
        retire_time: None,
    })
}

/// The private half of a row.
pub(super) fn open(keys: &Keys, row: &StoredSigningKey, algorithm: SigningAlgorithm) -> Result<SigningKey> {
    let private = keys.open(&place(&row.kid), &row.private_key)?;
    SigningKey::from_pkcs8(name(algorithm), &private).map_err(Error::internal)
}

fn place(kid: &str) -> Place<'_> {
    Place { table: "signing_keys", row: kid, column: "private_key" }
}

fn name(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::Rs256,
        SigningAlgorithm::Es256 => Algorithm::Es256,
        SigningAlgorithm::Ps256 => Algorithm::Ps256,
        SigningAlgorithm::EdDsa => Algorithm::EdDsa,
    }
}

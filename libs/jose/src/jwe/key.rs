//! Keys for encryption, and how they bring a content key about (RFC 7518 §4).

use std::fmt;

use aws_lc_rs::{
    agreement::PrivateKey,
    encoding::AsDer as _,
    rsa::{
        OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
        PublicEncryptingKey, PublicKeyComponents,
    },
};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{ContentEncryption, Random, agreement, wrap};
use crate::{Refusal, base64url, header::Header, jwk, material, material::Material, signing_key::rsa_pair};

/// How the key of the content comes to whoever reads it. Each key has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyManagement {
    /// Both have it already.
    Dir,
    /// Wrapped by a shared key of 128 bits.
    A128Kw,
    /// Wrapped by a shared key of 256 bits.
    A256Kw,
    /// Encrypted by RSA with OAEP and SHA-256.
    RsaOaep256,
    /// Agreed on, for this text alone.
    EcdhEs,
    /// Wrapped by a key of 128 bits that was agreed on.
    EcdhEsA128Kw,
    /// Wrapped by a key of 256 bits that was agreed on.
    EcdhEsA256Kw,
}

impl KeyManagement {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Dir,
        Self::A128Kw,
        Self::A256Kw,
        Self::RsaOaep256,
        Self::EcdhEs,
        Self::EcdhEsA128Kw,
        Self::EcdhEsA256Kw,
    ];

    /// The name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::A128Kw => "A128KW",
            Self::A256Kw => "A256KW",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    /// The way of this name, exactly as it is spelt.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Bytes of the key that wraps, where one does.
    const fn wrapping_bytes(self) -> Option<usize> {
        match self {
            Self::A128Kw | Self::EcdhEsA128Kw => Some(16),
            Self::A256Kw | Self::EcdhEsA256Kw => Some(32),
            Self::Dir | Self::RsaOaep256 | Self::EcdhEs => None,
        }
    }

    const fn agrees(self) -> bool {
        matches!(self, Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw)
    }

    /// What an agreed key is for, in words and bytes (§4.6.2).
    fn agreed(self, content: ContentEncryption) -> (&'static str, usize) {
        self.wrapping_bytes().map_or((content.name(), content.key_bytes()), |bytes| (self.name(), bytes))
    }
}

/// A key that encrypts: the recipient's public one, or one that both have.
pub struct EncryptionKey {
    management: KeyManagement,
    kid: Option<String>,
    form: Public,
}

enum Public {
    Shared(Zeroizing<Vec<u8>>),
    Rsa(OaepPublicEncryptingKey),
    Agreeing(Material),
}

/// A key that decrypts: one's own private one, or one that both have.
pub struct DecryptionKey {
    management: KeyManagement,
    form: Private,
}

enum Private {
    Shared(Zeroizing<Vec<u8>>),
    Rsa(OaepPrivateDecryptingKey),
    Agreeing(PrivateKey, Material),
}

/// A content key and what has to travel for the recipient to have it, too.
pub(super) struct Sealed {
    pub(super) content_key: Zeroizing<Vec<u8>>,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) ephemeral: Option<Value>,
}

impl EncryptionKey {
    /// A key that both have. `BadKey` for ways that need another kind, and for wrong lengths.
    pub fn shared(management: KeyManagement, kid: Option<&str>, key: &[u8]) -> Result<Self, Refusal> {
        let form = Public::Shared(shared(management, key)?);
        Ok(Self { management, kid: kid.map(str::to_owned), form })
    }

    /// Reads the recipient's public JWK. `BadKey` for keys of other kinds, weak ones, and those meant for something else.
    pub fn from_jwk(management: KeyManagement, jwk: &Value) -> Result<Self, Refusal> {
        let members = usable(management, jwk, &["wrapKey", "encrypt", "deriveKey", "deriveBits"])?;
        let form = match Material::from_jwk(members)? {
            Material::Rsa(n, e) if management == KeyManagement::RsaOaep256 => {
                let der = PublicKeyComponents { n: n.as_slice(), e: e.as_slice() }.as_der();
                let der = der.map_err(|_| Refusal::BadKey)?;
                let key = PublicEncryptingKey::from_der(der.as_ref()).map_err(|_| Refusal::BadKey)?;
                Public::Rsa(OaepPublicEncryptingKey::new(key).map_err(|_| Refusal::BadKey)?)
            }
            material if management.agrees() && agreement::is_on_curve(&material) => {
                Public::Agreeing(material)
            }
            _ => return Err(Refusal::BadKey),
        };
        Ok(Self { management, kid: jwk::kid(members)?.map(str::to_owned), form })
    }

    /// How it brings the content key about.
    pub fn management(&self) -> KeyManagement {
        self.management
    }

    /// Its id, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A content key for one text.
    pub(super) fn content_key(
        &self,
        content: ContentEncryption,
        random: Random<'_>,
    ) -> Result<Sealed, Refusal> {
        let mut fresh = Zeroizing::new(vec![0; content.key_bytes()]);
        random(&mut fresh);
        match &self.form {
            Public::Shared(key) if self.management == KeyManagement::Dir => {
                if key.len() != content.key_bytes() {
                    return Err(Refusal::BadKey);
                }
                Ok(Sealed { content_key: key.clone(), encrypted_key: Vec::new(), ephemeral: None })
            }
            Public::Shared(key) => {
                let encrypted_key = wrap::wrap(key, &fresh)?;
                Ok(Sealed { content_key: fresh, encrypted_key, ephemeral: None })
            }
            Public::Rsa(key) => {
                let mut encrypted_key = vec![0; key.ciphertext_size()];
                key.encrypt(&OAEP_SHA256_MGF1SHA256, &fresh, &mut encrypted_key, None)
                    .map_err(|_| Refusal::Failure)?;
                Ok(Sealed { content_key: fresh, encrypted_key, ephemeral: None })
            }
            Public::Agreeing(theirs) => self.agree(theirs, content, fresh, random),
        }
    }

    fn agree(
        &self,
        theirs: &Material,
        content: ContentEncryption,
        fresh: Zeroizing<Vec<u8>>,
        random: Random<'_>,
    ) -> Result<Sealed, Refusal> {
        let mine = agreement::ephemeral(theirs, random)?;
        let members = agreement::public_half(&mine, theirs)?.members();
        let epk: Map<_, _> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let (purpose, bytes) = self.management.agreed(content);
        let agreed = agreement::shared_key(&mine, theirs, purpose, (&[], &[]), bytes)?;
        let ephemeral = Some(Value::Object(epk));
        if self.management == KeyManagement::EcdhEs {
            return Ok(Sealed { content_key: agreed, encrypted_key: Vec::new(), ephemeral });
        }
        let encrypted_key = wrap::wrap(&agreed, &fresh)?;
        Ok(Sealed { content_key: fresh, encrypted_key, ephemeral })
    }
}

impl DecryptionKey {
    /// A key that both have. `BadKey` for ways that need another kind, and for wrong lengths.
    pub fn shared(management: KeyManagement, key: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { management, form: Private::Shared(shared(management, key)?) })
    }

    /// Reads one's own private JWK, whose public half must fit.
    pub fn from_jwk(management: KeyManagement, jwk: &Value) -> Result<Self, Refusal> {
        let members = usable(management, jwk, &["unwrapKey", "decrypt", "deriveKey", "deriveBits"])?;
        let public = Material::from_public_members(members)?;
        let secret = Zeroizing::new(material::bytes(members, "d")?);
        let form = match &public {
            Material::Rsa(n, e) if management == KeyManagement::RsaOaep256 => {
                let mut numbers = vec![Zeroizing::new(n.clone()), Zeroizing::new(e.clone()), secret];
                for name in ["p", "q", "dp", "dq", "qi"] {
                    numbers.push(Zeroizing::new(material::bytes(members, name)?));
                }
                let pair = rsa_pair(&numbers)?.map_err(|_| Refusal::BadKey)?;
                let document = pair.as_der().map_err(|_| Refusal::BadKey)?;
                Private::Rsa(oaep(document.as_ref())?)
            }
            _ if management.agrees() => {
                let key = agreement::private_key(&public, &secret)?;
                if agreement::public_half(&key, &public)? != public {
                    return Err(Refusal::BadKey);
                }
                Private::Agreeing(key, public)
            }
            _ => return Err(Refusal::BadKey),
        };
        Ok(Self { management, form })
    }

    /// Reads one's own private RSA key from PKCS#8 (RFC 5208).
    pub fn rsa_from_pkcs8(document: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { management: KeyManagement::RsaOaep256, form: Private::Rsa(oaep(document)?) })
    }

    /// How it brings the content key about.
    pub fn management(&self) -> KeyManagement {
        self.management
    }

    /// The content key of one text.
    pub(super) fn content_key(
        &self,
        content: ContentEncryption,
        header: &Header,
        encrypted_key: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        match &self.form {
            Private::Shared(key) if self.management == KeyManagement::Dir => {
                // There is none, and another length is another cipher.
                if !encrypted_key.is_empty() || key.len() != content.key_bytes() {
                    return Err(Refusal::Undecryptable);
                }
                Ok(key.clone())
            }
            Private::Shared(key) => wrap::unwrap(key, encrypted_key, content.key_bytes()),
            Private::Rsa(key) => {
                let mut plain = Zeroizing::new(vec![0; key.min_output_size()]);
                let found = key
                    .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut plain, None)
                    .map_err(|_| Refusal::Undecryptable)?
                    .len();
                plain.truncate(found);
                if found == content.key_bytes() { Ok(plain) } else { Err(Refusal::Undecryptable) }
            }
            Private::Agreeing(mine, public) => self.agreed_key(mine, public, content, header, encrypted_key),
        }
    }

    fn agreed_key(
        &self,
        mine: &PrivateKey,
        public: &Material,
        content: ContentEncryption,
        header: &Header,
        encrypted_key: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let epk = header.members.get("epk").and_then(Value::as_object).ok_or(Refusal::Malformed)?;
        let theirs = Material::from_jwk(epk).map_err(|_| Refusal::Undecryptable)?;
        let is_same_curve = match (&theirs, public) {
            (Material::Ec(one, _), Material::Ec(other, _)) => one == other,
            (Material::X25519(_), Material::X25519(_)) => true,
            _ => false,
        };
        if !is_same_curve {
            return Err(Refusal::Undecryptable);
        }
        let party = |name: &str| match header.members.get(name) {
            None => Ok(Vec::new()),
            Some(value) => base64url::decode(value.as_str().ok_or(Refusal::Malformed)?),
        };
        let (purpose, bytes) = self.management.agreed(content);
        let (apu, apv) = (party("apu")?, party("apv")?);
        let agreed = agreement::shared_key(mine, &theirs, purpose, (&apu, &apv), bytes)?;
        match self.management {
            KeyManagement::EcdhEs if encrypted_key.is_empty() => Ok(agreed),
            KeyManagement::EcdhEs => Err(Refusal::Undecryptable),
            _ => wrap::unwrap(&agreed, encrypted_key, content.key_bytes()),
        }
    }
}

/// The members of a JWK that is for this way of encryption.
fn usable<'j>(
    management: KeyManagement,
    jwk: &'j Value,
    operations: &[&str],
) -> Result<&'j Map<String, Value>, Refusal> {
    let members = jwk.as_object().ok_or(Refusal::BadKey)?;
    let has_way = members.get("alg").is_none_or(|alg| alg == management.name());
    if has_way && jwk::is_for(members, "enc", operations) && !members.contains_key("oth") {
        Ok(members)
    } else {
        Err(Refusal::BadKey)
    }
}

fn shared(management: KeyManagement, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let is_good = match management {
        KeyManagement::Dir => ContentEncryption::ALL.iter().any(|content| content.key_bytes() == key.len()),
        KeyManagement::A128Kw => key.len() == 16,
        KeyManagement::A256Kw => key.len() == 32,
        _ => false,
    };
    if is_good { Ok(Zeroizing::new(key.to_vec())) } else { Err(Refusal::BadKey) }
}

fn oaep(pkcs8: &[u8]) -> Result<OaepPrivateDecryptingKey, Refusal> {
    let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| Refusal::BadKey)?;
    OaepPrivateDecryptingKey::new(key).map_err(|_| Refusal::BadKey)
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({})", self.management.name())
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.management.name())
    }
}

//! What a public key is made of, as JSON members (RFC 7518 §6, RFC 8037 §2) and as bytes.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};

use crate::{Algorithm, Refusal, base64url, der};

/// Bytes of an RSA modulus that we take: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of an RSA exponent that we take.
const EXPONENT: std::ops::RangeInclusive<usize> = 1..=4;
/// The members that only private and shared keys have.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// An elliptic curve in Weierstrass form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// Bytes of a coordinate, and of a private key.
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384].into_iter().find(|curve| curve.name() == name)
    }
}

/// A public key, as far as its form goes: whether a point is on its curve is for the library to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// The uncompressed point (SEC 1 §2.3.3).
    Ec(Curve, Vec<u8>),
    Ed25519([u8; 32]),
    X25519([u8; 32]),
    /// Modulus and exponent, without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
}

impl Material {
    /// Reads the members that make the key, and no private ones.
    pub(crate) fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, Refusal> {
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(Refusal::BadKey);
        }
        Self::from_public_members(jwk)
    }

    /// Reads the members that make the public half of a key.
    pub(crate) fn from_public_members(jwk: &Map<String, Value>) -> Result<Self, Refusal> {
        match (text(jwk, "kty")?, jwk.get("crv").and_then(Value::as_str)) {
            ("EC", Some(name)) => {
                let curve = Curve::from_name(name).ok_or(Refusal::BadKey)?;
                let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
                if x.len() != curve.width() || y.len() != curve.width() {
                    return Err(Refusal::BadKey);
                }
                Ok(Self::Ec(curve, [vec![4], x, y].concat()))
            }
            ("OKP", Some("Ed25519")) => Self::ed25519(&bytes(jwk, "x")?),
            ("OKP", Some("X25519")) => {
                Ok(Self::X25519(bytes(jwk, "x")?.try_into().map_err(|_| Refusal::BadKey)?))
            }
            ("RSA", _) => Self::rsa(bytes(jwk, "n")?, bytes(jwk, "e")?),
            _ => Err(Refusal::BadKey),
        }
    }

    /// An uncompressed point.
    pub(crate) fn ec(curve: Curve, point: &[u8]) -> Result<Self, Refusal> {
        if point.first() != Some(&4) || point.len() != 1 + 2 * curve.width() {
            return Err(Refusal::BadKey);
        }
        Ok(Self::Ec(curve, point.to_vec()))
    }

    /// `BadKey` for the few points of small order, under which some signatures fit every message.
    pub(crate) fn ed25519(key: &[u8]) -> Result<Self, Refusal> {
        let key: [u8; 32] = key.try_into().map_err(|_| Refusal::BadKey)?;
        if is_of_small_order(&key) { Err(Refusal::BadKey) } else { Ok(Self::Ed25519(key)) }
    }

    /// `BadKey` below 2048 and above 8192 bits, for even numbers, for an exponent of 1 and for leading zeros.
    pub(crate) fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Self, Refusal> {
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        let is_minimal = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
        let bits_suffice = n.len() > 256 || n.first().is_some_and(|first| first & 0x80 != 0);
        let is_good = MODULUS.contains(&n.len())
            && EXPONENT.contains(&e.len())
            && bits_suffice
            && [&n, &e].iter().all(|number| is_odd(number) && is_minimal(number))
            && e != [1];
        if is_good { Ok(Self::Rsa(n, e)) } else { Err(Refusal::BadKey) }
    }

    /// The algorithms that such a key can sign by.
    pub(crate) const fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Ec(Curve::P256, _) => &[Algorithm::Es256],
            Self::Ec(Curve::P384, _) => &[Algorithm::Es384],
            Self::Ed25519(_) => &[Algorithm::EdDsa],
            Self::X25519(_) => &[],
            Self::Rsa(..) => &[Algorithm::Rs256, Algorithm::Ps256],
        }
    }

    /// The form in which the library reads it.
    pub(crate) fn library_form(&self) -> Vec<u8> {
        match self {
            Self::Ec(_, point) => point.clone(),
            Self::Ed25519(key) | Self::X25519(key) => key.to_vec(),
            Self::Rsa(n, e) => der::sequence(&[der::unsigned(n), der::unsigned(e)]),
        }
    }

    /// The members that make the key, sorted by name.
    pub(crate) fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ec(curve, point) => {
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at_checked(curve.width()).unwrap_or_default();
                vec![
                    ("crv", curve.name().to_owned()),
                    ("kty", "EC".to_owned()),
                    ("x", base64url::encode(x)),
                    ("y", base64url::encode(y)),
                ]
            }
            Self::Ed25519(key) | Self::X25519(key) => {
                let crv = if matches!(self, Self::Ed25519(_)) { "Ed25519" } else { "X25519" };
                vec![("crv", crv.to_owned()), ("kty", "OKP".to_owned()), ("x", base64url::encode(key))]
            }
            Self::Rsa(n, e) => {
                vec![("e", base64url::encode(e)), ("kty", "RSA".to_owned()), ("n", base64url::encode(n))]
            }
        }
    }

    /// SHA-256 of the members that make the key, in base64url (RFC 7638 §3). None of them needs escaping.
    pub(crate) fn thumbprint(&self) -> String {
        let members: Vec<String> =
            self.members().iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        let canonical = format!("{{{}}}", members.join(","));
        base64url::encode(digest(&SHA256, canonical.as_bytes()).as_ref())
    }
}

/// The text of a member.
pub(crate) fn text<'j>(jwk: &'j Map<String, Value>, name: &str) -> Result<&'j str, Refusal> {
    jwk.get(name).and_then(Value::as_str).ok_or(Refusal::BadKey)
}

/// The bytes of a member.
pub(crate) fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refusal> {
    base64url::decode(text(jwk, name)?).map_err(|_| Refusal::BadKey)
}

/// The y coordinates of the points of order 8, little endian.
const ORDER_8: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Whether it is a point of order 1, 2, 4 or 8, however it is spelt: y is 0, 1, p - 1, p, p + 1 or one of those above,
/// under any sign of x.
fn is_of_small_order(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    let last = last & 0x7f;
    let middle_is = |byte: u8| middle.iter().all(|each| *each == byte);
    let is_of_order_8 =
        ORDER_8.iter().any(|[start, between @ .., end]| start == first && between == middle && *end == last);
    (middle_is(0) && last == 0 && *first <= 1)
        || (middle_is(0xff) && last == 0x7f && (0xec..=0xee).contains(first))
        || is_of_order_8
}

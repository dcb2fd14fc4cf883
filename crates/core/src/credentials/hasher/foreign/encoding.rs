//! The alphabets and the frame that texts of hashes are written in.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::PART;

/// Bits that stand for nothing may be set: so some write them.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, LENIENT);
/// The letters of `crypt(3)`, in the order of their values.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Base64 with or without padding, in the alphabet of RFC 4648 §4 or §5; `None` when it is neither, or too long.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.len() > PART * 2 {
        return None;
    }
    let usual: String = text
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    BASE64.decode(usual).ok().filter(|bytes| bytes.len() <= PART)
}

pub(super) fn encode_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub(super) fn decode_bcrypt(text: &str) -> Option<Vec<u8>> {
    BCRYPT.decode(text).ok()
}

/// The value of a letter of `crypt(3)`.
pub(super) fn crypt_value(letter: u8) -> Option<u32> {
    CRYPT.iter().position(|c| *c == letter).and_then(|at| u32::try_from(at).ok())
}

/// Bytes in the letters of `crypt(3)`, the low bits first.
pub(super) fn crypt_base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let value =
            group.iter().enumerate().fold(0_usize, |sum, (at, byte)| sum | usize::from(*byte) << (8 * at));
        for letter in 0..=group.len() {
            out.extend(CRYPT.get((value >> (6 * letter)) & 63).map(|c| char::from(*c)));
        }
    }
    out
}

/// The parts between the `$` of a text, without the kind that comes first.
pub(super) fn parts<const N: usize>(text: &str) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.strip_prefix('$')?.split('$').skip(1).collect();
    parts.try_into().ok()
}

/// Numbers as in `ln=15,r=8,p=1`, in this order.
pub(super) fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut found = text.split(',');
    let mut values = [0; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = number(found.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    found.next().is_none().then_some(values)
}

/// A number without sign or leading zeros.
pub(super) fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

//! TypeIDs: a lower-case prefix, `_`, and 26 characters of Crockford base32 that hold 128 bits.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text of an id: `prefix`, `_` and the 128 bits of `bytes` in base32, most significant first.
pub fn encode(prefix: &str, bytes: &[u8; 16]) -> String {
    let value = u128::from_be_bytes(*bytes);
    let mut text = String::with_capacity(prefix.len() + 27);
    text.push_str(prefix);
    text.push('_');
    for place in (0..26).rev() {
        let digit = usize::try_from((value >> (place * 5)) & 31).unwrap_or_default();
        text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
    }
    text
}

/// The prefix and the 128 bits of an id; `None` for anything that [`encode`] would not have written.
pub fn decode(text: &str) -> Option<(&str, [u8; 16])> {
    let (prefix, digits) = text.rsplit_once('_')?;
    let prefix_fits = (2..=5).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_lowercase());
    if !prefix_fits || digits.len() != 26 || !matches!(digits.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    let mut value = 0_u128;
    for byte in digits.bytes() {
        let digit = ALPHABET.iter().position(|&a| a == byte)?;
        value = (value << 5) | u128::try_from(digit).ok()?;
    }
    Some((prefix, value.to_be_bytes()))
}

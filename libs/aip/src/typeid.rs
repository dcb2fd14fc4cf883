//! `TypeID`s: a lower-case prefix, `_`, and 26 characters of Crockford base32 that hold 128 bits.

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
    // 26 digits hold 130 bits: the first one has room for three.
    if !prefix_fits || digits.len() != 26 || !matches!(digits.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    let mut value = 0_u128;
    for byte in digits.bytes() {
        value = (value << 5) | u128::from(digit(byte)?);
    }
    Some((prefix, value.to_be_bytes()))
}

/// The place of `byte` in [`ALPHABET`], which leaves out `i`, `l`, `o` and `u`.
const fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'h' => byte - b'a' + 10,
        b'j'..=b'k' => byte - b'j' + 18,
        b'm'..=b'n' => byte - b'm' + 20,
        b'p'..=b't' => byte - b'p' + 22,
        b'v'..=b'z' => byte - b'v' + 27,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_the_places_of_the_alphabet() {
        for byte in 0..=u8::MAX {
            let place = ALPHABET.iter().position(|&a| a == byte).map(|p| u8::try_from(p).unwrap());
            assert_eq!(digit(byte), place, "byte {byte}");
        }
    }

    #[test]
    fn the_vector_of_the_typeid_specification_is_written() {
        let bytes = 0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881_u128.to_be_bytes();
        assert_eq!(encode("prefix", &bytes), "prefix_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(decode("usr_01h2xcejqtf2nbrexx3vqjhp41"), Some(("usr", bytes)));
    }

    #[test]
    fn the_largest_id_is_read_and_the_next_digit_refused() {
        assert_eq!(decode("usr_7zzzzzzzzzzzzzzzzzzzzzzzzz"), Some(("usr", [0xff; 16])));
        assert_eq!(decode("usr_80000000000000000000000000"), None);
    }

    #[test]
    fn other_spellings_of_an_id_are_refused() {
        for text in [
            "",
            "_",
            "usr",
            "01h2xcejqtf2nbrexx3vqjhp41",
            "_01h2xcejqtf2nbrexx3vqjhp41",
            "u_01h2xcejqtf2nbrexx3vqjhp41",
            "prefix_01h2xcejqtf2nbrexx3vqjhp41",
            "USR_01h2xcejqtf2nbrexx3vqjhp41",
            "usr_01H2XCEJQTF2NBREXX3VQJHP41",
            "usr_01h2xcejqtf2nbrexx3vqjhp4",
            "usr_01h2xcejqtf2nbrexx3vqjhp411",
            "usr_01h2xcejqtf2nbrexx3vqjhp4l",
            "usr_01h2xcejqtf2nbrexx3vqjhp4é",
            "a_b_01h2xcejqtf2nbrexx3vqjhp41",
            " usr_01h2xcejqtf2nbrexx3vqjhp41",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}

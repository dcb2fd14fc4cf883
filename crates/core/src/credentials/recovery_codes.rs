//! Backup codes: ten at a time, `XXXXX-XXXXX` in Crockford's base32, of 50 random bits each.

use avnology_model::{ids::IdentityId, secret_token::SecretHash};
use zeroize::Zeroizing;

use crate::{Cx, platform::Keys};

/// How many codes there are in a set.
pub(crate) const COUNT: usize = 10;
/// Characters of a code.
const LENGTH: usize = 10;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Draws a set of codes, as they are shown.
pub(crate) fn draw(cx: &Cx) -> Vec<Zeroizing<String>> {
    std::iter::repeat_with(|| Zeroizing::new(shown(&cx.random::<LENGTH>()))).take(COUNT).collect()
}

fn shown(random: &[u8; LENGTH]) -> String {
    let mut text = String::with_capacity(LENGTH + 1);
    for (i, byte) in random.iter().enumerate() {
        if i == LENGTH / 2 {
            text.push('-');
        }
        // 256 is a multiple of 32, so every digit is as likely.
        text.push(char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or_default()));
    }
    text
}

/// The code in what was entered: case, dashes and white space do not matter, and letters that look like digits are those.
pub(crate) fn read(entered: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    for c in entered.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if code.len() == LENGTH || !u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte)) {
            return None;
        }
        code.push(c);
    }
    (code.len() == LENGTH).then_some(code)
}

/// What is kept of a code: it has too few bits for a plain hash. `code` as [`read`] answers it.
pub(crate) fn hash(keys: &Keys, identity: IdentityId, code: &str) -> SecretHash {
    keys.hmac("recovery-code", format!("{identity}:{code}").as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for typed in ["K7QX2-M4TZ9", "k7qx2m4tz9", " K7QX2 - M4TZ9 "] {
            assert_eq!(read(typed).as_deref(), Some("K7QX2M4TZ9"), "{typed}");
        }
        assert_eq!(read("oOiIlL-00000").as_deref(), None);
        assert_eq!(read("oOiIl-00000").as_deref(), Some("0011100000"));
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in ["", "K7QX2", "K7QX2-M4TZ", "K7QX2-M4TZ99", "K7QX2-M4TZU", "K7QX2-M4TZÄ"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(random in any::<[u8; LENGTH]>()) {
            let text = shown(&random);
            prop_assert_eq!(read(&text), Some(text.replace('-', "")));
        }

        #[test]
        fn reading_never_fails(text in ".{0,40}") {
            let _ = read(&text);
        }
    }
}

//! Time-based one-time passwords (RFC 6238) with what every authenticator application takes: SHA-1, six digits, 30 seconds.

use avnology_model::Timestamp;
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use zeroize::Zeroizing;

/// Bytes of a shared secret: as long as the hash (RFC 4226 §4).
pub(crate) const SECRET_BYTES: usize = 20;
/// The shortest secret that is taken over from elsewhere: the sixteen letters that many applications show.
const SHORTEST_BYTES: usize = 10;
/// The longest one: what HMAC-SHA-1 takes without hashing it first.
const BLOCK_BYTES: usize = 64;
/// Seconds of a time step.
const STEP_SECONDS: i64 = 30;
/// Steps that a clock may be off, either way (RFC 6238 §6).
const DRIFT: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The newest time step near now whose code is `entered`, if there is one.
pub(crate) fn step_of(secret: &[u8], entered: &str, now: Timestamp) -> Option<i64> {
    let present = now.micros().div_euclid(1_000_000).div_euclid(STEP_SECONDS);
    let mut found = None;
    // All are computed whichever fits.
    for step in present - DRIFT..=present + DRIFT {
        if verify_slices_are_equal(code(secret, step).as_bytes(), entered.as_bytes()).is_ok() {
            found = Some(step);
        }
    }
    found
}

/// The code of a time step (RFC 4226 §5.3).
fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 0xf);
    let mut bits = [0; 4];
    for (bit, byte) in bits.iter_mut().zip(tag.as_ref().iter().skip(offset)) {
        *bit = *byte;
    }
    format!("{:06}", (u32::from_be_bytes(bits) & 0x7fff_ffff) % 1_000_000)
}

/// The shared secret as people type it: base32 (RFC 4648 §6) without padding.
pub(crate) fn base32(secret: &[u8]) -> String {
    let mut text = String::with_capacity(secret.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0_u32);
    let mut push = |five: u32| {
        let digit = usize::try_from(five & 31).ok().and_then(|i| ALPHABET.get(i));
        text.push(char::from(digit.copied().unwrap_or_default()));
    };
    for byte in secret {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    text
}

/// The shared secret that such a text means; spaces, hyphens, padding and case do not matter. `None` for other letters, and for
/// one that is shorter than what common applications make, or longer than a block of the hash.
pub(crate) fn from_base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut secret = Zeroizing::new(Vec::with_capacity(BLOCK_BYTES));
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes().filter(|b| !matches!(b, b' ' | b'-')) {
        let letter = letter.to_ascii_uppercase();
        let five = ALPHABET.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(five).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            secret.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
        if secret.len() > BLOCK_BYTES {
            return None;
        }
    }
    (secret.len() >= SHORTEST_BYTES).then_some(secret)
}

/// The URI that authenticator applications read from the picture (Key Uri Format).
pub(crate) fn uri(secret: &[u8], issuer: &str, account: &str) -> String {
    let label = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let (issuer, account, secret) = (label(issuer), label(account), base32(secret));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    )
}

/// The URI as a picture: an SVG document, dark on light.
pub(crate) fn picture(uri: &str) -> Option<String> {
    let code = qrcode::QrCode::new(uri.as_bytes()).ok()?;
    Some(code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(256, 256).build())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238, appendix B, SHA-1; the last six of eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_codes_of_rfc_6238_are_right() {
        for (seconds, code) in VECTORS {
            assert_eq!(step_of(SECRET, code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_one_step_and_no_more() {
        for (off, fits) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(step_of(SECRET, "005924", at(1_234_567_890 + off)).is_some(), fits, "{off}");
        }
    }

    #[test]
    fn base32_has_the_vectors_of_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
        ];
        for (plain, coded) in vectors {
            assert_eq!(base32(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_typed_secret_is_read_however_it_is_spaced() {
        let read = |text: &str| from_base32(text).map(|secret| secret.to_vec());
        assert_eq!(read("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), Some(SECRET.to_vec()));
        assert_eq!(read("gezd gnbv-gy3tqojqGEZDGNBVGY3TQOJQ===="), Some(SECRET.to_vec()));
        assert_eq!(read("JBSWY3DPEHPK3PXP").map(|secret| secret.len()), Some(10));
        for wrong in ["", "JBSWY3DPEHPK3PX", "JBSWY3DPEHPK3PX1", "JBSWY3DPEHPK3PXÄ", &"A".repeat(105)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_uri_names_issuer_and_account() {
        let uri = uri(SECRET, "Avnology ID", "jane+x@acme.example");
        assert!(uri.starts_with("otpauth://totp/Avnology%20ID:jane%2Bx%40acme.example?secret="), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Avnology%20ID"), "{uri}");
        assert!(picture(&uri).is_some_and(|svg| svg.contains("<svg")));
    }

    proptest! {
        #[test]
        fn a_secret_that_was_written_is_read(secret in prop::collection::vec(any::<u8>(), 10..=64)) {
            let read = from_base32(&base32(&secret)).map(|read| read.to_vec());
            prop_assert_eq!(read, Some(secret));
        }

        #[test]
        fn no_text_makes_the_reading_panic(text in ".{0,80}") {
            let _ = from_base32(&text);
        }

        #[test]
        fn what_is_no_code_fits_nothing(text in ".{0,12}", seconds in 0..4_000_000_000_i64) {
            prop_assume!(text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(step_of(SECRET, &text, at(seconds)), None);
        }
    }
}

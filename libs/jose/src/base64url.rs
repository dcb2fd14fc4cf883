//! base64url without padding (RFC 7515 §2), with one spelling for each value: padding, other alphabets and stray bits at
//! the end are refused.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::Refusal;

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_other_alphabets_and_stray_bits_are_refused() {
        assert_eq!(decode(&encode(&[0xfb, 0xff])), Ok(vec![0xfb, 0xff]));
        for text in ["Zg==", "+/8", "Z", "Zh", "Zm9", "Zm9vY", "Zm 9v", "Zm9v\n"] {
            assert_eq!(decode(text), Err(Refusal::Malformed), "{text}");
        }
    }
}

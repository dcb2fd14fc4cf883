use avnology_aip::{Key, PageToken, PageTokenError};
use proptest::{collection::vec, prelude::*};

/// A stand-in for a keyed hash: FNV-1a of 128 bits over a key and the bytes.
fn mac(bytes: &[u8]) -> [u8; 16] {
    let seed = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let sum = b"key"
        .iter()
        .chain(bytes)
        .fold(seed, |sum, &b| (sum ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b));
    sum.to_be_bytes()
}

fn token() -> impl Strategy<Value = PageToken> {
    let key = prop_oneof![
        any::<String>().prop_map(Key::Text),
        any::<i64>().prop_map(Key::Number),
        Just(Key::Null),
    ];
    (any::<[u8; 8]>(), any::<i64>(), vec(key, 0..4))
        .prop_map(|(binding, issued_at_seconds, position)| PageToken { binding, issued_at_seconds, position })
}

fn read(text: &str, token: &PageToken) -> Result<PageToken, PageTokenError> {
    PageToken::decode(text, mac, &token.binding, token.issued_at_seconds, 0)
}

proptest! {
    #[test]
    fn a_token_is_read_back(token in token()) {
        let text = token.encode(mac);
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(read(&text, &token), Ok(token));
    }

    #[test]
    fn any_changed_byte_is_refused(token in token(), place: prop::sample::Index, change in 1..128_u8) {
        let mut bytes = token.encode(mac).into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert_eq!(read(&text, &token), Err(PageTokenError::Malformed));
        }
    }

    #[test]
    fn any_cut_or_added_byte_is_refused(token in token(), place: prop::sample::Index, added in "[A-Za-z0-9_=-]") {
        let text = token.encode(mac);
        let place = place.index(text.len());
        let cut = format!("{}{}", &text[..place], &text[place + 1..]);
        let longer = format!("{}{added}{}", &text[..place], &text[place..]);
        prop_assert_eq!(read(&cut, &token), Err(PageTokenError::Malformed));
        prop_assert_eq!(read(&longer, &token), Err(PageTokenError::Malformed));
    }

    #[test]
    fn any_other_binding_is_a_mismatch(token in token(), other: [u8; 8]) {
        prop_assume!(other != token.binding);
        let read = PageToken::decode(&token.encode(mac), mac, &other, token.issued_at_seconds, 0);
        prop_assert_eq!(read, Err(PageTokenError::Mismatch));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String, now: i64) {
        prop_assert_eq!(PageToken::decode(&text, mac, &[0; 8], now, 86_400), Err(PageTokenError::Malformed));
    }
}

use avnology_aip::typeid::{decode, encode};
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_id_is_read_back(prefix in "[a-z]{2,5}", bytes: [u8; 16]) {
        let text = encode(&prefix, &bytes);
        prop_assert_eq!(text.len(), prefix.len() + 27);
        prop_assert_eq!(decode(&text), Some((prefix.as_str(), bytes)));
    }

    #[test]
    fn ids_sort_as_their_bytes_do(left: [u8; 16], right: [u8; 16]) {
        prop_assert_eq!(encode("usr", &left).cmp(&encode("usr", &right)), left.cmp(&right));
    }

    #[test]
    fn what_is_read_has_no_other_spelling(text in prop_oneof!["[a-z]{2,5}_[0-9a-zA-Z]{26}", "[a-z]{1,6}_[0-8][0-9a-hj-np-tv-z]{24,26}", any::<String>()]) {
        if let Some((prefix, bytes)) = decode(&text) {
            prop_assert_eq!(encode(prefix, &bytes), text);
        }
    }
}

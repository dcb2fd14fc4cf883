use proptest::prelude::*;

use super::*;

/// One text of each kind, as it is stored.
const TEXTS: &[&str] = &[
    "$2a$04$jPih29jeZ5YdnGbkNnS1F.jmiDCau1obH4c2gsPcLsUISez5IpZVy",
    "$scrypt$ln=8,r=8,p=1$zxlDiDEGQKjVmtPae2/t3Q$g68eTwTujDfjBDFN3iw82NdRQKpmWVPYCN3blay/pB8",
    "$firebase-scrypt$r=2,m=4$42xEC+ixf3L2lw$Bw$jxspr8Ki0RYycVU8zykbdA$jxspr8Ki0RYycVU8zykbdA",
    "$pbkdf2-sha1$i=1000,l=20$NEYo5fy/9z4nBADgHMO49w$3yvT53sFuarqTesB8PGZU9RASmQ",
    "$digest-sha1$i=3,s=suffix$c2FsdHk$hcWY93EIoKkXmf/2zcG63ThNyHs",
    "$digest-md5$i=1,s=prefix$$MG87ffEaq8JcKG3chxDzNg",
    "$P$5iZHd4jML3Efw8wQstNCiUPGyftfWo.",
    "$5$rounds=1000$FYuIGDKnktMcxG4y$26dUua6Y9g/MGiFANAABgC1KQWeGddED0BAgnNBsw7D",
];

#[test]
fn a_stored_text_is_read_and_written_without_a_change() {
    for text in TEXTS {
        let scheme = read(text).unwrap();
        assert_eq!(scheme.check(ArgonCost::PRODUCTION), Ok(()), "{text}");
        assert_eq!(scheme.to_string(), *text);
    }
}

proptest! {
    #[test]
    fn a_text_with_a_fault_in_it_never_panics(at in 0_usize..8, place in any::<prop::sample::Index>(), letter in any::<char>()) {
        let mut letters: Vec<char> = TEXTS[at].chars().collect();
        let place = place.index(letters.len());
        letters[place] = letter;
        let text: String = letters.into_iter().collect();
        if let Ok(scheme) = read(&text) {
            let _ = scheme.check(ArgonCost::PRODUCTION);
        }
        // Cut off anywhere, it is none, or still one whose hash is long enough.
        if let Some(Ok(scheme)) = TEXTS[at].get(..place).map(read) {
            prop_assert!(scheme.check(ArgonCost::PRODUCTION).is_err() || TEXTS[at].len() - place < 24);
        }
    }
}

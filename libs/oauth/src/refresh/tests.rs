//! The rules one by one, and then any order of uses by honest tabs and by thieves.

use proptest::prelude::*;

use super::*;

const IDLE: i64 = 1_000;

/// A family and the first uses of its tokens, as a store would keep them.
#[derive(Clone, Debug)]
struct Kept {
    family: Family,
    first_uses: Vec<Option<i64>>,
}

impl Kept {
    fn new(rotates: bool) -> Self {
        let family =
            Family { generation: 0, rotates, is_revoked: false, expires_at: 10_000, idle_expires_at: IDLE };
        Self { family, first_uses: vec![None] }
    }

    fn present(&mut self, generation: usize, now: i64) -> Decision {
        let first_used_at = self.first_uses.get(generation).copied().flatten();
        let presented = Presented { generation: generation as u64, first_used_at };
        let decision = decide(&self.family, presented, now);
        if decision == Decision::Rotate {
            self.first_uses[generation] = Some(now);
            self.first_uses.push(None);
        }
        self.family = self.family.after(decision, now, IDLE);
        decision
    }
}

#[test]
fn each_first_use_makes_a_successor_and_the_absolute_end_stays() {
    let mut kept = Kept::new(true);
    for (generation, now) in [0, 900, 1_800, 2_700, 3_600].into_iter().enumerate() {
        assert_eq!(kept.present(generation, now), Decision::Rotate);
    }
    assert_eq!((kept.family.generation, kept.family.expires_at), (5, 10_000));
    kept.family.idle_expires_at = 20_000;
    assert_eq!(kept.present(5, 10_000), Decision::Refuse);
}

#[test]
fn a_lost_answer_and_a_second_tab_get_the_same_successor() {
    let mut kept = Kept::new(true);
    assert_eq!(kept.present(0, 100), Decision::Rotate);
    for now in [100, 105, 109] {
        assert_eq!(kept.present(0, now), Decision::Repeat);
    }
    assert_eq!(kept.family.generation, 1);
}

#[test]
fn a_retry_after_the_successor_was_used_is_refused_and_ends_nothing() {
    let mut kept = Kept::new(true);
    assert_eq!(kept.present(0, 100), Decision::Rotate);
    assert_eq!(kept.present(1, 103), Decision::Rotate);
    assert_eq!(kept.present(0, 109), Decision::Refuse);
    assert_eq!(kept.present(2, 110), Decision::Rotate);
    assert!(!kept.family.is_revoked);
}

/// RFC 9700 §4.14.2.
#[test]
fn a_refresh_token_that_is_used_again_later_ends_its_family() {
    let mut kept = Kept::new(true);
    assert_eq!(kept.present(0, 100), Decision::Rotate);
    assert_eq!(kept.present(0, 110), Decision::RevokeFamily);
    assert_eq!(kept.present(1, 111), Decision::Refuse);
    let mut kept = Kept::new(true);
    assert_eq!(kept.present(0, 100), Decision::Rotate);
    assert_eq!(kept.present(1, 109), Decision::Rotate);
    // The seconds count from its own first use, not from that of a later one.
    assert_eq!(kept.present(0, 112), Decision::RevokeFamily);
}

#[test]
fn a_token_that_nobody_used_for_long_is_refused_and_ends_nothing() {
    let mut kept = Kept::new(true);
    assert_eq!(kept.present(0, IDLE), Decision::Refuse);
    assert!(!kept.family.is_revoked);
}

#[test]
fn a_token_that_does_not_rotate_stays_good_until_its_end() {
    let mut kept = Kept::new(false);
    for now in [1, 500, 1_400, 2_300] {
        assert_eq!(kept.present(0, now), Decision::Keep);
    }
    assert_eq!(kept.present(0, 3_300), Decision::Refuse);
    assert_eq!(kept.present(7, 3_000), Decision::Refuse);
}

proptest! {
    /// Tabs that share their newest token, each of which may answer late by less than the grace or lose an answer, are never
    /// signed out.
    #[test]
    fn honest_tabs_never_end_their_family(steps in proptest::collection::vec((0_i64..200, 0_i64..10, any::<bool>()), 1..60)) {
        let mut kept = Kept::new(true);
        let (mut now, mut newest) = (0, 0);
        for (pause, late, answer_is_lost) in steps {
            now = (now + pause).min(9_000);
            prop_assert_eq!(kept.present(newest, now), Decision::Rotate);
            // The other tab, or a retry after a lost answer.
            if answer_is_lost {
                now += late;
                prop_assert_eq!(kept.present(newest, now), Decision::Repeat);
            }
            newest += 1;
        }
        prop_assert!(!kept.family.is_revoked);
    }

    /// Two hold the same token. Whoever is second after the grace, or uses it on after the other went on, is found out.
    #[test]
    fn a_thief_and_the_owner_never_go_on_side_by_side(pause in GRACE..500, uses in 1_usize..5) {
        let mut kept = Kept::new(true);
        let mut now = 0;
        for generation in 0..uses {
            prop_assert_eq!(kept.present(generation, now), Decision::Rotate);
            now += 1;
        }
        now += pause;
        prop_assert_eq!(kept.present(0, now), Decision::RevokeFamily);
        prop_assert_eq!(kept.present(uses, now), Decision::Refuse);
    }

    /// Whatever is presented whenever: one token at most is the newest, no family comes back, nothing lives beyond the end.
    #[test]
    fn in_any_order_of_uses_an_ended_family_stays_ended(uses in proptest::collection::vec((0_usize..8, 0_i64..300), 0..80)) {
        let mut kept = Kept::new(true);
        let mut now = 0;
        for (generation, pause) in uses {
            now += pause;
            let before = kept.clone();
            let decision = kept.present(generation, now);
            if before.family.is_revoked || now >= before.family.expires_at {
                prop_assert_eq!(decision, Decision::Refuse);
            }
            if decision == Decision::Rotate {
                prop_assert_eq!(generation as u64, before.family.generation);
                prop_assert_eq!(before.first_uses[generation], None);
            }
            if decision == Decision::Repeat {
                prop_assert_eq!(generation as u64 + 1, before.family.generation);
                prop_assert!(now - before.first_uses[generation].unwrap() < GRACE);
            }
            if decision == Decision::RevokeFamily {
                prop_assert!(before.first_uses[generation].is_some_and(|at| now - at >= GRACE));
            }
            prop_assert!(kept.family.idle_expires_at <= kept.family.expires_at);
        }
    }
}

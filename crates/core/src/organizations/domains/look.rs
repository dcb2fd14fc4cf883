//! What a look at DNS means for a domain (`contract/20` §8.1).

use avnology_model::{
    Result, Timestamp,
    events::{EventType, MessageType},
    organizations::{Domain, DomainStatus},
};
use avnology_store::{IdentityTx, organizations::domains as rows};

use super::{
    super::notify::{Notice, tell_owners},
    event,
};
use crate::{Cx, events::emit, ports::TxtAnswer};

const DAY: i64 = 24 * 60 * 60;
/// How often a domain that is not proven is tried, and for how long, in seconds.
pub(super) const TRY_EVERY: i64 = 10 * 60;
pub(super) const TRIED_FOR: i64 = 7 * DAY;
/// How often a proven domain is looked at again, and for how long it may fail, in seconds.
const RECHECK_EVERY: i64 = DAY;
const LOST_AFTER: i64 = 7 * DAY;
/// The days of the failing on which owners are told.
const TOLD_ON: [i64; 2] = [1, 5];

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is as before.
    Same,
    /// It is proven now.
    Verified,
    /// It is still proven, but its record is missing; owners are told.
    Warned,
    /// It is proven no more.
    Lost,
}

/// Whether the record is there.
pub(super) fn is_proof(domain: &Domain, answer: &TxtAnswer) -> bool {
    match answer {
        // What people paste into forms of DNS providers has blanks around it.
        TxtAnswer::Found(values) => values.iter().any(|value| value.trim() == domain.txt_value),
        TxtAnswer::Unreachable(_) => false,
    }
}

/// Writes what a look came to: the domain, its event, mail to owners. `_307` when another organization has proven it
/// meanwhile.
pub(super) fn record(tx: &mut IdentityTx<'_>, cx: &Cx, domain: &mut Domain, is_there: bool) -> Result<()> {
    let outcome = note(domain, is_there, cx.now);
    rows::update(tx, domain)?;
    match outcome {
        Outcome::Same => Ok(()),
        Outcome::Verified => emit(tx, &event(cx, EventType::DomainVerified, domain)),
        Outcome::Lost => emit(tx, &event(cx, EventType::DomainVerificationLost, domain)),
        Outcome::Warned => {
            let since = domain.failing_since.unwrap_or(cx.now);
            let notice = Notice {
                kind: MessageType::DomainLost,
                subject: domain.domain.clone(),
                until: since.plus_seconds(LOST_AFTER),
                except: None,
            };
            tell_owners(tx, cx, domain.organization_id, &notice)
        }
    }
}

/// Changes a domain by what was seen at `now`.
fn note(domain: &mut Domain, is_there: bool, now: Timestamp) -> Outcome {
    let before = domain.last_checked_at;
    domain.last_checked_at = Some(now);
    match (domain.status, is_there) {
        (status, true) => {
            domain.failing_since = None;
            domain.tried_until = None;
            domain.next_check_at = Some(now.plus_seconds(RECHECK_EVERY));
            if status == DomainStatus::Verified {
                return Outcome::Same;
            }
            domain.status = DomainStatus::Verified;
            domain.verified_at = Some(now);
            Outcome::Verified
        }
        (DomainStatus::Verified, false) => failing(domain, before, now),
        (DomainStatus::Pending, false) => {
            let is_over = domain.tried_until.is_none_or(|end| end <= now);
            domain.next_check_at = (!is_over).then(|| now.plus_seconds(TRY_EVERY));
            if is_over {
                domain.status = DomainStatus::Failed;
                domain.tried_until = None;
            }
            Outcome::Same
        }
        (DomainStatus::Failed, false) => {
            // Somebody asked: records take a while to show.
            domain.status = DomainStatus::Pending;
            domain.tried_until = Some(now.plus_seconds(TRIED_FOR));
            domain.next_check_at = Some(now.plus_seconds(TRY_EVERY));
            Outcome::Same
        }
    }
}

/// A proven domain without its record, looked at `before` and `now`.
fn failing(domain: &mut Domain, before: Option<Timestamp>, now: Timestamp) -> Outcome {
    let day =
        |since: Timestamp, at: Timestamp| (at.micros() - since.micros()).div_euclid(DAY * 1_000_000) + 1;
    let told_up_to = match (domain.failing_since, before) {
        (Some(since), Some(before)) => day(since, before),
        _ => 0,
    };
    let since = *domain.failing_since.get_or_insert(now);
    if since.plus_seconds(LOST_AFTER) <= now {
        domain.status = DomainStatus::Failed;
        domain.verified_at = None;
        domain.failing_since = None;
        domain.next_check_at = None;
        return Outcome::Lost;
    }
    domain.next_check_at = Some(now.plus_seconds(RECHECK_EVERY));
    let today = day(since, now);
    let is_due = TOLD_ON.iter().any(|on| told_up_to < *on && *on <= today);
    if is_due { Outcome::Warned } else { Outcome::Same }
}

#[cfg(test)]
mod tests {
    use avnology_model::ids::{DomainId, OrganizationId};
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

    fn domain(status: DomainStatus) -> Domain {
        let is_verified = status == DomainStatus::Verified;
        Domain {
            id: DomainId::new(START, [1; 10]),
            organization_id: OrganizationId::new(START, [2; 10]),
            domain: "acme.example".to_owned(),
            status,
            txt_value: "avnology-domain-verification=x".to_owned(),
            auto_join: true,
            sign_in_routing: true,
            default_role: None,
            verified_at: is_verified.then_some(START),
            last_checked_at: is_verified.then_some(START),
            next_check_at: None,
            tried_until: (status == DomainStatus::Pending).then(|| START.plus_seconds(TRIED_FOR)),
            failing_since: None,
            create_time: START,
        }
    }

    #[test]
    fn one_value_of_several_is_enough_and_blanks_around_it_do_not_matter() {
        let domain = domain(DomainStatus::Pending);
        let found = |values: &[&str]| {
            is_proof(&domain, &TxtAnswer::Found(values.iter().map(|v| (*v).to_owned()).collect()))
        };
        assert!(found(&["v=spf1 -all", " avnology-domain-verification=x "]));
        assert!(!found(&[]));
        assert!(!found(&["avnology-domain-verification=", "avnology-domain-verification=xy", "x"]));
        assert!(!is_proof(&domain, &TxtAnswer::Unreachable("SERVFAIL".to_owned())));
    }

    #[test]
    fn owners_are_told_on_the_first_and_the_fifth_day_and_the_proof_is_lost_after_seven() {
        use Outcome::{Lost, Same, Warned};
        let mut domain = domain(DomainStatus::Verified);
        let mut outcomes = Vec::new();
        for day in 1..=8 {
            // The job is a little late each day.
            outcomes.push(note(&mut domain, false, START.plus_seconds(day * (DAY + 30))));
        }
        assert_eq!(outcomes, [Warned, Same, Same, Same, Warned, Same, Same, Lost]);
        assert_eq!((domain.status, domain.next_check_at), (DomainStatus::Failed, None));
    }

    #[test]
    fn a_record_that_is_back_ends_the_failing() {
        let mut domain = domain(DomainStatus::Verified);
        for day in 1..=6 {
            note(&mut domain, false, START.plus_seconds(day * DAY));
        }
        assert_eq!(note(&mut domain, true, START.plus_seconds(7 * DAY)), Outcome::Same);
        assert_eq!((domain.failing_since, domain.verified_at), (None, Some(START)));
        assert_eq!(note(&mut domain, false, START.plus_seconds(8 * DAY)), Outcome::Warned, "it begins anew");
    }

    #[test]
    fn a_day_is_not_told_twice_however_often_somebody_looks() {
        let mut domain = domain(DomainStatus::Verified);
        let told = (1..=6 * 24)
            .filter(|hour| note(&mut domain, false, START.plus_seconds(hour * 60 * 60)) == Outcome::Warned);
        assert_eq!(told.count(), 2);
    }

    #[test]
    fn a_domain_that_is_not_proven_is_tried_for_a_week_and_again_when_somebody_asks() {
        let mut domain = domain(DomainStatus::Pending);
        note(&mut domain, false, START.plus_seconds(TRIED_FOR - 1));
        assert_eq!(domain.status, DomainStatus::Pending);
        assert!(domain.next_check_at.is_some());
        note(&mut domain, false, START.plus_seconds(TRIED_FOR));
        assert_eq!((domain.status, domain.next_check_at), (DomainStatus::Failed, None));
        let later = START.plus_seconds(3 * TRIED_FOR);
        note(&mut domain, false, later);
        assert_eq!(
            (domain.status, domain.tried_until),
            (DomainStatus::Pending, Some(later.plus_seconds(TRIED_FOR)))
        );
    }

    proptest! {
        #[test]
        fn whatever_is_seen_the_times_fit_the_status(looks in prop::collection::vec((1_i64..4 * DAY, any::<bool>()), 1..60)) {
            let (mut domain, mut now) = (domain(DomainStatus::Pending), START);
            for (wait, is_there) in looks {
                now = now.plus_seconds(wait);
                let (was, since) = (domain.status, domain.failing_since);
                let outcome = note(&mut domain, is_there, now);
                prop_assert_eq!(domain.last_checked_at, Some(now));
                prop_assert_eq!(domain.status == DomainStatus::Verified, domain.verified_at.is_some());
                prop_assert_eq!(domain.status == DomainStatus::Pending, domain.tried_until.is_some());
                prop_assert_eq!(domain.status == DomainStatus::Failed, domain.next_check_at.is_none());
                prop_assert!(domain.next_check_at.is_none_or(|next| next > now));
                prop_assert!(!is_there || domain.status == DomainStatus::Verified);
                prop_assert_eq!(outcome == Outcome::Verified, was != DomainStatus::Verified && is_there);
                let is_lost = was == DomainStatus::Verified && domain.status == DomainStatus::Failed;
                prop_assert_eq!(outcome == Outcome::Lost, is_lost);
                if is_lost {
                    prop_assert!(since.is_some_and(|since| since.plus_seconds(LOST_AFTER) <= now));
                }
            }
        }
    }
}

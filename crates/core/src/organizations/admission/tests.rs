//! Every row of the table, in every case that its columns leave open.

use RegistrationMode::{ByInvitationOnly, ByInvitationOrDomain, Closed, Public, SsoOnly};
use avnology_model::{Timestamp, ids::OrganizationId, organizations::Slug};

use super::*;

const EITHER: &[bool] = &[false, true];
const YES: &[bool] = &[true];
const NO: &[bool] = &[false];
const ANY: &[Sso] = &[Sso::No, Sso::Plain, Sso::Provisioning];
const JIT: &[Sso] = &[Sso::Provisioning];
const OTHER: &[Sso] = &[Sso::No, Sso::Plain];
const PLAIN: &[Sso] = &[Sso::Plain];
const NOT: &[Sso] = &[Sso::No];

/// Asserts the outcome of a row in each of its cases.
fn row(mode: RegistrationMode, invitation: &[bool], domain: &[bool], sso: &[Sso], outcome: Admission) {
    for (invitation, domain, sso) in cases(invitation, domain, sso) {
        let showing = Showing { invitation, domain, sso };
        let door = Door { mode, sso_required: false };
        assert_eq!(admission(door, showing), outcome, "{door:?} {showing:?}");
    }
}

fn cases<'a>(
    invitation: &'a [bool],
    domain: &'a [bool],
    sso: &'a [Sso],
) -> impl Iterator<Item = (bool, bool, Sso)> + 'a {
    invitation
        .iter()
        .flat_map(move |i| domain.iter().flat_map(move |d| sso.iter().map(move |s| (*i, *d, *s))))
}

fn organization() -> Organization {
    let slug = Slug::parse("acme").expect("a slug");
    Organization::new(
        OrganizationId::new(Timestamp::default(), [7; 10]),
        "Acme".to_owned(),
        slug,
        Timestamp::default(),
    )
}

#[test]
fn r1_public_with_an_invitation_joins_in_its_role() {
    row(Public, YES, EITHER, ANY, Admission::Joins(WayIn::Invitation));
}

#[test]
fn r2_public_through_a_provisioning_connection_joins_in_the_mapped_role() {
    row(Public, NO, EITHER, JIT, Admission::Joins(WayIn::Sso));
}

#[test]
fn r3_public_otherwise_joins_in_the_default_role() {
    row(Public, NO, YES, OTHER, Admission::Joins(WayIn::Domain));
    row(Public, NO, NO, OTHER, Admission::Joins(WayIn::Open));
}

#[test]
fn r4_by_invitation_only_with_an_invitation_joins_in_its_role() {
    row(ByInvitationOnly, YES, EITHER, ANY, Admission::Joins(WayIn::Invitation));
}

#[test]
fn r5_by_invitation_only_through_a_provisioning_connection_joins() {
    row(ByInvitationOnly, NO, EITHER, JIT, Admission::Joins(WayIn::Sso));
}

#[test]
fn r6_by_invitation_only_without_one_is_refused() {
    row(ByInvitationOnly, NO, EITHER, OTHER, Admission::Refused(TurnedAway::Uninvited));
}

#[test]
fn r7_by_invitation_or_domain_with_an_invitation_joins_in_its_role() {
    row(ByInvitationOrDomain, YES, EITHER, ANY, Admission::Joins(WayIn::Invitation));
}

#[test]
fn r8_by_invitation_or_domain_through_a_provisioning_connection_joins() {
    row(ByInvitationOrDomain, NO, EITHER, JIT, Admission::Joins(WayIn::Sso));
}

#[test]
fn r9_by_invitation_or_domain_with_an_address_at_the_domain_joins() {
    row(ByInvitationOrDomain, NO, YES, OTHER, Admission::Joins(WayIn::Domain));
}

#[test]
fn r10_by_invitation_or_domain_with_neither_is_refused() {
    row(ByInvitationOrDomain, NO, NO, OTHER, Admission::Refused(TurnedAway::Uninvited));
}

#[test]
fn r11_sso_only_through_a_provisioning_connection_joins_in_the_invitations_role_or_the_mapped_one() {
    row(SsoOnly, YES, EITHER, JIT, Admission::Joins(WayIn::Invitation));
    row(SsoOnly, NO, EITHER, JIT, Admission::Joins(WayIn::Sso));
}

#[test]
fn r12_sso_only_through_a_plain_connection_with_an_invitation_joins_in_its_role() {
    row(SsoOnly, YES, EITHER, PLAIN, Admission::Joins(WayIn::Invitation));
}

#[test]
fn r13_sso_only_through_a_plain_connection_without_an_invitation_is_refused() {
    row(SsoOnly, NO, EITHER, PLAIN, Admission::Refused(TurnedAway::NotProvisioned));
}

#[test]
fn r14_sso_only_without_single_sign_on_needs_it_even_with_an_invitation() {
    row(SsoOnly, EITHER, EITHER, NOT, Admission::NeedsSso);
}

#[test]
fn r15_closed_refuses_everybody() {
    row(Closed, EITHER, EITHER, ANY, Admission::Refused(TurnedAway::Closed));
}

#[test]
fn with_single_sign_on_required_what_would_join_without_it_needs_it_and_nothing_else_changes() {
    for mode in RegistrationMode::ALL.iter().copied() {
        for (invitation, domain, sso) in cases(EITHER, EITHER, ANY) {
            let showing = Showing { invitation, domain, sso };
            let open = admission(Door { mode, sso_required: false }, showing);
            let strict = admission(Door { mode, sso_required: true }, showing);
            match open {
                Admission::Joins(_) if sso == Sso::No => {
                    assert_eq!(strict, Admission::NeedsSso, "{mode:?} {showing:?}");
                }
                other => assert_eq!(strict, other, "{mode:?} {showing:?}"),
            }
        }
    }
}

#[test]
fn of_two_doors_the_stricter_holds() {
    let in_order = [Public, ByInvitationOrDomain, ByInvitationOnly, SsoOnly, Closed];
    for (i, open) in in_order.iter().enumerate() {
        for strict in in_order.iter().skip(i) {
            let (one, other) =
                (Door { mode: *open, sso_required: true }, Door { mode: *strict, sso_required: false });
            let both = Door { mode: *strict, sso_required: true };
            assert_eq!((one.and(other), other.and(one)), (both, both));
        }
    }
}

#[test]
fn a_session_is_asked_for_more_and_a_flow_is_sent_to_single_sign_on() {
    let door = Door { mode: SsoOnly, sso_required: false };
    let asked = Admission::NeedsSso.for_session(door).expect_err("refused");
    assert_eq!(asked.code(), Code::StepUpRequired);
    assert_eq!(asked.members().get("required").and_then(|r| r.pointer("/methods/0")), Some(&json!("sso")));
    assert_eq!(Admission::NeedsSso.for_flow(door).expect_err("refused").code(), Code::SsoRequired);
    let door = Door { mode: Closed, sso_required: false };
    let turned = Admission::Refused(TurnedAway::Closed).for_flow(door).expect_err("refused");
    assert_eq!(
        (turned.code(), turned.members().get("registration_mode")),
        (Code::RegistrationDisabled, Some(&json!("closed")))
    );
}

#[test]
fn a_domain_with_a_role_of_its_own_gives_that_one_to_those_it_lets_in() {
    let (organization, role) =
        (organization(), RoleKey::from(avnology_model::permissions::BuiltInRole::Admin));
    assert_eq!(WayIn::Domain.default_role(&organization, Some(&role)), role);
    assert_eq!(WayIn::Domain.default_role(&organization, None), organization.default_role);
    assert_eq!(WayIn::Open.default_role(&organization, Some(&role)), organization.default_role);
}

//! Roles, states and refusals in the words of these pages.

use avnology_model::{
    Code, Error, FieldError,
    organizations::{DomainStatus, MemberState, OrganizationState},
};

use super::Refusal;
use crate::words::sentence;

/// The class and words of a pill for the state of a membership.
pub(super) fn member_state(state: MemberState) -> (&'static str, &'static str) {
    match state {
        MemberState::Active => ("success", "Active"),
        MemberState::Suspended => ("warning", "Suspended"),
        MemberState::Pending => ("", "Waiting"),
    }
}

/// The class and words of a pill for the status of a domain.
pub(super) fn domain_status(status: DomainStatus) -> (&'static str, &'static str) {
    match status {
        DomainStatus::Pending => ("", "To be proven"),
        DomainStatus::Verified => ("success", "Proven"),
        DomainStatus::Failed => ("warning", "Record missing"),
    }
}

/// The class and words of a pill for the state of an organization that is not in use.
pub(super) fn organization_state(state: OrganizationState) -> Option<(&'static str, &'static str)> {
    match state {
        OrganizationState::Active => None,
        OrganizationState::Provisioning => Some(("", "Being set up")),
        OrganizationState::Suspended => Some(("warning", "Suspended")),
        OrganizationState::Deleting => Some(("warning", "Being deleted")),
    }
}

/// What an error says on these pages: one refusal for each field, or one for the whole form.
pub fn refusal(error: &Error) -> Vec<Refusal> {
    let code = error.code().text();
    let of_field = |flaw: &FieldError| Refusal {
        field: flaw.field.clone(),
        text: sentence(&flaw.message),
        code: code.to_owned(),
    };
    if !error.errors().is_empty() {
        return error.errors().iter().map(of_field).collect();
    }
    let text = code_words(error.code()).map_or_else(|| sentence(error.detail()), str::to_owned);
    vec![Refusal { field: String::new(), text, code: code.to_owned() }]
}

/// What happened and what to do next, for codes whose own words are for programs.
fn code_words(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::LastOwner => {
            "This is the last owner, so nothing was changed. Make another member an owner first, or delete the organization."
        }
        Code::SeatLimitReached => {
            "Every seat is taken, so nothing was changed. Remove or suspend somebody first, or ask for more seats."
        }
        Code::RoleNotAssignable => {
            "You cannot give this role: it is gone, or it allows more than you may do yourself. Choose another one."
        }
        Code::MemberExists => "This person is a member already.",
        Code::InvitationInvalid => "This invitation is over, so nothing was changed. Ask for a new one.",
        Code::InvitationForAnother => "This invitation is for another address. Sign in with that one.",
        Code::RegistrationDisabled => "Nobody can join like this at the moment. Ask an administrator there.",
        Code::NotFound => "It is not there any more, so nothing was changed.",
        Code::NotAMember => "That person is no active member, so nothing was changed.",
        Code::EvaluationLimit => {
            "This leads to more than is looked at on a page, so nothing is shown rather than a part. Ask for one person, or for a smaller object."
        }
        Code::OrganizationMismatch => {
            "This belongs to somebody else, or to nobody. Name something that is of this organization."
        }
        Code::ConflictingState => {
            "That does not fit its present state, so nothing was changed. Look at it again."
        }
        Code::PermissionDenied => "Only owners may do this, so nothing was changed. Ask one of them.",
        Code::TooManyRequests => {
            "Too many were sent in a short time. Nothing was sent now; wait a while and try again."
        }
        Code::FeatureDisabled => {
            "This is switched off here, so nothing was changed. Ask whoever looks after this service."
        }
        Code::EtagMismatch => {
            "Somebody else changed this meanwhile, so nothing was saved. Look at it and save again."
        }
        Code::LimitReached => {
            "There are as many as there can be. Remove one that is not used any more first."
        }
        Code::OrganizationSuspended => "This organization is closed at the moment. Ask one of its owners.",
        Code::DomainNotVerified => {
            "The record is not there yet, so nothing was changed. New records take a while to show: compare name and \
             value, and check again in some minutes."
        }
        Code::DomainTaken => {
            "Another organization has proven this domain, so it cannot be used here. If it is yours, ask them to give \
             it up, or ask for help."
        }
        Code::DomainNotAcceptable => {
            "This domain cannot belong to one organization: it is a public suffix, a mailbox provider or a name that is \
             kept for tests. Enter a domain of your own."
        }
        Code::RoleInUse => {
            "Somebody has this role, a group gives it, or it is the role of those who join, so nothing was changed. \
             Choose the role that takes its place."
        }
        Code::ConnectionNotTested => {
            "Single sign-on can be required once a connection was set up and tested."
        }
        _ => return None,
    })
}

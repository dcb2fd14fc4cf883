//! What stands at the door of an organization: its sign-in and sign-up pages, before anybody has signed in.

use std::sync::Arc;

use avnology_model::{Code, Error, Result, organizations::OrganizationState};

use super::{Admission, Door, OrganizationCard, Showing, Sso, TurnedAway, admission, find_named};
use crate::{Cx, Tenant};

/// Who can make an account at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// Anybody.
    Anybody,
    /// Those with an address at one of its domains.
    ByDomain,
    /// Those who are invited.
    ByInvitation,
    /// Those who come by single sign-on.
    BySso,
    /// Nobody.
    Closed,
}

/// An organization as its sign-in page shows it.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// Which one.
    pub organization: OrganizationCard,
    /// Whether it is in use.
    pub state: OrganizationState,
    /// Who can make an account.
    pub sign_up: SignUp,
}

/// The entrance of the organization with this slug. `_300` when there is none, and for one that is being deleted. An id names
/// none here, as in discovery.
pub async fn entrance(app: &Arc<Tenant>, cx: &Cx, slug: &str) -> Result<Entrance> {
    let found = find_named(app, cx, slug).await?;
    let shown = found.filter(|live| {
        live.organization.slug.as_str() == slug && live.organization.state != OrganizationState::Deleting
    });
    let live = shown.ok_or_else(|| Error::new(Code::OrganizationNotFound))?;
    let organization = &live.organization;
    Ok(Entrance {
        organization: OrganizationCard::of(organization),
        state: organization.state,
        sign_up: SignUp::at(Door::of(organization)),
    })
}

impl SignUp {
    /// What the table of registration modes says of somebody with empty hands, and of one with an address there.
    fn at(door: Door) -> Self {
        let ask = |domain| admission(door, Showing { invitation: false, domain, sso: Sso::No });
        match (ask(false), ask(true)) {
            (Admission::Joins(_), _) => Self::Anybody,
            (_, Admission::Joins(_)) => Self::ByDomain,
            (Admission::NeedsSso, _) | (_, Admission::NeedsSso) => Self::BySso,
            (Admission::Refused(TurnedAway::Closed), _) => Self::Closed,
            (Admission::Refused(_), Admission::Refused(_)) => Self::ByInvitation,
        }
    }
}

#[cfg(test)]
mod tests {
    use avnology_model::organizations::RegistrationMode as Mode;

    use super::*;

    #[test]
    fn the_door_says_what_the_table_says() {
        let at = |mode, sso_required| SignUp::at(Door { mode, sso_required });
        assert_eq!(at(Mode::Public, false), SignUp::Anybody);
        assert_eq!(at(Mode::ByInvitationOrDomain, false), SignUp::ByDomain);
        assert_eq!(at(Mode::ByInvitationOnly, false), SignUp::ByInvitation);
        assert_eq!(at(Mode::SsoOnly, false), SignUp::BySso);
        assert_eq!(at(Mode::Closed, false), SignUp::Closed);
        assert_eq!(at(Mode::Public, true), SignUp::BySso);
        assert_eq!(at(Mode::ByInvitationOnly, true), SignUp::ByInvitation);
    }
}

//! Who may join an organization, and as what: the truth table of registration modes (`contract/20` §6).

use avnology_model::{
    Code, Error, Result,
    organizations::{MembershipSource, Organization, RegistrationMode},
    permissions::RoleKey,
};
use serde_json::{Value, json};

/// How strictly a door is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Who may join.
    pub mode: RegistrationMode,
    /// Whether only single sign-on leads in.
    pub sso_required: bool,
}

impl Door {
    /// A door that keeps nobody out.
    pub const OPEN: Self = Self { mode: RegistrationMode::Public, sso_required: false };

    /// The door of an organization.
    pub fn of(organization: &Organization) -> Self {
        Self { mode: organization.registration_mode, sso_required: organization.sso_required }
    }

    /// Two doors one behind the other, as a client's and an organization's: the stricter of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mode = if strictness(self.mode) >= strictness(other.mode) { self.mode } else { other.mode };
        Self { mode, sso_required: self.sso_required || other.sso_required }
    }
}

/// From the most open to the most closed.
fn strictness(mode: RegistrationMode) -> u8 {
    match mode {
        RegistrationMode::Public => 0,
        RegistrationMode::ByInvitationOrDomain => 1,
        RegistrationMode::ByInvitationOnly => 2,
        RegistrationMode::SsoOnly => 3,
        RegistrationMode::Closed => 4,
    }
}

/// Whether somebody arrives through an active connection of the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sso {
    /// Not through one.
    No,
    /// Through one that makes no members by itself.
    Plain,
    /// Through one with `jit_provisioning`.
    Provisioning,
}

/// What somebody who wants in can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Showing {
    /// A valid invitation.
    pub invitation: bool,
    /// A proven address at a proven domain of the organization that has `auto_join`.
    pub domain: bool,
    /// A sign-in through a connection of the organization.
    pub sso: Sso,
}

/// What lets somebody in, and so decides on the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayIn {
    /// The invitation, with its role.
    Invitation,
    /// The connection: the mapped role, else the default.
    Sso,
    /// The domain: its default role, else the organization's.
    Domain,
    /// The open door: the organization's default role.
    Open,
}

impl WayIn {
    /// How the membership is said to have come to be.
    pub fn source(self) -> MembershipSource {
        match self {
            Self::Invitation => MembershipSource::Invitation,
            Self::Sso => MembershipSource::Sso,
            Self::Domain => MembershipSource::Domain,
            Self::Open => MembershipSource::Join,
        }
    }

    /// The role of somebody who has none of its own from an invitation or a connection; `of_domain` is the default one of
    /// the domain shown.
    pub fn default_role(self, organization: &Organization, of_domain: Option<&RoleKey>) -> RoleKey {
        of_domain.filter(|_| self == Self::Domain).unwrap_or(&organization.default_role).clone()
    }
}

/// Why somebody is turned away for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// An invitation is needed.
    Uninvited,
    /// The connection makes no members, and there is no invitation.
    NotProvisioned,
    /// Nobody joins.
    Closed,
}

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Joins.
    Joins(WayIn),
    /// Goes through single sign-on first; an invitation stays valid.
    NeedsSso,
    /// Does not join.
    Refused(TurnedAway),
}

/// The table, rows R1 to R15, and its amendment for a required single sign-on.
pub fn admission(door: Door, showing: Showing) -> Admission {
    let outcome = by_mode(door.mode, showing);
    match outcome {
        Admission::Joins(_) if door.sso_required && showing.sso == Sso::No => Admission::NeedsSso,
        outcome => outcome,
    }
}

fn by_mode(mode: RegistrationMode, Showing { invitation, domain, sso }: Showing) -> Admission {
    match mode {
        RegistrationMode::Closed => Admission::Refused(TurnedAway::Closed),
        RegistrationMode::SsoOnly if sso == Sso::No => Admission::NeedsSso,
        _ if invitation => Admission::Joins(WayIn::Invitation),
        _ if sso == Sso::Provisioning => Admission::Joins(WayIn::Sso),
        RegistrationMode::Public | RegistrationMode::ByInvitationOrDomain if domain => {
            Admission::Joins(WayIn::Domain)
        }
        RegistrationMode::Public => Admission::Joins(WayIn::Open),
        RegistrationMode::SsoOnly => Admission::Refused(TurnedAway::NotProvisioned),
        RegistrationMode::ByInvitationOnly | RegistrationMode::ByInvitationOrDomain => {
            Admission::Refused(TurnedAway::Uninvited)
        }
    }
}

impl Admission {
    /// The way in of somebody who is signed in. `_304` for those turned away, `_110` for those who need single sign-on.
    pub fn for_session(self, door: Door) -> Result<WayIn> {
        match self {
            Self::Joins(way) => Ok(way),
            Self::Refused(why) => Err(why.refusal(door)),
            Self::NeedsSso => {
                let required =
                    json!({ "aal": null, "max_age": null, "connection_id": null, "methods": ["sso"] });
                Err(Error::new(Code::StepUpRequired).with_member("required", required))
            }
        }
    }

    /// The way in of somebody who is still to be signed in. `_304` for those turned away, `_309` for those who need single
    /// sign-on.
    pub fn for_flow(self, door: Door) -> Result<WayIn> {
        match self {
            Self::Joins(way) => Ok(way),
            Self::Refused(why) => Err(why.refusal(door)),
            Self::NeedsSso => {
                Err(Error::new(Code::SsoRequired).with_member("connections", Value::Array(Vec::new())))
            }
        }
    }
}

impl TurnedAway {
    /// `_304` with the mode, in the words of the message that goes with it.
    pub fn refusal(self, door: Door) -> Error {
        let error =
            Error::new(Code::RegistrationDisabled).with_member("registration_mode", door.mode.as_str());
        match self {
            Self::Uninvited => error.with_detail("You need an invitation to join."),
            Self::Closed => error.with_detail("Registration is closed."),
            Self::NotProvisioned => error,
        }
    }
}

#[cfg(test)]
mod tests;

//! Organizations and what hangs on them: members, seats, roles, groups, invitations, domains.

pub mod destructions;
pub mod domains;
pub mod group_members;
pub mod groups;
pub mod invitations;
pub mod memberships;
#[expect(clippy::module_inception, reason = "the area and its main table share their name")]
pub mod organizations;
pub mod own;
pub mod roles;
pub mod seats;

//! Organizations: containers of identities, and what hangs on them: members, roles, groups, invitations, domains
//! (`contract/20`). What may be done with them stands in `core`.

mod domain;
mod domain_name;
mod feature;
mod group;
mod invitation;
mod member;
mod organization;
mod role;
mod slug;

pub use domain::{Domain, DomainStatus};
pub use domain_name::{CHALLENGE_LABEL, DomainName, DomainRefusal, is_mailbox_provider};
pub use feature::{Feature, FeatureFlags};
pub use group::{Group, GroupSource, GroupType};
pub use invitation::{Delivery, Invitation, InvitationStatus};
pub use member::{MemberState, Membership, MembershipSource, RoleSource};
pub use organization::{BreakGlass, Organization, OrganizationState, RegistrationMode, SessionLimits};
pub use role::{CustomRole, Permission, RoleBase};
pub use slug::Slug;

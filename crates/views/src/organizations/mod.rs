//! Pages of organizations, for those who belong to one or are about to: the switcher of the header, the frame with its side
//! navigation, and one file for each page.
//!
//! Pages of people who belong to none use nothing of this.

mod access;
mod access_words;
mod accounts;
mod audit;
mod domain;
mod domains;
pub(crate) mod fields;
mod frame;
mod group;
mod group_form;
mod groups;
mod home;
mod invitation;
mod invitations;
mod keys;
mod member;
mod members;
mod mine;
mod new_team;
mod overview;
mod permissions;
mod removal;
mod role;
mod role_form;
mod roles;
mod settings;
mod words;

pub use access::{Access, AccessFields, AccessFound, AccessHolder, AccessNamespace, AccessWay, HolderCard};
pub use accounts::{ServiceAccountRow, ServiceAccounts};
pub use audit::{
    AuditEvent, AuditExport, AuditFilter, AuditLog, AuditRow, ChainState, NewAuditExport, RecordState,
    Signed, audit_query,
};
pub use domain::{DomainPage, Proof};
pub use domains::{DomainRow, Domains};
pub use frame::{Frame, Refusal, Tab};
pub use group::{GroupMemberRow, GroupPage};
pub use group_form::{GroupDraft, GroupForm, RuleTrial};
pub use groups::{GroupRow, Groups};
pub use home::{Home, SwitchChoice, Switcher};
pub use invitation::{InvitationEnd, InvitationOver, InvitationPage, InvitationStep};
pub use invitations::{Draft, Invitations, InviteLink, Invited};
pub use keys::{AccountRow, KeyRow, Keys, NewKey};
pub use member::Member;
pub use members::{MemberRow, Members, Paging, Search};
pub use mine::{InvitationRow, JoinRow, MembershipRow, Mine};
pub use new_team::{NewTeam, NewTeamClosed, SlugPreview};
pub use overview::{Overview, Task};
pub use removal::{Removal, Thing};
pub use role::RolePage;
pub use role_form::{NewRole, RoleDraft, RoleEditor};
pub use roles::{RoleRow, Roles};
pub use settings::{Deletion, Ownership, Settings};
pub use words::refusal;

//! Organizations: made, changed and destroyed; their members, roles, groups, invitations and domains; and who acts in one
//! with which rights (`contract/20`).
//!
//! Sign-in into an organization stands in `flows`, keys of its service accounts in `service_accounts`.

mod acting;
mod admission;
mod assign;
mod auth_options;
mod card;
mod choices;
mod create;
mod destroy;
mod discovery;
mod domains;
mod entrance;
mod groups;
mod input;
mod invitations;
mod join;
mod leave;
mod list;
mod live;
mod members;
mod membership;
mod mine;
mod notify;
mod provision;
mod roles;
mod search;
mod settings;
mod states;
mod update;
mod view;

pub(crate) use acting::check_sign_in;
pub use acting::{Acting, ActingAs, check_rules, check_state};
pub use admission::{Admission, Door, Showing, Sso, TurnedAway, WayIn, admission};
pub(crate) use assign::{Assignment, assign, set_place_in_group, unassign};
pub use auth_options::AuthOptions;
pub use card::OrganizationCard;
pub use choices::{Choice, choices, named as name_choices};
pub(crate) use create::is_let_create;
pub use create::{CreatedOrganization, NewOrganization, create, may_create};
pub use destroy::destroy_due;
pub(crate) use discovery::discover_in;
pub use discovery::{Discovery, discover, discover_by_email, discover_by_slug};
pub use domains::{
    DomainChange, DomainView, NewDomain, TxtRecord, check_due as check_due_domains, create as create_domain,
    delete as delete_domain, get as get_domain, list as list_domains, update as update_domain,
    verify as verify_domain, verify_named as verify_domain_named,
};
pub use entrance::{Entrance, SignUp, entrance};
pub use groups::{
    GroupFollower, GroupInput, GroupPage, GroupView, NewGroupMember, RulePreview,
    add_member as add_group_member, add_member_by_email as add_group_member_by_email, apply_rules,
    create as create_group, delete as delete_group, get as get_group, list as list_groups,
    list_members as list_group_members, preview_rule, remove_member as remove_group_member,
    update as update_group,
};
pub use input::{MetadataInput, OrganizationInput};
pub use invitations::{
    Accepted, BatchResult, InvitationPage, InvitationPreview, InvitationView, NewInvitation,
    accept as accept_invitation, accept_own as accept_own_invitation, create as invite,
    create_batch as invite_all, decline as decline_invitation, decline_own as decline_own_invitation,
    expire_due as expire_invitations, get as get_invitation, list as list_invitations,
    lookup as look_up_invitation, resend as resend_invitation, revoke as revoke_invitation,
};
pub(crate) use invitations::{
    end_of_person, find_open as open_invitation, read_token as read_invitation_token,
    use_up as use_invitation,
};
pub use join::join as join_organization;
pub(crate) use join::{Entry, entry_of, join_through};
pub(crate) use join::{auto_join_domain, join_by_domain, may_belong};
pub use leave::leave;
pub use list::{OrganizationPage, SeatsView, SlugCheck, check_slug, get, list, seats};
pub use live::{
    LiveMember, LiveOrganization, OrganizationCache, RoleRights, find, find_member, find_named, get_named,
};
pub use members::{
    MemberCard, MemberChange, MemberPage, MemberView, NewMember, add as add_member,
    end_expired as end_expired_memberships, get as get_member, list as list_members, remove as remove_member,
    update as update_member,
};
pub(crate) use membership::{Joining, join, remove_even_last_owner as end_membership};
pub use mine::{HomeOrganization, OwnInvitation, OwnMembership, OwnOrganizations, list as list_own, list_of};
pub(crate) use notify::{Notice, tell_owners};
pub use provision::finish_all as finish_provisioning;
pub use roles::{
    NamedRole, RoleInput, RoleView, assignable as assignable_roles,
    assignable_by_default as roles_assignable_by_default, assignable_to as roles_assignable_to,
    create as create_role, delete as delete_role, get as get_role, grantable_bases, grantable_scopes,
    list as list_roles, name_of as role_name, named as named_roles, update as update_role,
};
pub use search::{InvitationSearch, MemberSearch};
pub use settings::OrganizationSettings;
pub use states::{activate, delete, restore, suspend, transfer_ownership};
pub use update::update;
pub use view::{OrganizationMetadata, OrganizationView, Placement};

//! Groups of members: filled by people, or by a rule (`contract/20` §5).
//!
//! A group can give its members a role besides their own. Rules are tried by event for one person, and by a job for all
//! members when a rule is new or changed; both in `follow` and `sweep`, what a rule means in `rule`.

mod create;
mod delete;
mod follow;
mod input;
mod list;
mod members;
mod membership;
mod preview;
mod rule;
mod sweep;
mod update;
mod view;

pub use create::create;
pub use delete::delete;
pub use follow::GroupFollower;
pub use input::GroupInput;
pub use list::{GroupPage, get, list};
pub use members::{
    NewGroupMember, add as add_member, add_by_email as add_member_by_email, list as list_members,
    remove as remove_member,
};
pub(crate) use members::{add_in, remove_in};
pub(crate) use membership::{leave_all, put_invited};
pub use preview::{RulePreview, preview as preview_rule};
pub(crate) use rule::check_rule_role;
pub use sweep::apply_rules;
pub use update::update;
pub use view::GroupView;
pub(crate) use view::event;

//! Roles of an organization: the built-in ones and its own (`contract/20` §4).
//!
//! What a role allows is worked out in `live`; how a member holds one is in `membership`.

mod create;
mod delete;
mod input;
mod list;
mod offered;
mod update;
mod view;

pub use create::create;
pub use delete::delete;
pub use input::RoleInput;
pub use list::{get, list};
pub use offered::{
    NamedRole, assignable, assignable_by_default, assignable_to, grantable_bases, grantable_scopes, name_of,
    named,
};
pub use update::update;
pub use view::RoleView;
pub(super) use {offered::role_title, view::built_in_name};

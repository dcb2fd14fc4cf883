//! Roles of an organization: the built-in ones and its own (`contract/20` §4).
//!
//! What a role allows is worked out in `live`; how a member holds one is in `membership`.

mod create;
mod delete;
mod input;
mod list;
mod update;
mod view;

pub use create::create;
pub use delete::delete;
pub use input::RoleInput;
pub use list::{get, list};
pub use update::update;
pub use view::RoleView;

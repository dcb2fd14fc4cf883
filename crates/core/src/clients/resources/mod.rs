//! Resources that tokens are for (RFC 8707, `contract/30` §2.2).

mod create;
mod delete;
mod input;
mod list;
mod update;
mod view;

pub use create::create;
pub use delete::delete;
pub use list::{get, list};
pub use update::update;
pub use view::ResourceView;

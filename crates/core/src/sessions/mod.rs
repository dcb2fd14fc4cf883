//! Sessions: made by flows, checked in memory on every request, ended at once.

mod authenticate;
mod cache;
pub(crate) mod claims;
mod devices;
mod expire;
mod list;
mod revoke;
mod start;
mod switch;
mod tokenize;
mod verify;
mod view;
mod write_behind;

pub use authenticate::authenticate;
pub use cache::{LiveSession, SessionCache, Through};
pub use devices::{
    BrowserKeyHashes, DeviceChange, DeviceDetail, PostureReport, Presented, list_devices, list_own_devices,
    remove_device, remove_own_device, rename_own_device, report_posture,
};
pub(crate) use devices::{end_trust, installation, is_trusted, trust, with_secret as device_with_secret};
pub(crate) use expire::note_expired;
pub(crate) use list::page_of;
pub use list::{SessionPage, list_own};
pub(crate) use revoke::{end_all, end_one};
pub use revoke::{logout, revoke_leaked, revoke_others, revoke_own};
pub(crate) use start::{NewSession, raise, start};
pub(crate) use switch::enter;
pub use switch::switch_organization;
pub use tokenize::{SessionToken, TokenRequest, tokenize, view_with_token};
pub use verify::{Verified, verify};
pub use view::{ActiveOrganization, DeviceView, SessionView};
pub use write_behind::flush_uses;

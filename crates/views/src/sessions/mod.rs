//! Pages about sessions: the list of devices, and signing out.

mod list;
mod sign_out;

pub use list::{DeviceRow, SessionRow, Sessions};
pub use sign_out::{SignOut, SignOutDone, SignOutFailed};

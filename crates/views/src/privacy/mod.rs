//! `/account/activity`, `/account/privacy`, and the page behind the link that keeps an account.

mod account;
mod activity;
mod keep;
mod words;

pub use account::{CategoryRow, DeletionForm, ExportCard, Owned, Privacy};
pub use activity::{Activity, ActivityRow};
pub use keep::{KeepAccount, KeepLinkUsed, Kept};

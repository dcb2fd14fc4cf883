//! What people have a say in: they see what happened to their account, take a copy of all that is held about them, have it
//! deleted, and object to the sale of their data (`contract/10` §9).
//!
//! Here: these verbs and the work that follows them. How an account is taken apart stands in `identities::deletion`.

mod activity;
mod categories;
mod deletion;
mod download;
mod exports;
mod gather;
mod opt_out;
mod pack;
mod receipt;
mod reminder;
mod work;

pub use activity::{
    ActivityFollower, ActivityPage, list_own as list_activity, remove_old as remove_old_activity,
};
pub use categories::{CategoryView, categories};
pub use deletion::{
    CancelLink, DeletionOrder, DeletionView, ScheduledDeletion, cancel as cancel_deletion,
    cancel_by_link as cancel_deletion_by_link, get as get_deletion, may_cancel,
    peek_link as peek_deletion_link, request as request_deletion, solely_owned,
};
pub(crate) use deletion::{KeepLink, draw_keep_link};
pub use download::{Download, download, download_for, read_piece};
pub use exports::{
    PrivacyExportView, export_for, export_own, get_export, get_export_for, newest_export, remove_old_exports,
};
pub use opt_out::{OPTED_OUT, OptOut, opt_out, opt_out_by_address};
pub(crate) use receipt::receipt_url;
pub use receipt::{DeletionReceipt, get_receipt, settle_deletions};
pub use reminder::remind_of_deletions;
pub use work::{follow_exports, write_exports};

//! Identities: made and changed by administrators, by registration, and by the people themselves.

mod admin;
mod administer;
mod avatar;
mod create;
mod credentials;
mod deletion;
mod email;
mod factor_recovery;
mod factors;
mod imports;
mod input;
mod me;
mod password;
mod phone;
mod reach;
mod read;
mod recovery_link;
mod reset_mfa;
mod schema;
mod send_recovery;
mod sessions;
mod states;
mod undo;
mod unlock;
mod update;
mod view;

pub use admin::{AdminCreated, create_admin, ensure_first_admin};
pub use avatar::{AVATAR_BYTES, Picture, picture, remove as remove_avatar, set as set_avatar};
pub use avnology_aip::page_token::Key as PageKey;
pub use avnology_store::list::ListQuery;
pub(crate) use create::insert_new;
pub use create::{Created, NewIdentity, create};
pub use credentials::{
    BackupCodesView, CredentialView, PasskeyView, SmsView, list as list_credentials,
    list_own as list_own_credentials, remove as remove_credential, remove_own as remove_own_credential,
};
pub(crate) use credentials::{may_do_without, remove_password, shown as credentials_of};
pub(crate) use deletion::{
    Notice, announce, cancel_scheduled, keep_owned, new_request, purge_of_organization, remove_denied,
    replace_unproven, schedule,
};
pub use deletion::{cancel as cancel_deletion, delete, purge_due};
pub(crate) use email::{apply_email, mark_verified, prove_ownership};
pub use factor_recovery::{
    CancelFactorRecovery, FactorRecoveryView, StartedBy, advance_factor_recoveries,
    cancel_by_link as cancel_factor_recovery_by_link, cancel_for as cancel_factor_recovery_for,
    cancel_own as cancel_factor_recovery, list_for as list_factor_recoveries,
    peek_cancel_link as peek_factor_recovery_link, start_for as start_factor_recovery,
    waiting_of_own as own_factor_recovery,
};
pub(crate) use factor_recovery::{
    Start as FactorRecoveryStart, Started as FactorRecoveryStarted,
    cancel_with as cancel_factor_recovery_with, complete as complete_factor_recovery, factor_was_used,
    start as begin_factor_recovery,
};
pub(crate) use factors::{
    NewCodes, NewTotp, add_passkey, enroll_sms, enroll_totp, open_totp, remove_factors, remove_passkey,
    replace_codes,
};
pub use imports::{
    IMPORT_BYTES, ImportBody, ImportForm, ImportView, Intake, NewImport, begin as begin_import,
    get as get_import, purge as purge_imports, run as run_imports, work as work_on_imports,
};
pub use input::IdentityInput;
pub(crate) use input::{Fields, editable, from_json, words_of};
pub(crate) use me::change_own;
pub use me::{OwnChange, OwnIdentity, OwnSummary, Pending, own_summary, patch_own, view_own};
pub use password::set as set_password;
pub(crate) use password::{PasswordChange, store_password};
pub(crate) use phone::{apply_phone, mark_phone_verified};
pub(crate) use reach::{manage, see};
pub use read::{IdentityPage, get, list};
pub use recovery_link::{RecoveryLink, create as create_recovery_link};
pub use reset_mfa::reset_mfa;
pub(crate) use schema::{Property, PropertyKind, SchemaCache, TraitsSchema};
pub use send_recovery::{RecoverySent, send as send_recovery};
pub use sessions::{list as list_sessions, revoke as revoke_session, revoke_all as revoke_sessions};
pub use states::{deactivate, reactivate};
pub(crate) use states::{keep_last_admin, lose_home};
pub(crate) use undo::UndoLink;
pub use undo::{peek as peek_undo, undo as undo_change};
pub use unlock::unlock;
pub(crate) use update::save;
pub use update::{IdentityUpdate, update};
pub use view::{IdentityView, MetadataView};

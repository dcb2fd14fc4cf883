//! Service accounts and API keys: programs that call (`contract/20` §15). How a key is checked on each request, how accounts
//! and keys are made, changed, rotated and ended, and who answers for them.
//!
//! What a key may do in an organization is decided in `organizations`, with everybody else's rights.

mod authenticate;
mod bootstrap;
mod cache;
mod create_account;
mod create_key;
mod default_account;
mod delete_account;
mod expire;
mod input;
mod keeper;
mod list;
mod owner;
mod revoke_key;
mod rotate_key;
mod update_account;
mod update_key;
mod view;
mod write_behind;

pub(crate) use authenticate::recognize;
pub use authenticate::{authenticate, revoke_leaked};
pub use bootstrap::install_bootstrap_key;
pub use cache::{KeyCache, LiveKey};
pub use create_account::{NewServiceAccount, create_account};
pub use create_key::{NewApiKey, Whose, create_key};
pub use delete_account::delete_account;
pub(crate) use expire::{note_expired, purge_ended};
pub use keeper::Keeper;
pub use list::{ServiceAccountPage, get_account, list_accounts, list_keys, list_keys_of_organization};
pub(crate) use owner::{end_ownerless, note_lost as note_owner_lost, restore_tuples};
pub use revoke_key::revoke_key;
pub use rotate_key::{RotatedKey, rotate_key};
pub use update_account::{ServiceAccountChange, update_account};
pub use update_key::{ApiKeyChange, update_key};
pub use view::{ApiKeyView, ServiceAccountView, ShownOnce};
pub use write_behind::flush_uses;

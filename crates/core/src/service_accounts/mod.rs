//! Service accounts: programs that call with an API key. So far the tenant-level key that is installed at start.

mod authenticate;
mod bootstrap;
mod cache;
mod owner;

pub use authenticate::{authenticate, revoke_leaked};
pub use bootstrap::install_bootstrap_key;
pub use cache::{KeyCache, LiveKey};
pub(crate) use owner::note_lost as note_owner_lost;

//! Identities: one human each, with addresses, names and states (`contract/10` §2).

mod email;
mod factor_recovery;
mod identity;
mod import;
mod names;
mod realm;

pub use email::Email;
pub use factor_recovery::{FactorRecovery, FactorRecoveryState};
pub use identity::{Deletion, Identity, IdentityState, Metadata};
pub use import::{Import, ImportCounts, ImportError, ImportRequest, ImportStatus, OnConflict};
pub use names::{Username, https_url, locale, masked_phone, person_name, phone, shown_name, timezone};
pub use realm::Realm;

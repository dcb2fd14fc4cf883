//! What the tenant does for itself: settings, keys, CAPTCHAs, captured messages, first answers, jobs, health.

mod bulk;
pub(crate) mod captcha;
mod documents;
mod federation;
mod health;
mod idempotency;
mod jobs;
mod keys;
mod outbox;
mod remembered;
mod settings;
mod signing_keys;

pub(crate) use bulk::take_bulk_turn;
pub use documents::{Document, Documents};
pub use federation::Switch;
pub(crate) use federation::{check_new_identity, check_new_member, is_strict};
pub use health::{Check, checks};
pub(crate) use idempotency::finish;
pub use idempotency::{Begun, abandon, begin, finish_batch, finish_refusal};
pub use jobs::{run_jobs, sweep};
pub use keys::{Keys, MasterKeys, Place};
pub use outbox::{CapturedMessage, OutboxPage, OutboxSearch, clear as clear_outbox, list as list_outbox};
pub(crate) use remembered::Remembered;
pub(crate) use settings::forget_everybody;
pub use settings::{
    SettingsVersion, TenantView, load as load_settings, reload as reload_settings, set_federation_mode,
    update as update_settings, view as tenant_view,
};
pub use signing_keys::{
    Signer, SigningKeyView, Verifier, list_signing_keys, published_keys, rotate_due, rotate_signing_key,
    signer, verifier,
};
pub(crate) use signing_keys::{SigningKeys, reload_signing_keys};

//! The tenant: its settings (`contract/00` §14) and its environment.

mod captcha;
mod idempotency;
mod precondition;
mod session_token_template;
mod settings;
mod signing_key;

pub use captcha::{CaptchaProvider, CaptchaSettings, captcha_secret_problem};
pub use idempotency::IdempotencyKey;
pub use precondition::Precondition;
pub use session_token_template::{ClaimSource, SessionTokenTemplate};
pub use settings::{
    Consent, DynamicRegistration, FederationMode, Lockout, LoginMethod, OrganizationCreation, RateLimit,
    RateLimitSetting, Registration, RegistrationField, SessionPolicy, TenantSettings,
};
pub use signing_key::{SigningAlgorithm, SigningKeyState};

use crate::text::text_enum;

text_enum! {
    /// Whether messages are sent or captured, and which API keys are good (`contract/00` §2.1).
    pub enum Environment {
        /// For people.
        Live = "live",
        /// For tests: messages are captured.
        Test = "test",
    }
}

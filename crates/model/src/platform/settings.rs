//! Settings of the tenant that administrators change while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    captcha::CaptchaSettings,
    session_token_template::{self, SessionTokenTemplate},
};
use crate::{
    FieldCode, FieldError,
    credentials::{Factor, PasswordPolicy, WebauthnSettings},
    identities::{Email, https_url, locale},
    organizations::{FeatureFlags, RegistrationMode},
    text::{collect, line, text_enum},
};

text_enum! {
    /// A first factor that can be offered.
    pub enum LoginMethod {
        /// Password.
        Password = "password",
        /// Passkey.
        Passkey = "passkey",
        /// Code by mail.
        Code = "code",
        /// Mailed link.
        Link = "link",
    }
}

text_enum! {
    /// Whether an identity belongs to its human, or to one organization (`contract/20` §13).
    pub enum FederationMode {
        /// One identity per human in the tenant, with any number of memberships.
        Shared = "shared",
        /// One identity per human and organization.
        Strict = "strict",
    }
}

text_enum! {
    /// Who may create organizations.
    pub enum OrganizationCreation {
        /// Any identity.
        Anyone = "anyone",
        /// An identity with a verified e-mail.
        Verified = "verified",
        /// Callers of the platform.
        Admins = "admins",
    }
}

text_enum! {
    /// A field that registration can ask for.
    pub enum RegistrationField {
        /// E-mail.
        Email = "email",
        /// Phone.
        Phone = "phone",
        /// Username.
        Username = "username",
        /// First name.
        FirstName = "first_name",
        /// Last name.
        LastName = "last_name",
    }
}

/// A check box at registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Stable key.
    pub key: String,
    /// The words beside the box.
    pub label: String,
    /// Where the whole text stands.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether it must be ticked.
    #[serde(default)]
    pub required: bool,
}

text_enum! {
    /// Whether clients may register themselves.
    pub enum DynamicRegistration {
        /// No.
        Off = "off",
        /// Those with an initial access token.
        Token = "token",
        /// All.
        Open = "open",
    }
}

/// How people register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Registration {
    /// Who may.
    pub mode: RegistrationMode,
    /// Whether "already registered" is told.
    pub discloses_accounts: bool,
    /// Fields asked for.
    pub required_fields: Vec<RegistrationField>,
    /// Check boxes.
    pub consents: Vec<Consent>,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            mode: RegistrationMode::Public,
            discloses_accounts: true,
            required_fields: vec![RegistrationField::Email],
            consents: Vec::new(),
        }
    }
}

/// When too many failures lock an account (`contract/11` §11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lockout {
    /// Failures that lock.
    pub max_failures: u32,
    /// Seconds in which they are counted.
    pub window_seconds: u32,
    /// Seconds of the first lock.
    pub lock_seconds: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { max_failures: 5, window_seconds: 900, lock_seconds: 900 }
    }
}

/// How long sessions live, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionPolicy {
    /// Without use.
    pub idle_timeout_seconds: u32,
    /// At most.
    pub absolute_timeout_seconds: u32,
    /// How fresh a sign-in must be for changes of credentials.
    pub privileged_max_age_seconds: u32,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            idle_timeout_seconds: 86_400,
            absolute_timeout_seconds: 2_592_000,
            privileged_max_age_seconds: 900,
        }
    }
}

/// So many in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many.
    pub limit: u32,
    /// In how many seconds.
    pub window_seconds: u32,
}

/// One limit, or up to three that hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RateLimitSetting {
    /// One.
    One(RateLimit),
    /// Several.
    Several(Vec<RateLimit>),
}

impl RateLimitSetting {
    /// The limits.
    pub fn limits(&self) -> &[RateLimit] {
        match self {
            Self::One(limit) => std::slice::from_ref(limit),
            Self::Several(limits) => limits,
        }
    }
}

/// Most bytes of the identity schema, written as compact JSON.
const SCHEMA_BYTES: usize = 64 * 1024;

/// Names of the buckets that exist (`contract/00` §9).
pub(super) const BUCKETS: &[&str] = &[
    "ip.auth",
    "account.auth",
    "message.address",
    "sms.network",
    "sms.prefix",
    "captcha.mail",
    "discovery",
    "token",
    "introspect",
    "register",
    "check",
    "export",
    "api.key",
    "api.session",
];

/// Everything that `PATCH /v1/tenant` can change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSettings {
    /// Shown on hosted pages and in mail, 1–100 characters.
    pub name: String,
    /// Where people find help.
    pub support_email: Option<String>,
    /// Language when nothing says otherwise.
    pub default_locale: String,
    /// Languages offered.
    pub locales: Vec<String>,
    /// Whether identities are shared between organizations.
    pub identity_federation_mode: FederationMode,
    /// JSON Schema (2020-12) that traits are validated by, up to 64 KiB; none accepts any. `"x-self-service": true` marks
    /// the properties that people may change themselves.
    #[schema(value_type = Option<Object>)]
    pub identity_schema: Option<Map<String, Value>>,
    /// How people register.
    pub registration: Registration,
    /// Whether sign-in waits for a proven address.
    pub require_verified_email: bool,
    /// First factors offered.
    pub allowed_methods: Vec<LoginMethod>,
    /// Second factors offered.
    pub second_factors: Vec<Factor>,
    /// Whether everybody needs a second factor.
    pub mfa_required: bool,
    /// Days that people may skip the second factor on a device, 0–30; 0: it is always asked for.
    pub remember_device_days: u32,
    /// How passkeys are made.
    pub webauthn: WebauthnSettings,
    /// Rules for new passwords.
    pub password_policy: PasswordPolicy,
    /// When failures lock.
    pub lockout: Lockout,
    /// Who checks that a person is there, and when.
    pub captcha: CaptchaSettings,
    /// How long sessions live.
    pub session_policy: SessionPolicy,
    /// What tokens made of sessions say, by the name of the template (`POST /v1/sessions:tokenize`).
    pub session_token_templates: BTreeMap<String, SessionTokenTemplate>,
    /// Who may create organizations.
    pub organization_creation: OrganizationCreation,
    /// How many organizations one identity may create, 1–1000.
    pub max_organizations_per_identity: Option<u32>,
    /// Hours that somebody who has lost their second factors waits until they are removed, 24–720; 0: only an administrator
    /// can have them removed.
    pub factor_recovery_wait_hours: u32,
    /// Days between a deletion request and the deletion, of identities and organizations, 0–90.
    pub deletion_grace_days: u32,
    /// Days that audit records are kept, 30–3650.
    pub audit_retention_days: u32,
    /// Features of organizations that do not say otherwise; on when not named.
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    pub feature_defaults: FeatureFlags,
    /// Days that the slug of a deleted organization stays blocked, 0–3650.
    pub retired_slug_days: u32,
    /// Whether clients may register themselves.
    pub dynamic_registration: DynamicRegistration,
    /// Whether the `https` URL of a document may be a `client_id`.
    pub client_id_metadata_documents: bool,
    /// Origins whose scripts may call `/v1`.
    pub allowed_cors_origins: Vec<String>,
    /// URL patterns that `return_to` may match; `*` stands for one whole leading label.
    pub allowed_return_urls: Vec<String>,
    /// Limits that replace the defaults, by bucket.
    pub rate_limits: BTreeMap<String, RateLimitSetting>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            name: "Avnology ID".to_owned(),
            support_email: None,
            default_locale: "en".to_owned(),
            locales: vec!["en".to_owned()],
            identity_federation_mode: FederationMode::Shared,
            identity_schema: None,
            registration: Registration::default(),
            require_verified_email: false,
            allowed_methods: LoginMethod::ALL.to_vec(),
            second_factors: vec![Factor::Totp, Factor::Passkey, Factor::RecoveryCode],
            mfa_required: false,
            remember_device_days: 0,
            webauthn: WebauthnSettings::default(),
            password_policy: PasswordPolicy::default(),
            lockout: Lockout::default(),
            captcha: CaptchaSettings::default(),
            session_policy: SessionPolicy::default(),
            session_token_templates: BTreeMap::new(),
            organization_creation: OrganizationCreation::Verified,
            max_organizations_per_identity: None,
            factor_recovery_wait_hours: 72,
            deletion_grace_days: 30,
            audit_retention_days: 2_555,
            feature_defaults: FeatureFlags::new(),
            retired_slug_days: 180,
            dynamic_registration: DynamicRegistration::Token,
            client_id_metadata_documents: false,
            allowed_cors_origins: Vec::new(),
            allowed_return_urls: Vec::new(),
            rate_limits: BTreeMap::new(),
        }
    }
}

impl TenantSettings {
    /// Values that are not acceptable, each with its field.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Some(name) = collect(&mut errors, "name", line(&self.name, 100))
            && name.is_empty()
        {
            push(&mut errors, "name", FieldCode::TooShort, "At least 1 character.");
        }
        if let Some(address) = &self.support_email {
            collect(&mut errors, "support_email", Email::parse(address));
        }
        collect(&mut errors, "default_locale", locale(&self.default_locale));
        for (i, tag) in self.locales.iter().enumerate() {
            collect(&mut errors, &format!("locales[{i}]"), locale(tag));
        }
        if !self.locales.contains(&self.default_locale) {
            push(&mut errors, "default_locale", FieldCode::NotInEnum, "One of `locales`.");
        }
        if self.allowed_methods.is_empty() {
            push(&mut errors, "allowed_methods", FieldCode::TooShort, "At least one method.");
        }
        errors.extend(self.webauthn.problems());
        if self.mfa_required && !self.second_factors.iter().any(|factor| factor.is_set_up()) {
            push(
                &mut errors,
                "second_factors",
                FieldCode::TooShort,
                "One that can be set up, as `mfa_required` asks for it.",
            );
        }
        self.schema_problems(&mut errors);
        self.registration_problems(&mut errors);
        errors.extend(self.password_policy.problems("password_policy"));
        self.number_problems(&mut errors);
        errors.extend(self.captcha.problems());
        session_token_template::problems(&self.session_token_templates, &mut errors);
        self.url_problems(&mut errors);
        self.rate_limit_problems(&mut errors);
        errors
    }

    /// Its size only: whether it is a schema is known to those who can compile it.
    fn schema_problems(&self, errors: &mut Vec<FieldError>) {
        let Some(schema) = &self.identity_schema else { return };
        let size = serde_json::to_vec(schema).map_or(usize::MAX, |bytes| bytes.len());
        if size > SCHEMA_BYTES {
            push(errors, "identity_schema", FieldCode::TooLong, "At most 64 KiB.");
        }
    }

    fn registration_problems(&self, errors: &mut Vec<FieldError>) {
        let consents = &self.registration.consents;
        if consents.len() > 10 {
            push(errors, "registration.consents", FieldCode::TooLong, "At most 10.");
        }
        for (i, consent) in consents.iter().enumerate() {
            let field = |name: &str| format!("registration.consents[{i}].{name}");
            let key_fits = (1..=50).contains(&consent.key.len())
                && consent.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !key_fits {
                push(
                    errors,
                    &field("key"),
                    FieldCode::InvalidFormat,
                    "1–50 lower-case letters, digits and _.",
                );
            }
            if consents.iter().take(i).any(|c| c.key == consent.key) {
                push(errors, &field("key"), FieldCode::Duplicate, "This key stands here twice.");
            }
            collect(errors, &field("label"), line(&consent.label, 500));
            if let Some(url) = &consent.url {
                collect(errors, &field("url"), https_url(url, 2048));
            }
        }
    }

    fn number_problems(&self, errors: &mut Vec<FieldError>) {
        let mut range = |field: &str, value: u32, low: u32, high: u32| {
            if value < low {
                push(errors, field, FieldCode::TooSmall, &format!("At least {low}."));
            } else if value > high {
                push(errors, field, FieldCode::TooLarge, &format!("At most {high}."));
            }
        };
        range("lockout.max_failures", self.lockout.max_failures, 1, 1_000);
        range("lockout.window_seconds", self.lockout.window_seconds, 1, 86_400);
        range("lockout.lock_seconds", self.lockout.lock_seconds, 1, 14_400);
        range(
            "session_policy.idle_timeout_seconds",
            self.session_policy.idle_timeout_seconds,
            300,
            31_536_000,
        );
        range(
            "session_policy.absolute_timeout_seconds",
            self.session_policy.absolute_timeout_seconds,
            600,
            31_536_000,
        );
        range(
            "session_policy.privileged_max_age_seconds",
            self.session_policy.privileged_max_age_seconds,
            60,
            86_400,
        );
        if self.factor_recovery_wait_hours > 0 {
            range("factor_recovery_wait_hours", self.factor_recovery_wait_hours, 24, 720);
        }
        range("remember_device_days", self.remember_device_days, 0, 30);
        range("deletion_grace_days", self.deletion_grace_days, 0, 90);
        range("audit_retention_days", self.audit_retention_days, 30, 3_650);
        range("retired_slug_days", self.retired_slug_days, 0, 3_650);
        if let Some(most) = self.max_organizations_per_identity {
            range("max_organizations_per_identity", most, 1, 1_000);
        }
    }

    fn url_problems(&self, errors: &mut Vec<FieldError>) {
        for (i, origin) in self.allowed_cors_origins.iter().enumerate() {
            let is_origin =
                url::Url::parse(origin).is_ok_and(|u| u.origin().ascii_serialization() == *origin);
            if !is_origin || !origin.starts_with("http") {
                push(
                    errors,
                    &format!("allowed_cors_origins[{i}]"),
                    FieldCode::InvalidFormat,
                    "An origin, as in https://app.example.com.",
                );
            }
        }
        for (i, pattern) in self.allowed_return_urls.iter().enumerate() {
            if !is_url_pattern(pattern) {
                push(
                    errors,
                    &format!("allowed_return_urls[{i}]"),
                    FieldCode::InvalidFormat,
                    "A URL, as in https://*.example.com/.",
                );
            }
        }
    }

    fn rate_limit_problems(&self, errors: &mut Vec<FieldError>) {
        for (bucket, setting) in &self.rate_limits {
            let field = format!("rate_limits.{bucket}");
            if !BUCKETS.contains(&bucket.as_str()) {
                push(errors, &field, FieldCode::UnknownField, "There is no such bucket.");
            }
            let limits = setting.limits();
            if !(1..=3).contains(&limits.len())
                || limits.iter().any(|l| l.limit == 0 || l.window_seconds == 0)
            {
                push(
                    errors,
                    &field,
                    FieldCode::TooSmall,
                    "One to three limits, each of at least 1 in 1 second.",
                );
            }
        }
    }
}

/// An absolute `http(s)` URL whose host may begin with `*.`, and that holds no other `*`.
fn is_url_pattern(pattern: &str) -> bool {
    let plain = pattern.replacen("://*.", "://", 1);
    !plain.contains('*')
        && url::Url::parse(&plain).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
}

fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_acceptable() {
        assert_eq!(TenantSettings::default().problems(), []);
    }

    #[test]
    fn each_unacceptable_value_is_named() {
        let mut settings = TenantSettings { name: " ".to_owned(), ..TenantSettings::default() };
        settings.session_policy.idle_timeout_seconds = 1;
        settings.identity_schema =
            Some([("title".to_owned(), Value::from("x".repeat(65_536)))].into_iter().collect());
        settings.allowed_cors_origins = vec!["https://a.example/path".to_owned()];
        settings.allowed_return_urls =
            vec!["https://a.*.example/".to_owned(), "https://*.b.example/".to_owned()];
        settings
            .rate_limits
            .insert("nonsense".to_owned(), RateLimitSetting::One(RateLimit { limit: 1, window_seconds: 1 }));
        let fields: Vec<_> = settings.problems().into_iter().map(|e| e.field).collect();
        assert_eq!(
            fields,
            [
                "name",
                "identity_schema",
                "session_policy.idle_timeout_seconds",
                "allowed_cors_origins[0]",
                "allowed_return_urls[0]",
                "rate_limits.nonsense"
            ]
        );
    }
}

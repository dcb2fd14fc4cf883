//! Settings of CAPTCHAs (`contract/00` §14).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldCode, FieldError, text::text_enum};

text_enum! {
    /// Who checks that a person is there.
    pub enum CaptchaProvider {
        /// Nobody: no CAPTCHA is shown.
        None = "none",
        /// hCaptcha.
        Hcaptcha = "hcaptcha",
        /// Cloudflare Turnstile.
        Turnstile = "turnstile",
    }
}

/// Most characters of a site key and of a secret.
const LONGEST: usize = 500;

/// Who checks that a person is there, and when (`contract/11` §11).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptchaSettings {
    /// Who checks.
    pub provider: CaptchaProvider,
    /// What the provider's widget is told: public.
    pub site_key: Option<String>,
    /// What tokens are verified with. It is never shown; as it is kept, it is sealed.
    #[schema(write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Failures of an account or of an address after which a sign-in asks, 0–100; 0 asks always.
    pub after_failures: u32,
}

impl Default for CaptchaSettings {
    fn default() -> Self {
        Self { provider: CaptchaProvider::None, site_key: None, secret: None, after_failures: 3 }
    }
}

impl std::fmt::Debug for CaptchaSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { provider, site_key, secret: _, after_failures } = self;
        f.debug_struct("CaptchaSettings")
            .field("provider", provider)
            .field("site_key", site_key)
            .field("after_failures", after_failures)
            .finish_non_exhaustive()
    }
}

impl CaptchaSettings {
    /// Whether anybody checks.
    pub fn is_on(&self) -> bool {
        self.provider != CaptchaProvider::None
    }

    /// The same without what is never shown.
    #[must_use]
    pub fn shown(&self) -> Self {
        Self { secret: None, ..self.clone() }
    }

    /// Values that are not acceptable.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut push = |field: &str, code: FieldCode, message: &str| {
            errors.push(FieldError { field: format!("captcha.{field}"), code, message: message.to_owned() });
        };
        match &self.site_key {
            Some(key) if !is_key(key) => push("site_key", FieldCode::InvalidFormat, KEY_FORM),
            None if self.is_on() => push("site_key", FieldCode::Required, "Required with a provider."),
            _ => {}
        }
        if self.is_on() && self.secret.is_none() {
            push("secret", FieldCode::Required, "Required with a provider.");
        }
        if self.after_failures > 100 {
            push("after_failures", FieldCode::TooLarge, "At most 100.");
        }
        errors
    }
}

const KEY_FORM: &str = "1 to 500 visible ASCII characters without spaces.";

/// What providers give as keys.
fn is_key(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// What is wrong with a secret as it is set; it is kept in another form.
pub fn captcha_secret_problem(secret: &str) -> Option<FieldError> {
    (!is_key(secret)).then(|| FieldError {
        field: "captcha.secret".to_owned(),
        code: FieldCode::InvalidFormat,
        message: KEY_FORM.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(settings: &CaptchaSettings) -> Vec<String> {
        settings.problems().into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn a_provider_needs_both_keys() {
        let mut settings = CaptchaSettings { after_failures: 101, ..CaptchaSettings::default() };
        assert_eq!(fields(&settings), ["captcha.after_failures"]);
        settings.provider = CaptchaProvider::Turnstile;
        assert_eq!(fields(&settings), ["captcha.site_key", "captcha.secret", "captcha.after_failures"]);
        settings.site_key = Some("two words".to_owned());
        assert_eq!(fields(&settings)[0], "captcha.site_key");
    }

    #[test]
    fn a_secret_is_neither_shown_nor_printed() {
        let settings = CaptchaSettings { secret: Some("hush".to_owned()), ..CaptchaSettings::default() };
        assert!(!format!("{settings:?}").contains("hush"));
        let shown = serde_json::to_string(&settings.shown()).expect("JSON");
        assert_eq!(shown, r#"{"provider":"none","site_key":null,"after_failures":3}"#);
    }
}

//! What a provider says, and whether it is what we need to hear.

use avnology_core::ports::{CaptchaToken, CaptchaVerdict};
use avnology_model::{Error, Result};
use serde::Deserialize;

/// The answer of either provider; what they say besides is not needed.
#[derive(Default, Deserialize)]
pub(super) struct Said {
    success: bool,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default)]
    action: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

/// Codes that say that the question was wrong, and nothing about the token.
const OURS: &[&str] = &[
    "missing-input-secret",
    "invalid-input-secret",
    "sitekey-secret-mismatch",
    "internal-error",
    "missing-remoteip",
    "invalid-remoteip",
    "not-using-dummy-passcode",
];

impl Said {
    /// The verdict; `_912` when the provider could not decide, which the operator has to look into.
    pub(super) fn verdict(self, token: &CaptchaToken<'_>) -> Result<CaptchaVerdict> {
        let refused = |why: String| Ok(CaptchaVerdict::Refused(why));
        if !self.success {
            let codes = self.error_codes.join(", ");
            if self.error_codes.iter().any(|code| OURS.contains(&code.as_str())) {
                tracing::error!(provider = %token.provider, codes, "the CAPTCHA provider does not take our question");
                return Err(Error::unavailable(format!("the CAPTCHA provider says {codes}")));
            }
            return refused(codes);
        }
        let host = self.hostname.filter(|host| !host.is_empty() && !token.hosts.is_empty());
        if let Some(host) = host.filter(|host| !token.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)))
        {
            return refused(format!("it was solved at {host}"));
        }
        // Whoever shows the widget themselves need not say what it is about.
        let action = self.action.filter(|action| !action.is_empty());
        if let Some(action) = action.filter(|action| action != token.action) {
            return refused(format!("it is about {action}"));
        }
        Ok(CaptchaVerdict::Person)
    }
}

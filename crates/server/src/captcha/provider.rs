//! Where the providers are.

use avnology_core::ports::CaptchaWidget;
use avnology_model::platform::CaptchaProvider;
use url::Url;

/// The addresses of one provider.
pub(super) struct Addresses {
    /// Where tokens are verified.
    pub(super) verify: String,
    script: String,
    sources: Vec<String>,
}

impl Addresses {
    /// The provider's own, or those below `base`.
    pub(super) fn of(provider: CaptchaProvider, base: Option<&Url>) -> Self {
        if let Some(base) = base {
            let at = base.as_str().trim_end_matches('/');
            return Self {
                verify: format!("{at}/siteverify"),
                script: format!("{at}/api.js"),
                sources: vec![base.origin().ascii_serialization()],
            };
        }
        let of = |verify: &str, script: &str, sources: &[&str]| Self {
            verify: verify.to_owned(),
            script: script.to_owned(),
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        };
        match provider {
            CaptchaProvider::None | CaptchaProvider::Hcaptcha => of(
                "https://api.hcaptcha.com/siteverify",
                "https://js.hcaptcha.com/1/api.js",
                &["https://hcaptcha.com", "https://*.hcaptcha.com"],
            ),
            CaptchaProvider::Turnstile => of(
                "https://challenges.cloudflare.com/turnstile/v0/siteverify",
                "https://challenges.cloudflare.com/turnstile/v0/api.js",
                &["https://challenges.cloudflare.com"],
            ),
        }
    }

    pub(super) fn widget(self) -> CaptchaWidget {
        CaptchaWidget { script: format!("{}?render=explicit", self.script), sources: self.sources }
    }
}

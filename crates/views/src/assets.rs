//! Static files: their hashed names, types and integrity. The server sends them under [`PREFIX`] with a year of caching.

mod lean;

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Where the files are served.
pub const PREFIX: &str = "/assets/";

/// A static file.
#[derive(Debug)]
pub struct Asset {
    /// Name with a part of its hash, below [`PREFIX`], as in `avnology-3f9a1c2b.css`.
    pub path: String,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
    /// Subresource integrity, as in `sha256-…` (SRI §3.1).
    pub integrity: String,
}

impl Asset {
    fn style(stem: &str, text: &str) -> Self {
        Self::new(stem, "css", "text/css; charset=utf-8", lean::style(text))
    }

    fn script(stem: &str, text: &str) -> Self {
        Self::new(stem, "js", "text/javascript; charset=utf-8", lean::script(text))
    }

    fn new(stem: &str, extension: &str, content_type: &'static str, text: String) -> Self {
        let bytes = text.into_bytes();
        let hash = digest(&SHA256, &bytes);
        let short = hash.as_ref().iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        Self {
            path: format!("{stem}-{short:08x}.{extension}"),
            content_type,
            bytes,
            integrity: format!("sha256-{}", STANDARD.encode(hash.as_ref())),
        }
    }

    /// The URL path.
    pub fn url(&self) -> String {
        format!("{PREFIX}{}", self.path)
    }
}

/// The files that pages name.
pub(crate) struct Files {
    pub(crate) style: Asset,
    pub(crate) script: Asset,
    pub(crate) icon: Asset,
    /// Besides the others on pages of organizations only: who has none need not load them.
    pub(crate) team_style: Asset,
    pub(crate) team_script: Asset,
    /// Besides the others where a passkey can be made or used.
    pub(crate) passkey_script: Asset,
    /// Besides the others where a CAPTCHA is shown.
    pub(crate) captcha_script: Asset,
    pub(crate) captcha_style: Asset,
    /// Besides the others on pages about second factors.
    pub(crate) factor_style: Asset,
}

/// The files, read at first use.
pub(crate) fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| Files {
        style: Asset::style("avnology", include_str!("../assets/avnology.css")),
        script: Asset::script("avnology", include_str!("../assets/avnology.js")),
        icon: Asset::new("favicon", "svg", "image/svg+xml", include_str!("../assets/favicon.svg").to_owned()),
        team_style: Asset::style("team", include_str!("../assets/team.css")),
        team_script: Asset::script("team", include_str!("../assets/team.js")),
        passkey_script: Asset::script("passkeys", include_str!("../assets/passkeys.js")),
        captcha_script: Asset::script("captcha", include_str!("../assets/captcha.js")),
        captcha_style: Asset::style("captcha", include_str!("../assets/captcha.css")),
        factor_style: Asset::style("factors", include_str!("../assets/factors.css")),
    })
}

/// Every file.
pub fn all() -> [&'static Asset; 9] {
    let files = files();
    [
        &files.style,
        &files.script,
        &files.icon,
        &files.team_style,
        &files.team_script,
        &files.passkey_script,
        &files.captcha_script,
        &files.captcha_style,
        &files.factor_style,
    ]
}

/// The file with this hashed name.
pub fn find(path: &str) -> Option<&'static Asset> {
    all().into_iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_hashed_name_only() {
        for asset in all() {
            assert_eq!(find(&asset.path).map(|a| &a.bytes), Some(&asset.bytes));
            assert!(asset.url().starts_with(PREFIX) && asset.integrity.starts_with("sha256-"), "{asset:?}");
        }
        assert!(find("avnology.css").is_none());
    }

    #[test]
    fn style_and_script_ask_nobody_else_for_anything() {
        for asset in all() {
            let text = String::from_utf8_lossy(&asset.bytes).replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http:") && !text.contains("https:") && !text.contains("@import"),
                "{}",
                asset.path
            );
        }
    }
}

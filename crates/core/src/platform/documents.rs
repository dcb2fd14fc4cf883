//! Documents that say what the server can: the same for everybody until the settings change.

use std::collections::BTreeMap;

use arc_swap::ArcSwap;
use avnology_model::{Error, Result, secret_token::sha256, text::hex};
use bytes::Bytes;
use serde_json::Value;

use super::SettingsVersion;

/// A document as it is sent. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// JSON.
    pub text: Bytes,
    /// Its entity tag, as headers have it.
    pub etag: Bytes,
}

impl Document {
    /// A document of this text.
    pub(crate) fn new(text: Bytes) -> Self {
        let etag = format!("\"{}\"", hex(sha256(&text).get(..8).unwrap_or_default()));
        Self { text, etag: etag.into() }
    }
}

/// The documents of the settings' latest version, each written when it is first asked for.
#[derive(Debug, Default)]
pub struct Documents(ArcSwap<BTreeMap<&'static str, (i64, Document)>>);

impl Documents {
    /// The document of this name for these settings, which `make` writes when it is not there.
    pub fn of(
        &self,
        name: &'static str,
        settings: &SettingsVersion,
        make: impl FnOnce() -> Value,
    ) -> Result<Document> {
        if let Some((version, document)) = self.0.load().get(name)
            && *version == settings.version
        {
            return Ok(document.clone());
        }
        let text = serde_json::to_vec(&make()).map_err(Error::internal)?;
        let document = Document::new(text.into());
        self.0.rcu(|kept| {
            let mut kept = BTreeMap::clone(kept);
            kept.insert(name, (settings.version, document.clone()));
            kept
        });
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use avnology_model::{Timestamp, platform::TenantSettings};
    use serde_json::json;

    use super::*;

    fn settings(version: i64) -> SettingsVersion {
        SettingsVersion {
            settings: TenantSettings::default(),
            version,
            update_time: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_document_is_written_once_for_each_version_of_the_settings() {
        let documents = Documents::default();
        let first = documents.of("a", &settings(1), || json!({ "is": 1 })).unwrap();
        assert_eq!(first.text.as_ref(), br#"{"is":1}"#);
        assert_eq!(documents.of("a", &settings(1), || json!("not asked")).unwrap(), first);
        assert_ne!(documents.of("b", &settings(1), || json!({ "is": 2 })).unwrap().etag, first.etag);
        assert_eq!(documents.of("a", &settings(2), || json!("new")).unwrap().text.as_ref(), br#""new""#);
    }
}

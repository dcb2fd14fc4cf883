//! The tenant's JSON Schema for `traits` (2020-12), compiled once per version of the settings.
//!
//! `bounds` refuses what could cost too much time or leave the document, `flaws` puts what is wrong with traits into
//! fields and words, `property` is what forms need to know. Which verbs ask is theirs to say.

mod bounds;
mod flaws;
mod property;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use avnology_model::{Error, FieldError, Result};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};

pub(crate) use property::{Property, PropertyKind};

use crate::platform::SettingsVersion;

/// Most errors that are told of one set of traits.
const ERRORS: usize = 50;
/// Most memory of one compiled pattern, and of its cache, in bytes.
const PATTERN_BYTES: usize = 256 * 1024;

/// A compiled schema.
pub(crate) struct TraitsSchema {
    validator: Validator,
    properties: Vec<Property>,
}

impl std::fmt::Debug for TraitsSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraitsSchema").field("properties", &self.properties).finish_non_exhaustive()
    }
}

impl TraitsSchema {
    /// Compiles a schema; the refusal names the place inside `identity_schema`.
    pub(crate) fn compile(schema: &Map<String, Value>) -> Result<Self, FieldError> {
        bounds::check(schema)?;
        let document = Value::Object(schema.clone());
        // The engine without look-around takes time linear in the text.
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .with_pattern_options(patterns)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&document)
            .map_err(|e| flaws::of_schema(&e))?;
        Ok(Self { validator, properties: property::all(schema) })
    }

    /// What is wrong with these traits; `at` is how the caller names them, as in `identity.traits`.
    pub(crate) fn flaws(&self, traits: &Map<String, Value>, at: &str) -> Vec<FieldError> {
        let traits = Value::Object(traits.clone());
        let mut errors: Vec<FieldError> = Vec::new();
        for error in self.validator.iter_errors(&traits).take(ERRORS) {
            for flaw in flaws::of_traits(&error, at) {
                if !errors.iter().any(|known| known.field == flaw.field) {
                    errors.push(flaw);
                }
            }
        }
        errors
    }

    /// The properties at the top, by name.
    pub(crate) fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// Whether people may change this trait themselves.
    pub(crate) fn is_self_service(&self, name: &str) -> bool {
        self.property(name).is_some_and(|p| p.self_service)
    }

    /// The property with this name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name == name)
    }
}

/// The schema of the settings' latest version, compiled when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct SchemaCache(ArcSwapOption<(i64, Option<Arc<TraitsSchema>>)>);

impl SchemaCache {
    /// The schema of these settings; `None` when they have none.
    pub(crate) fn of(&self, settings: &SettingsVersion) -> Result<Option<Arc<TraitsSchema>>> {
        let Some(document) = &settings.settings.identity_schema else { return Ok(None) };
        if let Some(kept) = &*self.0.load()
            && kept.0 == settings.version
        {
            return Ok(kept.1.clone());
        }
        let compiled = TraitsSchema::compile(document).map_err(|flaw| {
            Error::internal(format!("the stored identity schema does not compile: {}", flaw.message))
        })?;
        let compiled = Some(Arc::new(compiled));
        self.0.store(Some(Arc::new((settings.version, compiled.clone()))));
        Ok(compiled)
    }
}

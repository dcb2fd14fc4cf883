//! Statements: one text, rendered once for each engine.

use std::{fmt, sync::OnceLock};

use super::{Engine, Failure};
use crate::dialect;

/// A statement of the registry. Declared with [`crate::statements!`].
pub struct Sql {
    name: &'static str,
    text: &'static str,
    sqlite: OnceLock<Result<String, String>>,
    postgres: OnceLock<Result<String, String>>,
}

impl Sql {
    /// A statement with a name for messages, and its text in the syntax of [`crate::dialect`].
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// Module and name, as in `avnology_store::events::log::APPEND`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The text for `engine`.
    pub(crate) fn rendered(&self, engine: Engine) -> Result<&str, Failure> {
        let slot = match engine {
            Engine::Sqlite => &self.sqlite,
            Engine::Postgres => &self.postgres,
        };
        match slot.get_or_init(|| dialect::render(self.text, engine)) {
            Ok(text) => Ok(text),
            Err(why) => Err(Failure::fault(format!("{}: {why}", self.name))),
        }
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Declares the statements of an area: `statements! { INSERT = "INSERT …"; BY_ID = "SELECT …"; }`.
///
/// Makes a static [`Sql`](crate::Sql) for each, and `ALL`, which belongs into the registry (`statements.rs`).
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$doc])*
        pub(crate) static $name: $crate::Sql =
            $crate::Sql::new(concat!(module_path!(), "::", stringify!($name)), $text);)+

        /// Every statement of this module, for the registry.
        pub(crate) static ALL: &[&$crate::Sql] = &[$(&$name),+];
    };
}

//! The permission language: text, model, checks and text again (`contract/50` §4).
//!
//! Here lives what a schema *says*; what follows from it and from tuples is in `query`.

pub(crate) mod built_in;
mod error;
mod expression;
mod lexer;
mod model;
mod parser;
pub(crate) mod print;
mod recursion;
mod tuples;
mod types;

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;

pub use error::{Position, SchemaError};
pub use model::{Expr, Name, Namespace, Permit, Relation, SubjectType, Tail};
pub use tuples::Misfit;

/// Bytes of a schema, at most.
pub const MAX_BYTES: usize = 256 * 1024;
/// Namespaces of a schema, at most.
pub const MAX_NAMESPACES: usize = 200;
/// How deep parentheses and `!` nest, at most.
pub const MAX_NESTING: usize = 32;
/// Errors that are reported at once, at most.
pub const MAX_ERRORS: usize = 50;

/// The namespaces of a tenant: the built-in ones and its own, checked.
#[derive(Clone, Debug)]
pub struct Schema {
    namespaces: Vec<Namespace>,
    by_name: HashMap<String, usize, FixedState>,
    shared: BTreeSet<String>,
    roles: RolePermissions,
}

/// What the built-in roles of an organization list, so that a permission key is answered for them too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolePermissions {
    /// Of `owner`; what `admin` and `member` have it has anyway.
    pub owner: Vec<String>,
    /// Of `admin`; what `member` has it has anyway.
    pub admin: Vec<String>,
    /// Of `member`.
    pub member: Vec<String>,
}

impl Schema {
    /// The built-in namespaces alone (`contract/50` §6).
    pub fn built_in() -> Self {
        Self::of(Vec::new())
    }

    /// Reads and checks a document. All errors that can be told at once are returned, in order of place.
    pub fn parse(text: &str) -> Result<Self, Vec<SchemaError>> {
        let own = parser::parse(text)?;
        let schema = Self::of(own);
        let mut errors = types::check(&schema);
        if errors.is_empty() {
            errors = recursion::check(&schema);
        }
        errors.sort_by_key(|error| error.start);
        errors.truncate(MAX_ERRORS);
        if errors.is_empty() { Ok(schema) } else { Err(errors) }
    }

    fn of(own: Vec<Namespace>) -> Self {
        let mut namespaces = built_in::namespaces();
        namespaces.extend(own);
        // The first of a name counts; a second one is an error of `types`.
        let mut by_name = HashMap::default();
        for (index, namespace) in namespaces.iter().enumerate() {
            by_name.entry(namespace.name.to_string()).or_insert(index);
        }
        Self { namespaces, by_name, shared: BTreeSet::new(), roles: RolePermissions::default() }
    }

    /// Lets organizations see the tenant's tuples of these own namespaces, beside their own tuples of them.
    /// The first name that is no own namespace is the error.
    pub fn with_shared<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        for name in names {
            if self.namespace(name).is_none_or(|namespace| namespace.built_in) {
                return Err(name.to_owned());
            }
            self.shared.insert(name.to_owned());
        }
        Ok(self)
    }

    /// Says what the built-in roles list.
    #[must_use]
    pub fn with_role_permissions(mut self, roles: RolePermissions) -> Self {
        self.roles = roles;
        self
    }

    /// All namespaces: the built-in ones, then the own ones in the order of the document.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// A namespace by its canonical name.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.by_name.get(name).and_then(|&index| self.namespaces.get(index))
    }

    /// Whether organizations see the tenant's tuples of a namespace.
    pub fn is_shared(&self, name: &str) -> bool {
        self.shared.contains(name)
    }

    /// Names of the namespaces whose tuples of the tenant organizations see.
    pub fn shared(&self) -> impl Iterator<Item = &str> {
        self.shared.iter().map(String::as_str)
    }

    pub(crate) fn roles(&self) -> &RolePermissions {
        &self.roles
    }
}

/// Two schemas are the same when they say the same, wherever it stands in the text.
impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.namespaces == other.namespaces && self.shared == other.shared && self.roles == other.roles
    }
}

#[cfg(test)]
mod tests;

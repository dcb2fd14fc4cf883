//! Why somebody has access, in parts that pages put into words.

/// An object, and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Namespace.
    pub namespace: String,
    /// Id.
    pub id: String,
    /// What people call it, where that is known and may be told.
    pub name: Option<String>,
}

/// A relation or permit, and what people call it: roles have names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// As it stands in tuples.
    pub key: String,
    /// What the role is called.
    pub name: Option<String>,
}

/// Whom a tuple names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Whoever is signed in.
    Everybody,
    /// A person, a program or an object.
    One(Thing),
    /// Whoever has a relation to an object.
    Holders(Thing, Relation),
    /// An id that means nothing here.
    Other(String),
}

/// A step of the way from an object to whoever has access to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is written.
    Tuple {
        /// The object.
        of: Thing,
        /// The relation.
        relation: Relation,
        /// Who has it.
        whom: Whom,
    },
    /// Whoever has one relation to an object has another one by that: a rule of the schema, or a role that includes it.
    Follows {
        /// The object.
        of: Thing,
        /// What is had by that.
        relation: Relation,
        /// What it follows from.
        from: Relation,
    },
}

//! The table of a list: its columns and the fields that filter and sort it.

use avnology_aip::FieldPath;

/// A list of one kind of row. All texts are ours and go into statements as they stand.
#[derive(Debug)]
pub struct List {
    /// The columns that the reader of a row takes, separated by commas.
    pub columns: &'static str,
    /// The table, with an alias if the columns use one, and what is joined to it one to one.
    pub from: &'static str,
    /// The column that tells rows apart and decides between equals.
    pub id: &'static str,
    /// Fields to order by when the caller names none, and whether each descends.
    pub default_order: &'static [(&'static str, bool)],
    /// The fields that filter. A path longer than a map's name reaches into the map.
    pub fields: &'static [Field],
}

/// A field that filters, and how it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub(super) name: &'static str,
    pub(super) column: &'static str,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    pub(super) sortable: bool,
    pub(super) indexed: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A text that is equal byte for byte.
    Text,
    /// A text that is equal to another when their keys are.
    Folded {
        key_column: &'static str,
        key: fn(&str) -> String,
    },
    /// One of these texts.
    Choice(&'static [&'static str]),
    Bool,
    /// Microseconds since 1970.
    Time,
    /// A whole number.
    Number,
    /// A JSON array of texts.
    Texts,
    /// A JSON object.
    Map,
    /// Texts in another table: the condition that one of them equals a value, which follows it.
    Others(&'static str),
}

impl Field {
    const fn new(name: &'static str, column: &'static str, kind: Kind) -> Self {
        Self { name, column, kind, nullable: false, sortable: false, indexed: false }
    }

    /// A text or an id, equal byte for byte.
    pub const fn text(name: &'static str, column: &'static str) -> Self {
        Self::new(name, column, Kind::Text)
    }

    /// A text that `key` makes comparable, as it did for `key_column`; it sorts by that column.
    ///
    /// Whatever a value begins with in ASCII, up to its first `@` or `"`, its key must begin with in lower case.
    pub const fn folded(
        name: &'static str,
        column: &'static str,
        key_column: &'static str,
        key: fn(&str) -> String,
    ) -> Self {
        Self::new(name, column, Kind::Folded { key_column, key })
    }

    /// One of `values`.
    pub const fn choice(name: &'static str, column: &'static str, values: &'static [&'static str]) -> Self {
        Self::new(name, column, Kind::Choice(values))
    }

    /// A boolean.
    pub const fn boolean(name: &'static str, column: &'static str) -> Self {
        Self::new(name, column, Kind::Bool)
    }

    /// A point in time, in microseconds since 1970.
    pub const fn time(name: &'static str, column: &'static str) -> Self {
        Self::new(name, column, Kind::Time)
    }

    /// A whole number.
    pub const fn number(name: &'static str, column: &'static str) -> Self {
        Self::new(name, column, Kind::Number)
    }

    /// A JSON array of texts in a `TEXT` column.
    pub const fn texts(name: &'static str, column: &'static str) -> Self {
        Self::new(name, column, Kind::Texts)
    }

    /// Texts that other rows hold. `condition` is true of a row that has the text which follows it and is closed by `)`, as
    /// in `t.id IN (SELECT …id FROM … WHERE …text = `.
    pub const fn others(name: &'static str, condition: &'static str) -> Self {
        Self::new(name, "", Kind::Others(condition))
    }

    /// A JSON object in a `TEXT` column, with its members: `traits` is also `traits.department`.
    pub const fn map(name: &'static str, column: &'static str) -> Self {
        Self::new(name, column, Kind::Map)
    }

    /// The same, in a column that can be NULL. Rows without a value come last, in either direction.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same, also to sort by. Its column (of a folded text: the key column) and the list's id, in this order, want
    /// an index.
    #[must_use]
    pub const fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// The same, with an index on its column (of a folded text: on the key column) that finds equal values and ranges.
    #[must_use]
    pub const fn indexed(mut self) -> Self {
        self.indexed = true;
        self
    }

    /// The column to sort by.
    pub(super) const fn sort_column(&self) -> &'static str {
        match self.kind {
            Kind::Folded { key_column, .. } => key_column,
            _ => self.column,
        }
    }
}

impl List {
    /// The field of this path, and the rest of the path when it leads into a map.
    pub(super) fn find<'p>(&self, path: &'p FieldPath) -> Option<(&Field, &'p [String])> {
        (1..=path.0.len()).rev().find_map(|length| {
            let (above, below) = path.0.split_at_checked(length)?;
            let name = above.join(".");
            let field = self.fields.iter().find(|field| field.name == name)?;
            (below.is_empty() || matches!(field.kind, Kind::Map)).then_some((field, below))
        })
    }

    /// Whether the column that tells rows apart is one of the numbers that filter.
    pub(super) fn has_numbered_ids(&self) -> bool {
        self.fields.iter().any(|field| field.column == self.id && matches!(field.kind, Kind::Number))
    }

    /// The field that sorts under this name.
    pub(super) fn sortable(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.sortable && field.name == name)
    }
}

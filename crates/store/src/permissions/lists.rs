//! Pages of tuples by what they name.

use avnology_model::{Result, Timestamp, ids::OrganizationId};

use super::{changes::StoredTuple, own_tuples::TupleFacts};
use crate::{IdentityTx, Row, Value};

/// Which tuples. What is not named may be anything.
#[derive(Clone, Debug, Default)]
pub struct TupleFilter {
    /// Namespace.
    pub namespace: Option<String>,
    /// Object.
    pub object: Option<String>,
    /// Relation.
    pub relation: Option<String>,
    /// Subject, as it is kept.
    pub subject: Option<String>,
}

/// Of which table, and whose.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// Built-in namespaces, all of them.
    BuiltIn,
    /// Built-in namespaces, what belongs to one organization.
    OfOrganization(OrganizationId),
    /// Own namespaces, in one store.
    Own(String),
}

/// A tuple with all that is known of it.
pub type Listed = (StoredTuple, TupleFacts);

/// Up to `limit` tuples that count behind these four parts, in order of namespace, object, relation and subject.
pub fn page(
    tx: &mut IdentityTx<'_>,
    shelf: &Shelf,
    filter: &TupleFilter,
    (after, limit): (Option<&[String; 4]>, u32),
    now: Timestamp,
) -> Result<Vec<Listed>> {
    let mut values: Vec<Value> = vec![now.into()];
    let mut conditions = vec!["(expire_time IS NULL OR expire_time > $1)".to_owned()];
    let mut equals = |column: &str, value: Value| {
        values.push(value);
        conditions.push(format!("{column} = ${}", values.len()));
    };
    let (table, store) = match shelf {
        Shelf::BuiltIn => ("relation_tuples", String::new()),
        Shelf::OfOrganization(id) => {
            equals("organization_id", id.into());
            ("relation_tuples", String::new())
        }
        Shelf::Own(store) => {
            equals("store", store.into());
            ("own_tuples", store.clone())
        }
    };
    let TupleFilter { namespace, object, relation, subject } = filter;
    let named = [("namespace", namespace), ("object", object), ("relation", relation), ("subject", subject)];
    for (column, value) in named {
        if let Some(value) = value {
            equals(column, value.into());
        }
    }
    if let Some(after) = after {
        let first = values.len() + 1;
        values.extend(after.iter().map(Value::from));
        let places: Vec<String> = (first..first + 4).map(|n| format!("${n}")).collect();
        conditions.push(format!("(namespace, object, relation, subject) > ({})", places.join(", ")));
    }
    values.push(limit.into());
    let text = format!(
        "SELECT namespace, object, relation, subject, source, create_time, expire_time FROM {table} WHERE {} \
         ORDER BY namespace, object, relation, subject LIMIT ${}",
        conditions.join(" AND "),
        values.len()
    );
    let take = |mut row: Row| {
        let tuple = StoredTuple {
            store: store.clone(),
            namespace: row.take()?,
            object: row.take()?,
            relation: row.take()?,
            subject: row.take()?,
        };
        Ok((tuple, TupleFacts::take(&mut row)?))
    };
    tx.query_text(&text, &values)?.into_iter().map(take).collect()
}

//! The schema of own namespaces: read, checked and replaced (`contract/50` §4).

use std::{collections::BTreeSet, sync::Arc};

use avnology_model::{Code, Error, FieldCode, Result, events::EventType, platform::Precondition};
use avnology_rebac::{Schema, SchemaError, Tuple, schema::MAX_BYTES};
use avnology_store::{
    IdentityTx,
    permissions::{
        own_tuples,
        schemas::{self as rows, StoredSchema},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    load::compile,
    memory::View,
    snaptoken::{self, Freshness},
    stored::read_subject,
};
use crate::{Cx, Tenant, events::emit};

/// How many tuples are looked at at a time.
const PAGE: u32 = 10_000;

/// A schema as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PermissionSchemaInput)]
pub struct SchemaInput {
    /// The document, at most 256 KiB.
    pub schema: String,
    /// Own namespaces whose tuples of the tenant organizations see.
    #[serde(default)]
    pub shared: Vec<String>,
}

/// The schema, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PermissionSchema)]
pub struct SchemaView {
    /// The document.
    pub schema: String,
    /// Own namespaces whose tuples of the tenant organizations see.
    pub shared: Vec<String>,
    /// Entity tag.
    pub etag: String,
    /// All namespaces, the built-in ones first.
    pub namespaces: Vec<NamespaceView>,
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PermissionNamespace)]
pub struct NamespaceView {
    /// Name.
    pub name: String,
    /// Whether it belongs to the product.
    pub built_in: bool,
    /// Whether organizations see the tenant's tuples of it.
    pub shared: bool,
    /// Relations, which are written.
    pub relations: Vec<String>,
    /// Permits, which are computed.
    pub permits: Vec<String>,
}

/// What is wrong with a schema, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SchemaParseError)]
pub struct ParseError {
    /// What.
    pub message: String,
    /// Where it begins.
    pub start: PlaceInText,
    /// Behind its last character.
    pub end: PlaceInText,
}

/// A place in a text; both numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlaceInText {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl ParseError {
    fn of(error: SchemaError) -> Self {
        Self {
            message: error.message,
            start: PlaceInText { line: error.start.line, column: error.start.column },
            end: PlaceInText { line: error.end.line, column: error.end.column },
        }
    }
}

fn etag(stored: &StoredSchema) -> String {
    format!("{}-namespaces", stored.version)
}

fn shown(stored: &StoredSchema, schema: &Schema) -> SchemaView {
    let of = |namespace: &avnology_rebac::schema::Namespace| NamespaceView {
        name: namespace.name.to_string(),
        built_in: namespace.built_in,
        shared: schema.is_shared(&namespace.name),
        relations: namespace.relations.iter().map(|relation| relation.name.to_string()).collect(),
        permits: namespace.permits.iter().map(|permit| permit.name.to_string()).collect(),
    };
    SchemaView {
        schema: stored.document.clone(),
        shared: stored.shared.clone(),
        etag: etag(stored),
        namespaces: schema.namespaces().iter().map(of).collect(),
    }
}

/// The schema in force.
pub async fn get_schema(app: &Arc<Tenant>) -> Result<SchemaView> {
    let view: Arc<View> = snaptoken::view(app, &Freshness::Node).await?;
    Ok(shown(&view.schema, view.snapshot.schema()))
}

/// What is wrong with a document; nothing when it could be put in force, as far as tuples that are there allow.
pub fn validate_schema(document: &str) -> Vec<ParseError> {
    match Schema::parse(document) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(ParseError::of).collect(),
    }
}

/// Puts another schema in force. `_501` with what is wrong; `_902` for what is shared and no own namespace; `_905`; `_505`
/// when tuples would have no place.
pub async fn put_schema(
    app: &Arc<Tenant>,
    cx: &Cx,
    expected: &Precondition,
    input: SchemaInput,
) -> Result<SchemaView> {
    if input.schema.len() > MAX_BYTES {
        return Err(Error::field("schema", FieldCode::TooLong, "At most 256 KiB."));
    }
    if let Err(errors) = Schema::parse(&input.schema) {
        let errors: Vec<ParseError> = errors.into_iter().map(ParseError::of).collect();
        let told = serde_json::to_value(errors).map_err(Error::internal)?;
        return Err(Error::new(Code::SchemaInvalid).with_member("parse_errors", told));
    }
    let shared: BTreeSet<String> = input.shared.into_iter().collect();
    let draft = StoredSchema { document: input.schema, shared: shared.into_iter().collect(), version: 0 };
    let next = Schema::parse(&draft.document).map_err(|_| Error::new(Code::SchemaInvalid))?;
    for (at, name) in draft.shared.iter().enumerate() {
        if next.namespace(name).is_none_or(|namespace| namespace.built_in) {
            return Err(Error::field(format!("shared[{at}]"), FieldCode::NotFound, "An own namespace."));
        }
    }
    let (cx, expected) = (cx.clone(), expected.clone());
    let written = app
        .store
        .identity()
        .write_at_length(move |tx| {
            let before = rows::find(tx)?;
            expected.check(&etag(&before))?;
            let next = compile(&draft)?;
            check_tuples(tx, &compile(&before)?, &next)?;
            let after = StoredSchema { version: before.version + 1, ..draft.clone() };
            rows::put(tx, &after, cx.now)?;
            let names: Vec<&str> = next
                .namespaces()
                .iter()
                .filter(|namespace| !namespace.built_in)
                .map(|namespace| &*namespace.name)
                .collect();
            let payload = json!({ "etag": etag(&after), "namespaces": names });
            emit(tx, &cx.event(EventType::PermissionSchemaUpdated, payload))?;
            Ok(after)
        })
        .await?;
    let schema = compile(&written)?;
    Ok(shown(&written, &schema))
}

/// `_505` when tuples of changed relations have no place in the next schema.
fn check_tuples(tx: &mut IdentityTx<'_>, before: &Schema, next: &Schema) -> Result<()> {
    let mut homeless = 0_u64;
    let own = before.namespaces().iter().filter(|namespace| !namespace.built_in);
    for (namespace, relation) in own.flat_map(|n| n.relations.iter().map(move |relation| (n, relation))) {
        let same = next.namespace(&namespace.name).and_then(|found| found.relation(&relation.name));
        if same.is_some_and(|same| same.types == relation.types) {
            continue;
        }
        let kind: (&str, &str) = (&namespace.name, &relation.name);
        let mut after = [const { String::new() }; 3];
        loop {
            let page = own_tuples::of_kind(tx, kind, &after, PAGE)?;
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            for [_, object, subject] in page {
                let subject = read_subject(kind.1, &subject);
                let (namespace, relation) = (kind.0.to_owned(), kind.1.to_owned());
                homeless +=
                    u64::from(next.check_tuple(&Tuple { namespace, object, relation, subject }).is_err());
            }
        }
    }
    if homeless == 0 {
        Ok(())
    } else {
        Err(Error::new(Code::NamespaceInUse).with_member("tuple_count", homeless))
    }
}

//! What a request brings: path, query, headers and body, read in two phases so that the order of checks holds
//! (`contract/00` §6.3). `raw` reads the syntax before the caller is known; the types here validate after.
//! What the values mean is not known here.

mod body;
mod form;
mod header;
mod path;
mod plain;
mod query;
pub(crate) mod raw;
mod stream;
mod text;
mod tuple;
mod typed;
mod upload;

pub use body::{Body, OptionalBody, Patch, PatchValue, nullable};
pub use form::{Form, ProtocolForm, ProtocolJson, Submit};
pub use header::Idempotency;
pub use path::{NoInput, Path1, Path2};
pub use plain::PlainText;
pub(crate) use query::schema_of_text;
pub use query::{NoParams, Query};
pub use raw::{BodyKind, Raw};
pub use stream::BodyStream;
pub(crate) use typed::{Mode, typed};
pub use upload::{Chosen, Upload, UploadForm};

use avnology_model::Result;
use utoipa::openapi::{RefOr, Schema, path::Parameter, request_body::RequestBody};

/// What an input says about itself for the OpenAPI document.
#[derive(Default)]
pub struct InputDoc {
    /// Query and header parameters.
    pub(crate) parameters: Vec<Parameter>,
    /// How many parameters of the path it reads.
    pub(crate) path_parameters: usize,
    /// The body.
    pub(crate) body: Option<RequestBody>,
    /// Schemas that the others refer to.
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
    /// Names of body schemas that must refuse unknown fields.
    pub(crate) strict: Vec<String>,
    /// Whether `If-Match` applies.
    pub(crate) precondition: bool,
    /// Whether `Idempotency-Key` applies.
    pub(crate) idempotent: bool,
}

/// A part of a request that a handler asks for.
pub trait Input: Sized + Send + 'static {
    /// What kind of body it takes.
    const BODY: BodyKind = BodyKind::None;
    /// Whether it takes the query parameters.
    const QUERY: bool = false;
    /// Reads and validates: `_902`, or `_901` for a path that names nothing.
    fn parse(raw: &mut Raw) -> Result<Self>;
    /// Adds itself to the document.
    fn describe(doc: &mut InputDoc);
}

//! Typed query parameters.

use avnology_model::Result;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{
    IntoParams,
    openapi::{
        RefOr, Schema,
        path::ParameterIn,
        schema::{Object, Type},
    },
};

use super::{Input, InputDoc, Mode, Raw, raw::object_of, typed};

/// The query. Numbers and booleans are read from text; `#[serde(deny_unknown_fields)]` refuses unknown parameters.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + IntoParams + Send + 'static> Input for Query<T> {
    const QUERY: bool = true;

    fn parse(raw: &mut Raw) -> Result<Self> {
        let pairs = std::mem::take(&mut raw.query);
        typed(&Value::Object(object_of(pairs)), Mode::Text).map(Self)
    }

    fn describe(doc: &mut InputDoc) {
        doc.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
    }
}

/// No parameters of one's own, for lists that have only those of every list.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

impl IntoParams for NoParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<utoipa::openapi::path::Parameter> {
        Vec::new()
    }
}

/// The schema of plain text.
pub(crate) fn schema_of_text() -> RefOr<Schema> {
    RefOr::T(Schema::Object(Object::with_type(Type::String)))
}

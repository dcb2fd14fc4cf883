//! Schemas and answers of problem documents.

use std::collections::BTreeMap;

use avnology_model::Code;
use utoipa::openapi::{
    Content, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
    schema::{AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Type},
};

use crate::problem::PROBLEM_JSON;

const FIELD_CODES: &[&str] = &[
    "required",
    "invalid_format",
    "too_short",
    "too_long",
    "too_small",
    "too_large",
    "not_in_enum",
    "unknown_field",
    "immutable",
    "duplicate",
    "not_found",
    "not_allowed",
    "conflict",
];

/// The schemas that every document has.
pub(super) fn schemas() -> [(String, RefOr<Schema>); 2] {
    let text = || RefOr::T(Schema::Object(Object::with_type(Type::String)));
    let uri = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The public URL of the page that explains the code."))
        .build();
    let status =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(400)).maximum(Some(599)).build();
    let code =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^AVNOLOGY_AUTH_[0-9]{3}$")).build();
    let field_code =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(FIELD_CODES.iter().copied())).build();
    let field_error = ObjectBuilder::new()
        .property("field", text())
        .property("code", field_code)
        .property("message", text())
        .required("field")
        .required("code")
        .required("message")
        .build();
    let errors = ArrayBuilder::new().items(RefOr::Ref(Ref::from_schema_name("FieldError"))).build();
    let required = ["type", "title", "status", "detail", "code", "request_id"];
    let problem = ObjectBuilder::new()
        .description(Some("A problem document (RFC 9457). Some codes add members of their own."))
        .property("type", uri)
        .property("title", text())
        .property("status", status)
        .property("detail", text())
        .property("code", code)
        .property("request_id", text())
        .property("errors", errors)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)));
    let problem = required.into_iter().fold(problem, ObjectBuilder::required).build();
    [
        ("FieldError".to_owned(), RefOr::T(Schema::Object(field_error))),
        ("Problem".to_owned(), RefOr::T(Schema::Object(problem))),
    ]
}

/// One answer per status for these codes.
pub(super) fn responses(codes: &[Code]) -> BTreeMap<u16, Response> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let same = by_status.entry(code.status()).or_default();
        if !same.contains(code) {
            same.push(*code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, mut codes)| {
            codes.sort_unstable();
            (status, response(status, &codes))
        })
        .collect()
}

fn response(status: u16, codes: &[Code]) -> Response {
    let described: Vec<String> =
        codes.iter().map(|code| format!("`{}` {}.", code.text(), code.title())).collect();
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let mut response = ResponseBuilder::new().description(described.join(" ")).content(PROBLEM_JSON, content);
    let headers: &[&str] = match status {
        401 => &["WWW-Authenticate"],
        405 => &["Allow"],
        423 | 429 | 503 => &["Retry-After"],
        _ => &[],
    };
    for name in headers {
        response = response.header(*name, text_header());
    }
    response.build()
}

/// A header whose value is text.
pub(super) fn text_header() -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(RefOr::T(Schema::Object(Object::with_type(Type::String))))).build()
}

/// A header whose value is a number.
pub(super) fn number_header() -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(RefOr::T(Schema::Object(Object::with_type(Type::Integer))))).build()
}

//! What the validator found, as fields with codes and words.

use std::borrow::Cow;

use avnology_model::{FieldCode, FieldError};
use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::{Location, LocationSegment},
};

/// What is wrong with a schema that does not compile.
pub(super) fn of_schema(error: &ValidationError<'_>) -> FieldError {
    let code = match error.kind() {
        Kind::Referencing(_) => FieldCode::NotFound,
        _ => FieldCode::InvalidFormat,
    };
    // The schema itself may be long; the sentence need not be.
    let message: String = error.masked().to_string().chars().take(300).collect();
    FieldError { field: path("identity_schema", error.instance_path()), code, message }
}

/// What one error says of the traits at `at`: one flaw a field.
pub(super) fn of_traits(error: &ValidationError<'_>, at: &str) -> Vec<FieldError> {
    let place = path(at, error.instance_path());
    let one =
        |field: String, code, message: &str| vec![FieldError { field, code, message: message.to_owned() }];
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            one(format!("{place}.{name}"), FieldCode::Required, "This field is required.")
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| FieldError {
                field: format!("{place}.{name}"),
                code: FieldCode::UnknownField,
                message: "There is no such field.".to_owned(),
            })
            .collect(),
        kind => {
            let (code, message) = words(kind);
            one(place, code, &message)
        }
    }
}

fn words(kind: &Kind) -> (FieldCode, Cow<'static, str>) {
    use FieldCode as Code;
    let fixed = |code, text: &'static str| (code, Cow::Borrowed(text));
    let told = |code, text: String| (code, Cow::Owned(text));
    match kind {
        Kind::MinLength { limit } => {
            told(Code::TooShort, format!("At least {}.", counted(*limit, "character")))
        }
        Kind::MaxLength { limit } => {
            told(Code::TooLong, format!("At most {}.", counted(*limit, "character")))
        }
        Kind::MinItems { limit } => told(Code::TooShort, format!("At least {}.", counted(*limit, "item"))),
        Kind::MaxItems { limit } => told(Code::TooLong, format!("At most {}.", counted(*limit, "item"))),
        Kind::MinProperties { limit } => {
            told(Code::TooShort, format!("At least {}.", counted(*limit, "field")))
        }
        Kind::MaxProperties { limit } => {
            told(Code::TooLong, format!("At most {}.", counted(*limit, "field")))
        }
        Kind::AdditionalItems { .. } | Kind::UnevaluatedItems { .. } => {
            fixed(Code::TooLong, "Too many items.")
        }
        Kind::Minimum { limit } => told(Code::TooSmall, format!("At least {limit}.")),
        Kind::Maximum { limit } => told(Code::TooLarge, format!("At most {limit}.")),
        Kind::ExclusiveMinimum { limit } => told(Code::TooSmall, format!("More than {limit}.")),
        Kind::ExclusiveMaximum { limit } => told(Code::TooLarge, format!("Less than {limit}.")),
        Kind::Enum { .. } => fixed(Code::NotInEnum, "Choose one of the known values."),
        Kind::Constant { .. } => fixed(Code::NotInEnum, "This has to be the one known value."),
        Kind::UniqueItems => fixed(Code::Duplicate, "Each value only once."),
        Kind::FalseSchema => fixed(Code::NotAllowed, "This is not allowed here."),
        Kind::Format { format } => {
            told(Code::InvalidFormat, format!("This does not have the form `{format}`."))
        }
        Kind::Pattern { .. } => fixed(Code::InvalidFormat, "This does not have the right form."),
        Kind::Type { kind } => {
            told(Code::InvalidFormat, format!("This has to be of the type {}.", types(kind)))
        }
        Kind::MultipleOf { multiple_of } => {
            told(Code::InvalidFormat, format!("A multiple of {multiple_of}."))
        }
        _ => fixed(Code::InvalidFormat, "This is not valid."),
    }
}

fn counted(limit: u64, noun: &str) -> String {
    if limit == 1 { format!("1 {noun}") } else { format!("{limit} {noun}s") }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.iter().map(|t| t.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

/// A place as a dotted path, `[n]` for items (`contract/00` §6.1).
fn path(base: &str, location: &Location) -> String {
    location.segments().fold(base.to_owned(), |path, segment| match segment {
        LocationSegment::Property(name) => format!("{path}.{name}"),
        LocationSegment::Index(i) => format!("{path}[{i}]"),
    })
}

//! Traits as people enter them in forms and programs send them, read as the fields of an identity.

use avnology_model::{
    Code, Error, FieldCode, FieldError,
    flows::{Flow, MessageId},
    platform::{RegistrationField, TenantSettings},
};
use serde_json::{Map, Value};

use super::{step::Step, submission::Submission};
use crate::identities::{Fields, IdentityInput};

/// Traits that are fields of the identity; all others are the tenant's own.
const FIELDS: &[&str] =
    &["email", "phone", "username", "first_name", "last_name", "display_name", "locale", "timezone"];

/// Reads `traits` of a registration. What was entered is kept in the flow, to be shown again; the refusal names each
/// field that does not fit.
pub(super) fn read(
    input: &Submission,
    flow: &mut Flow,
    settings: &TenantSettings,
) -> Result<(IdentityInput, Fields), Step> {
    let given = input.object("traits");
    remember(flow, &given);
    let mut errors = Vec::new();
    let identity = to_input(given, &mut errors);
    let required = &settings.registration.required_fields;
    let needed: Vec<RegistrationField> =
        std::iter::once(RegistrationField::Email).chain(required.iter().copied()).collect();
    match identity.clone().check("traits.", &needed) {
        Ok(fields) if errors.is_empty() => Ok((identity, fields)),
        Ok(_) => Err(refuse(flow, errors)),
        Err(more) => {
            let unnamed = more.into_iter().filter(|e| !errors.iter().any(|known| known.field == e.field));
            let unnamed: Vec<FieldError> = unnamed.collect();
            errors.extend(unnamed);
            errors.dedup_by(|a, b| a.field == b.field);
            Err(refuse(flow, errors))
        }
    }
}

fn to_input(mut given: Map<String, Value>, errors: &mut Vec<FieldError>) -> IdentityInput {
    if let Some(Value::Object(name)) = given.remove("name") {
        for (from, to) in [("first", "first_name"), ("last", "last_name")] {
            if let Some(value) = name.get(from) {
                given.entry(to).or_insert_with(|| value.clone());
            }
        }
    }
    let mut text = |name: &str| match given.remove(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            let message = "This must be a text.".to_owned();
            errors.push(FieldError {
                field: format!("traits.{name}"),
                code: FieldCode::InvalidFormat,
                message,
            });
            None
        }
    };
    IdentityInput {
        email: text("email"),
        phone: text("phone"),
        username: text("username"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        display_name: text("display_name"),
        locale: text("locale"),
        timezone: text("timezone"),
        traits: given,
        ..IdentityInput::default()
    }
}

/// Keeps the texts that were entered, by node name.
pub(super) fn remember(flow: &mut Flow, given: &Map<String, Value>) {
    for (name, value) in given {
        if let (Value::String(text), true) = (value, FIELDS.contains(&name.as_str())) {
            let short: String = text.chars().take(254).collect();
            flow.data.values.insert(format!("traits.{name}"), short);
        }
    }
}

/// Refuses fields by name, each with its message on its node.
pub(super) fn refuse(flow: &mut Flow, errors: Vec<FieldError>) -> Step {
    let mut error = Error::new(Code::InputRejected);
    for field in errors {
        let message =
            if field.code == FieldCode::Required { MessageId::Required } else { MessageId::Invalid };
        flow.data.node_messages.entry(field.field.clone()).or_default().push(message.into());
        error = error.with_field(field.field, field.code, field.message);
    }
    Step::Refuse(error)
}

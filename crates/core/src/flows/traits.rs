//! Traits as people enter them in forms and programs send them, read as the fields of an identity.

use avnology_model::{
    Code, Error, FieldCode, FieldError,
    flows::{Flow, MessageId},
    identities::Identity,
    platform::{RegistrationField, TenantSettings},
};
use serde_json::{Map, Value};

use super::{step::Step, submission::Submission};
use crate::identities::{Fields, IdentityInput, PropertyKind, TraitsSchema, editable};

/// Traits that are fields of the identity; all others are the tenant's own.
const FIELDS: &[&str] =
    &["email", "phone", "username", "first_name", "last_name", "display_name", "locale", "timezone"];
/// Most characters of one of the tenant's own traits that are kept to be shown again.
const KEPT: usize = 2_000;

/// Reads `traits` of a registration. What was entered is kept in the flow, to be shown again; the refusal names each
/// field that does not fit.
pub(super) fn read(
    given: Map<String, Value>,
    flow: &mut Flow,
    settings: &TenantSettings,
    schema: Option<&TraitsSchema>,
) -> Result<(IdentityInput, Fields), Step> {
    remember(flow, &given, schema);
    let mut errors = Vec::new();
    let mut identity = to_input(given, &mut errors);
    if let Some(schema) = schema {
        identity.traits = read_own(schema, identity.traits, &mut errors);
    }
    let required = &settings.registration.required_fields;
    let needed: Vec<RegistrationField> =
        std::iter::once(RegistrationField::Email).chain(required.iter().copied()).collect();
    match identity.clone().check("traits.", &needed) {
        Ok(fields) if errors.is_empty() => Ok((identity, fields)),
        Ok(_) => Err(refuse(flow, errors)),
        Err(more) => Err(refuse(flow, joined(errors, more))),
    }
}

/// The fields that the flow waits for, onto the identity as it is. The refusal names those that are missing or do not
/// fit, and any other that was sent.
pub(super) fn read_missing(input: &Submission, flow: &mut Flow, identity: &Identity) -> Result<Fields, Step> {
    let given = input.object("traits");
    remember(flow, &given, None);
    let missing = flow.data.missing.clone();
    let mut errors: Vec<FieldError> = given
        .keys()
        .filter(|name| !missing.iter().any(|field| field.as_str() == name.as_str()))
        .map(|name| FieldError {
            field: format!("traits.{name}"),
            code: FieldCode::NotAllowed,
            message: "This is not asked for here.".to_owned(),
        })
        .collect();
    let entered = to_input(given, &mut errors);
    let mut whole = editable(identity);
    for field in &missing {
        match field {
            RegistrationField::Email => whole.email.clone_from(&entered.email),
            RegistrationField::Phone => whole.phone.clone_from(&entered.phone),
            RegistrationField::Username => whole.username.clone_from(&entered.username),
            RegistrationField::FirstName => whole.first_name.clone_from(&entered.first_name),
            RegistrationField::LastName => whole.last_name.clone_from(&entered.last_name),
        }
    }
    match whole.check_change(identity, "traits.", &missing) {
        Ok(fields) if errors.is_empty() => Ok(fields),
        Ok(_) => Err(refuse(flow, errors)),
        Err(more) => Err(refuse(flow, joined(errors, more))),
    }
}

/// Both lists with one entry a field.
fn joined(mut errors: Vec<FieldError>, more: Vec<FieldError>) -> Vec<FieldError> {
    for error in more {
        if !errors.iter().any(|known| known.field == error.field) {
            errors.push(error);
        }
    }
    errors
}

/// The tenant's own traits as its schema wants them, and what is wrong with them.
fn read_own(
    schema: &TraitsSchema,
    given: Map<String, Value>,
    errors: &mut Vec<FieldError>,
) -> Map<String, Value> {
    let mut own = Map::new();
    for (name, value) in given {
        let read = match schema.property(&name) {
            Some(property) if property.is_for_registration() => property.read(value),
            known => {
                let (code, message) = match known {
                    Some(_) => (FieldCode::NotAllowed, "This cannot be given here."),
                    None => (FieldCode::UnknownField, "There is no such field."),
                };
                let message = message.to_owned();
                errors.push(FieldError { field: format!("traits.{name}"), code, message });
                continue;
            }
        };
        if let Some(value) = read {
            own.insert(name, value);
        }
    }
    // A box that is not ticked sends nothing.
    for property in schema.properties() {
        if property.required && property.kind == (PropertyKind::Boolean { must_be_true: false }) {
            own.entry(property.name.clone()).or_insert(Value::Bool(false));
        }
    }
    let flaws = schema.flaws(&own, "traits");
    *errors = joined(std::mem::take(errors), flaws);
    own
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
pub(super) fn remember(flow: &mut Flow, given: &Map<String, Value>, schema: Option<&TraitsSchema>) {
    for (name, value) in given {
        let max = if FIELDS.contains(&name.as_str()) {
            254
        } else if schema.is_some_and(|s| s.property(name).is_some()) {
            KEPT
        } else {
            continue;
        };
        let text = match value {
            Value::String(text) => text.chars().take(max).collect(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => continue,
        };
        flow.data.values.insert(format!("traits.{name}"), text);
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

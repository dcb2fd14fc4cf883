//! Nodes for the tenant's own traits, from the properties of its schema.

use avnology_model::flows::{Flow, Group, InputType, Label, Node, SelectOption};
use serde_json::{Map, Value};

use crate::identities::{Property, PropertyKind, TraitsSchema};

/// What registration asks for: what the schema requires, and what people may change later.
pub(super) fn for_registration(schema: &TraitsSchema, flow: &Flow, nodes: &mut Vec<Node>) {
    let asked = schema.properties().iter().filter(|p| p.is_for_registration() && p.has_node());
    nodes.extend(asked.map(|property| {
        let value = entered(flow, property).unwrap_or_default();
        match property.kind {
            PropertyKind::Boolean { must_be_true } => {
                let mut node = blank(property, InputType::Checkbox).with_value("true");
                // The attribute would ask for the tick itself.
                node.attributes.required = must_be_true;
                node
            }
            _ => filled(property, value),
        }
    }));
}

/// What people may change of their own traits, with what they are now.
pub(super) fn for_settings(
    schema: &TraitsSchema,
    flow: &Flow,
    traits: &Map<String, Value>,
    nodes: &mut Vec<Node>,
) {
    let own = schema.properties().iter().filter(|p| p.self_service && p.has_node());
    nodes.extend(own.map(|property| {
        let present = traits.get(&property.name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        filled(property, entered(flow, property).or(present).unwrap_or_default())
    }));
}

fn entered(flow: &Flow, property: &Property) -> Option<String> {
    flow.data.values.get(&format!("traits.{}", property.name)).cloned()
}

fn blank(property: &Property, input_type: InputType) -> Node {
    let mut node = Node::input(Group::Profile, input_type, &format!("traits.{}", property.name));
    node.label = Some(Label { id: String::new(), text: property.title.clone() });
    node.attributes.required = property.required;
    node
}

fn filled(property: &Property, value: String) -> Node {
    let mut node = match &property.kind {
        PropertyKind::Choice(values) => choice(property, values.iter().map(|v| (v.as_str(), v.as_str()))),
        // Nothing tells a box that was unticked from one that was not there.
        PropertyKind::Boolean { .. } => choice(property, [("true", "Yes"), ("false", "No")]),
        PropertyKind::Email => blank(property, InputType::Email),
        PropertyKind::Integer => with_keyboard(blank(property, InputType::Text), "numeric"),
        PropertyKind::Number => with_keyboard(blank(property, InputType::Text), "decimal"),
        PropertyKind::Text | PropertyKind::Other => blank(property, InputType::Text),
    };
    if matches!(property.kind, PropertyKind::Text | PropertyKind::Email) {
        node.attributes.minlength = property.min_length;
        node.attributes.maxlength = property.max_length;
    }
    node.attributes.autocomplete = Some("off".to_owned());
    node.with_value(value)
}

fn with_keyboard(mut node: Node, mode: &str) -> Node {
    node.attributes.inputmode = Some(mode.to_owned());
    node
}

fn choice<'a>(property: &Property, values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Node {
    let unset = if property.required { "Choose one" } else { "Not set" };
    let option =
        |(value, label): (&str, &str)| SelectOption { value: value.to_owned(), label: label.to_owned() };
    let mut node = blank(property, InputType::Select);
    node.attributes.options = std::iter::once(("", unset)).chain(values).map(option).collect();
    node
}

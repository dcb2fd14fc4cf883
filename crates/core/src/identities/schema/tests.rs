use serde_json::json;

use super::*;

fn compile(schema: Value) -> Result<TraitsSchema, FieldError> {
    let Value::Object(schema) = schema else { panic!("an object") };
    TraitsSchema::compile(&schema)
}

fn flaws(schema: Value, traits: Value) -> Vec<(String, avnology_model::FieldCode)> {
    let Value::Object(traits) = traits else { panic!("an object") };
    let schema = compile(schema).unwrap();
    schema.flaws(&traits, "identity.traits").into_iter().map(|e| (e.field, e.code)).collect()
}

fn refused(schema: Value) -> (String, avnology_model::FieldCode) {
    let flaw = compile(schema).unwrap_err();
    (flaw.field, flaw.code)
}

#[test]
fn each_flaw_is_named_by_its_place_and_kind() {
    use avnology_model::FieldCode as Code;
    let schema = json!({
        "type": "object",
        "required": ["department", "badge"],
        "additionalProperties": false,
        "properties": {
            "department": { "enum": ["engineering", "sales"] },
            "badge": { "type": "integer", "minimum": 1, "maximum": 99 },
            "nick": { "type": "string", "minLength": 2, "maxLength": 4 },
            "code": { "type": "string", "pattern": "^[A-Z]{3}$" },
            "since": { "type": "string", "format": "date" },
            "addresses": { "type": "array", "items": { "$ref": "#/$defs/address" }, "maxItems": 2, "uniqueItems": true },
        },
        "$defs": { "address": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } } },
    });
    let traits = json!({
        "department": "art", "badge": 100, "nick": "x", "code": "abc", "since": "yesterday", "shoe": 43,
        "addresses": [{ "city": "Leeds" }, { "town": "York" }],
    });
    let mut found = flaws(schema.clone(), traits);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let at = |name: &str, code| (format!("identity.traits.{name}"), code);
    assert_eq!(
        found,
        [
            at("addresses[1].city", Code::Required),
            at("badge", Code::TooLarge),
            at("code", Code::InvalidFormat),
            at("department", Code::NotInEnum),
            at("nick", Code::TooShort),
            at("shoe", Code::UnknownField),
            at("since", Code::InvalidFormat),
        ]
    );
    let few = flaws(schema.clone(), json!({ "badge": "7" }));
    assert_eq!(few.len(), 2);
    assert!(
        few.contains(&at("department", Code::Required)) && few.contains(&at("badge", Code::InvalidFormat))
    );
    let twice =
        json!({ "department": "sales", "badge": 1, "addresses": [{ "city": "Leeds" }, { "city": "Leeds" }] });
    assert_eq!(flaws(schema.clone(), twice), [at("addresses", Code::Duplicate)]);
    assert_eq!(flaws(schema, json!({ "department": "sales", "badge": 1, "since": "2026-11-22" })), []);
}

#[test]
fn a_schema_must_be_one() {
    use avnology_model::FieldCode as Code;
    assert_eq!(
        refused(json!({ "properties": { "a": { "type": "strin" } } })),
        ("identity_schema.properties.a.type".to_owned(), Code::InvalidFormat)
    );
    assert_eq!(refused(json!({ "required": "a" })).0, "identity_schema.required");
    // A pattern that only a backtracking engine understands.
    assert_eq!(refused(json!({ "properties": { "a": { "pattern": "(?=a)b" } } })).1, Code::InvalidFormat);
    assert_eq!(refused(json!({ "properties": { "a": { "pattern": "(" } } })).1, Code::InvalidFormat);
    assert_eq!(
        refused(json!({ "$schema": "http://json-schema.org/draft-07/schema#" })),
        ("identity_schema.$schema".to_owned(), Code::NotInEnum)
    );
    assert_eq!(refused(json!({ "properties": { "a": { "x-self-service": "yes" } } })).1, Code::InvalidFormat);
    assert!(compile(json!({})).is_ok());
    assert!(
        compile(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://a.example/s.json",
            "properties": { "a": { "$ref": "#/$defs/a" } }, "$defs": { "a": { "type": "string" } },
        }))
        .is_ok()
    );
}

#[test]
fn references_stay_inside_and_never_lead_in_a_circle() {
    use avnology_model::FieldCode as Code;
    for target in [
        "https://a.example/x.json",
        "file:///etc/passwd",
        "other.json#/$defs/a",
        "#",
        "#a",
        "#/properties/a",
        "//a",
    ] {
        assert_eq!(
            refused(json!({ "properties": { "a": { "$ref": target } } })).1,
            Code::NotAllowed,
            "{target}"
        );
    }
    assert_eq!(refused(json!({ "$ref": "#/$defs/none" })).1, Code::NotFound);
    let circle = json!({
        "$ref": "#/$defs/a",
        "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "properties": { "x": { "$ref": "#/$defs/a" } } } },
    });
    assert_eq!(refused(circle).1, Code::NotAllowed);
    assert_eq!(refused(json!({ "$defs": { "a": { "$ref": "#/$defs/a" } } })).1, Code::NotAllowed);
    for keyword in ["$dynamicRef", "$anchor", "$dynamicAnchor", "$recursiveRef", "definitions"] {
        assert_eq!(refused(json!({ keyword: "#" })).1, Code::NotAllowed, "{keyword}");
    }
    assert_eq!(refused(json!({ "properties": { "a": { "$id": "https://b.example" } } })).1, Code::NotAllowed);
}

#[test]
fn bombs_are_refused_before_they_are_compiled() {
    use avnology_model::FieldCode as Code;
    // Each definition doubles the one before: a billion schemas in two kilobytes.
    let mut definitions = Map::new();
    for i in 0..30 {
        let twice = json!({ "$ref": format!("#/$defs/d{}", i + 1) });
        definitions.insert(format!("d{i}"), json!({ "allOf": [twice.clone(), twice] }));
    }
    definitions.insert("d30".to_owned(), json!({ "type": "string" }));
    assert_eq!(refused(json!({ "$ref": "#/$defs/d0", "$defs": definitions })).1, Code::TooLong);

    let deep = (0..40).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert_eq!(refused(deep).1, Code::TooLong);
    let wide: Map<String, Value> = (0..1_001).map(|i| (format!("p{i}"), json!({}))).collect();
    assert_eq!(refused(json!({ "properties": wide })).1, Code::TooLong);
    let patterns: Map<String, Value> = (0..51).map(|i| (format!("^{i}$"), json!({}))).collect();
    assert_eq!(refused(json!({ "patternProperties": patterns })).1, Code::TooLong);
    assert_eq!(refused(json!({ "properties": { "a": { "pattern": "a".repeat(501) } } })).1, Code::TooLong);
    assert!(compile(json!({ "properties": { "a": { "pattern": "(((a{99}){99}){99}){99}" } } })).is_err());
    let unevaluated =
        (0..5).fold(json!({}), |inner, _| json!({ "allOf": [inner], "unevaluatedProperties": true }));
    assert_eq!(refused(unevaluated).1, Code::TooLong);
}

#[test]
fn a_pattern_that_ruins_backtracking_engines_takes_no_time() {
    let schema = compile(json!({ "properties": { "a": { "pattern": "^(a+)+$" } } })).unwrap();
    let Value::Object(traits) = json!({ "a": format!("{}!", "a".repeat(30_000)) }) else { panic!() };
    // With backtracking this would end after the sun.
    assert_eq!(schema.flaws(&traits, "traits").len(), 1);
}

#[test]
fn properties_tell_how_they_are_filled_in() {
    let schema = compile(json!({
        "required": ["a"],
        "properties": {
            "a": { "type": "string", "title": " Department ", "minLength": 2, "maxLength": 40, "x-self-service": true },
            "b": { "type": "boolean" },
            "c": { "const": true, "type": "boolean" },
            "d": { "enum": ["x", "y"] },
            "e": { "type": "integer" },
            "f": { "type": "object" },
            "g": { "type": "string", "format": "email" },
        },
    }))
    .unwrap();
    let a = schema.property("a").unwrap();
    assert_eq!((a.title.as_str(), a.required, a.self_service), ("Department", true, true));
    assert_eq!((a.min_length, a.max_length), (Some(2), Some(40)));
    let kind = |name: &str| schema.property(name).unwrap().kind.clone();
    assert_eq!(kind("b"), PropertyKind::Boolean { must_be_true: false });
    assert_eq!(kind("c"), PropertyKind::Boolean { must_be_true: true });
    assert_eq!(kind("d"), PropertyKind::Choice(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(
        (kind("e"), kind("f"), kind("g")),
        (PropertyKind::Integer, PropertyKind::Other, PropertyKind::Email)
    );
    let read = |name: &str, text: &str| schema.property(name).unwrap().read(json!(text));
    assert_eq!(read("b", "on"), Some(json!(true)));
    assert_eq!(read("e", " 7 "), Some(json!(7)));
    assert_eq!(read("e", "seven"), Some(json!("seven")));
    assert_eq!((read("a", "  "), read("f", "")), (None, Some(json!(""))));
}

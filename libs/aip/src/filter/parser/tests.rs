//! What the parser reads and refuses, and how trees are written.

use super::*;
use crate::filter::Number;

fn tree(text: &str) -> Expr {
    parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).expect("not empty")
}

fn is(field: &str, op: Op, value: Value) -> Expr {
    let field = FieldPath(field.split('.').map(str::to_owned).collect());
    Expr::Restriction(Restriction { field, op, value })
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn refusal(filter: &str) -> (usize, String) {
    match parse(filter) {
        Err(error) => (error.position, error.message),
        Ok(read) => panic!("{filter} was read as {read:?}"),
    }
}

#[test]
fn a_blank_filter_is_none() {
    assert_eq!(parse(""), Ok(None));
    assert_eq!(parse(" \t\r\n"), Ok(None));
}

#[test]
fn the_examples_of_the_contract_are_read() {
    assert_eq!(
        tree(r#"state = "active" AND create_time >= "2026-01-01T00:00:00Z""#),
        Expr::And(vec![
            is("state", Op::Eq, text("active")),
            is("create_time", Op::Ge, text("2026-01-01T00:00:00Z")),
        ])
    );
    assert_eq!(
        tree(r#"email:"jane*" OR username:"jane*""#),
        Expr::Or(vec![is("email", Op::Has, text("jane*")), is("username", Op::Has, text("jane*"))])
    );
    assert_eq!(
        tree(r#"(role = "admin" OR role = "owner") AND NOT state = "suspended""#),
        Expr::And(vec![
            Expr::Or(vec![is("role", Op::Eq, text("admin")), is("role", Op::Eq, text("owner"))]),
            Expr::Not(Box::new(is("state", Op::Eq, text("suspended")))),
        ])
    );
    assert_eq!(
        tree(
            r#"action ~ "session.*" AND actor.id = "usr_01kjpwd6m0emptw6bw4v8qtn83" AND result = "failure""#
        ),
        Expr::And(vec![
            is("action", Op::Match, text("session.*")),
            is("actor.id", Op::Eq, text("usr_01kjpwd6m0emptw6bw4v8qtn83")),
            is("result", Op::Eq, text("failure")),
        ])
    );
    assert_eq!(tree(r#"mfa_methods:"totp""#), is("mfa_methods", Op::Has, text("totp")));
    assert_eq!(tree(r#"metadata.public.plan = "pro""#), is("metadata.public.plan", Op::Eq, text("pro")));
}

#[test]
fn every_operator_and_value_is_read() {
    for (op, expected) in [
        ("=", Op::Eq),
        ("!=", Op::Ne),
        ("<", Op::Lt),
        ("<=", Op::Le),
        (">", Op::Gt),
        (">=", Op::Ge),
        (":", Op::Has),
        ("~", Op::Match),
    ] {
        for (value, read) in [
            (r#""a \"b\" \\ *""#, text(r#"a "b" \ *"#)),
            (r#""""#, text("")),
            ("-12.50", Value::Number(Number::parse("-12.5").unwrap())),
            ("0", Value::Number(Number::from(0))),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
            ("*", Value::Any),
        ] {
            let expected = is("a_1.B", expected, read);
            assert_eq!(tree(&format!("a_1.B{op}{value}")), expected);
            assert_eq!(tree(&format!("\n a_1.B  {op}\t{value} ")), expected);
            assert_eq!(tree(&expected.to_string()), expected);
        }
    }
}

#[test]
fn both_signs_of_negation_are_the_same_and_stand_once() {
    let negated = Expr::Not(Box::new(is("a", Op::Eq, Value::Number(Number::from(-1)))));
    assert_eq!(tree("NOT a = -1"), negated);
    assert_eq!(tree("-a=-1"), negated);
    assert_eq!(tree("- (a = -1)"), negated);
    assert_eq!(tree("NOT(NOT(a=-1))"), Expr::Not(Box::new(negated)));
    assert_eq!(refusal("NOT NOT a = 1").0, 4);
    assert_eq!(refusal("--a = 1").0, 1);
    assert_eq!(refusal("NOT -a = 1").0, 4);
}

#[test]
fn and_beside_or_needs_parentheses() {
    assert_eq!(refusal("a = 1 AND b = 2 OR c = 3").0, 16);
    assert_eq!(refusal("a = 1 OR b = 2 AND c = 3").0, 15);
    assert_eq!(refusal("x = 1 AND (a = 1 OR b = 2 AND c = 3)").0, 26);
    assert!(parse("a = 1 AND (b = 2 OR c = 3)").is_ok());
    assert!(parse("(a = 1 AND b = 2) OR (c = 3 AND d = 4)").is_ok());
}

#[test]
fn words_are_keywords_only_in_upper_case_and_only_whole() {
    for filter in
        ["and = 1", "Not = 1", "AND.x = 1", "x.OR = 1", "ANDROID = 1", "true = true", "null:*", "_ = 1"]
    {
        assert!(parse(filter).is_ok(), "{filter}");
    }
    for filter in ["AND = 1", "OR = 1", "NOT = 1", "a = 1 and b = 2", "a = TRUE", "a = NULL"] {
        assert!(parse(filter).is_err(), "{filter}");
    }
}

#[test]
fn errors_stand_where_the_trouble_is() {
    for (filter, position) in [
        ("a", 1),
        ("a  ", 1),
        ("a =", 3),
        ("a = active", 4),
        ("a = 1 b = 2", 6),
        ("a = 1 AND", 9),
        ("a = 1 AND AND b = 2", 10),
        ("AND a = 1", 0),
        ("(a = 1", 0),
        ("a = 1)", 5),
        ("(a = 1 b = 2)", 7),
        ("()", 1),
        ("é = 1", 0),
        ("a = \"é\" ; b", 8),
        ("a = \"open", 4),
        (r#"a = "tab \t""#, 9),
        ("a = \"nul \0\"", 9),
        ("a ! b", 2),
        ("a == 1", 3),
        ("a. = 1", 2),
        ("a..b = 1", 2),
        ("a .b = 1", 2),
        ("a = 1.", 4),
        ("a = .5", 4),
        ("a = 1.2.3", 4),
        ("a = 12ab", 4),
        ("a = - 1", 4),
        ("a = 1-2", 5),
        ("1a = 1", 0),
        ("\"a\" = 1", 0),
        ("a-b = 1", 1),
    ] {
        let (found, message) = refusal(filter);
        assert_eq!(found, position, "{filter}: {message}");
    }
}

#[test]
fn two_thousand_characters_are_read_and_one_more_refused() {
    let longest = format!("a = \"{}\"", "é".repeat(1994));
    assert!(parse(&longest).is_ok());
    assert!(parse(&format!("  {longest}  ")).is_ok());
    assert_eq!(refusal(&format!(" {longest}x")).0, 2001);
}

#[test]
fn fifty_restrictions_are_read_and_one_more_refused() {
    let fifty = vec!["a = 1"; 50].join(" OR ");
    assert!(parse(&fifty).is_ok());
    assert_eq!(refusal(&format!("{fifty} OR b = 1")).0, fifty.len() + 4);
}

#[test]
fn parentheses_nest_ten_deep_and_no_deeper() {
    let nested = |depth: usize| format!("{}a = 1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(tree(&nested(10)), tree("a = 1"));
    assert_eq!(refusal(&nested(11)).0, 10);
    assert_eq!(refusal(&"(".repeat(2000)).0, 10);
    assert_eq!(refusal(&"-(".repeat(1000)).0, 21);
}

#[test]
fn a_tree_is_written_with_the_parentheses_it_needs() {
    let written =
        r#"a:"x" AND (b = 1.5 OR NOT (c ~ "\\\"?" AND d != null)) AND (e:* AND NOT (NOT f = true))"#;
    assert_eq!(tree(written).to_string(), written);
}

#[test]
fn an_error_names_its_place_counting_from_one() {
    assert_eq!(
        parse("a =").unwrap_err().to_string(),
        "At character 4: A \"string\", a number, true, false, null or * is expected here."
    );
}

#[test]
fn restrictions_are_listed_from_left_to_right() {
    let filter = tree("a = 1 AND (b = 2 OR NOT (c = 3)) AND d = 4");
    let fields: Vec<_> = filter.restrictions().iter().map(|r| r.field.to_string()).collect();
    assert_eq!(fields, ["a", "b", "c", "d"]);
}

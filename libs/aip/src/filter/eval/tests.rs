//! The table of operators, cell by cell.

use super::*;
use crate::filter::parse;

fn jane(field: &FieldPath) -> Option<Datum> {
    let public = BTreeMap::from([
        ("plan".to_owned(), Datum::text("pro")),
        ("seats".to_owned(), Datum::Number(Number::from(5))),
        ("beta".to_owned(), Datum::Bool(true)),
        ("tags".to_owned(), Datum::List(vec!["x".to_owned()])),
    ]);
    Some(match field.to_string().as_str() {
        "email" => Datum::folded_text("Jane@Example.com"),
        "username" => Datum::text("jane"),
        "state" => Datum::text("active"),
        "member_count" => Datum::Number(Number::from(42)),
        "email_verified" => Datum::Bool(true),
        "create_time" => Datum::Time(1_772_442_000_000_000),
        "mfa_methods" => Datum::List(vec!["totp".to_owned(), "passkey".to_owned()]),
        "metadata" => Datum::Map(BTreeMap::from([("public".to_owned(), Datum::Map(public))])),
        _ => return None,
    })
}

fn pass(filters: &[&str]) {
    for filter in filters {
        let read = parse(filter).expect("a filter").expect("not empty");
        assert!(read.matches(&jane), "{filter}");
    }
}

fn fail(filters: &[&str]) {
    for filter in filters {
        let read = parse(filter).expect("a filter").expect("not empty");
        assert!(!read.matches(&jane), "{filter}");
    }
}

#[test]
fn texts_are_equal_exactly_but_for_email_domain_and_slug() {
    pass(&[r#"email = "JANE@example.COM""#, r#"username = "jane""#, r#"username != "Jane""#]);
    fail(&[r#"email != "JANE@example.COM""#, r#"username = "Jane""#, r#"username != "jane""#]);
}

#[test]
fn texts_are_ordered_by_code_point() {
    pass(&[r#"username > "Zoe""#, r#"username <= "jane""#, r#"username < "janet""#, r#"username < "é""#]);
    fail(&[r#"username < "Zoe""#, r#"username > "jane""#, r#"username >= "janet""#]);
}

#[test]
fn prefixes_and_patterns_ignore_case() {
    pass(&[r#"email:"JANE*""#, r#"username:"Jane""#, r#"email ~ "*@EXAMPLE.???""#, r#"username:"*""#]);
    fail(&[r#"email:"jane""#, r#"email ~ "example""#, r#"email:"*@example.com""#]);
}

#[test]
fn numbers_compare_by_value() {
    pass(&["member_count = 42.0", "member_count != 41", "member_count < 42.1", "member_count >= 42"]);
    fail(&["member_count > 42", "member_count: 42", "member_count ~ 42", "member_count < -43"]);
}

#[test]
fn timestamps_compare_by_instant() {
    pass(&[
        r#"create_time = "2026-03-02T09:00:00Z""#,
        r#"create_time = "2026-03-02T10:00:00.000+01:00""#,
        r#"create_time > "2026-03-02T08:59:59.999Z""#,
        r#"create_time <= "2026-03-02T09:00:00Z""#,
    ]);
    fail(&[
        r#"create_time < "2026-03-02T09:00:00.000Z""#,
        r#"create_time > "yesterday""#,
        r#"create_time:"2026*""#,
    ]);
}

#[test]
fn booleans_are_equal_or_not() {
    pass(&["email_verified = true", "email_verified != false"]);
    fail(&["email_verified = false", "email_verified > false", "email_verified:true"]);
}

#[test]
fn lists_have_elements_and_maps_have_keys() {
    pass(&[r#"mfa_methods:"totp""#, r#"metadata.public:"plan""#, r#"metadata:"public""#]);
    fail(&[
        r#"mfa_methods:"sms""#,
        r#"mfa_methods:"TOTP""#,
        r#"mfa_methods:"tot*""#,
        r#"mfa_methods = "totp""#,
        r#"mfa_methods != "sms""#,
        r#"metadata.public:"price""#,
        r#"metadata.public = "plan""#,
    ]);
}

#[test]
fn members_of_maps_are_equal_and_their_numbers_ordered() {
    pass(&[
        r#"metadata.public.plan = "pro""#,
        r#"metadata.public.plan != "free""#,
        "metadata.public.plan != 5",
        "metadata.public.seats >= 5",
        "metadata.public.beta = true",
        r#"metadata.public.tags:"x""#,
    ]);
    fail(&[
        r#"metadata.public.plan = "Pro""#,
        r#"metadata.public.plan < "zzz""#,
        r#"metadata.public.plan:"p*""#,
        r#"metadata.public.plan ~ "p*""#,
        r#"metadata.public.seats = "5""#,
        r#"metadata.public.plan.name = "pro""#,
    ]);
}

#[test]
fn an_unset_field_makes_every_comparison_false() {
    fail(&[
        r#"phone = "x""#,
        r#"phone != "x""#,
        r#"phone < "x""#,
        r#"phone >= "x""#,
        r#"phone:"*""#,
        r#"phone ~ "*""#,
        "phone != 1",
        "phone != true",
        r#"metadata.public.price != "x""#,
        r#"metadata.admin.price != "x""#,
    ]);
    pass(&[r#"NOT phone = "x""#, r#"-phone != "x""#]);
}

#[test]
fn presence_is_asked_with_star_and_null() {
    pass(&[
        "email:*",
        "email != null",
        "phone = null",
        "metadata.public.plan:*",
        "metadata.public.price = null",
    ]);
    fail(&[
        "phone:*",
        "phone != null",
        "email = null",
        "metadata.public.price:*",
        "metadata.public.plan = null",
    ]);
}

#[test]
fn star_and_null_fit_nowhere_else() {
    fail(&["email = *", "email != *", "email:null", "email < null", "email ~ *", "member_count >= *"]);
}

#[test]
fn joiners_and_negation_are_those_of_logic() {
    pass(&[
        r#"state = "active" AND email_verified = true"#,
        r#"state = "closed" OR email_verified = true"#,
        r#"(state = "closed" OR state = "active") AND NOT member_count < 5"#,
    ]);
    fail(&[
        r#"state = "active" AND email_verified = false"#,
        r#"state = "closed" OR email_verified = false"#,
        r#"NOT (state = "closed" OR state = "active")"#,
    ]);
}

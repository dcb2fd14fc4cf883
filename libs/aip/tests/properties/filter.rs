use avnology_aip::{
    Expr, FieldPath, Number, Op, Restriction, Value,
    filter::{MAX_CHARACTERS, parse},
    order_by,
};
use proptest::{collection::vec, prelude::*};

fn field() -> impl Strategy<Value = FieldPath> {
    let name = "[a-zA-Z_][a-zA-Z0-9_]{0,3}";
    vec(name, 1..4)
        .prop_filter(
            "a keyword alone is no field",
            |names| !matches!(names.as_slice(), [only] if matches!(only.as_str(), "AND" | "OR" | "NOT")),
        )
        .prop_map(FieldPath)
}

fn op() -> impl Strategy<Value = Op> {
    prop::sample::select(vec![Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Has, Op::Match])
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        r#"[a-z"\\*?é ()]{0,8}"#.prop_map(Value::Text),
        "\\PC{0,5}".prop_map(Value::Text),
        "-?[0-9]{1,22}(\\.[0-9]{1,4})?".prop_filter_map("a number", |t| Number::parse(&t).map(Value::Number)),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        Just(Value::Any),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    expr_over(value())
}

fn expr_over(value: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Expr> {
    let leaf = (field(), op(), value)
        .prop_map(|(field, op, value)| Expr::Restriction(Restriction { field, op, value }));
    leaf.prop_recursive(5, 20, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expr::And),
            vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
    .prop_filter("within the limits", |e| {
        e.restrictions().len() <= 50 && e.to_string().chars().count() <= MAX_CHARACTERS
    })
}

/// Text made of the language's own pieces reaches further into the parser than any text does.
fn nearly_a_filter() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a", "b.c", "AND", "OR", "NOT", "-", "(", ")", "=", "!=", "<", "<=", ">", ">=", ":", "~", "*",
        "\"x\"", "\"", "\\", "1", "-2.5", ".", "true", "null", " ", " ", "a = 1", "é",
    ];
    vec(prop::sample::select(pieces), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_the_same_tree(tree in expr()) {
        prop_assert_eq!(parse(&tree.to_string()), Ok(Some(tree)));
    }

    #[test]
    fn any_text_is_read_or_refused_in_place(text in prop_oneof!["\\PC*", any::<String>(), nearly_a_filter()]) {
        match parse(&text) {
            Ok(None) => prop_assert!(text.trim().is_empty()),
            Ok(Some(tree)) => prop_assert_eq!(parse(&tree.to_string()), Ok(Some(tree))),
            Err(error) => prop_assert!(error.position <= text.chars().count()),
        }
    }

    // Over numbers only: a string may hold a space of its own.
    #[test]
    fn white_space_between_tokens_changes_nothing(
        tree in expr_over((-9..9_i64).prop_map(|n| Value::Number(n.into()))),
        space in "[ \t\n]{1,3}",
    ) {
        let wide = tree.to_string().replace(' ', &space).replace('(', &format!("{space}({space}"));
        prop_assume!(wide.trim().chars().count() <= MAX_CHARACTERS);
        prop_assert_eq!(parse(&wide), Ok(Some(tree)));
    }

    #[test]
    fn negation_turns_the_answer(tree in expr(), seed: u64) {
        let lookup = |field: &FieldPath| {
            let pick = field.to_string().bytes().fold(seed, |sum, b| sum.rotate_left(5) ^ u64::from(b));
            (pick % 3 != 0).then(|| avnology_aip::Datum::text(if pick % 2 == 0 { "a" } else { "" }))
        };
        let negated = Expr::Not(Box::new(tree.clone()));
        prop_assert_eq!(negated.matches(&lookup), !tree.matches(&lookup));
    }

    #[test]
    fn nothing_but_a_question_of_absence_holds_on_an_empty_object(field in field(), op in op(), value in value()) {
        let restriction = Restriction { field, op, value };
        let absence = restriction.presence() == Some(false);
        prop_assert_eq!(Expr::Restriction(restriction).matches(&|_| None), absence);
    }

    #[test]
    fn any_order_is_read_or_refused(text in prop_oneof![any::<String>(), "[ab., desc]{0,12}"]) {
        if let Ok(keys) = order_by::parse(&text) {
            let written = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            prop_assert_eq!(order_by::parse(&written), Ok(keys));
        }
    }
}

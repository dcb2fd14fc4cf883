use super::*;

fn read(text: &str) -> Result<String, TupleError> {
    Tuple::parse(text, &Schema::built_in()).map(|tuple| tuple.to_string())
}

#[test]
fn every_form_of_a_tuple_is_read_and_written_canonically() {
    for (text, canonical) in [
        ("organizations:org_1#admin@identities:usr_1", "organizations:org_1#admin@identities:usr_1"),
        ("orgs:org_1#admin@usr_1", "organizations:org_1#admin@identities:usr_1"),
        ("org:org_1#admin@user:usr_1", "organizations:org_1#admin@identities:usr_1"),
        ("organizations:avnology:employee@*", "organizations:avnology#employee@*"),
        ("organizations:o:invoices:write@(usr_1)", "organizations:o#invoices:write@identities:usr_1"),
        ("organizations:o#admin@(groups:grp_1#member)", "organizations:o#admin@groups:grp_1#member"),
        ("groups:g#organization@organizations:o", "groups:g#organization@organizations:o#"),
        ("groups:g#organization@org:o#", "groups:g#organization@organizations:o#"),
        ("clients:c#owner@sa_1", "clients:c#owner@service_accounts:sa_1"),
        ("clients:c#owner@cli_1", "clients:c#owner@clients:cli_1"),
        ("files:a:b#view@jane@example.com", "files:a:b#view@jane@example.com"),
        ("files:a#view@foo:bar", "files:a#view@foo:bar"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(canonical), "{text}");
        assert_eq!(read(canonical).as_deref(), Ok(canonical));
    }
}

#[test]
fn what_is_no_tuple_is_refused_by_its_part() {
    for (text, error) in [
        ("", TupleError::Form),
        ("a:b#c", TupleError::Form),
        ("a#c@d", TupleError::Form),
        ("a:b@d", TupleError::Form),
        ("Files:a#view@b", TupleError::Namespace),
        ("files:#view@b", TupleError::Object),
        ("files:a b#view@b", TupleError::Object),
        ("files:a#@b", TupleError::Relation),
        ("files:a#v w@b", TupleError::Relation),
        ("files:a#view@", TupleError::Subject),
        ("files:a#view@b c", TupleError::Subject),
        ("files:a#view@b\u{0}", TupleError::Subject),
        ("files:a#view@#x", TupleError::Subject),
        ("files:a#view@a:b#c d", TupleError::Subject),
    ] {
        assert_eq!(read(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_name_before_a_colon_is_a_namespace_only_when_the_schema_has_it() {
    let schema = Schema::parse("class files implements Namespace {}").expect("schema");
    assert_eq!(Subject::parse("files:a", &schema), Ok(Subject::object("files", "a")));
    assert_eq!(Subject::parse("files:a", &Schema::built_in()), Ok(Subject::Opaque("files:a".into())));
}

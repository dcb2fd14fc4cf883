use super::*;

fn errors(text: &str) -> Vec<String> {
    Schema::parse(text).expect_err("errors").iter().map(ToString::to_string).collect()
}

fn class(body: &str) -> String {
    format!("class files implements Namespace {{ {body} }}")
}

const EXAMPLE: &str = r#"
import { Namespace, SubjectSet, Context } from "@ory/keto-namespace-types"

// Of a tenant.
class projects implements Namespace {
  related: {
    organization: organizations[]
    editor: (identities | SubjectSet<groups, "member">)[]
    viewer: Array<identities | SubjectSet<groups, "member">>,
    "on-call": identities[];
    parent: projects[]
  }
  permits = {
    edit: (ctx: Context): boolean =>
      this.related.editor.includes(ctx.subject) ||
      this.related.organization.traverse((o) => o.related.admin.includes(ctx.subject)) ||
      this.related.parent.traverse(p => p.permits.edit(ctx)),
    /* nobody but */ view: (ctx: Context): boolean =>
      (this.permits.edit(ctx) || this.related["viewer"].includes(ctx.subject)) && !this.related["on-call"].includes(ctx.subject)
    me: (ctx) => this.equals(ctx.subject)
  }
}
"#;

#[test]
fn the_whole_language_is_read_and_written_again() {
    let schema = Schema::parse(EXAMPLE).expect("a schema");
    let projects = schema.namespace("projects").expect("projects");
    let names: Vec<&str> = projects.relations.iter().map(|relation| &*relation.name).collect();
    assert_eq!(names, ["organization", "editor", "viewer", "on-call", "parent"]);
    assert_eq!(projects.permits.len(), 3);
    let written = schema.to_string();
    assert_eq!(Schema::parse(&written).as_ref(), Ok(&schema), "{written}");
    assert!(written.contains("this.related[\"on-call\"]"), "{written}");
}

#[test]
fn an_empty_document_leaves_the_built_in_namespaces() {
    let names: Vec<String> = Schema::parse(" // nothing\n")
        .expect("empty")
        .namespaces()
        .iter()
        .map(|n| n.name.to_string())
        .collect();
    assert_eq!(
        names,
        ["platform", "organizations", "groups", "roles", "identities", "clients", "service_accounts"]
    );
}

#[test]
fn several_errors_are_told_each_in_its_place() {
    let text = "class files implements Namespace {\n  related: {\n    owner: people[]\n    owner: identities[]\n  }\n  \
                permits = {\n    view: (ctx) => this.related.reader.includes(ctx.subject),\n    owner: (ctx) => \
                this.permits.vew(ctx),\n  }\n}\n";
    assert_eq!(
        errors(text),
        [
            "3:12: There is no namespace `people`.",
            "4:5: `owner` is defined in this namespace already.",
            "7:33: This namespace has no relation `reader`.",
            "8:5: `owner` is defined in this namespace already.",
            "8:34: This namespace has no permit `vew`.",
        ]
    );
    let error = &Schema::parse(text).expect_err("errors")[0];
    assert_eq!((error.end.line, error.end.column), (3, 18));
}

#[test]
fn wrong_form_is_told_for_each_entry_and_class() {
    let text = "class a implements Namespace {\n related: {\n  x: identities\n  , y: [],\n  z: identities[] }\n}\nclass b {\n}\nclass c \
                implements Namespace {\n permits = { p: (c) => this.equals(ctx.subject), q: (ctx) => this.foo, }\n}\nx";
    assert_eq!(
        errors(text),
        [
            "4:3: `[` is expected here.",
            "4:8: A type is expected here.",
            "7:9: `implements` is expected here.",
            "10:18: `ctx` is expected here.",
            "10:67: `related`, `permits` or `equals` is expected here.",
            "12:1: `class` is expected here.",
        ]
    );
}

#[test]
fn what_has_no_place_in_the_language_is_refused() {
    for (text, error) in [
        (
            "class Files implements Namespace {}",
            "1:7: A namespace's name is a small letter, then small letters, digits and `_`; 64 at most.",
        ),
        ("class groups implements Namespace {}", "1:7: `groups` is a built-in namespace."),
        ("class orgs implements Namespace {}", "1:7: `orgs` is a built-in namespace."),
        (
            "class a implements Namespace {} class a implements Namespace {}",
            "1:39: There is a namespace `a` already.",
        ),
        ("class a implements Namespace { /* ", "1:32: This comment is not closed."),
        ("class a implements Namespace { related: { \"x", "1:43: This string is not closed on its line."),
        (
            "class a implements Namespace { related: { \"x\\n\": identities[] } }",
            "1:43: A string has no escapes.",
        ),
        ("class a implements Namespace {\u{1}}", "1:31: `\\u{1}` has no place here."),
        (
            "class a implements Namespace { related: { \"a b\": identities[] } }",
            "1:43: The name of a relation or permit is a letter, then letters, digits and any of `_.:*-`; 128 at most.",
        ),
    ] {
        assert_eq!(errors(text).first().map(String::as_str), Some(error), "{text}");
    }
}

#[test]
fn types_match_where_a_permit_goes_on() {
    let related = "related: { r: (identities | files)[], s: SubjectSet<groups, \"member\">[], t: SubjectSet<files, \"no\">[] }";
    for (expr, error) in [
        (
            "this.related.r.traverse((x) => x.permits.p(ctx))",
            "`r` can hold `identities`, which has no permit `p`.",
        ),
        (
            "this.related.r.traverse((x) => x.related.manager.includes(ctx.subject))",
            "`r` can hold `files`, which has no relation `manager`.",
        ),
        (
            "this.related.s.traverse((x) => x.related.member.includes(ctx.subject))",
            "`s` can hold `SubjectSet<groups, \"member\">`, which has no relations to go on with.",
        ),
        (
            "this.related.p.includes(ctx.subject)",
            "This namespace has no relation `p`. It is a permit: `this.permits.p(ctx)`.",
        ),
        (
            "this.permits.r(ctx)",
            "This namespace has no permit `r`. It is a relation: `this.related.r.includes(ctx.subject)`.",
        ),
        (
            "this.related.r.traverse((ctx) => ctx.permits.p(ctx))",
            "`ctx` has a meaning already: choose another name.",
        ),
        ("this.related.r.traverse((x) => y.permits.p(ctx))", "`x` is expected here."),
        ("", "`this`, `!` or `(` is expected here."),
    ] {
        let text = class(&format!("{related} permits = {{ p: (ctx) => {expr} }}"));
        let found = errors(&text);
        assert!(found.iter().any(|found| found.ends_with(&format!(": {error}"))), "{expr}: {found:?}");
    }
    assert!(errors(&class(related))[0].ends_with("`files` has no relation or permit `no`."));
}

#[test]
fn recursion_is_allowed_but_not_through_a_negation() {
    let related = "related: { parent: files[], banned: (identities | SubjectSet<files, \"b\">)[] }";
    let of = |permits: &str| class(&format!("{related} permits = {{ {permits} }}"));
    let b = "b: (ctx) => this.equals(ctx.subject),";
    for fine in [
        "a: (ctx) => this.related.parent.traverse((p) => p.permits.a(ctx))",
        "a: (ctx) => this.permits.c(ctx), c: (ctx) => this.permits.a(ctx)",
        "a: (ctx) => !this.permits.c(ctx), c: (ctx) => this.permits.c(ctx)",
    ] {
        assert!(Schema::parse(&of(&format!("{b} {fine}"))).is_ok(), "{fine}");
    }
    for circular in [
        format!("{b} a: (ctx) => !this.permits.a(ctx)"),
        format!("{b} a: (ctx) => !this.permits.c(ctx), c: (ctx) => this.permits.a(ctx)"),
        format!("{b} a: (ctx) => !this.related.parent.traverse((p) => p.permits.a(ctx))"),
        format!("{b} a: (ctx) => !!this.permits.a(ctx)"),
        // Through what tuples of a relation can name.
        "b: (ctx) => !this.related.banned.includes(ctx.subject)".to_owned(),
    ] {
        let found = errors(&of(&circular));
        assert!(found.len() == 1 && found[0].ends_with("recursion through `!`."), "{circular}: {found:?}");
    }
}

#[test]
fn nesting_and_size_are_limited() {
    let deep = |open: &str, close: &str, times: usize| {
        let atom = "this.equals(ctx.subject)";
        class(&format!("permits = {{ p: (ctx) => {}{atom}{} }}", open.repeat(times), close.repeat(times)))
    };
    assert!(Schema::parse(&deep("(", ")", MAX_NESTING)).is_ok());
    assert!(Schema::parse(&deep("!", "", MAX_NESTING)).is_ok());
    for text in [deep("(", ")", 10_000), deep("!", "", 10_000), deep("(!", ")", 10_000)] {
        assert_eq!(errors(&text).len(), 1);
        assert!(errors(&text)[0].ends_with("This nests more than 32 deep."));
    }
    let types = class(&format!("related: {{ r: {}identities{}[] }}", "(".repeat(10_000), ")".repeat(10_000)));
    assert!(errors(&types)[0].ends_with("This nests more than 32 deep."));
    assert_eq!(errors(&" ".repeat(MAX_BYTES + 1)), ["1:1: A schema has at most 262144 bytes."]);
    let many: String = (0..=MAX_NAMESPACES)
        .map(|n| format!("class n{n} implements Namespace {{}}\n"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(errors(&many), ["201:7: A schema has at most 200 namespaces."]);
    let wrong = class(&format!("related: {{ {} }}", "a: b[] ".repeat(10_000)));
    assert_eq!(Schema::parse(&wrong).expect_err("errors").len(), MAX_ERRORS);
}

#[test]
fn a_long_chain_of_permits_is_checked_without_a_deep_stack() {
    let mut permits: String = (0..5_000)
        .map(|n| format!("p{n}: (ctx) => this.permits.p{}(ctx),", n + 1))
        .collect::<Vec<_>>()
        .concat();
    permits.push_str("p5000: (ctx) => !this.permits.q(ctx), q: (ctx) => this.equals(ctx.subject)");
    assert!(Schema::parse(&class(&format!("permits = {{ {permits} }}"))).is_ok());
    let circular = permits.replace("this.equals(ctx.subject)", "this.permits.p0(ctx)");
    assert_eq!(errors(&class(&format!("permits = {{ {circular} }}"))).len(), 1);
}

#[test]
fn tuples_fit_the_types_of_their_relation() {
    let schema = Schema::parse(EXAMPLE).expect("a schema");
    for (text, fits) in [
        ("projects:p#editor@usr_1", true),
        ("projects:p#editor@groups:g#member", true),
        ("projects:p#editor@*", true),
        ("projects:p#editor@opaque", true),
        ("projects:p#editor@sa_1", false),
        ("projects:p#editor@groups:g#manager", false),
        ("projects:p#editor@organizations:o", false),
        ("projects:p#organization@organizations:o", true),
        ("projects:p#organization@*", false),
        ("projects:p#parent@projects:q", true),
        ("projects:p#edit@usr_1", false),
        ("projects:p#nothing@usr_1", false),
        ("files:p#nothing@usr_1", false),
        ("organizations:o#owner@usr_1", true),
        ("organizations:o#owner@groups:g#member", true),
        ("organizations:o#owner@*", false),
        ("organizations:o#employee@*", true),
        ("organizations:o#invoices:write@usr_1", true),
        ("organizations:o#invoices:write@*", false),
        ("organizations:o#Employee@usr_1", false),
        ("platform:main#admin@*", false),
        ("platform:main#admin@usr_1", true),
        ("platform:main#other@usr_1", false),
        ("groups:g#member@groups:h#member", false),
        ("groups:g#organization@organizations:o#", true),
        ("roles:r#assignee@groups:g#member", true),
    ] {
        let tuple = crate::Tuple::parse(text, &schema).expect(text);
        let misfit = schema.check_tuple(&tuple);
        assert_eq!(misfit.is_ok(), fits, "{text}: {misfit:?}");
    }
}

//! The only place where the two engines differ in SQL.
//!
//! A statement is written once, in PostgreSQL's plain subset: `$1` parameters, `BIGINT`, `TEXT`, `BOOLEAN`, `BYTEA`,
//! no `SELECT *`. On SQLite `$n` becomes `?n`. What cannot be said in one way is a snippet in braces, with arguments
//! after colons; braces and `$n` inside quotes and comments are left alone. Arguments are columns, expressions without
//! a colon, or parameters.
//!
//! | snippet | meaning |
//! | --- | --- |
//! | `position {serial_key}` | column type: a primary key that the database counts up |
//! | `{current_tx}` | number of the running transaction (SQLite: 0) |
//! | `{tx_horizon}` | every transaction below this number has ended (SQLite: 1) |
//! | `{tx_limit}` | no transaction visible here has this number or a higher one (SQLite: 1) |
//! | `{behind:$1:$2}` | whether an event lies behind the place `($1, $2)` of the log, answered by an index |
//! | `SELECT … {for_update}` | lock the rows until the end (SQLite: nothing, it has one writer) |
//! | `SELECT … {skip_locked}` | the same, passing over rows that others hold |
//! | `id {in_list:$1}` | is one of the texts in a JSON array: `params![json!(["a", "b"])]` |
//! | `n {in_numbers:$1}` | is one of the whole numbers in a JSON array |
//! | `{json_text:c:$1}` | the text, number or boolean at a [`json_path`] in JSON column `c`, as text, else NULL |
//! | `{json_number:c:$1}` | the number at a path, to compare with `{number:$2}`, else NULL |
//! | `{json_bool:c:$1}` | the boolean at a path, else NULL |
//! | `{json_kind:c:$1}` | `'string'`, `'number'`, `'boolean'`, `'array'` or `'object'` at a path; NULL for none and for null |
//! | `{json_holds:c:$1:$2}` | whether the array at a path has this text, or the object there this key with a value |
//! | `{number:$1}` | a text parameter with a decimal number, as a number |
//! | `{json_has:c:$1}` | whether the JSON array of texts in column `c` holds this text |
//! | `{ci_like:c:$1}` | LIKE without regard to ASCII case, `\` escapes; see [`like_escape`] |
//! | `{matches:c:$1}` | whether a `MatchPattern` covers `c` |
//! | `{starts_with:c:$1}` | whether `c` starts with this text, byte for byte |
//! | `{contains:c:$1}` | whether `c` holds this text, byte for byte |
//! | `{table_exists:t}` | whether there is a table of this name |
//! | `{server_micros}` | what the database's clock says, in microseconds since 1970 (SQLite: the machine's) |
//!
//! Texts compare by bytes on both, and `lower()` knows ASCII only: the databases are created so, and checked when opened.
//! On PostgreSQL a parameter that may be missing is first met with its type, `CAST($1 AS BIGINT) IS NULL OR n < $1`. There
//! a sum of BIGINT is NUMERIC: write `CAST(SUM(n) AS BIGINT)`; a bare parameter in a SELECT list is TEXT.
//! On PostgreSQL the JSON snippets read the escape of a NUL as the replacement character.

use crate::Engine;

/// The text of a statement for one engine; what is wrong with it when a snippet is unknown.
pub(crate) fn render(text: &str, engine: Engine) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' | '"' => quoted(rest, first),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '{' => {
                let (inside, after) = snippet(rest)?;
                let parts: Vec<&str> = inside.split(':').map(str::trim).collect();
                out.push_str(&render(&expand(&parts, engine)?, engine)?);
                rest = after;
                continue;
            }
            '$' if engine == Engine::Sqlite && rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                out.push('?');
                rest = &rest[1..];
                continue;
            }
            other => other.len_utf8(),
        };
        let (copied, after) = rest.split_at(taken);
        out.push_str(copied);
        rest = after;
    }
    Ok(out)
}

/// The length of the quoted text that `text` starts with. A doubled quote ends one and starts the next, which is as good.
fn quoted(text: &str, quote: char) -> usize {
    text.char_indices().skip(1).find(|(_, c)| *c == quote).map_or(text.len(), |(at, _)| at + 1)
}

fn snippet(text: &str) -> Result<(&str, &str), String> {
    let inside = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    inside.ok_or_else(|| "a snippet has no closing brace".to_owned())
}

fn expand(parts: &[&str], engine: Engine) -> Result<String, String> {
    let (sqlite, postgres) = match *parts {
        ["serial_key"] => {
            own("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
        }
        ["current_tx"] => own("0", "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"),
        ["tx_horizon"] => own("1", TX_HORIZON),
        ["tx_limit"] => own("1", "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)"),
        // SQLite takes the row value for a range of its first column only, which is 0 everywhere, and would read the
        // whole log each time.
        ["behind", tx_id, position] => (
            format!(
                "(tx_id = 0 AND {tx_id} <= 0 AND position > CASE WHEN {tx_id} < 0 THEN 0 ELSE {position} END)"
            ),
            format!("((tx_id, position) > ({tx_id}, {position}))"),
        ),
        ["server_micros"] => own(
            "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
        ),
        ["for_update"] => own("", "FOR UPDATE"),
        ["skip_locked"] => own("", "FOR UPDATE SKIP LOCKED"),
        ["in_list", list] => (
            format!("IN (SELECT value FROM json_each({list}))"),
            format!("= ANY(ARRAY(SELECT jsonb_array_elements_text({})))", jsonb(list)),
        ),
        ["in_numbers", list] => (
            format!("IN (SELECT value FROM json_each({list}))"),
            format!("= ANY(ARRAY(SELECT CAST(jsonb_array_elements_text({}) AS BIGINT)))", jsonb(list)),
        ),
        ["json_text", column, path] => json_text(column, path),
        ["json_number", column, path] => json_number(column, path),
        ["json_bool", column, path] => json_bool(column, path),
        ["json_kind", column, path] => json_kind(column, path),
        ["json_holds", column, path, text] => json_holds(column, path, text),
        ["number", text] => {
            (format!("CAST({text} AS NUMERIC)"), format!("CAST(CAST({text} AS TEXT) AS NUMERIC)"))
        }
        ["json_has", column, text] => (
            format!("EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {text})"),
            format!("({} @> jsonb_build_array(CAST({text} AS TEXT)))", jsonb(column)),
        ),
        ["ci_like", column, pattern] => (
            format!("({column} LIKE {pattern} ESCAPE '\\')"),
            format!("(lower({column}) LIKE lower(CAST({pattern} AS TEXT)) ESCAPE '\\')"),
        ),
        ["matches", column, pattern] => {
            (format!("({column} GLOB {pattern})"), format!("({column} ~ CAST({pattern} AS TEXT))"))
        }
        ["starts_with", column, text] => (
            format!("(substr({column}, 1, length({text})) = {text})"),
            format!("starts_with({column}, CAST({text} AS TEXT))"),
        ),
        ["contains", column, text] => (
            format!("(instr({column}, {text}) > 0)"),
            format!("(strpos({column}, CAST({text} AS TEXT)) > 0)"),
        ),
        ["table_exists", table] => (
            format!("EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '{table}')"),
            format!("(to_regclass('{table}') IS NOT NULL)"),
        ),
        _ => return Err(format!("there is no snippet {{{}}}", parts.join(":"))),
    };
    Ok(match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    })
}

/// The lowest transaction that still ran in this database when the snapshot was taken, or else the first that had not
/// begun. A snapshot lists the transactions of the whole server; one that is seen at work in another database is none of
/// ours, and one that is not seen any more counts as ours, for it may be.
const TX_HORIZON: &str = "COALESCE((SELECT MIN(CAST(CAST(x.id AS TEXT) AS BIGINT)) \
    FROM pg_snapshot_xip(pg_current_snapshot()) AS x(id) WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity a \
    WHERE a.datname <> current_database() \
    AND CAST(CAST(a.backend_xid AS TEXT) AS BIGINT) = CAST(CAST(x.id AS TEXT) AS BIGINT) % 4294967296)), \
    CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT))";

fn own(sqlite: &str, postgres: &str) -> (String, String) {
    (sqlite.to_owned(), postgres.to_owned())
}

/// JSON is kept as TEXT; a parameter is a text too. JSONB cannot hold the escape of a NUL, which becomes that of the
/// replacement character; escaped backslashes step aside meanwhile, for a control character that no JSON text holds.
fn jsonb(text: &str) -> String {
    let aside = format!("REPLACE(CAST({text} AS TEXT), '\\\\', CHR(1))");
    format!("CAST(REPLACE(REPLACE({aside}, '\\u0000', '\\ufffd'), CHR(1), '\\\\') AS JSONB)")
}

fn at_path(column: &str, path: &str) -> String {
    let path = format!("CAST('strict ' || CAST({path} AS TEXT) AS JSONPATH)");
    format!("jsonb_path_query_first({}, {path}, '{{}}', TRUE)", jsonb(column))
}

fn json_text(column: &str, path: &str) -> (String, String) {
    let there = at_path(column, path);
    let sqlite = format!(
        "(CASE json_type({column}, {path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' \
         WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE CAST(json_extract({column}, {path}) AS TEXT) END)"
    );
    let postgres = format!(
        "(CASE WHEN jsonb_typeof({there}) IN ('object', 'array') THEN NULL ELSE {there} #>> '{{}}' END)"
    );
    (sqlite, postgres)
}

fn json_number(column: &str, path: &str) -> (String, String) {
    let there = at_path(column, path);
    let sqlite = format!(
        "(CASE WHEN json_type({column}, {path}) IN ('integer', 'real') THEN json_extract({column}, {path}) END)"
    );
    let postgres =
        format!("(CASE WHEN jsonb_typeof({there}) = 'number' THEN CAST({there} #>> '{{}}' AS NUMERIC) END)");
    (sqlite, postgres)
}

fn json_bool(column: &str, path: &str) -> (String, String) {
    let there = at_path(column, path);
    let sqlite = format!("(CASE json_type({column}, {path}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)");
    let postgres =
        format!("(CASE WHEN jsonb_typeof({there}) = 'boolean' THEN CAST({there} #>> '{{}}' AS BOOLEAN) END)");
    (sqlite, postgres)
}

fn json_kind(column: &str, path: &str) -> (String, String) {
    let sqlite = format!(
        "(CASE json_type({column}, {path}) WHEN 'text' THEN 'string' WHEN 'integer' THEN 'number' \
         WHEN 'real' THEN 'number' WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' WHEN 'null' THEN NULL \
         ELSE json_type({column}, {path}) END)"
    );
    (sqlite, format!("NULLIF(jsonb_typeof({}), 'null')", at_path(column, path)))
}

fn json_holds(column: &str, path: &str, text: &str) -> (String, String) {
    let there = at_path(column, path);
    let sqlite = format!(
        "EXISTS (SELECT 1 FROM json_each({column}, {path}) WHERE CASE json_type({column}, {path}) \
         WHEN 'array' THEN type = 'text' AND value = {text} \
         WHEN 'object' THEN type <> 'null' AND key = {text} END)"
    );
    let postgres = format!(
        "(CASE jsonb_typeof({there}) WHEN 'array' THEN {there} @> jsonb_build_array(CAST({text} AS TEXT)) \
         WHEN 'object' THEN jsonb_typeof({there} -> CAST({text} AS TEXT)) <> 'null' END)"
    );
    (sqlite, postgres)
}

/// The path parameter of the JSON snippets for these keys; `None` when a key is empty or has a character that the two
/// engines read differently (quotes, backslashes, controls).
pub fn json_path(keys: &[&str]) -> Option<String> {
    let mut path = "$".to_owned();
    for key in keys {
        if key.is_empty() || key.contains(|c: char| matches!(c, '"' | '\\') || c.is_control()) {
            return None;
        }
        path.push_str(".\"");
        path.push_str(key);
        path.push('"');
    }
    Some(path)
}

/// The parameter of `{matches:…}`, piece by piece: a GLOB on SQLite, a regular expression on PostgreSQL.
#[derive(Debug)]
pub(crate) struct MatchPattern {
    engine: Engine,
    text: String,
}

impl MatchPattern {
    /// A pattern that covers only the empty text.
    pub(crate) fn new(engine: Engine) -> Self {
        let start = match engine {
            Engine::Sqlite => "",
            Engine::Postgres => "^",
        };
        Self { engine, text: start.to_owned() }
    }

    /// Then any characters, or none.
    pub(crate) fn run(&mut self) {
        self.text.push_str(match self.engine {
            Engine::Sqlite => "*",
            Engine::Postgres => ".*",
        });
    }

    /// Then any one character.
    pub(crate) fn one(&mut self) {
        self.text.push_str(match self.engine {
            Engine::Sqlite => "?",
            Engine::Postgres => ".",
        });
    }

    /// Then one of these characters, which are letters if they are several.
    pub(crate) fn any_of(&mut self, characters: &[char]) {
        let special = match (self.engine, characters) {
            (Engine::Sqlite, ['*' | '?' | '[']) | (_, [_, _, ..]) => Some("["),
            (Engine::Postgres, [c]) if r".^$*+?()[]{}|\".contains(*c) => Some("\\"),
            _ => None,
        };
        self.text.push_str(special.unwrap_or_default());
        self.text.extend(characters);
        if special == Some("[") {
            self.text.push(']');
        }
    }

    /// The text of the parameter.
    pub(crate) fn finish(mut self) -> String {
        if self.engine == Engine::Postgres {
            self.text.push('$');
        }
        self.text
    }
}

/// `text` with the characters that mean something in a LIKE pattern escaped by `\`.
pub fn like_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both(text: &str) -> (String, String) {
        (render(text, Engine::Sqlite).unwrap(), render(text, Engine::Postgres).unwrap())
    }

    #[test]
    fn parameters_are_numbered_as_written() {
        let text = "SELECT $2, $1, $10 WHERE a = $1";
        assert_eq!(both(text), ("SELECT ?2, ?1, ?10 WHERE a = ?1".to_owned(), text.to_owned()));
    }

    #[test]
    fn quotes_and_comments_are_left_alone() {
        let text = "SELECT '$1 {x} it''s $2', \"$3\" -- don't {touch} $4\n/* {nor} $5 ' */ FROM t";
        assert_eq!(both(text), (text.to_owned(), text.to_owned()));
    }

    #[test]
    fn parameters_of_snippets_are_rewritten_too() {
        assert_eq!(both("id {in_list:$3}").0, "id IN (SELECT value FROM json_each(?3))");
    }

    #[test]
    fn an_unknown_or_open_snippet_is_refused() {
        assert!(render("SELECT {nothing}", Engine::Sqlite).is_err());
        assert!(render("SELECT {serial_key:1}", Engine::Postgres).is_err());
        assert!(render("SELECT {serial_key", Engine::Postgres).is_err());
    }

    #[test]
    fn keys_that_the_engines_read_differently_make_no_path() {
        assert_eq!(json_path(&["a", "b c"]).as_deref(), Some("$.\"a\".\"b c\""));
        assert_eq!(json_path(&["a\"b"]), None);
        assert_eq!(json_path(&["a\\b"]), None);
        assert_eq!(json_path(&[""]), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_renderer_panic(text in "[-'\"{}:$/*\\na-z1-9é]{0,60}") {
            let _ = render(&text, Engine::Sqlite);
            let _ = render(&text, Engine::Postgres);
        }

        #[test]
        fn a_literal_is_never_changed(inside in "[^']{0,40}") {
            let text = format!("SELECT '{inside}'");
            prop_assert_eq!(both(&text), (text.clone(), text));
        }
    }
}

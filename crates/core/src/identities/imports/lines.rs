//! Cutting a body into lines while it comes in: NDJSON, and the members of `{"identities": […]}`.

use avnology_model::{Code, Error, FieldCode, Result};

use super::LINE;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One object a line.
    Ndjson,
    /// One object with a list.
    Json,
}

/// Cuts a body. No more of it is held than the line that has not ended, and of that not more than a line may have.
pub(super) struct Lines {
    form: Form,
    line: Vec<u8>,
    /// The number of the line that is coming; the first is 1.
    number: i64,
    state: State,
}

/// Where in a JSON body we are; an NDJSON body is `Within` all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the list: so many bytes of what stands there were seen, spaces left out.
    Before(usize),
    /// Before a member, or the end of an empty list; or, behind a comma, before a member.
    First { after_comma: bool },
    /// Within a member: how deep, whether within a text, and whether behind a backslash there.
    Within { depth: u32, text: bool, escaped: bool },
    /// Behind a member.
    Behind,
    /// Behind the list.
    Closing,
    /// Behind everything.
    Over,
}

const START: &[u8] = b"{\"identities\":[";

impl Lines {
    pub(super) fn new(form: Form) -> Self {
        let state = match form {
            Form::Json => State::Before(0),
            Form::Ndjson => State::First { after_comma: false },
        };
        Self { form, line: Vec::new(), number: 1, state }
    }

    /// Takes more of the body; `found` gets each line that ends in it, with its number. `_900` for a body of another shape.
    pub(super) fn push(&mut self, bytes: &[u8], found: &mut Vec<(i64, Vec<u8>)>) -> Result<()> {
        for byte in bytes {
            match self.form {
                Form::Ndjson if *byte == b'\n' => self.end(found),
                Form::Ndjson => self.keep(*byte),
                Form::Json => self.step(*byte, found)?,
            }
        }
        Ok(())
    }

    /// The body is over. `_900` when it ended early.
    pub(super) fn finish(&mut self, found: &mut Vec<(i64, Vec<u8>)>) -> Result<()> {
        match (self.form, self.state) {
            (Form::Ndjson, _) => {
                self.end(found);
                Ok(())
            }
            (Form::Json, State::Over) => Ok(()),
            (Form::Json, _) => Err(malformed("The body ended early.")),
        }
    }

    /// One byte more than a line may have is kept, so that it is seen to be too long.
    fn keep(&mut self, byte: u8) {
        if self.line.len() <= LINE {
            self.line.push(byte);
        }
    }

    fn end(&mut self, found: &mut Vec<(i64, Vec<u8>)>) {
        let line = std::mem::take(&mut self.line);
        if !line.iter().all(u8::is_ascii_whitespace) {
            found.push((self.number, line));
        }
        self.number += 1;
    }

    fn step(&mut self, byte: u8, found: &mut Vec<(i64, Vec<u8>)>) -> Result<()> {
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        self.state = match self.state {
            State::Within { depth, text, escaped } => {
                // Between the tokens of JSON, a break is a space; within a text it is none of JSON.
                self.keep(if byte == b'\n' { b' ' } else { byte });
                match (text, escaped, byte) {
                    (true, true, _) => State::Within { depth, text, escaped: false },
                    (true, false, b'\\') => State::Within { depth, text, escaped: true },
                    (_, _, b'"') => State::Within { depth, text: !text, escaped: false },
                    (false, _, b'{' | b'[') => State::Within { depth: depth + 1, text, escaped },
                    (false, _, b'}' | b']') if depth == 1 => {
                        self.end(found);
                        State::Behind
                    }
                    (false, _, b'}' | b']') => State::Within { depth: depth - 1, text, escaped },
                    _ => State::Within { depth, text, escaped },
                }
            }
            state if is_space => state,
            State::Before(at) if START.get(at) == Some(&byte) => {
                if at + 1 == START.len() {
                    State::First { after_comma: false }
                } else {
                    State::Before(at + 1)
                }
            }
            State::First { after_comma: false } if byte == b']' => State::Closing,
            State::First { .. } if byte == b'{' => {
                self.keep(byte);
                State::Within { depth: 1, text: false, escaped: false }
            }
            State::Behind if byte == b',' => State::First { after_comma: true },
            State::Behind if byte == b']' => State::Closing,
            State::Closing if byte == b'}' => State::Over,
            State::Closing if byte == b',' => {
                return Err(Error::field(
                    "body",
                    FieldCode::UnknownField,
                    "There is `identities` and nothing else.",
                ));
            }
            _ => return Err(malformed("The body is not an object with the list `identities` of objects.")),
        };
        Ok(())
    }
}

fn malformed(detail: &str) -> Error {
    Error::new(Code::MalformedRequest).with_detail(detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn cut(form: Form, body: &[u8], step: usize) -> Result<Vec<(i64, String)>> {
        let (mut lines, mut found) = (Lines::new(form), Vec::new());
        for part in body.chunks(step.max(1)) {
            lines.push(part, &mut found)?;
        }
        lines.finish(&mut found)?;
        Ok(found.into_iter().map(|(at, line)| (at, String::from_utf8_lossy(&line).into_owned())).collect())
    }

    #[test]
    fn lines_keep_their_numbers_where_some_are_empty() {
        let body = b"{\"a\":1}\n\n  \r\n{\"b\":2}\r\n{\"c\":3}";
        let expected =
            [(1, "{\"a\":1}"), (4, "{\"b\":2}\r"), (5, "{\"c\":3}")].map(|(at, t)| (at, t.to_owned()));
        for step in 1..body.len() {
            assert_eq!(cut(Form::Ndjson, body, step).unwrap(), expected);
        }
        assert_eq!(cut(Form::Ndjson, b"", 1).unwrap(), []);
    }

    #[test]
    fn of_a_line_that_is_too_long_no_more_is_held_than_shows_it() {
        let body = [vec![b'x'; LINE * 3], b"\n{}".to_vec()].concat();
        let found = cut(Form::Ndjson, &body, 1_000).unwrap();
        assert_eq!((found[0].1.len(), found[1].clone()), (LINE + 1, (2, "{}".to_owned())));
    }

    #[test]
    fn bodies_of_another_shape_are_refused() {
        for body in [
            "",
            "[]",
            "{}",
            "{\"identities\":",
            "{\"identities\":[",
            "{\"identities\":[{}",
            "{\"identities\":[{}]",
            "{\"identities\":[{},]}",
            "{\"identities\":[1]}",
            "{\"identities\":[{}{}]}",
            "{\"identities\":{}}",
            "{\"identities\":[]}x",
            "{\"people\":[]}",
            "{\"identities\":[],\"x\":1}",
        ] {
            assert!(cut(Form::Json, body.as_bytes(), 3).is_err(), "{body}");
        }
        assert_eq!(cut(Form::Json, b" { \"identities\" : [ ] } ", 1).unwrap(), []);
    }

    proptest! {
        #[test]
        fn members_of_a_list_come_out_as_they_went_in(
            names in prop::collection::vec(any::<String>(), 0..6), pretty in any::<bool>(), step in 1_usize..40,
        ) {
            let members: Vec<Value> =
                names.iter().map(|name| json!({ "name": name, "of": [{ "x": name }, "]}\\\"", {}] })).collect();
            let body = json!({ "identities": members });
            let text = if pretty { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) }.unwrap();
            let found = cut(Form::Json, &text, step).unwrap();
            let read: Vec<Value> = found.iter().map(|(_, line)| serde_json::from_str(line).unwrap()).collect();
            prop_assert!(found.iter().all(|(_, line)| !line.contains('\n')));
            prop_assert_eq!(read, members);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
            let body = if json { [START, &bytes].concat() } else { bytes };
            let _ = cut(if json { Form::Json } else { Form::Ndjson }, &body, 7);
        }
    }
}

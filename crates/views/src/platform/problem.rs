//! `/problems/{nnn}`: what an error code means, for whoever finds it in an answer.

use askama::Template;
use avnology_model::Code;

use crate::{Context, parts::html};

/// The explanation of one code.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The code.
    pub code: Code,
}

impl Problem<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let title = self.code.title();
        html(&Document {
            cx: self.cx,
            page: "problem",
            state: self.code.number(),
            title,
            code: self.code,
            help: spans(self.code.help()),
        })
    }
}

/// The text in pieces: those between backticks, at odd places, are names from the protocol.
fn spans(text: &'static str) -> Vec<(bool, &'static str)> {
    text.split('`').enumerate().map(|(i, piece)| (i % 2 == 1, piece)).collect()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    code: Code,
    help: Vec<(bool, &'static str)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_backticks_are_told_apart() {
        assert_eq!(
            spans("Wait `retry_after` seconds."),
            [(false, "Wait "), (true, "retry_after"), (false, " seconds.")]
        );
    }
}

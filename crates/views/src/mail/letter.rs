//! The layout of every mail: heading, greeting, parts, and why the reader gets it; as text and as HTML.

use std::fmt::Write as _;

use askama::Template;

use super::{Mail, name};
use crate::{Context, flows::Origin, parts::html};

/// A part of a mail, in the order to read.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A paragraph.
    Text(String),
    /// A code to be typed or copied.
    Code(String),
    /// A link as a button; in the text part the URL on a line of its own.
    Button { label: &'static str, url: String },
    /// Words of someone else, as plain text.
    Quote { by: String, words: String },
    /// What is known about the request.
    Facts(Vec<(&'static str, String)>),
}

/// A mail before it is rendered.
#[derive(Clone, Debug, Template)]
#[template(path = "mail/letter.html")]
pub(crate) struct Letter<'a> {
    cx: Context<'a>,
    brand: String,
    subject: String,
    /// The first words that mail programs show in the list.
    preview: String,
    heading: String,
    greeting: String,
    parts: Vec<Part>,
}

impl<'a> Letter<'a> {
    /// A mail with this heading, which is the subject too.
    pub(crate) fn new(cx: Context<'a>, heading: &str, name: Option<&str>) -> Self {
        Self {
            cx,
            brand: name::one_line(&cx.brand.name),
            subject: heading.to_owned(),
            preview: String::new(),
            heading: heading.to_owned(),
            greeting: name::greeting(name),
            parts: Vec::new(),
        }
    }

    pub(crate) fn subject(mut self, subject: &str) -> Self {
        self.subject = name::one_line(subject);
        self
    }

    /// The name of the product on one line.
    pub(crate) fn brand(&self) -> &str {
        &self.brand
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    pub(crate) fn code(mut self, code: &str) -> Self {
        self.parts.push(Part::Code(code.to_owned()));
        self
    }

    pub(crate) fn button(mut self, label: &'static str, url: &str) -> Self {
        self.parts.push(Part::Button { label, url: url.to_owned() });
        self
    }

    /// What someone else wrote, told apart from what we say; nothing when it is empty.
    pub(crate) fn quote(mut self, by: &str, words: &str) -> Self {
        let words = name::without_links(&name::one_line(words));
        if !words.is_empty() {
            self.parts.push(Part::Quote { by: by.to_owned(), words });
        }
        self
    }

    /// What is known about who asked, and when.
    pub(crate) fn origin(mut self, origin: Option<&Origin>) -> Self {
        if let Some(origin) = origin {
            let text =
                |term, value: &Option<String>| value.as_deref().map(|value| (term, name::one_line(value)));
            let time = ("Time", crate::when::exact(origin.at));
            let facts = [text("Browser", &origin.device), text("Place", &origin.place), Some(time)];
            self.parts.push(Part::Facts(facts.into_iter().flatten().collect()));
        }
        self
    }

    /// Whom to ask; nothing when there is no address for it.
    pub(crate) fn support(self, before: &str) -> Self {
        let Some(email) = self.cx.brand.support_email.clone() else { return self };
        self.text(format!("{before} {email}."))
    }

    pub(crate) fn finish(mut self) -> Mail {
        let first = self
            .parts
            .iter()
            .find_map(|part| if let Part::Text(text) = part { Some(text.clone()) } else { None });
        self.preview = first.unwrap_or_default();
        Mail { subject: self.subject.clone(), text: self.plain(), html: html(&self) }
    }

    fn plain(&self) -> String {
        let mut out = format!("{}\n\n{}\n", self.heading, self.greeting);
        for part in &self.parts {
            out.push('\n');
            match part {
                Part::Text(text) => wrap(&mut out, text),
                Part::Code(code) => out.extend(["    ", code, "\n"]),
                Part::Quote { by, words } => {
                    // Writing to a string cannot fail.
                    let _ = writeln!(out, "{by} wrote:");
                    let mut lines = String::new();
                    wrap(&mut lines, words);
                    lines.lines().for_each(|line| out.extend(["> ", line, "\n"]));
                }
                Part::Button { label, url } => out.extend([label, ":\n", url, "\n"]),
                Part::Facts(facts) => {
                    for (term, value) in facts {
                        // Writing to a string cannot fail.
                        let _ = writeln!(out, "{term}: {value}");
                    }
                }
            }
        }
        out.extend(["\n-- \n", &self.brand, "\n"]);
        out
    }
}

/// Lines of at most 72 characters (RFC 5322 §2.1.1 allows 78), broken between words.
fn wrap(out: &mut String, text: &str) {
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 72 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use avnology_model::Timestamp;

    use super::*;
    use crate::Brand;

    #[test]
    fn text_and_html_say_the_same() {
        let brand =
            Brand { support_email: Some("help@id.example".to_owned()), ..Brand::named("Avnology ID") };
        let cx = Context::english(&brand, Timestamp::default());
        let mail = Letter::new(cx, "A heading", Some("Jane"))
            .text("First.")
            .code("418530")
            .button("Go on", "https://id.example/x?a=1&b=2")
            .support("Ask")
            .finish();
        for words in
            ["A heading", "Hello Jane,", "First.", "418530", "Go on", "help@id.example", "Avnology ID"]
        {
            assert!(mail.text.contains(words) && mail.html.contains(words), "{words}: {}", mail.text);
        }
        assert!(mail.text.contains("https://id.example/x?a=1&b=2\n"));
        assert!(mail.html.contains("https://id.example/x?a=1&#38;b=2"), "{}", mail.html);
    }

    #[test]
    fn a_brand_cannot_break_the_subject() {
        let brand = Brand::named("Acme\r\nBcc: all@acme.example");
        let letter = Letter::new(Context::english(&brand, Timestamp::default()), "Hello", None);
        let subject = format!("{} says hello", letter.brand());
        let mail = letter.subject(&subject).finish();
        assert!(!mail.subject.chars().any(char::is_control), "{:?}", mail.subject);
    }

    #[test]
    fn long_paragraphs_are_wrapped_and_long_words_are_not() {
        let mut out = String::new();
        wrap(&mut out, &format!("{} {}", "word ".repeat(30), "x".repeat(100)));
        assert!(out.lines().all(|line| line.chars().count() <= 72 || !line.contains(' ')), "{out}");
    }
}

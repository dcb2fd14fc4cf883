//! A small reader of the HTML that we write: quoted attributes, void elements, everything else closed.

/// Elements without an end tag (HTML Living Standard §13.1.2).
const VOID: &[&str] = &["meta", "link", "input", "br", "img"];
/// SVG elements that close themselves.
const SHAPES: &[&str] = &["path", "rect", "circle"];

/// An element, with what stands before it on the way from the root.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Indices of the elements around it, outermost first.
    pub(super) around: Vec<usize>,
    /// The text directly and indirectly within it.
    pub(super) text: String,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        self.get("class").is_some_and(|classes| classes.split(' ').any(|c| c == class))
    }
}

/// The elements of a document in their order; panics, naming `page`, when tags are not balanced.
pub(super) fn read(page: &str, html: &str) -> Vec<Element> {
    let body = html.strip_prefix("<!doctype html>").unwrap_or_else(|| panic!("{page}: no doctype"));
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = body;
    while let Some((text, after)) = rest.split_once('<') {
        for index in &open {
            elements[*index].text.push_str(text);
        }
        assert!(!text.contains('>'), "{page}: stray > in {text:?}");
        let end = end_of_tag(after).unwrap_or_else(|| panic!("{page}: unclosed tag {after:.40}"));
        let tag = &after[..end];
        rest = &after[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().unwrap_or_else(|| panic!("{page}: </{name}> closes nothing"));
            assert_eq!(elements[last].name, name, "{page}: wrong end tag");
            continue;
        }
        let element = parse_tag(page, tag, &open);
        let closes_itself = VOID.contains(&element.name.as_str()) || tag.ends_with('/');
        assert!(!tag.ends_with('/') || SHAPES.contains(&element.name.as_str()), "{page}: <{tag}>");
        elements.push(element);
        if !closes_itself {
            open.push(elements.len() - 1);
        }
    }
    assert!(
        open.is_empty(),
        "{page}: never closed: {:?}",
        open.iter().map(|i| &elements[*i].name).collect::<Vec<_>>()
    );
    elements
}

fn end_of_tag(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(index, c)| {
        quoted ^= c == '"';
        (c == '>' && !quoted).then_some(index)
    })
}

fn parse_tag(page: &str, tag: &str, open: &[usize]) -> Element {
    let tag = tag.trim_end_matches('/');
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let length = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(length);
        let value = if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"').unwrap_or_else(|| panic!("{page}: <{tag}>"));
            rest = after;
            value
        } else {
            assert!(!after.starts_with('='), "{page}: unquoted value in <{tag}>");
            rest = after;
            ""
        };
        assert!(attributes.iter().all(|(k, _)| k != key), "{page}: {key} twice in <{tag}>");
        attributes.push((key.to_owned(), value.to_owned()));
    }
    Element { name: name.to_owned(), attributes, around: open.to_vec(), text: String::new() }
}

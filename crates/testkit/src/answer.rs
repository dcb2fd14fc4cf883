//! An answer, read, with assertions that say what came instead.

use std::ops::Index;

use avnology_model::Code;
use axum::http::HeaderMap;
use serde_json::Value;

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as it came.
    pub body: Vec<u8>,
    pub(crate) request: String,
    pub(crate) value: Value,
}

/// `answer["session"]["id"]`: a member of the JSON body, null when it is not there.
impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.value.get(name).unwrap_or(&Value::Null)
    }
}

impl Answer {
    /// The JSON body; null when there is none.
    pub fn json(&self) -> &Value {
        &self.value
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A text of the body by JSON pointer, as in `/session/id`.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> String {
        let found = self.value.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer}: {self}")).to_owned()
    }

    /// A header; empty when it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The code of a problem document, or of an error in Keto's form.
    pub fn code(&self) -> Option<Code> {
        let text =
            self["code"].as_str().or(self.value.pointer("/error/details/code").and_then(Value::as_str))?;
        Code::ALL.iter().copied().find(|code| code.text() == text)
    }

    /// The answer has this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert!(self.status == status, "expected {status}: {self}");
        self
    }

    /// 200; the body.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        self.is(200);
        &self.value
    }

    /// 201; the body.
    #[track_caller]
    pub fn created(&self) -> &Value {
        self.is(201);
        &self.value
    }

    /// 204.
    #[track_caller]
    pub fn no_content(&self) {
        self.is(204);
        assert!(self.body.is_empty(), "204 with a body: {self}");
    }

    /// A refusal with this code, told as a problem document (`contract/00` §6.1); the document.
    #[track_caller]
    pub fn refused(&self, code: Code) -> &Value {
        assert!(
            self.code() == Some(code) && self.status == code.status(),
            "expected {code} ({}): {self}",
            code.title()
        );
        let form = if self["error"].is_object() { "application/json" } else { "application/problem+json" };
        assert_eq!(self.header("content-type"), form, "{self}");
        &self.value
    }

    /// Fields and field codes of `errors[]`.
    pub fn fields(&self) -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let errors = self["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
    }

    /// A refusal with `code` for exactly these fields.
    #[track_caller]
    pub fn refused_fields(&self, code: Code, fields: &[(&str, &str)]) {
        self.refused(code);
        let found = self.fields();
        let found: Vec<(&str, &str)> = found.iter().map(|(f, c)| (f.as_str(), c.as_str())).collect();
        assert_eq!(found, fields, "{self}");
    }

    /// The flow that the answer goes on with, or is.
    #[track_caller]
    pub fn flow(&self) -> &Value {
        match (&self["continue_flow"], &self["ui"]) {
            (flow @ Value::Object(_), _) => flow,
            (_, Value::Object(_)) => &self.value,
            _ => panic!("no flow: {self}"),
        }
    }

    /// The state of that flow.
    #[track_caller]
    pub fn state(&self) -> String {
        self.flow()["state"].as_str().unwrap_or_default().to_owned()
    }

    /// 200 with a flow in this state.
    #[track_caller]
    pub fn goes_on(&self, state: &str) -> &Self {
        self.is(200);
        assert!(self.state() == state, "expected state {state}: {self}");
        self
    }

    /// Ids of the messages about the whole flow.
    #[track_caller]
    pub fn messages(&self) -> Vec<String> {
        ids(&self.flow()["ui"]["messages"])
    }

    /// Ids of the messages about one node.
    #[track_caller]
    pub fn node_messages(&self, name: &str) -> Vec<String> {
        self.node(name).map(|node| ids(&node["messages"])).unwrap_or_default()
    }

    /// The first node with this name or, where it has none, this element id.
    #[track_caller]
    pub fn node(&self, name: &str) -> Option<&Value> {
        self.flow()["ui"]["nodes"].as_array()?.iter().find(|node| {
            let attributes = &node["attributes"];
            attributes["name"] == name || attributes["name"].is_null() && attributes["id"] == name
        })
    }

    /// The names of all nodes, the element ids of texts and pictures, and for buttons `method=<value>`, in order.
    #[track_caller]
    pub fn node_names(&self) -> Vec<String> {
        let nodes = self.flow()["ui"]["nodes"].as_array().cloned().unwrap_or_default();
        let name = |node: &Value| {
            let text = |name: &str| node["attributes"][name].as_str();
            let name = text("name").or(text("id")).unwrap_or_default();
            let value = text("value").unwrap_or_default();
            if name == "method" { format!("method={value}") } else { name.to_owned() }
        };
        nodes.iter().map(name).collect()
    }

    /// The token of the session that a program signed in with.
    #[track_caller]
    pub fn token(&self) -> String {
        self.is(200);
        self.at("/session_token")
    }

    /// `Set-Cookie` headers.
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
    }
}

fn ids(messages: &Value) -> Vec<String> {
    let messages = messages.as_array().cloned().unwrap_or_default();
    messages.iter().filter_map(|m| m["id"].as_str().map(str::to_owned)).collect()
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.text().chars().take(3_000).collect();
        write!(f, "{} answered {}: {body}", self.request, self.status)
    }
}

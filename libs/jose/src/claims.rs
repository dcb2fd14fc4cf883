//! What a token says, once it is believed.

use serde_json::{Map, Value};

use crate::{Refusal, json};

/// The largest time that we take, in seconds: below it every whole number is a double.
const LATEST: i64 = 1 << 53;

/// The claims of a token. Reading one says of which kind it must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// These members.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Reads a payload that is believed.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        json::object(payload).map(Self)
    }

    /// A claim, of whatever kind.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text. `BadClaim` when it is something else.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::BadClaim(name)),
        }
    }

    /// A text that must be there and hold something.
    pub fn required_text(&self, name: &'static str) -> Result<&str, Refusal> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(Refusal::MissingClaim(name))
    }

    /// One text or a list of them, as `aud` is (§4.1.3). Empty when it is not there.
    pub fn texts(&self, name: &'static str) -> Result<Vec<&str>, Refusal> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(list)) => {
                list.iter().map(|one| one.as_str().ok_or(Refusal::BadClaim(name))).collect()
            }
            Some(_) => Err(Refusal::BadClaim(name)),
        }
    }

    /// A time in seconds since 1970; parts of seconds are cut off. `BadClaim` for what is no number, or none of our era.
    pub fn seconds(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let whole = value.as_i64().or_else(|| value.as_f64().and_then(whole_seconds));
        let seconds = whole.filter(|seconds| (0..=LATEST).contains(seconds));
        seconds.map(Some).ok_or(Refusal::BadClaim(name))
    }

    /// A time that must be there.
    pub fn required_seconds(&self, name: &'static str) -> Result<i64, Refusal> {
        self.seconds(name)?.ok_or(Refusal::MissingClaim(name))
    }

    /// All of them.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// All of them, to keep.
    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "within the bounds it is exact"
)]
fn whole_seconds(number: f64) -> Option<i64> {
    (0.0..=LATEST as f64).contains(&number).then_some(number as i64)
}

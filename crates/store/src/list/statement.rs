//! A statement in the making: its parameters.

use crate::{Engine, Value};

/// The parameters of one statement, numbered as they come.
#[derive(Clone, Debug)]
pub(super) struct Params {
    pub(super) engine: Engine,
    pub(super) values: Vec<Value>,
}

impl Params {
    /// Starts with `values`, which are `$1` and so on.
    pub(super) fn new(engine: Engine, values: Vec<Value>) -> Self {
        Self { engine, values }
    }

    /// Adds a value; the text that stands for it, as in `$3`.
    pub(super) fn add(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}

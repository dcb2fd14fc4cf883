//! One question asked in several ways, over random schemas, tuples and changes.

#![expect(clippy::expect_used, reason = "tests stop where something is not as it must be")]

mod answers;
mod graphs;
mod language;
mod reference;
mod world;

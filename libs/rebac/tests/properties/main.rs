//! One question asked in several ways, over random schemas, tuples and changes.

mod answers;
mod language;
mod reference;
mod world;

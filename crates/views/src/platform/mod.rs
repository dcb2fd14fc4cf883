//! Pages that any part can answer with: errors, their explanations, nothing here.

mod error;
mod problem;

pub use error::{ErrorPage, NotFound, plain_words};
pub use problem::Problem;

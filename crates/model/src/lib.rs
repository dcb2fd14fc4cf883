//! What is it? The nouns of Avnology ID: ids, entities, stages, events and error codes.
//!
//! Nothing here reads a clock, draws a random number or touches a database. Values parse at the edge
//! into types that cannot be wrong ([`identities::Email`], [`identities::Username`]) and are not checked again.

pub mod audit;
pub mod clients;
pub mod credentials;
pub mod error;
pub mod events;
pub mod flows;
pub mod identities;
pub mod ids;
pub mod organizations;
pub mod permissions;
pub mod platform;
pub mod privacy;
pub mod secret_token;
pub mod service_accounts;
pub mod sessions;
pub mod text;
pub mod time;

pub use error::{Code, Error, FieldCode, FieldError, Result};
pub use time::Timestamp;

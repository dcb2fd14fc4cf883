//! OAuth and OpenID Connect through the whole app, on SQLite and on PostgreSQL: each rule of `contract/30` by its name.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a member that is missing fails the test")]

mod back_channel;
mod callers;
mod client_authentication;
mod client_documents;
mod client_gates;
mod client_rules;
mod clients;
mod code_flow;
mod consent;
mod device;
mod dpop;
mod embedded;
mod exchange;
mod fapi;
mod flows_of_clients;
mod introspection;
mod key_sets;
mod kit;
mod machines;
mod organizations;
mod origins;
mod prompts;
mod pushed_requests;
mod refresh;
mod registration;
mod remembered;
mod request_objects;
mod resources;
mod rfc9700;
mod security;
mod sign_out;
mod signing;
mod two_nodes;

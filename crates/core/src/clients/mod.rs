//! OAuth clients and what they get: who they are, which resources there are, and the tokens that people and clients are given
//! (`contract/30`). The rules of the protocol are in `avnology_oauth`; here they meet what is kept.

mod authenticate;
mod cache;
mod client_credentials;
mod create;
mod delete;
mod input;
mod introspect;
mod issue;
mod list;
mod oauth_error;
pub mod resources;
mod revoke_token;
mod revoke_tokens;
mod rotate_secret;
mod scopes;
mod token;
mod update;
mod verify;
mod view;

pub use authenticate::{ClientAuthentication, authenticate};
pub(crate) use cache::ClientCache;
pub use cache::LiveClient;
pub use create::create;
pub use delete::delete;
pub use introspect::{Introspecting, introspect};
pub use issue::TokenResponse;
pub use list::{ClientPage, get, list};
pub use oauth_error::Refusal;
pub use revoke_token::revoke_token;
pub use revoke_tokens::{RevokedTokens, revoke_tokens};
pub use rotate_secret::{RotateSecret, RotatedSecret, rotate_secret};
pub use token::answer;
pub use update::update;
pub use view::ClientView;

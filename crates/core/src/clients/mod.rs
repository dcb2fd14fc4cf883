//! OAuth clients and what they get: who they are, which resources there are, and the tokens that people and clients are given
//! (`contract/30`). The rules of the protocol are in `avnology_oauth`; here they meet what is kept.

mod authenticate;
pub mod authorize;
mod cache;
mod caller;
mod claims;
mod client_credentials;
mod code;
pub(crate) mod consents;
mod create;
mod delete;
pub mod device;
mod dpop;
mod exchange;
mod gates;
mod input;
mod introspect;
mod issue;
mod keys;
mod known;
mod list;
pub(crate) mod logout;
mod oauth_error;
mod person;
mod profile;
mod push;
mod refresh;
mod registration;
pub mod resources;
mod revoke_token;
mod revoke_tokens;
mod rotate_secret;
mod rules;
mod scopes;
mod sign_out;
mod token;
mod update;
mod userinfo;
mod verify;
mod view;

pub use authenticate::{ClientAuthentication, authenticate, is_for_browsers};
pub(crate) use cache::{ClientCache, app_origins, returns_to, some_returns_to};
pub use cache::{LiveClient, allows_origin};
pub use caller::{Bearer, Program, TokenCaller, authenticate_presented, revoke_leaked_token};
pub use consents::{ConsentView, consents_of, revoke_consent, scope_words};
pub use create::create;
pub use delete::delete;
pub use dpop::{PresentedToken, dpop_nonce};
pub(crate) use gates::door_of;
pub use introspect::{Introspecting, introspect};
pub use issue::TokenResponse;
pub use list::{ClientPage, get, list};
pub use logout::tell_clients;
pub use oauth_error::Refusal;
pub use push::{PushedUri, push};
pub use registration::{
    InitialToken, NewInitialToken, create_initial_token, read_registration, register, remove_registration,
    remove_unused, replace_registration,
};
pub use revoke_token::revoke_token;
pub use revoke_tokens::{RevokedTokens, revoke_tokens};
pub use rotate_secret::{RotateSecret, RotatedSecret, rotate_secret};
pub use rules::{ClientRuleView, NewClientRule, delete_rule, list_rules, put_rule};
pub use sign_out::{SignOut, end_session};
pub use token::answer;
pub use update::update;
pub use userinfo::{Userinfo, userinfo};
pub use view::ClientView;

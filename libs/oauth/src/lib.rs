//! OAuth 2.1 and OpenID Connect: messages, rules and errors.
//!
//! Nothing here reads a clock, draws a random number, asks a network or keeps anything. Whoever serves brings what is known (the
//! client, the session, the time) and carries out what is decided; what may happen once (a code, a `jti`, a rotation) is for
//! the store to make sure of. [`authorize`] judges requests in the order that keeps a server from redirecting people where
//! nobody knows them; [`refresh`] decides on rotation; [`dpop`] and [`client_auth`] say who asks.
//!
//! ```
//! use avnology_oauth::{ClientType, CodeChallenge, RedirectUri, pkce};
//!
//! let app = RedirectUri::register("http://127.0.0.1/callback", ClientType::Native, false).expect("a native app's");
//! assert!(app.is_meant_by("http://127.0.0.1:49152/callback"));
//! assert!(!app.is_meant_by("http://127.0.0.1:49152/other"));
//!
//! // The vector of RFC 7636, appendix B.
//! let challenge = CodeChallenge::new("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
//! assert!(pkce::check(challenge.as_ref(), Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).is_ok());
//! assert!(pkce::check(challenge.as_ref(), None).is_err());
//! ```

pub mod authorize;
mod claims_request;
mod client;
pub mod client_auth;
pub mod code;
pub mod consent;
pub mod device;
pub mod dpop;
pub mod end_session;
mod error;
pub mod fapi;
pub mod introspection;
pub mod metadata;
pub mod organization;
pub mod par;
mod params;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod refresh;
pub mod registration;
pub mod request_object;
pub mod resource;
mod response;
mod scope;
pub mod token_request;
pub mod tokens;

pub use authorize::{AuthorizationRequest, ResponseMode, ReturnTo};
pub use claims_request::ClaimsRequest;
pub use client::{AuthMethod, Client, ClientType, GrantType, SIGNING_ALGORITHMS, SecurityProfile};
pub use client_auth::Credentials;
pub use error::{ErrorCode, OAuthError};
pub use params::{MAX_BYTES, Params};
pub use pkce::CodeChallenge;
pub use prompt::{Acr, AcrValue, Prompt};
pub use redirect_uri::{RedirectUri, RedirectUriFault};
pub use response::AuthorizationResponse;
pub use scope::Scopes;
pub use token_request::TokenRequest;

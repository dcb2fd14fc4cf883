//! How does the web work? Routes with their authorisation in the type, inputs, replies, problem documents, limits,
//! CSRF, cookies, CORS and headers. `api` and `pages` use this and core, and nothing else of the web.
//!
//! What the routes are and what they do is not known here.

mod accept;
mod access;
mod attempt;
mod audit;
mod auth;
mod browser;
mod challenge;
mod client;
pub mod cookies;
mod cors;
mod credentials;
pub mod csrf;
mod device;
mod document;
mod endpoint;
mod etag;
mod html;
mod idempotency;
mod input;
mod kit;
mod leak;
mod limits;
mod oauth_client;
pub mod openapi;
mod page;
pub mod problem;
mod reply;
mod route;
mod scope;
mod side_by_side;
pub mod step_up;
mod stream;
mod table;
mod telemetry;

pub use access::{
    Access, AccessRule, AnySession, Caller, InOrganization, PageInOrganization, PageSignedIn, Public,
    ScopeMarker, Scoped, SignedIn, SignedInOr, TenantScoped, Visitor, scopes,
};
pub use audit::audit;
pub use auth::Auth;
pub use avnology_model::platform::{IdempotencyKey, Precondition};
pub use axum::{
    body::Body as ResponseBody,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
pub use browser::{BrowserKeys, holder};
pub use client::PeerAddr;
pub use cookies::{Cookie, Cookies, SetCookie};
pub use cors::OurPagesOnly;
pub use credentials::proofs;
pub use device::DeviceKeys;
pub use html::{Nonce, Page};
pub use input::{
    Body, BodyKind, BodyStream, Chosen, Form, Idempotency, Input, InputDoc, NoInput, NoParams, OptionalBody,
    Patch, PatchValue, Path1, Path2, PlainText, ProtocolForm, ProtocolJson, Query, Raw, Submit, Upload,
    UploadForm, nullable,
};
pub use kit::{ErrorPage, HtmlError, Kit, KitConfig, router};
pub use limits::Bucket;
pub use page::{BodyPage, List};
pub use reply::{Created, Json, JsonBytes, NoContent, Outcome, Problem, Reply, SeeOther, Stored, With};
pub use route::Route;
pub use side_by_side::{MOST as MOST_SESSIONS, drop_session, held_elsewhere, keep_session};
pub use stream::pieces;

//! Flows: the dialogues by which people sign in, register, recover, verify and change settings (`contract/11`).
//!
//! A flow is loaded, changed and written in one transaction per step; hashing happens between two of them. A refusal is
//! a value: it is written with the flow, its counters and its events. Nodes are made from the state by `view`.

mod account;
mod captcha;
mod captcha_mail;
mod choose;
mod client_door;
mod code;
mod complete;
mod create;
mod deny;
mod enroll;
mod entry;
mod factor_nodes;
mod factor_settings;
mod get;
mod identifier;
mod invitation;
mod link;
mod lost_factors;
mod new_account;
mod new_passkey;
mod passkey;
mod passkey_making;
mod password;
mod phone;
mod place;
mod recovery;
mod registration;
mod return_to;
mod second_factor;
mod send;
mod settings;
mod sms;
mod sms_limits;
mod sms_setup;
mod step;
mod step_up;
mod submission;
mod submit;
mod trait_nodes;
mod traits;
mod verification;
mod view;

pub(crate) use account::limits as bucket_limits;
pub(crate) use code::code_hash;
pub use create::{Created, FlowRequest, create};
pub use deny::{AccountMade, made as account_made};
pub use get::{LinkPeek, ended_elsewhere, get, peek_link, turned_away};
pub use return_to::resolve as resolve_return_to;
pub(crate) use send::take_message;
pub use step::{Continued, Held, Outcome, Refused, SignedIn};
pub use step_up::{More, open as open_step_up};
pub use submission::{Holder, Submission};
pub use submit::submit;
pub(crate) use verification::{NewVerification, begin as begin_verification};
pub use view::{page_path, view};

//! What does it look like? Hosted pages, mails, styles: typed structs in, finished text out.
//!
//! A page is a struct whose `render` gives the whole document; `pages` fills it. Nothing here knows requests, rules or
//! databases. The look follows one set of tokens (`assets/avnology.css`), the hooks for scripts and password managers
//! `contract/95` §7. Words are English and stand in the page that says them; those for message ids are in [`words`].

pub mod assets;
pub mod branding;
pub mod clients;
pub mod credentials;
pub mod flows;
pub mod identities;
mod layout;
pub mod mail;
pub mod organizations;
mod parts;
pub mod platform;
pub mod privacy;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod texts;
mod when;
pub mod words;

pub use branding::{Brand, Context};
pub use layout::Person;
pub use parts::{Link, Notice, NoticeKind};

//! How is it proved? The whole house in one process, with a clock that stands still, seeded randomness, mail in memory
//! and jobs on demand, on either engine; and people and programs that use it.
//!
//! Nothing here is shipped. A test states what it wants of the contract; how requests are made is here.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

mod answer;
mod app;
mod audit;
mod authenticator;
mod call;
mod captcha;
mod client;
mod clock;
pub mod dns;
mod engines;
mod events;
mod flow;
mod mail;
mod maker;
mod nodes;
mod organizations;
mod passkey;
mod people;
pub mod postgres;
mod privacy;
pub mod smtp;
mod wait;
mod web;

pub use answer::Answer;
pub use app::{ORIGIN, Setup, TestApp};
pub use authenticator::{Authenticator, Secured, backup_codes};
pub use call::Call;
pub use captcha::{CAPTCHA_SECRET, CAPTCHA_SITE, CaptchaHouse, Guarded};
pub use client::Client;
pub use clock::{FakeClock, SeededEntropy};
pub use engines::{Engine, FromEngine, Live, run};
pub use flow::{FlowRun, winners};
pub use mail::{Mail, Mailbox};
pub use maker::{MAKER_CERTIFICATE, MAKER_ROOT};
pub use nodes::{Nodes, comes_true, soon};
pub use organizations::Team;
pub use passkey::{Says, SoftPasskey, ceremony};
pub use people::{PASSWORD, Person};
pub use web::{Posted, Web};

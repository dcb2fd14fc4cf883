//! Pages between a client and a person: consent, choices, answers by form, errors that no client can be told.

mod applications;
mod choose;
mod consent;
mod device;
mod form_post;
mod mark;
mod sign_out;
mod words;

pub use applications::{ApplicationRow, Applications};
pub use choose::{ChooseAccount, ChooseOrganization, OrganizationChoice};
pub use consent::{Consent, ConsentScope};
pub use device::{CodeRefused, ConfirmDevice, DeviceEnd, DeviceEnded, DevicePlace, EnterCode};
pub use form_post::FormPost;
pub(crate) use mark::ClientMark;
pub use sign_out::{ClientSignOut, ClientSignedOut};
pub use words::refusal_words;

//! Applications that ask for tokens, and the resources that tokens are for (`contract/30` §2).

mod about;
mod client;
mod consent;
mod device;
mod exchange;
mod grant;
mod logout;
mod registration;
mod relation;
mod request;
mod resource;
mod rule;
mod settings;
mod words;

pub use about::ClientAbout;
pub use client::{Client, ClientSecret, MOST_SECRETS};
pub use consent::Consent;
pub use device::{DeviceApproval, DeviceCode, DeviceStage};
pub use exchange::TokenExchange;
pub use grant::{AuthorizationCode, Grant, GrantedRights, RefreshToken, SignInFacts};
pub use logout::PendingLogout;
pub use registration::{ClientDocument, ClientRegistration, InitialAccessToken, RegistrationLimits};
pub use relation::RequiredRelation;
pub use request::{AuthorizationRequestRow, PushedRequest};
pub use resource::{ApiResource, ResourceScope, ResourceSettings};
pub use rule::{ClientRule, Ruling};
pub use settings::ClientSettings;
pub use words::{
    ClientState, ClientType, GrantType, OrganizationSelection, SecurityProfile, TokenEndpointAuthMethod,
};

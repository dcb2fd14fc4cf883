//! What happens? The use cases of Avnology ID, one verb a file.
//!
//! A verb takes the tenant (`app`) and the context of the request or job (`cx`), authorises, acts in one
//! transaction and returns a value. Refusals that must leave a trace are values; failures are errors.
//! Nothing here knows HTTP.

pub mod audit;
pub mod clients;
pub mod credentials;
mod cx;
pub mod events;
pub mod flows;
pub mod identities;
pub mod organizations;
mod patch;
pub mod permissions;
pub mod platform;
pub mod ports;
pub mod privacy;
pub mod service_accounts;
pub mod sessions;
mod tenant;

pub use cx::{Clock, Cx, Entropy, OrganizationScope, OsEntropy, SystemClock, network_of};
pub use tenant::{Tenant, TenantConfig, TenantParts};

pub(crate) use avnology_model::text::hex;

//! How people get in, for interfaces that are about to ask them (`contract/20` §16).

use avnology_model::{
    organizations::{Organization, RegistrationMode},
    platform::{LoginMethod, TenantSettings},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How people sign in and register.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AuthOptions {
    /// Whether only single sign-on is to be offered.
    pub sso_required: bool,
    /// First factors.
    pub methods: Vec<&'static str>,
    /// Who may register or join.
    pub registration: RegistrationMode,
    /// Connections to offer.
    #[schema(value_type = Vec<Object>)]
    pub connections: Vec<Value>,
}

impl AuthOptions {
    /// The options of an organization, or of the tenant alone.
    pub fn of(settings: &TenantSettings, organization: Option<&Organization>) -> Self {
        let tenants = settings.allowed_methods.iter().copied();
        let Some(organization) = organization else {
            return Self {
                sso_required: false,
                methods: tenants.map(LoginMethod::as_str).collect(),
                registration: settings.registration.mode,
                connections: Vec::new(),
            };
        };
        let own = &organization.allowed_methods;
        let methods = if organization.sso_required {
            vec!["sso"]
        } else {
            tenants.filter(|method| own.is_empty() || own.contains(method)).map(LoginMethod::as_str).collect()
        };
        Self {
            sso_required: organization.sso_required,
            methods,
            registration: organization.registration_mode,
            connections: Vec::new(),
        }
    }
}

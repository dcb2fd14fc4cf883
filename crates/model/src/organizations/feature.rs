//! Features that the platform switches per organization (`contract/20` §1.2).

use std::collections::BTreeMap;

use crate::text::text_enum;

text_enum! {
    /// Something that can be switched off.
    pub enum Feature {
        /// Single sign-on.
        Sso = "sso",
        /// Provisioning by SCIM.
        Scim = "scim",
        /// A domain of one's own.
        CustomDomain = "custom_domain",
        /// Logo and colours.
        Branding = "branding",
        /// Service accounts and API keys.
        ApiKeys = "api_keys",
        /// Webhooks.
        Webhooks = "webhooks",
        /// Export of the audit log.
        AuditExport = "audit_export",
        /// Conditional access.
        Policies = "policies",
        /// Access requests and reviews.
        Governance = "governance",
        /// Roles of one's own.
        CustomRoles = "custom_roles",
        /// Groups.
        Groups = "groups",
        /// Shared signals.
        Ssf = "ssf",
        /// Set-up links.
        SelfServiceSetup = "self_service_setup",
    }
}

/// Features that are said to be on or off; those not named are as elsewhere.
pub type FeatureFlags = BTreeMap<Feature, bool>;

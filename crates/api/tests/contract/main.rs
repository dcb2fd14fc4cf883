//! The contract, as far as it is built: each rule by its name, through the whole app, on SQLite and on PostgreSQL.
//!
//! One binary, so that all tests share one PostgreSQL. A test takes an app of its own; nothing is shared between two.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a member that is missing fails the test")]

mod api_keys;
mod assurance;
mod audit;
mod audit_export;
mod audit_faults;
mod audit_refusals;
mod authorization;
mod codes;
mod conventions;
mod devices;
mod discovery;
mod domains;
mod dynamic_groups;
mod events;
mod factor_recovery;
mod features;
mod federation_switch;
mod flows;
mod groups;
mod growing;
mod home_realm;
mod identities;
mod identity_states;
mod imported_hashes;
mod imports;
mod invitation_acceptance;
mod invitation_registration;
mod invitations;
mod isolation;
mod joining;
mod last_owner;
mod limits;
mod lists;
mod lockout;
mod login;
mod mailed_codes;
mod mailed_links;
mod me;
mod members;
mod my_organizations;
mod organization_flows;
mod organization_pages;
mod organization_rights_pages;
mod organization_scope;
mod organizations;
mod passkeys;
mod passwords;
mod phones;
mod privacy_activity;
mod privacy_deletion;
mod privacy_export;
mod recovery;
mod registration;
mod registration_modes;
mod revocation;
mod roles;
mod seats;
mod second_factors;
mod service_accounts;
mod sessions;
mod settings;
mod step_up;
mod strict;
mod strict_browser;
mod takeover;
mod tenant;
mod texted_factor;
mod tokenize;
mod two_nodes;
mod verification;
mod writes;

//! Service accounts and their API keys (`contract/20` §15).

use std::net::IpAddr;

pub use ipnet::IpNet;

use crate::{
    Timestamp,
    ids::{ApiKeyId, IdentityId, OrganizationId, ServiceAccountId},
    permissions::{Scope, ScopeSet},
    secret_token::SecretHash,
};

/// A service account as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Id.
    pub id: ServiceAccountId,
    /// The organization it belongs to; none for the tenant.
    pub organization_id: Option<OrganizationId>,
    /// Name, 1–256 characters.
    pub name: String,
    /// Description, at most 500 characters.
    pub description: Option<String>,
    /// The human who answers for it.
    pub owner_id: Option<IdentityId>,
    /// When that human left the organization.
    pub owner_lost_at: Option<Timestamp>,
    /// Most that its keys may allow.
    pub scopes: Vec<Scope>,
    /// Whether its keys work.
    pub active: bool,
    /// Whether keys made without naming an account are its own.
    pub is_default: bool,
    /// Last use of one of its keys, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
}

/// An API key as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub service_account_id: ServiceAccountId,
    /// The organization that its account belongs to; none for the tenant.
    pub organization_id: Option<OrganizationId>,
    /// SHA-256 of the key.
    pub hash: SecretHash,
    /// Type prefix and first four characters.
    pub prefix: String,
    /// Name, 1–100 characters.
    pub name: String,
    /// What it allows; all that the account may when empty.
    pub scopes: Vec<Scope>,
    /// What its account may.
    pub account_scopes: Vec<Scope>,
    /// Whether its account's keys work.
    pub account_active: bool,
    /// Networks that it may be used from; any when empty.
    pub allowed_cidrs: Vec<IpNet>,
    /// End.
    pub expire_time: Option<Timestamp>,
    /// The key that took its place; it ends itself when its grace is over.
    pub replaced_by: Option<ApiKeyId>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Address of the last use.
    pub last_used_ip: Option<String>,
    /// Creation.
    pub create_time: Timestamp,
    /// Set once: revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it works at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.account_active && self.revoked_at.is_none() && !self.has_expired(now)
    }

    /// Whether its end has come.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expire_time.is_some_and(|end| end <= now)
    }

    /// What it allows: never more than its account may by now.
    pub fn effective_scopes(&self) -> ScopeSet {
        let account: ScopeSet = self.account_scopes.iter().copied().collect();
        let own: ScopeSet = self.scopes.iter().copied().collect();
        // A key without scopes of its own has its account's; one whose scopes its account lost has none.
        if self.scopes.is_empty() { account } else { own.intersection(account) }
    }
}

/// The network that a text names, as in `192.0.2.0/24`; one address is a network of its own.
pub fn parse_network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse::<IpNet>().ok()?,
    };
    Some(network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_read_with_or_without_a_length_and_loses_its_host_part() {
        for (text, network) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            (" 192.0.2.7/24 ", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(parse_network(text).map(|network| network.to_string()).as_deref(), Some(network));
        }
        for text in ["", "192.0.2.0/33", "192.0.2", "acme.example", "192.0.2.0/-1", "192.0.2.0/24/24"] {
            assert_eq!(parse_network(text), None, "{text}");
        }
    }

    fn key(own: &[Scope], of_account: &[Scope]) -> ApiKey {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        ApiKey {
            id: ApiKeyId::new(now, [1; 10]),
            service_account_id: ServiceAccountId::new(now, [2; 10]),
            organization_id: None,
            hash: [0; 32],
            prefix: String::new(),
            name: String::new(),
            scopes: own.to_vec(),
            account_scopes: of_account.to_vec(),
            account_active: true,
            allowed_cidrs: Vec::new(),
            expire_time: None,
            replaced_by: None,
            last_used_at: None,
            last_used_ip: None,
            create_time: now,
            revoked_at: None,
        }
    }

    #[test]
    fn a_key_allows_what_it_and_its_account_do() {
        let (read, write) = (Scope::MembersRead, Scope::MembersWrite);
        let effective = |own: &[Scope], of_account: &[Scope]| {
            key(own, of_account).effective_scopes().iter().collect::<Vec<_>>()
        };
        assert_eq!(effective(&[], &[read, write]), [read, write]);
        assert_eq!(effective(&[read], &[read, write]), [read]);
        assert_eq!(effective(&[read, write], &[read]), [read]);
        // What is left of nothing is not everything.
        assert_eq!(effective(&[write], &[read]), []);
    }
}

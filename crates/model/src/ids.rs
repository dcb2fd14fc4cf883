//! Ids of every resource: TypeIDs over UUIDv7 (`contract/00` §4).

use std::{fmt, str::FromStr};

use avnology_aip::typeid;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Timestamp;

/// A text that is no id, or the id of another kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for NotAnId {}

/// The 128 bits of a UUIDv7 (RFC 9562 §5.7) from a time and 74 random bits.
fn uuid_v7(now: Timestamp, random: [u8; 10]) -> [u8; 16] {
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into_bytes()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The prefix of this kind of id, without the `_`.
            pub const PREFIX: &'static str = $prefix;

            /// A new id that sorts by `now`, from 74 bits of `random`.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(now, random))
            }

            /// The id with these 128 bits; for values that are derived, such as the id of what an event made.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 128 bits.
            pub const fn bytes(self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&typeid::encode($prefix, &self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match typeid::decode(text) {
                    Some((prefix, bytes)) if prefix == $prefix => Ok(Self(bytes)),
                    _ => Err(NotAnId),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An identity: one human.
    IdentityId = "usr";
    /// A session: one sign-in on one device.
    SessionId = "ses";
    /// A credential: a password, a passkey, a second factor.
    CredentialId = "cred";
    /// A device: a browser or an application installation.
    DeviceId = "dev";
    /// A flow: one sign-in, registration, recovery, verification or settings dialogue.
    FlowId = "flw";
    /// An organization.
    OrganizationId = "org";
    /// An event of the log.
    EventId = "evt";
    /// A message: mail or text, waiting, sent or captured.
    MessageId = "msg";
    /// A service account.
    ServiceAccountId = "sa";
    /// An API key.
    ApiKeyId = "key";
    /// An OAuth client; its `client_id`.
    ClientId = "cli";
    /// A resource that tokens are for.
    ResourceId = "res";
    /// What a person granted to a client in one sign-in; inside the house only.
    GrantId = "ogr";
    /// What a person agreed to for a client.
    ConsentId = "con";
    /// A request to delete an identity.
    DeletionId = "del";
    /// A request to remove the second factors that somebody has lost.
    FactorRecoveryId = "frc";
    /// A copy of all that is held about a person.
    PrivacyExportId = "pex";
    /// An import of identities.
    ImportId = "imp";
    /// A membership: one identity in one organization.
    MembershipId = "mem";
    /// An invitation into an organization.
    InvitationId = "inv";
    /// A domain that an organization holds.
    DomainId = "dom";
    /// A group of members.
    GroupId = "grp";
    /// A custom role of an organization.
    RoleId = "rol";
    /// A record of an audit log.
    AuditId = "aud";
    /// An export of an audit log.
    ExportId = "exp";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_keeps_its_kind() {
        let id = IdentityId::new(Timestamp::from_micros(1_772_442_000_000_000), [7; 10]);
        let text = id.to_string();
        assert!(text.starts_with("usr_") && text.len() == 30, "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.parse::<SessionId>(), Err(NotAnId));
        assert_eq!(text.to_uppercase().parse::<IdentityId>(), Err(NotAnId));
    }

    #[test]
    fn ids_sort_by_time() {
        let early = SessionId::new(Timestamp::from_micros(1_000_000), [255; 10]);
        let late = SessionId::new(Timestamp::from_micros(2_000_000), [0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
    }
}

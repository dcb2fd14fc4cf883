//! Every page and mail in every state, filled with made-up people: for tests, and to be looked at.

mod access;
mod account;
mod accounts;
mod audit;
mod clients;
mod entrance;
mod flows;
mod mails;
mod nodes;
mod organizations;
mod other;
mod privacy;
mod rights;
mod texts;

use avnology_model::{Timestamp, ids::IdentityId};

use crate::{Brand, Context, Person, flows::Origin, mail::Mail};

/// What the samples are about.
pub(crate) struct World {
    brand: Brand,
    now: Timestamp,
    jane: Person,
    origin: Origin,
}

impl World {
    fn new() -> Self {
        let now = Timestamp::from_micros(1_795_338_300_000_000);
        Self {
            brand: Brand {
                support_email: Some("help@id.example.com".to_owned()),
                privacy_url: Some("https://example.com/privacy".to_owned()),
                terms_url: Some("https://example.com/terms".to_owned()),
                ..Brand::named("Avnology ID")
            },
            now,
            jane: Person {
                id: IdentityId::new(now, [42; 10]),
                name: "Jane Doe".to_owned(),
                email: Some("jane@example.com".to_owned()),
                avatar_url: None,
            },
            origin: Origin {
                device: Some("Firefox on Linux".to_owned()),
                place: Some("near Leeds, GB".to_owned()),
                at: now.plus_seconds(-130),
            },
        }
    }

    fn cx(&self) -> Context<'_> {
        Context::english(&self.brand, self.now)
    }
}

/// Every page, by a name that says which page and state.
pub fn pages() -> Vec<(String, String)> {
    let world = World::new();
    let groups = [
        flows::pages(&world),
        account::pages(&world),
        texts::pages(&world),
        privacy::pages(&world),
        other::pages(&world),
        entrance::pages(&world),
        organizations::pages(&world),
        access::pages(&world),
        audit::pages(&world),
        accounts::pages(&world),
        clients::pages(&world),
    ];
    groups.into_iter().flatten().map(|(name, html)| (name.to_owned(), html)).collect()
}

/// The pages of people who have nothing to do with organizations.
#[cfg(test)]
pub(crate) fn personal_pages() -> Vec<(String, String)> {
    let world = World::new();
    let groups = [flows::pages(&world), account::pages(&world), texts::pages(&world), other::pages(&world)];
    groups.into_iter().flatten().map(|(name, html)| (name.to_owned(), html)).collect()
}

/// Every mail, by name.
pub fn mails() -> Vec<(String, Mail)> {
    let world = World::new();
    let all = [mails::mails(&world), mails::of_organizations(&world)];
    all.into_iter().flatten().map(|(name, mail)| (name.to_owned(), mail)).collect()
}

/// The mails of people who have nothing to do with organizations.
#[cfg(test)]
pub(crate) fn personal_mails() -> Vec<(String, Mail)> {
    let world = World::new();
    mails::mails(&world).into_iter().map(|(name, mail)| (name.to_owned(), mail)).collect()
}

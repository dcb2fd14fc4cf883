//! A client beside the brand, and the links to what it says of itself.

use avnology_model::clients::ClientAbout;

use crate::{Link, flows::card::Card};

/// A client's name and picture, beside the brand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientMark {
    pub(crate) name: String,
    pub(crate) logo_url: Option<String>,
}

impl ClientMark {
    pub(super) fn of(client: &ClientAbout) -> Self {
        Self { name: client.name.clone(), logo_url: client.logo_uri.clone() }
    }
}

/// Puts a client's mark on a page that asks about it, and after everything else the links to what it says of itself.
pub(super) fn put(card: &mut Card<'_>, client: &ClientAbout) {
    card.client = Some(ClientMark::of(client));
    let about = [
        ("About it", &client.client_uri),
        ("How it handles data", &client.policy_uri),
        ("Its terms", &client.tos_uri),
    ];
    card.links.extend(about.into_iter().filter_map(|(words, url)| Some(Link::new(words, url.as_deref()?))));
}

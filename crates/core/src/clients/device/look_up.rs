//! What a device asks for, as its person is told.

use std::sync::Arc;

use avnology_model::{
    Result, Timestamp,
    clients::{ClientAbout, DeviceCode, OrganizationSelection},
    ids::OrganizationId,
    sessions::Agent,
};

use super::{
    super::{
        LiveClient,
        authorize::{AskedScope, Offer, candidates, described},
        cache,
    },
    Typed, typed,
};
use crate::{
    Cx, Tenant,
    organizations::{self, check_state},
    sessions::LiveSession,
};

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAsked {
    /// The code that it shows.
    pub user_code: String,
    /// The client.
    pub client: ClientAbout,
    /// The address that it asked from.
    pub address: Option<String>,
    /// What kind of program asked.
    pub program: String,
    /// When it asked.
    pub asked_at: Timestamp,
    /// The scopes.
    pub scopes: Vec<AskedScope>,
    /// What the resources are called.
    pub resources: Vec<String>,
    /// Where the tokens will be for.
    pub place: Place,
}

/// Where tokens of a device are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// For no organization.
    Personal,
    /// For this one, as the device said.
    Fixed(Offer),
    /// For this one, as the device said; the person joins it.
    Join {
        /// Its name.
        name: String,
        /// Its name in URLs.
        slug: String,
    },
    /// As the person says.
    Choice {
        /// Their own.
        offers: Vec<Offer>,
        /// Whether none can be chosen.
        has_personal: bool,
        /// The one that they are at work for.
        active: Option<OrganizationId>,
    },
    /// For none that there is: the client wants one, and the person has none.
    Missing,
}

/// What came of a code that somebody entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The device asks for this.
    Asked(Box<DeviceAsked>),
    /// It waits no more.
    Over,
    /// There is no such code.
    Wrong,
    /// Too many wrong ones; seconds to wait.
    TooMany(u32),
}

/// What the device asks for whose code somebody entered.
pub async fn look_up(app: &Arc<Tenant>, cx: &Cx, live: &Arc<LiveSession>, text: &str) -> Result<Entered> {
    let code = match typed(app, cx, live, text).await? {
        Typed::Waiting(code) => code,
        Typed::Over => return Ok(Entered::Over),
        Typed::Wrong => return Ok(Entered::Wrong),
        Typed::TooMany(seconds) => return Ok(Entered::TooMany(seconds)),
    };
    let Some(client) = cache::find(app, cx, code.client_id).await?.filter(|client| client.is_active()) else {
        return Ok(Entered::Over);
    };
    let place = place(app, cx, &client, live, &code).await?;
    Ok(Entered::Asked(Box::new(told(app, cx, &client, *code, place).await?)))
}

async fn told(
    app: &Tenant,
    cx: &Cx,
    client: &LiveClient,
    code: DeviceCode,
    place: Place,
) -> Result<DeviceAsked> {
    let known = cache::all_resources(app, cx).await?;
    let settings = &client.client.settings;
    let scope = |name: &String| AskedScope {
        name: name.clone(),
        description: described(name, &known),
        is_optional: name != "openid" && !settings.first_party,
    };
    let named = |identifier: &String| {
        let resource = known.iter().find(|resource| resource.settings.identifier == *identifier)?;
        Some(resource.settings.name.clone())
    };
    let (first, second) = code.user_code.split_at_checked(4).unwrap_or_default();
    Ok(DeviceAsked {
        user_code: format!("{first}-{second}"),
        client: settings.into(),
        address: code.ip,
        asked_at: code.create_time,
        program: Agent::parse(&code.user_agent).name(),
        scopes: code.scopes.iter().map(scope).collect(),
        resources: code.resources.iter().filter_map(named).collect(),
        place,
    })
}

/// Where the tokens will be for (`contract/30` §7).
pub(super) async fn place(
    app: &Arc<Tenant>,
    cx: &Cx,
    client: &LiveClient,
    live: &LiveSession,
    code: &DeviceCode,
) -> Result<Place> {
    let selection = client.client.settings.organization_selection;
    if selection == OrganizationSelection::None {
        return Ok(Place::Personal);
    }
    let own = candidates(app, cx, client, live.identity.id).await?;
    let mut offers: Vec<Offer> = own.into_iter().map(Offer::from).collect();
    if let Some(named) = code.organization {
        if let Some(at) = offers.iter().position(|offer| offer.id == named) {
            return Ok(Place::Fixed(offers.swap_remove(at)));
        }
        let found = organizations::find(app, cx, named).await?;
        let found = found.filter(|found| check_state(found.organization.state).is_ok());
        return Ok(found.map_or(Place::Missing, |found| Place::Join {
            name: found.organization.name.clone(),
            slug: found.organization.slug.to_string(),
        }));
    }
    let has_personal = selection == OrganizationSelection::Optional;
    if offers.is_empty() {
        return Ok(if has_personal { Place::Personal } else { Place::Missing });
    }
    let active = live.session.organization_id.filter(|id| offers.iter().any(|offer| offer.id == *id));
    Ok(Place::Choice { offers, has_personal, active })
}

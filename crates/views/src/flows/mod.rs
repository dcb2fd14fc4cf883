//! Sign-in, sign-up, recovery and verification pages: one card with one task (`contract/95` §2).
//!
//! `forms` turns the nodes of any flow into forms, `card` is the page; the other files say, for each page and state,
//! what its heading, sentences and links are. What a submit does lives in `core::flows`.

pub(crate) mod card;
pub(crate) mod forms;
mod organization;
mod recovery;
mod recovery_link;
mod sign_in;
mod sign_in_link;
mod sign_up;
mod verify;

use avnology_model::{Timestamp, flows::FlowView};

pub use organization::{AtDoor, Door, TurnedAway};
pub use recovery::{Recovery, RecoveryDone};
pub use recovery_link::RecoveryLink;
pub(crate) use sign_in::{ADD_PHONE, ENROLL_WORDS, ENTER_TEXTED};
pub use sign_in::{SignIn, SignedInAlready};
pub use sign_in_link::{LinkUsed, SignInLink};
pub use sign_up::{SignUp, SignUpClosed, SignUpDone};
pub use verify::{UndoChange, Undone, Verify, VerifyDenied, VerifyLink, VerifyLinkUsed};

use crate::{
    Context, Link,
    clients::ClientMark,
    flows::card::Card,
    organizations::Home,
    parts::{Icon, Sentence},
};

/// How long a code or link works, in words (`contract/11` §§4.2, 4.3).
pub(crate) const LIFE: &str = "10 minutes";

/// Where and when something was asked for or done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Browser and system, as in "Firefox on Linux".
    pub device: Option<String>,
    /// Where, as in "near Leeds, GB", or the network address.
    pub place: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Origin {
    pub(crate) fn facts(&self, now: Timestamp) -> Vec<crate::parts::Fact> {
        self.facts_of("Browser", now)
    }

    /// The same with another word for what asked.
    pub(crate) fn facts_of(&self, asker: &'static str, now: Timestamp) -> Vec<crate::parts::Fact> {
        let text =
            |term, value: &Option<String>| value.clone().map(|value| crate::parts::Fact::text(term, value));
        let time = crate::parts::Fact::time("Time", crate::when::When::new(self.at, now));
        [text(asker, &self.device), text("Place", &self.place), Some(time)].into_iter().flatten().collect()
    }
}

/// The organization that a flow is about.
pub(crate) fn home(flow: &FlowView) -> Option<Home> {
    let card = flow.organization.as_ref()?;
    let text = |name: &str| card.get(name)?.as_str();
    Some(Home {
        id: text("id")?.parse().ok()?,
        name: text("name")?.to_owned(),
        slug: text("slug")?.to_owned(),
    })
}

/// Names the client that a flow leads to, beside the brand.
pub(crate) fn put_client(flow: &FlowView, card: &mut Card<'_>) {
    let Some(name) = of_client(flow, "name") else { return };
    let logo_url = of_client(flow, "logo_url").map(str::to_owned);
    card.client = Some(ClientMark { name: name.to_owned(), logo_url });
}

/// Says on the first page of a flow which client it leads to, and where to read about it (`contract/95` §1).
pub(crate) fn say_client(flow: &FlowView, card: &mut Card<'_>) {
    let Some(name) = of_client(flow, "name") else { return };
    card.lead.push(Sentence::with("to go on to ", name, ""));
    if let Some(host) = of_client(flow, "redirect_host") {
        card.lead.push(Sentence::with("It registered itself, and you go back to ", host, "."));
    }
    let about =
        [("policy_url", format!("How {name} handles data")), ("terms_url", format!("Terms of {name}"))];
    let link = |(member, words): (&str, String)| Some(Link::new(words, of_client(flow, member)?));
    card.links.extend(about.into_iter().filter_map(link));
}

fn of_client<'f>(flow: &'f FlowView, member: &str) -> Option<&'f str> {
    flow.client.as_ref()?.get(member)?.as_str()
}

/// Which page a flow is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowPage {
    /// `/sign-in`.
    SignIn,
    /// `/sign-up`.
    SignUp,
    /// `/recovery`.
    Recovery,
    /// `/verify`.
    Verify,
}

impl FlowPage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignUp => "sign-up",
            Self::Recovery => "recovery",
            Self::Verify => "verify",
        }
    }
}

/// A flow that is over: too old, finished, or begun in another browser.
#[derive(Clone, Copy, Debug)]
pub struct FlowExpired<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Which page.
    pub page: FlowPage,
    /// Starts a new flow.
    pub new_flow_url: &'a str,
}

impl FlowExpired<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (what, again) = match self.page {
            FlowPage::SignIn => ("This sign-in has expired", "Sign in again"),
            FlowPage::SignUp => ("This sign-up has expired", "Start again"),
            FlowPage::Recovery => ("This recovery has expired", "Start again"),
            FlowPage::Verify => ("This verification has expired", "Start again"),
        };
        let mut card = Card::new(self.cx, self.page.name(), "flow_expired", what);
        card.icon = Some(Icon::Clock);
        card.lead.push(Sentence::plain(
            "It was open for too long, or is finished already. Nothing was changed, and your account is safe.",
        ));
        card.go = Some(Link::new(again, self.new_flow_url));
        card.render()
    }
}

//! `/sign-in`.

use avnology_model::{
    Timestamp,
    flows::{FlowKind, FlowState, FlowView, Group, MessageId},
};

use super::{
    FlowPage, LIFE,
    card::Card,
    forms::{self, Forms},
};
use crate::{
    Context, Link,
    organizations::Home,
    parts::{Button, Form, Hidden, Icon, Sentence, Style},
    when::When,
};

/// A login flow.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The flow, of kind `login`.
    pub flow: &'a FlowView,
    /// Where accounts are made; none when registration is closed.
    pub sign_up_url: Option<&'a str>,
    /// Where people go who cannot sign in; none when recovery is off.
    pub recovery_url: Option<&'a str>,
    /// Whether everybody signs in to an organization, so that the address has to lead to one.
    pub needs_home: bool,
    /// When another code or link can be asked for.
    pub resend_at: Option<Timestamp>,
}

impl SignIn<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut forms = forms::of_flow(self.flow);
        let has_message = |id: MessageId| self.flow.ui.messages.iter().any(|m| m.id == id.id());
        let mut card = match self.flow.state {
            FlowState::SentEmail => self.sent(),
            FlowState::SentSms => self.sent_sms(),
            FlowState::VerifyAddress => self.verify_address(),
            FlowState::CompleteProfile => self.complete_profile(&forms),
            FlowState::ChooseOrganization => self.choose_organization(&mut forms),
            FlowState::SecondFactor => self.second_factor(&forms),
            FlowState::EnrollFactor => self.enroll_factor(),
            FlowState::Passed if has_message(MessageId::SignedInElsewhere) => {
                return self.signed_in_elsewhere();
            }
            _ => self.choose_method(&forms),
        };
        if let (Some(url), Some(main)) = (self.recovery_url, &mut forms.main)
            && self.flow.state == FlowState::ChooseMethod
            && forms.leading == Some(Group::Password)
        {
            main.aside = Some(Link::new("Forgot your password?", url));
        }
        card.home = super::home(self.flow);
        super::put_client(self.flow, &mut card);
        show(&mut card, forms, self.resend_at);
        card.render()
    }

    /// The organization that this sign-in leads to alone.
    fn only_home(&self) -> Option<Home> {
        super::home(self.flow).filter(|_| !self.flow.organization_id.is_empty())
    }

    /// Whether to join; nobody joins unasked.
    fn choose_organization(&self, forms: &mut Forms) -> Card<'_> {
        let Some(home) = super::home(self.flow) else { return self.card("Choose an organization") };
        let mut card = self.card(&format!("Join {}?", home.name));
        card.lead.push(Sentence::plain(format!(
            "You will join {}. Its owners and admins see your name and address, and you can leave at any time.",
            home.name
        )));
        if let Some(known_as) = self.flow.identifier.as_deref() {
            card.lead.push(Sentence::with("You sign in as ", known_as, "."));
        }
        if let Some(main) = &mut forms.main {
            let mut decline = main.clone();
            decline.id = None;
            decline.hidden.retain(|hidden| hidden.name == "csrf_token");
            decline.hidden.iter_mut().for_each(|hidden| hidden.has_id = false);
            decline.hidden.push(Hidden::new("method", "organization"));
            decline.buttons = vec![Button {
                sends: Some(("organization_id".to_owned(), String::new())),
                ..Button::new("Do not join", Style::Secondary)
            }];
            for button in &mut main.buttons {
                button.label = format!("Join {}", home.name);
            }
            forms.others.push(decline);
        }
        card
    }

    fn card(&self, heading: &str) -> Card<'_> {
        Card::new(self.cx, FlowPage::SignIn.name(), self.flow.state.as_str(), heading)
    }

    fn choose_method(&self, forms: &Forms) -> Card<'_> {
        let mut card = if self.flow.refresh {
            let mut card = self.card("Confirm it is you");
            card.lead
                .push(Sentence::plain("Sign in once more to go on. This keeps others out of your settings."));
            card
        } else {
            match (forms.leading, &self.flow.identifier) {
                (Some(Group::Password), Some(_)) => self.card("Enter your password"),
                (_, Some(_)) => self.card("Choose how to sign in"),
                _ => match self.only_home() {
                    Some(home) => self.card(&format!("Sign in to {}", home.name)),
                    None => self.card("Sign in"),
                },
            }
        };
        self.say_where(&mut card);
        if self.flow.identifier.is_none() && !self.flow.refresh {
            super::say_client(self.flow, &mut card);
        }
        if let Some(url) = self.sign_up_url
            && self.flow.identifier.is_none()
            && !self.flow.refresh
        {
            card.prompt = Some(("New here?", Link::new("Create an account", url)));
        }
        card
    }

    /// Where the sign-in leads, as far as the address alone tells.
    fn say_where(&self, card: &mut Card<'_>) {
        let domain = self.flow.identifier.as_deref().and_then(|address| address.rsplit_once('@'));
        match (super::home(self.flow), domain) {
            // A client of one organization leads there from wherever somebody is.
            (Some(home), Some((_, domain))) if self.only_home().is_none() && self.flow.client.is_none() => card.lead.push(Sentence::with(
                "Addresses at ",
                domain,
                &format!(" sign in to {}.", home.name),
            )),
            (Some(home), _) if self.flow.identifier.is_some() => {
                card.lead.push(Sentence::with("This signs you in to ", &home.name, "."));
            }
            (None, _) if self.needs_home && self.flow.identifier.is_none() => card.lead.push(Sentence::plain(
                "Use your address at your organization. If it leads nowhere, open the sign-in page that your \
                 organization gave you.",
            )),
            _ => {}
        }
    }

    fn sent(&self) -> Card<'_> {
        let mut card = self.card("Check your e-mail");
        card.icon = Some(Icon::Mail);
        card.lead.push(sent_words(self.flow));
        card
    }

    fn sent_sms(&self) -> Card<'_> {
        let mut card = self.card("Check your phone");
        card.icon = Some(Icon::Phone);
        card.lead.push(texted_words(self.flow));
        card
    }

    fn verify_address(&self) -> Card<'_> {
        let mut card = self.card("Verify your e-mail");
        card.icon = Some(Icon::Mail);
        card.lead.push(code_words(self.flow));
        card
    }

    fn complete_profile(&self, forms: &Forms) -> Card<'_> {
        if forms.leading == Some(Group::Password) {
            let mut card = self.card("Choose a new password");
            card.lead.push(Sentence::plain("Your old one has to be replaced before you go on."));
            return card;
        }
        let mut card = self.card("Complete your profile");
        card.lead.push(Sentence::plain("A few details are missing before you go on."));
        card
    }

    fn second_factor(&self, forms: &Forms) -> Card<'_> {
        let mut card = self.card("Confirm it is you");
        card.lead.push(Sentence::plain(second_factor_words(self.flow, forms.leading)));
        if let Some(url) = self.recovery_url {
            card.links.push(Link::new("I have lost these", url));
        }
        card
    }

    fn enroll_factor(&self) -> Card<'_> {
        let mut card = self.card("Set up a second factor");
        card.lead.push(Sentence::plain("You need one to go on."));
        card.lead.extend(enroll_words(self.flow));
        card
    }

    fn signed_in_elsewhere(&self) -> String {
        let mut card = self.card("You signed in on another device");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::plain(
            "The link was opened there, so you are signed in there and not here. You can close this page.",
        ));
        card.render()
    }
}

/// How an authenticator app is set up.
pub(crate) const ENROLL_WORDS: &str = "Scan the picture with your authenticator app, or type the key below into it. Then enter the \
                                       six-digit code that it shows.";

/// What to do to set a second factor up.
pub(super) fn enroll_words(flow: &FlowView) -> Vec<Sentence> {
    let has = |group: Group, name: &str| flow.ui.nodes.iter().any(|n| n.group == group && n.name() == name);
    let words = match (has(Group::Totp, "totp_code"), has(Group::Sms, "code"), has(Group::Sms, "phone")) {
        (true, _, false) => vec![ENROLL_WORDS],
        (true, _, true) => {
            vec![ENROLL_WORDS, "Or have codes texted to your phone: enter its number at the end."]
        }
        (_, true, _) => vec![ENTER_TEXTED],
        (_, _, true) => vec![ADD_PHONE],
        _ => vec!["Make a passkey: it asks for your fingerprint, face or PIN."],
    };
    words.into_iter().map(Sentence::plain).collect()
}

/// How a phone is set up.
pub(crate) const ADD_PHONE: &str =
    "Enter the number of your phone. We text it a code now, and one whenever you sign in.";
/// What to enter once a code was texted.
pub(crate) const ENTER_TEXTED: &str = "Enter the six-digit code that we have texted to your phone.";

/// What to enter as second factor.
pub(super) fn second_factor_words(flow: &FlowView, leading: Option<Group>) -> &'static str {
    let has = |group: Group| flow.ui.nodes.iter().any(|n| n.group == group);
    match leading {
        Some(Group::Code) => ENTER_TEXTED,
        Some(Group::RecoveryCode) if !has(Group::Passkey) => "Enter one of your backup codes.",
        None if has(Group::Code) => "We can text a code to your phone.",
        None if !has(Group::Passkey) => {
            "A code to your phone has let you in, so it cannot be the second step, and there is no other one. Ask your \
             administrator to reset your second steps."
        }
        Some(Group::RecoveryCode) => "Use your passkey, or enter one of your backup codes.",
        None => "Use your passkey.",
        _ => "Enter the six-digit code that your authenticator app shows.",
    }
}

/// "We have sent …": equal for known and unknown accounts.
pub(super) fn sent_words(flow: &FlowView) -> Sentence {
    let what = if flow.active == "link" { "a link" } else { "a six-digit code" };
    let address = flow.identifier.as_deref().unwrap_or("this address");
    Sentence::with(
        "If there is an account for ",
        address,
        &format!(", we have sent {what} to it. It works for {LIFE}."),
    )
}

/// The same for a text message. The number is named where it was entered; whose phone an address leads to is not told.
pub(super) fn texted_words(flow: &FlowView) -> Sentence {
    let entered = flow.identifier.as_deref().unwrap_or("this account");
    let after = format!(", we have texted a six-digit code. It works for {LIFE}.");
    if entered.starts_with('+') {
        Sentence::with("If there is an account with the phone ", entered, &after)
    } else {
        Sentence::with("If there is an account with a phone for ", entered, &after)
    }
}

/// "Enter the code …", where the person knows that there is an account.
pub(super) fn code_words(flow: &FlowView) -> Sentence {
    match flow.identifier.as_deref() {
        Some(address) => Sentence::with(
            "Enter the six-digit code that we have sent to ",
            address,
            &format!(". It works for {LIFE}."),
        ),
        None => Sentence::plain(format!(
            "Enter the six-digit code that we have mailed to you. It works for {LIFE}."
        )),
    }
}

/// Puts the forms of a flow on its card.
pub(super) fn show(card: &mut Card<'_>, forms: Forms, resend_at: Option<Timestamp>) {
    let works_from = resend_at.filter(|at| *at > card.cx.now).map(|at| When::new(at, card.cx.now));
    let sends_again =
        |form: &Form| form.buttons.iter().any(|b| b.sends.as_ref().is_some_and(|(name, _)| name == "resend"));
    card.pictures = forms.pictures;
    card.secrets = forms.secrets;
    card.passkey = forms.passkey;
    card.main = forms.main;
    card.others = forms.others;
    for form in card.main.iter_mut().chain(&mut card.others).filter(|form| sends_again(form)) {
        form.works_from = works_from;
    }
    card.links.extend(forms.links);
    card.errors = forms.errors;
    card.notices.extend(forms.notices);
}

/// Someone who is signed in opens the sign-in page.
#[derive(Clone, Copy, Debug)]
pub struct SignedInAlready<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Who.
    pub person: &'a crate::Person,
    /// Where to go on.
    pub continue_url: &'a str,
    /// Signs in as someone else (a login flow with `refresh`, or the sign-out page).
    pub other_account_url: &'a str,
}

impl SignedInAlready<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::SignIn.name(), "signed_in_already", "You are signed in");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::with("You are signed in as ", self.person.known_as(), "."));
        card.go = Some(Link::new("Continue", self.continue_url));
        card.links.push(Link::new("Use another account", self.other_account_url));
        card.render()
    }
}

/// Whether this is the settings flow that recovery goes on with.
pub(super) fn is_settings(flow: &FlowView) -> bool {
    flow.kind == FlowKind::Settings
}

//! `/account/profile`: the profile section of a settings flow.

use askama::Template;
use avnology_model::flows::{FlowView, Group};

use crate::{
    Context, Link, Notice, Person,
    flows::forms,
    layout::Section,
    parts::{ErrorSummary, Form, html},
};

/// The profile of a person.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// The flow, of kind `settings`; its `profile` nodes are shown.
    pub flow: &'a FlowView,
    /// What was just done, besides what the flow says.
    pub notice: Option<&'a Notice>,
    /// An address that takes effect once proven.
    pub pending_email: Option<&'a str>,
    /// Where it is proven.
    pub verify_url: &'a str,
    /// A login flow to go through before e-mail, phone or username can change; set after such a change was refused.
    pub step_up_url: Option<&'a str>,
}

impl Profile<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let forms = forms::of_section(self.flow, Group::Profile);
        html(&Document {
            cx: self.cx,
            page: "account-profile",
            state: if self.step_up_url.is_some() { "step_up" } else { self.flow.state.as_str() },
            title: "Profile",
            person: self.person,
            section: Section::Profile,
            notice: self.notice,
            notices: forms.notices,
            errors: forms.errors,
            pending_email: self.pending_email,
            verify_url: self.verify_url,
            step_up: self.step_up_url.map(|url| Link::new("Confirm it is you", url)),
            form: forms.main,
        })
    }
}

#[derive(Template)]
#[template(path = "account/profile.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'a str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    notices: Vec<Notice>,
    errors: Option<ErrorSummary>,
    pending_email: Option<&'a str>,
    verify_url: &'a str,
    step_up: Option<Link>,
    form: Option<Form>,
}

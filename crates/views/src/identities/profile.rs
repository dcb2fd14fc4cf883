//! `/account/profile`: the profile section of a settings flow.

use askama::Template;
use avnology_model::{
    Code,
    flows::{FlowView, Group, Message, MessageId},
};

use crate::{
    Context, Link, Notice, Person,
    flows::forms,
    layout::Section,
    parts::{ErrorSummary, Form, html},
};

/// Why an uploaded picture was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureError {
    /// No file was chosen.
    Missing,
    /// The file is above the limit.
    TooLarge,
    /// The file is no picture of a known kind.
    WrongType,
}

impl PictureError {
    fn message(self) -> Message {
        let (code, text) = match self {
            Self::Missing => return MessageId::Required.into(),
            Self::TooLarge => (Code::PayloadTooLarge, "This picture is larger than 2 MiB"),
            Self::WrongType => (Code::UnsupportedMediaType, "This file is not a PNG, JPEG or WebP picture"),
        };
        Message { id: code.text().to_owned(), text: text.to_owned(), ..MessageId::Invalid.into() }
    }
}

/// The forms for a person's picture, which are no part of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Where a new one is posted, as `multipart/form-data` with the fields `csrf_token` and `file`.
    pub action: &'a str,
    /// Where its removal is posted.
    pub remove_action: &'a str,
    /// Form token of both.
    pub csrf_token: &'a str,
    /// Why the last one was refused.
    pub error: Option<PictureError>,
}

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
    /// A number that is not proven, or takes effect once it is.
    pub unproven_phone: Option<&'a str>,
    /// Where the address is proven.
    pub verify_url: &'a str,
    /// Where the number is proven.
    pub verify_phone_url: &'a str,
    /// A login flow to go through before e-mail, phone or username can change; set after such a change was refused.
    pub step_up_url: Option<&'a str>,
    /// The forms for the picture.
    pub picture: Picture<'a>,
}

impl Profile<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let forms = forms::of_section(self.flow, Group::Profile);
        let picture_error = self.picture.error.map(PictureError::message);
        let mut errors = forms.errors;
        if let Some(message) = &picture_error {
            errors.get_or_insert_default().add_field("file", "Picture", message);
        }
        html(&Document {
            cx: self.cx,
            page: "account-profile",
            state: if self.step_up_url.is_some() { "step_up" } else { self.flow.state.as_str() },
            title: "Profile",
            person: self.person,
            section: Section::Profile,
            notice: self.notice,
            notices: forms.notices,
            errors,
            pending_email: self.pending_email,
            unproven_phone: self.unproven_phone,
            verify_url: self.verify_url,
            verify_phone_url: self.verify_phone_url,
            step_up: self.step_up_url.map(|url| Link::new("Confirm it is you", url)),
            form: forms.main,
            picture: self.picture,
            picture_error: picture_error.as_ref(),
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
    unproven_phone: Option<&'a str>,
    verify_url: &'a str,
    verify_phone_url: &'a str,
    step_up: Option<Link>,
    form: Option<Form>,
    picture: Picture<'a>,
    picture_error: Option<&'a Message>,
}

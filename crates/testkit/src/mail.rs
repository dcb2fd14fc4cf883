//! Mail as a test reads it: from the outbox of the test environment, or from the transport of a live tenant.

use std::sync::{Arc, Mutex, PoisonError};

use avnology_core::{
    events::{MailConsumer, deliver_due},
    ports::{Letter, MailTransport, PortFuture},
};
use avnology_model::{ids::MessageId, platform::Environment};

use crate::TestApp;

/// A message that somebody received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Address.
    pub to: String,
    /// `verification`, `recovery`, …; empty in a live tenant.
    pub kind: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// The code in it; empty when there is none.
    pub code: String,
    /// The link in it; empty when there is none.
    pub link: String,
}

impl Mail {
    /// A parameter of the link.
    pub fn link_parameter(&self, name: &str) -> String {
        let url = url::Url::parse(&self.link).expect("a link");
        let found = url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        found.unwrap_or_else(|| panic!("no {name} in {}", self.link))
    }
}

/// Takes the mail of a live tenant, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<Mutex<Vec<(String, Letter)>>>);

impl Mailbox {
    fn all(&self) -> Vec<(String, Letter)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl MailTransport for Mailbox {
    fn send<'a>(&'a self, to: &'a str, letter: &'a Letter) -> PortFuture<'a, ()> {
        Box::pin(async move {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((to.to_owned(), letter.clone()));
            Ok(())
        })
    }

    fn check(&self) -> PortFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl TestApp {
    /// Runs the jobs until nothing is left to do: every message that was asked for is in the outbox, or sent, and times
    /// of use are written.
    pub async fn settle(&self) {
        avnology_core::sessions::flush_uses(self.tenant()).await.expect("times of use are written");
        avnology_core::service_accounts::flush_uses(self.tenant()).await.expect("times of use are written");
        let consumer = Arc::new(MailConsumer { environment: self.tenant().config.environment });
        self.follow_to_end(&consumer).await;
        deliver_due(self.tenant()).await.expect("mail is delivered");
    }

    /// What an address received, oldest first.
    pub async fn mail_to(&self, address: &str) -> Vec<Mail> {
        self.settle().await;
        if self.tenant().config.environment == Environment::Live {
            let sent = self.mailbox().all();
            return sent
                .into_iter()
                .filter(|(to, _)| to == address)
                .map(|(to, l)| of_letter(to, &l))
                .collect();
        }
        let query = [("to", address), ("page_size", "100")];
        let page = self.admin_key().get("/v1/outbox/messages").query(&query).await;
        let messages = page.ok()["messages"].as_array().expect("messages").clone();
        let text = |m: &serde_json::Value, name: &str| m[name].as_str().unwrap_or_default().to_owned();
        // Times do not tell the order of what happened while the clock stood still; the log does.
        let (_, log) = self.mark().await;
        let place = |m: &serde_json::Value| {
            let id: Option<MessageId> = m["id"].as_str().and_then(|id| id.parse().ok());
            log.iter().position(|e| id.is_some_and(|id| id.bytes() == e.event_id.bytes()))
        };
        let mut messages = messages;
        messages.sort_by_key(place);
        let mails = messages.iter().map(|m| Mail {
            to: text(m, "to"),
            kind: text(m, "type"),
            subject: text(m, "subject"),
            text: text(m, "text"),
            html: text(m, "html"),
            code: text(m, "code"),
            link: text(m, "link"),
        });
        mails.collect()
    }

    /// The newest message to an address.
    pub async fn latest_mail(&self, to: &str) -> Mail {
        self.mail_to(to).await.pop().unwrap_or_else(|| panic!("no mail to {to}"))
    }

    /// The kinds of messages that an address received, oldest first.
    pub async fn mail_kinds(&self, to: &str) -> Vec<String> {
        self.mail_to(to).await.into_iter().map(|mail| mail.kind).collect()
    }
}

fn of_letter(to: String, letter: &Letter) -> Mail {
    let words = || letter.text.split_whitespace();
    let code = words()
        .map(|w| w.trim_end_matches('.'))
        .find(|w| w.len() == 6 && w.bytes().all(|b| b.is_ascii_digit()));
    let is_link = |w: &&str| w.starts_with("http") && (w.contains("token=") || w.contains("/invitations/"));
    let link = words().find(is_link);
    Mail {
        to,
        kind: String::new(),
        code: code.unwrap_or_default().to_owned(),
        link: link.unwrap_or_default().to_owned(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        html: letter.html.clone(),
    }
}

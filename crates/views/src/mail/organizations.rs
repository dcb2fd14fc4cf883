//! Mails about organizations: invitations to people, notices to owners.

use avnology_model::Timestamp;

use super::{Mail, letter::Letter, name};
use crate::{Context, when};

/// Someone is asked to join.
#[derive(Clone, Copy, Debug)]
pub struct Invitation<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The organization's name.
    pub organization: &'a str,
    /// Who invites, when that is a person.
    pub inviter: Option<&'a str>,
    /// The name of the role that is offered.
    pub role: Option<&'a str>,
    /// Words of whoever invites; shown as plain text.
    pub words: Option<&'a str>,
    /// Where the invitation is answered.
    pub link: &'a str,
    /// When the link ends.
    pub expires_at: Timestamp,
}

impl Invitation<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let organization = name::shown(self.organization);
        let inviter = self.inviter.map(name::shown).filter(|inviter| !inviter.is_empty());
        let subject = match &inviter {
            Some(inviter) => format!("{inviter} invited you to {organization}"),
            None => format!("You are invited to {organization}"),
        };
        let letter = Letter::new(self.cx, &format!("Join {organization}"), self.name);
        let first = match &inviter {
            Some(inviter) => format!("{inviter} invites you to join {organization} on {}.", letter.brand()),
            None => format!("You are invited to join {organization} on {}.", letter.brand()),
        };
        let first = match self.role.map(name::shown).filter(|role| !role.is_empty()) {
            Some(role) => format!("{first} Your role would be: {role}."),
            None => first,
        };
        let mut letter = letter.subject(&subject).text(first);
        if let Some(words) = self.words {
            let by = inviter.unwrap_or_else(|| organization.clone());
            letter = letter.quote(&by, words);
        }
        letter
            .button("Look at the invitation", self.link)
            .text(format!(
                "You can accept or decline there, until {}. Without your yes, nothing happens.",
                when::exact(self.expires_at)
            ))
            .text("The link is for you alone, so do not pass it on. If you did not expect it, you can ignore this mail.")
            .finish()
    }
}

/// The proof of a domain is gone; goes to the owners on the first day and on the fifth.
#[derive(Clone, Copy, Debug)]
pub struct DomainLost<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The owner's name, when it is known.
    pub name: Option<&'a str>,
    /// The organization's name.
    pub organization: &'a str,
    /// The domain.
    pub domain: &'a str,
    /// When the domain stops counting as proven.
    pub until: Timestamp,
    /// Where the record to add is shown.
    pub domains_url: &'a str,
}

impl DomainLost<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let (organization, domain) = (name::shown(self.organization), name::shown(self.domain));
        Letter::new(self.cx, &format!("The proof for {domain} is missing"), self.name)
            .text(format!(
                "We no longer find the TXT record that proves that {domain} belongs to {organization}. It worked before, \
                 so it may have been removed by mistake."
            ))
            .text(format!(
                "Until {}, nothing changes. After that, nobody joins by an address at this domain, and such an address no \
                 longer leads to your sign-in. Members stay members.",
                when::exact(self.until)
            ))
            .text("Add the record again, and check it there:")
            .button("Show the record", self.domains_url)
            .text(format!("You get this mail because you own {organization}."))
            .finish()
    }
}

/// Whoever answered for a service account is no longer a member; goes to the owners.
#[derive(Clone, Copy, Debug)]
pub struct ServiceAccountOwnerLost<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The owner's name, when it is known.
    pub name: Option<&'a str>,
    /// The organization's name.
    pub organization: &'a str,
    /// The service account's name.
    pub account: &'a str,
    /// When the account is switched off.
    pub until: Timestamp,
    /// Where someone else is named.
    pub accounts_url: &'a str,
}

impl ServiceAccountOwnerLost<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let (organization, account) = (name::shown(self.organization), name::shown(self.account));
        Letter::new(self.cx, "A service account needs a new owner", self.name)
            .text(format!(
                "The person who answered for the service account “{account}” is no longer a member of {organization}. Its \
                 API keys still work."
            ))
            .text(format!(
                "Name someone else until {}. After that the account is switched off, and its keys stop working.",
                when::exact(self.until)
            ))
            .button("Choose a new owner", self.accounts_url)
            .text(format!("You get this mail because you own {organization}."))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Brand;

    #[test]
    fn what_others_wrote_is_no_link_no_line_and_no_markup() {
        let brand = Brand::named("Avnology ID");
        let mail = Invitation {
            cx: Context::english(&brand, Timestamp::default()),
            name: None,
            organization: "Win at evil.example\r\nBcc: all@acme.example",
            inviter: Some("<b>Jane</b>"),
            role: None,
            words: Some("See https://evil.example/x\r\n<img src=x>"),
            link: "https://id.example.com/invitations/t",
            expires_at: Timestamp::default(),
        }
        .render();
        assert!(!mail.subject.chars().any(char::is_control), "{:?}", mail.subject);
        // Subjects become no links.
        let body = mail.html.split_once("<body").map(|(_, body)| body).unwrap_or_default();
        for part in [&mail.text, body] {
            assert!(!part.contains("evil.example") && !part.contains("https://evil"), "{part}");
        }
        assert!(!mail.html.contains("<img") && !mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.text.contains("> See https:"), "{}", mail.text);
    }

    #[test]
    fn an_invitation_without_a_person_behind_it_names_the_organization() {
        let brand = Brand::named("Avnology ID");
        let mail = Invitation {
            cx: Context::english(&brand, Timestamp::default()),
            name: None,
            organization: "Acme Corporation",
            inviter: None,
            role: Some("Member"),
            words: None,
            link: "https://id.example.com/invitations/t",
            expires_at: Timestamp::default(),
        }
        .render();
        assert_eq!(mail.subject, "You are invited to Acme Corporation");
        assert!(
            mail.html.contains("Your role would be: Member.") && !mail.text.contains("wrote"),
            "{}",
            mail.text
        );
    }
}

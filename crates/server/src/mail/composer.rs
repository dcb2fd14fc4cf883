//! Puts wanted messages into the words of `views`.

use std::sync::Arc;

use avnology_core::{
    Clock,
    ports::{Composer, Letter, MessageSecrets},
};
use avnology_model::{
    Timestamp,
    credentials::Factor,
    events::{MessageRequest, MessageType},
    identities::masked_phone,
    platform::TenantSettings,
};
use avnology_views::{Brand, Context, flows::Origin, mail, texts};
use secrecy::ExposeSecret;

/// Composes letters in the tenant's name.
pub struct LetterComposer {
    clock: Arc<dyn Clock>,
}

impl LetterComposer {
    /// A composer that tells by `clock` how long codes and links still work.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Composer for LetterComposer {
    fn compose(
        &self,
        settings: &TenantSettings,
        public_url: &str,
        request: &MessageRequest,
        secrets: &MessageSecrets,
    ) -> Letter {
        let brand = Brand { support_email: settings.support_email.clone(), ..Brand::named(&settings.name) };
        let cx = Context::english(&brand, self.clock.now());
        let mail = render(cx, public_url, request, secrets);
        Letter { subject: mail.subject, text: mail.text, html: mail.html }
    }

    fn compose_text(
        &self,
        settings: &TenantSettings,
        request: &MessageRequest,
        secrets: &MessageSecrets,
    ) -> String {
        let code = secrets.code.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let link = secrets.link.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let cancel_link = secrets.cancel_link.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let of_code = |what| {
            texts::Code { brand: &settings.name, what, code, bound_to: request.bound_to.as_deref() }.render()
        };
        match request.kind {
            MessageType::Verification => of_code("verification"),
            MessageType::Recovery => of_code("recovery"),
            MessageType::MfaCode => of_code("security"),
            MessageType::RecoveryUnavailable => texts::recovery_not_possible(&settings.name),
            MessageType::PhoneChanged => texts::phone_changed(&settings.name, link),
            MessageType::FactorRecoveryStarted | MessageType::FactorRecoveryReminder => {
                texts::factors_at_stake(&settings.name, request.until, cancel_link)
            }
            MessageType::FactorRecoveryReady => texts::factors_at_stake(&settings.name, None, cancel_link),
            // The others travel by mail.
            _ => of_code("sign-in"),
        }
    }
}

fn render(
    cx: Context<'_>,
    public_url: &str,
    request: &MessageRequest,
    secrets: &MessageSecrets,
) -> mail::Mail {
    let url = |path: &str| format!("{public_url}{path}");
    let (sign_in_url, recovery_url, account_url) = (&url("/sign-in"), &url("/recovery"), &url("/account"));
    let name = request.name.as_deref();
    let code = secrets.code.as_ref().map(ExposeSecret::expose_secret);
    let link = secrets.link.as_ref().map(ExposeSecret::expose_secret);
    let cancel_url = secrets.cancel_link.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    let (code_text, link_text) = (code.unwrap_or_default(), link.unwrap_or_default());
    let until = request.until.unwrap_or(cx.now);
    let minutes = whole_units(until, cx.now, 60);
    let origin = request.origin.clone().map(|o| Origin { device: o.device, place: o.place, at: o.at });
    // Letters leave within moments of what they tell of: at worst the time of writing is the time of the deed.
    let deed = origin.clone().unwrap_or(Origin { device: None, place: None, at: cx.now });
    let origin = origin.as_ref();
    match request.kind {
        MessageType::SignInCode | MessageType::MfaCode => {
            mail::SignInCode { cx, name, code: code_text, minutes, origin }.render()
        }
        MessageType::SignInLink => {
            mail::SignInLink { cx, name, link: link_text, code, minutes, origin }.render()
        }
        MessageType::Verification => {
            mail::VerificationCode { cx, name, code: code_text, link, minutes }.render()
        }
        MessageType::Recovery => {
            mail::RecoveryCode { cx, name, code: code_text, link, minutes, origin }.render()
        }
        MessageType::RecoveryUnavailable => mail::RecoveryNotPossible { cx, name, origin }.render(),
        MessageType::AccountExists => {
            mail::RegistrationAttempted { cx, name, sign_in_url, recovery_url, origin }.render()
        }
        MessageType::Welcome => {
            mail::Welcome { cx, name, email: &request.to, link: link_text, expires_at: until }.render()
        }
        MessageType::PasswordChanged => {
            mail::PasswordChanged { cx, name, origin: &deed, recovery_url }.render()
        }
        MessageType::FactorEnrolled | MessageType::FactorRemoved => {
            let enrolled = request.kind == MessageType::FactorEnrolled;
            let factor = request.factor.unwrap_or(Factor::Totp);
            mail::FactorChanged { cx, name, factor, enrolled, origin: &deed, recovery_url }.render()
        }
        MessageType::EmailChanged => {
            let undo = link.map(|url| mail::UndoLink { url, hours: whole_units(until, cx.now, 3_600) });
            let new_email = request.new_address.as_deref().unwrap_or_default();
            mail::EmailChanged { cx, name, new_email, origin: &deed, undo }.render()
        }
        MessageType::PhoneChanged => {
            let new_phone = request.new_address.as_deref().map(masked_phone);
            mail::PhoneChanged { cx, name, new_phone: new_phone.as_deref(), origin: &deed, recovery_url }
                .render()
        }
        MessageType::NewDevice => {
            let sessions_url = &url("/account/sessions");
            mail::NewDevice { cx, name, origin: &deed, sessions_url, recovery_url }.render()
        }
        MessageType::AccountLocked => mail::AccountLocked { cx, name, until, recovery_url, origin }.render(),
        MessageType::FactorRecoveryStarted | MessageType::FactorRecoveryReminder => {
            let is_reminder = request.kind == MessageType::FactorRecoveryReminder;
            mail::FactorRecoveryStarted { cx, name, is_reminder, effective_at: until, cancel_url, origin }
                .render()
        }
        MessageType::FactorRecoveryReady => {
            mail::FactorRecoveryReady { cx, name, link: link_text, until, cancel_url, recovery_url }.render()
        }
        MessageType::FactorRecoveryCancelled => {
            mail::FactorRecoveryCancelled { cx, name, security_url: &url("/account/security") }.render()
        }
        MessageType::DeletionScheduled => {
            let receipt_url = request.receipt_url.as_deref();
            mail::DeletionScheduled { cx, name, scheduled_for: until, keep_url: link, receipt_url }.render()
        }
        MessageType::DataExported => {
            mail::DataExported { cx, name, activity_url: &url("/account/activity") }.render()
        }
        MessageType::DeletionCancelled => mail::DeletionCancelled { cx, name, account_url }.render(),
        MessageType::Invitation | MessageType::DomainLost | MessageType::ServiceAccountOwnerLost => {
            of_organization(cx, public_url, request, link_text)
        }
    }
}

/// The mails about an organization.
fn of_organization(cx: Context<'_>, public_url: &str, request: &MessageRequest, link: &str) -> mail::Mail {
    let about = request.organization.clone().unwrap_or_default();
    let name = request.name.as_deref();
    let (organization, subject) = (about.name.as_str(), about.subject.as_deref().unwrap_or_default());
    let until = request.until.unwrap_or(cx.now);
    let page = |section: &str| format!("{public_url}/organizations/{}/{section}", about.slug);
    match request.kind {
        MessageType::DomainLost => {
            let domains_url = &page("domains");
            mail::DomainLost { cx, name, organization, domain: subject, until, domains_url }.render()
        }
        MessageType::ServiceAccountOwnerLost => {
            let accounts_url = &page("api-keys");
            mail::ServiceAccountOwnerLost { cx, name, organization, account: subject, until, accounts_url }
                .render()
        }
        _ => mail::Invitation {
            cx,
            name,
            organization,
            inviter: about.inviter.as_deref(),
            role: about.role.as_deref(),
            words: about.words.as_deref(),
            link,
            expires_at: until,
        }
        .render(),
    }
}

/// The time from `now` to `until` in units of `seconds`, rounded up, at least one.
fn whole_units(until: Timestamp, now: Timestamp, seconds: i64) -> u32 {
    let unit = seconds * 1_000_000;
    let left = until.micros().saturating_sub(now.micros()).max(1);
    u32::try_from(left.saturating_add(unit - 1) / unit).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use avnology_model::events::{MessageOrganization, MessageOrigin};

    use super::*;

    struct At(Timestamp);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    const NOW: Timestamp = Timestamp::from_micros(1_772_445_600_000_000);

    fn compose(kind: MessageType) -> Letter {
        let request = MessageRequest {
            name: Some("Jane".to_owned()),
            until: Some(NOW.plus_seconds(10 * 60)),
            new_address: Some("new@acme.example".to_owned()),
            origin: Some(MessageOrigin { device: Some("Firefox on Linux".to_owned()), place: None, at: NOW }),
            organization: Some(MessageOrganization {
                name: "Initech".to_owned(),
                slug: "initech".to_owned(),
                inviter: Some("Bill".to_owned()),
                role: Some("Member".to_owned()),
                words: Some("We need you here".to_owned()),
                subject: Some("Nightly report".to_owned()),
            }),
            ..MessageRequest::new(kind, "jane@acme.example")
        };
        let secrets = MessageSecrets {
            code: Some("123456".into()),
            link: Some("https://id.example.com/x?token=avnl_lnk_secret".into()),
            cancel_link: Some("https://id.example.com/y?token=avnl_lnk_other".into()),
        };
        let settings = TenantSettings { name: "Acme ID".to_owned(), ..TenantSettings::default() };
        LetterComposer::new(Arc::new(At(NOW))).compose(
            &settings,
            "https://id.example.com",
            &request,
            &secrets,
        )
    }

    #[test]
    fn every_message_is_put_into_words_in_both_parts() {
        for kind in MessageType::ALL {
            let letter = compose(*kind);
            assert!(!letter.subject.is_empty() && !letter.subject.contains('\n'), "{kind}");
            assert!(letter.text.contains("Jane") && letter.html.contains("Jane"), "{kind} greets");
            assert!(letter.text.contains("Acme ID") || letter.subject.contains("Acme ID"), "{kind} names us");
            assert!(letter.html.starts_with("<!"), "{kind} is a document");
        }
    }

    #[test]
    fn codes_and_links_stand_in_the_letters_that_carry_them() {
        for kind in [
            MessageType::SignInCode,
            MessageType::SignInLink,
            MessageType::Verification,
            MessageType::Recovery,
        ] {
            let letter = compose(kind);
            assert!(letter.text.contains("123456") && letter.html.contains("123456"), "{kind}");
            let words = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("for 10 minutes"), "{kind}: {words}");
        }
        for kind in [
            MessageType::SignInLink,
            MessageType::Verification,
            MessageType::Recovery,
            MessageType::Welcome,
            MessageType::EmailChanged,
        ] {
            assert!(compose(kind).text.contains("https://id.example.com/x?token=avnl_lnk_secret"), "{kind}");
        }
        for kind in [
            MessageType::SignInCode,
            MessageType::Recovery,
            MessageType::PasswordChanged,
            MessageType::FactorEnrolled,
            MessageType::FactorRemoved,
            MessageType::NewDevice,
            MessageType::AccountLocked,
        ] {
            assert!(compose(kind).text.contains("Firefox on Linux"), "{kind} tells who asked");
        }
        assert!(compose(MessageType::AccountExists).text.contains("https://id.example.com/recovery"));
    }

    #[test]
    fn letters_about_an_organization_name_it_and_lead_to_it() {
        let invitation = compose(MessageType::Invitation);
        assert_eq!(invitation.subject, "Bill invited you to Initech");
        assert!(invitation.text.contains("We need you here") && invitation.text.contains("avnl_lnk_secret"));
        for (kind, page) in
            [(MessageType::DomainLost, "domains"), (MessageType::ServiceAccountOwnerLost, "api-keys")]
        {
            let letter = compose(kind);
            let url = format!("https://id.example.com/organizations/initech/{page}");
            assert!(letter.text.contains(&url) && letter.text.contains("Initech"), "{kind}: {}", letter.text);
            assert!(letter.text.contains("Nightly report"), "{kind}: {}", letter.text);
        }
    }

    #[test]
    fn texts_fit_into_one_message_with_the_code_first_and_bound_to_the_page() {
        let composer = LetterComposer::new(Arc::new(At(NOW)));
        let secrets = MessageSecrets { code: Some("123456".into()), link: None, cancel_link: None };
        for name in ["Acme ID", "Zoë’s 東京 Café", &"x".repeat(100)] {
            let settings = TenantSettings { name: name.to_owned(), ..TenantSettings::default() };
            for kind in [
                MessageType::SignInCode,
                MessageType::Verification,
                MessageType::Recovery,
                MessageType::MfaCode,
            ] {
                for host in ["id.example.com", &format!("{}.example.com", "a".repeat(60))] {
                    let request = MessageRequest {
                        bound_to: Some(host.to_owned()),
                        ..MessageRequest::new(kind, "+442079460042")
                    };
                    let text = composer.compose_text(&settings, &request, &secrets);
                    assert!(text.starts_with("123456 is your "), "{text}");
                    assert!(text.chars().count() <= 160, "{text}");
                    assert_eq!(text.lines().last(), Some(format!("@{host} #123456").as_str()));
                    assert_eq!(avnology_model::text::gsm(&text), text);
                }
            }
        }
        let request = MessageRequest::new(MessageType::SignInCode, "+442079460042");
        let settings = TenantSettings { name: "Acme ID".to_owned(), ..TenantSettings::default() };
        let text = composer.compose_text(&settings, &request, &secrets);
        assert_eq!(text, "123456 is your Acme ID sign-in code. Do not share it.");
    }

    #[test]
    fn time_left_is_rounded_up_and_never_nothing() {
        assert_eq!(whole_units(NOW.plus_seconds(600), NOW, 60), 10);
        assert_eq!(whole_units(NOW.plus_seconds(541), NOW, 60), 10);
        assert_eq!(whole_units(NOW.plus_seconds(-5), NOW, 60), 1);
        assert_eq!(whole_units(NOW.plus_seconds(72 * 3600), NOW, 3600), 72);
    }
}

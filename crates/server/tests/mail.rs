//! Mail over a real conversation with a server on loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use avnology_core::ports::{Letter, MailTransport as _};
use avnology_model::Code;
use avnology_server::{config::Config, mail::SmtpTransport};
use avnology_testkit::smtp::{SmtpFailure, SmtpOptions, SmtpServer};

fn transport(url: &str) -> SmtpTransport {
    let environment = [("AVNOLOGY_SMTP_URL", url), ("AVNOLOGY_MAIL_FROM", "Example ID <id@example.com>")];
    let config = Config::load(None, environment.map(|(n, v)| (n.into(), v.into()))).unwrap();
    SmtpTransport::new(&config.mail.unwrap(), "id.example.com", None).unwrap()
}

fn letter(subject: &str, text: &str) -> Letter {
    Letter { subject: subject.to_owned(), text: text.to_owned(), html: format!("<p>{text}</p>") }
}

#[tokio::test]
async fn a_letter_arrives_whole() {
    let server = SmtpServer::start().await.unwrap();
    let text = "Your code is 123456.\r\n.\r\n..two dots, a dot line above, and Grüße — ✓\r\nhttps://id.example.com/sign-in/link?token=avnl_lnk_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3kjoz6&x=1\r\n";
    transport(&server.url())
        .send("Jane.Doe+news@Acme.Example", &letter("Ihr Code für heute", text))
        .await
        .unwrap();

    let received = server.received();
    let [mail] = received.as_slice() else { panic!("one mail, not {}", received.len()) };
    assert_eq!(mail.from, "id@example.com");
    assert_eq!(mail.to, ["Jane.Doe+news@acme.example"]);
    assert_eq!(mail.text().trim_end(), text.trim_end());
    assert!(mail.part("text/html").unwrap().contains("Grüße — ✓"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(mail.header("From").unwrap().contains("<id@example.com>"));
    assert!(mail.header("Message-ID").unwrap().ends_with("@example.com>"));
    assert!(mail.header("Date").is_some());
    assert_eq!(
        mail.header("Subject").as_deref(),
        Some("Ihr Code =?utf-8?b?ZsO8cg==?= heute"),
        "encoded (RFC 2047)"
    );
}

#[tokio::test]
async fn one_connection_carries_many_letters() {
    let server = SmtpServer::start().await.unwrap();
    let transport = transport(&server.url());
    for i in 0..3 {
        transport.send("jane@acme.example", &letter(&format!("Letter {i}"), "Hello")).await.unwrap();
        // The connection goes back to the pool in a task of its own.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!((server.received().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn a_subject_cannot_add_headers_or_a_body() {
    let server = SmtpServer::start().await.unwrap();
    let hostile = letter("Hello\r\nBcc: spy@evil.example\r\n\r\nclick here", "Hello");
    transport(&server.url()).send("jane@acme.example", &hostile).await.unwrap();
    let mail = server.received().remove(0);
    assert_eq!(mail.header("Bcc"), None);
    assert_eq!(mail.to, ["jane@acme.example"]);
    assert!(!mail.raw.contains("\r\nclick here") && !mail.raw.contains("\nBcc"), "{}", mail.raw);
}

#[tokio::test]
async fn a_recipient_that_is_no_address_never_reaches_the_server() {
    let server = SmtpServer::start().await.unwrap();
    let transport = transport(&server.url());
    for to in [
        "jane@acme.example>\r\nRCPT TO:<spy@evil.example",
        "jane@acme.example\r\nDATA",
        "",
        "jane",
        "a@b.example, c@d.example",
    ] {
        let error = transport.send(to, &letter("Hello", "Hello")).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{to:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_domain_beyond_ascii_needs_no_extension_and_a_local_part_does() {
    let plain =
        SmtpServer::start_with(SmtpOptions { is_ascii_only: true, ..SmtpOptions::default() }).await.unwrap();
    let transport_plain = transport(&plain.url());
    transport_plain.send("jane@bücher.example", &letter("Hello", "Hello")).await.unwrap();
    assert_eq!(plain.received()[0].to, ["jane@xn--bcher-kva.example"]);
    let error = transport_plain.send("jörg@acme.example", &letter("Hello", "Hello")).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal, "another attempt would not help");
    assert!(format!("{error:?}").contains("SMTPUTF8"), "{error:?}");

    let modern = SmtpServer::start().await.unwrap();
    transport(&modern.url()).send("jörg@bücher.example", &letter("Hello", "Hello")).await.unwrap();
    let mail = modern.received().remove(0);
    assert!(mail.is_utf8);
    assert_eq!(mail.to, ["jörg@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn a_passing_refusal_may_be_tried_again_and_a_final_one_not() {
    let server = SmtpServer::start().await.unwrap();
    let transport = transport(&server.url());
    server.fail_next(SmtpFailure::AtRecipient(451));
    server.fail_next(SmtpFailure::AtRecipient(550));
    server.fail_next(SmtpFailure::AfterData(452));
    for code in [Code::Unavailable, Code::Internal, Code::Unavailable] {
        assert_eq!(
            transport.send("jane@acme.example", &letter("Hello", "Hello")).await.unwrap_err().code(),
            code
        );
    }
    transport.send("jane@acme.example", &letter("At last", "Hello")).await.unwrap();
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_half_way_loses_that_letter_only() {
    let server = SmtpServer::start().await.unwrap();
    let transport = transport(&server.url());
    server.fail_next(SmtpFailure::DuringData);
    let error = transport.send("jane@acme.example", &letter("First", "Hello")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    transport.send("jane@acme.example", &letter("Second", "Hello")).await.unwrap();
    let subjects: Vec<_> = server.received().iter().filter_map(|m| m.header("Subject")).collect();
    assert_eq!(subjects, ["Second"]);
}

#[tokio::test]
async fn a_send_that_is_given_up_does_not_spoil_the_next_one() {
    let server = SmtpServer::start().await.unwrap();
    let transport = transport(&server.url());
    for _ in 0..20 {
        let given_up = letter("Given up", "Hello");
        let send = transport.send("jane@acme.example", &given_up);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(300), send).await;
    }
    transport.send("last@acme.example", &letter("Last", "Hello")).await.unwrap();
    for mail in server.received() {
        assert_eq!(mail.raw.matches("Auto-Submitted").count(), 1, "one letter in each message: {}", mail.raw);
    }
    assert!(
        server
            .received()
            .iter()
            .any(|m| m.to == ["last@acme.example"] && m.header("Subject").as_deref() == Some("Last"))
    );
}

#[tokio::test]
async fn login_and_check_tell_the_truth() {
    let login = Some(("mailer".to_owned(), "p@ss".to_owned()));
    let server = SmtpServer::start_with(SmtpOptions { login, ..SmtpOptions::default() }).await.unwrap();
    let right = transport(&format!("smtp://mailer:p%40ss@{}", server.addr()));
    right.check().await.unwrap();
    right.send("jane@acme.example", &letter("Hello", "Hello")).await.unwrap();
    assert_eq!(server.received()[0].login.as_deref(), Some("mailer"));

    let wrong = transport(&format!("smtp://mailer:hunter2@{}", server.addr()));
    let error = wrong.check().await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_away_may_be_tried_again() {
    let address = SmtpServer::start().await.unwrap().addr();
    let transport = transport(&format!("smtp://{address}"));
    // The listener is gone with its server, perhaps a moment later.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(transport.check().await.unwrap_err().code(), Code::Unavailable);
}

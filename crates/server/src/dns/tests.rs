//! The way into DNS, against name servers on loopback.

use std::net::{IpAddr, SocketAddr};

use avnology_model::Code;
use avnology_testkit::dns::{DnsServer, RData, ResponseCode, Said, txt};

use super::*;

const NAME: &str = "_avnology-challenge.acme.example";

/// Long enough for an answer on a busy machine, short enough to wait for none.
const SHORT: Duration = Duration::from_millis(700);

/// One server that is asked everything.
fn asking(server: &DnsServer) -> Dns {
    Dns { patience: SHORT, ..Dns::new(Some(server.address())) }
}

/// Whoever is in charge, found by way of `resolver`; servers in charge listen on loopback at the port of `authority`.
fn finding(resolver: &DnsServer, authority: &DnsServer) -> Dns {
    let at = resolver.address();
    Dns {
        patience: SHORT,
        system: Arc::new(move || Ok(vec![ask::at(at)])),
        reach: reach::Reach { port: authority.address().port(), may_ask: |ip: IpAddr| ip.is_loopback() },
        ..Dns::new(None)
    }
}

async fn found(dns: &Dns) -> Vec<String> {
    match dns.txt(NAME).await.unwrap() {
        TxtAnswer::Found(mut values) => {
            values.sort();
            values
        }
        TxtAnswer::Unreachable(why) => panic!("{why}"),
    }
}

async fn why_unreachable(dns: &Dns) -> String {
    match dns.txt(NAME).await.unwrap() {
        TxtAnswer::Unreachable(why) => why,
        TxtAnswer::Found(values) => panic!("{values:?}"),
    }
}

#[tokio::test]
async fn several_values_are_all_found_and_pieces_of_one_are_put_together() {
    let server = DnsServer::start().await;
    server.set(NAME, Said::Records(vec![txt(&["v=spf1 -all"]), txt(&["avnology-", "domain-", "proof"])]));
    assert_eq!(found(&asking(&server)).await, ["avnology-domain-proof", "v=spf1 -all"]);
}

#[tokio::test]
async fn a_name_that_is_not_there_or_has_no_such_record_has_no_values() {
    let server = DnsServer::start().await;
    assert_eq!(found(&asking(&server)).await, Vec::<String>::new());
    server.set(NAME, Said::Records(Vec::new()));
    assert_eq!(found(&asking(&server)).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_an_alias_leads_to_does_not_count() {
    let server = DnsServer::start().await;
    server.set_alias(NAME, "proof.attacker.example");
    server.set_txt("proof.attacker.example", &["a value"]);
    assert_eq!(found(&asking(&server)).await, Vec::<String>::new());
}

#[tokio::test]
async fn answers_are_taken_as_they_are_now() {
    let server = DnsServer::start().await;
    let dns = asking(&server);
    for value in ["one", "another"] {
        server.set_txt(NAME, &[value]);
        assert_eq!(found(&dns).await, [value]);
    }
    server.remove(NAME);
    assert_eq!(found(&dns).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_cannot_answer_tells_nothing_about_the_name() {
    let server = DnsServer::start().await;
    for code in [ResponseCode::ServFail, ResponseCode::Refused] {
        server.set(NAME, Said::Code(code));
        let why = why_unreachable(&asking(&server)).await;
        assert!(why.contains("acme.example"), "{why}");
    }
}

#[tokio::test]
async fn silence_about_one_name_is_that_names_trouble() {
    let server = DnsServer::start().await;
    server.set(NAME, Said::Nothing);
    why_unreachable(&asking(&server)).await;
}

#[tokio::test]
async fn silence_about_everything_is_ours() {
    let server = DnsServer::start().await;
    let dns = asking(&server);
    server.stop();
    let error = dns.txt(NAME).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(dns.check().await.is_err());
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_a_datagram_comes_by_tcp() {
    let server = DnsServer::start().await;
    let values: Vec<String> = (10..30).map(|n| format!("{n}{}", "x".repeat(200))).collect();
    let texts: Vec<&str> = values.iter().map(String::as_str).collect();
    server.set_txt(NAME, &texts);
    assert_eq!(found(&asking(&server)).await, values);
    assert!(server.questions_by_tcp() > 0);
}

#[tokio::test]
async fn no_name_fills_our_memory() {
    let server = DnsServer::start().await;
    let piece = "x".repeat(250);
    let long = txt(&[&piece, &piece, &piece]);
    let mut records: Vec<RData> = (0..40).map(|n| txt(&[&format!("{n}")])).collect();
    records.insert(0, long);
    server.set(NAME, Said::Records(records));
    let values = found(&asking(&server)).await;
    assert_eq!(values.len(), VALUES);
    assert_eq!(values.iter().map(String::len).max(), Some(VALUE_BYTES));
}

#[tokio::test]
async fn the_servers_in_charge_are_found_and_asked() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    resolver.set_server("acme.example", "ns1.acme.example");
    // What the resolver remembers of the record is of no interest.
    resolver.set_txt(NAME, &["an old value"]);
    authority.set_txt(NAME, &["a new value"]);
    assert_eq!(found(&finding(&resolver, &authority)).await, ["a new value"]);
    assert_eq!(authority.questions(NAME), 1);
}

#[tokio::test]
async fn a_zone_of_its_own_below_the_domain_is_asked_first() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    resolver.set_server("acme.example", "ns1.acme.example");
    resolver.set(NAME, Said::Records(Vec::new()));
    authority.set_txt(NAME, &["proof"]);
    assert_eq!(found(&finding(&resolver, &authority)).await, ["proof"]);
    assert_eq!((resolver.questions(NAME), resolver.questions("example")), (1, 0));
}

#[tokio::test]
async fn a_zone_that_nobody_is_in_charge_of_has_no_values() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    assert_eq!(found(&finding(&resolver, &authority)).await, Vec::<String>::new());
}

#[tokio::test]
async fn servers_that_are_not_public_are_not_asked() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    resolver.set_server("acme.example", "ns1.acme.example");
    authority.set_txt(NAME, &["proof"]);
    let dns = Dns { reach: reach::Reach::PUBLIC, ..finding(&resolver, &authority) };
    why_unreachable(&dns).await;
    assert_eq!(authority.questions(NAME), 0);
}

#[tokio::test]
async fn servers_in_charge_that_fail_or_are_silent_tell_nothing() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    resolver.set_server("acme.example", "ns1.acme.example");
    authority.set(NAME, Said::Code(ResponseCode::ServFail));
    why_unreachable(&finding(&resolver, &authority)).await;
    authority.set(NAME, Said::Nothing);
    why_unreachable(&finding(&resolver, &authority)).await;
}

#[tokio::test]
async fn a_zone_whose_servers_cannot_be_told_is_not_taken_for_its_parents() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    resolver.set("acme.example", Said::Code(ResponseCode::ServFail));
    resolver.set_server("example", "ns1.example");
    authority.set_txt(NAME, &["what the registry says"]);
    why_unreachable(&finding(&resolver, &authority)).await;
}

#[tokio::test]
async fn a_resolver_that_is_away_cuts_us_off() {
    let (resolver, authority) = (DnsServer::start().await, DnsServer::start().await);
    let dns = finding(&resolver, &authority);
    resolver.stop();
    assert_eq!(dns.txt(NAME).await.unwrap_err().code(), Code::Unavailable);
    let unknown = Dns { system: Arc::new(|| Err(io::Error::other("no such file"))), ..Dns::new(None) };
    assert_eq!(unknown.txt(NAME).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_server_of_ones_own_need_not_know_the_world() {
    let server = DnsServer::start().await;
    let at: SocketAddr = server.address();
    assert!(Dns::new(Some(at)).check().await.is_ok());
    server.set("example.com", Said::Code(ResponseCode::Refused));
    assert!(Dns::new(Some(at)).check().await.is_ok());
}

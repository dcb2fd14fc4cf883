//! Sign-ins by passkey, and second factors from authenticator apps.

use std::time::Duration;

use super::{Stage, say};
use crate::{
    Outcome,
    client::Client,
    factors, imports,
    load::{self, Sent},
    report::{Line, median, rounded},
    server::Server,
    storm,
};

/// People who have a passkey.
const PEOPLE: usize = 256;
/// Sign-ins of a round, for each of its seconds.
const SIGN_INS: u64 = 2_000;
/// Codes of a round, for each of its seconds.
const CODES: u64 = 5_000;
/// As many as one request may import.
const IMPORTED: usize = 50_000;

impl Stage {
    pub(super) async fn factors(&mut self) -> Outcome<()> {
        self.passkeys().await?;
        self.codes().await
    }

    /// Both requests of a sign-in are measured; what the authenticators do between them is not.
    async fn passkeys(&mut self) -> Outcome<()> {
        let data_dir = self.dir.path().join("passkeys");
        let ours = self.server(&data_dir, "cheapest", ("/healthz", None)).await?;
        say("sign-ins by passkey");
        let people = factors::sign_up(ours.address, PEOPLE).await?;
        let count = usize::try_from(SIGN_INS * self.options.seconds)?;
        let mut lines = Vec::new();
        for _ in 0..self.options.rounds {
            storm::settle().await;
            let before = ours.cpu_seconds()?;
            let openings = factors::openings(ours.address, count);
            let opened = load::send(ours.address, openings, "\"challenge\"").await?;
            let between = ours.cpu_seconds()?;
            let assertions = factors::assertions(ours.address, &people, &opened.answers)?;
            storm::settle().await;
            let after = ours.cpu_seconds()?;
            let mut signed = load::send(ours.address, assertions, "\"session_token\"").await?;
            let cpu = ours.cpu_seconds()? - after + between - before;
            let took = opened.took + signed.took;
            lines.push(line("sign in by passkey, two requests", &mut signed, took, cpu, &ours)?);
        }
        self.per_second("sign-ins by passkey, 64 callers", "≥ 2,000/s", 2_000.0, lines);
        ours.stop().await
    }

    /// The submit that ends a sign-in whose password was right; everybody does so once.
    async fn codes(&mut self) -> Outcome<()> {
        let data_dir = self.dir.path().join("apps");
        let round = usize::try_from(CODES * self.options.seconds)?;
        let rounds = usize::try_from(self.options.rounds)?;
        say("importing people with authenticator apps");
        let ours = self.server(&data_dir, "cheapest", ("/healthz", None)).await?;
        let lines = factors::lines((round * rounds).min(IMPORTED))?;
        let people = (round * rounds).min(IMPORTED);
        let mut client = Client::connect(ours.address).await?;
        imports::send(&ours, &mut client, &self.api_key, (&lines, people)).await?;
        drop(client);
        ours.stop().await?;
        let waiting = factors::half_signed_in(&data_dir).await?;
        let ours = self.server(&data_dir, "cheapest", ("/healthz", None)).await?;
        say("codes of authenticator apps");
        let mut lines = Vec::new();
        for waiting in waiting.chunks(people / rounds).take(rounds) {
            storm::settle().await;
            let codes = factors::codes(ours.address, waiting)?;
            let before = ours.cpu_seconds()?;
            let mut sent = load::send(ours.address, codes, "\"session_token\"").await?;
            let (cpu, took) = (ours.cpu_seconds()? - before, sent.took);
            lines.push(line("sign in, second step: code of an app", &mut sent, took, cpu, &ours)?);
        }
        self.per_second("codes of authenticator apps, 64 callers", "≥ 5,000/s", 5_000.0, lines);
        ours.stop().await
    }

    /// The middle one of these lines, and whether it is enough.
    pub(super) fn per_second(
        &mut self,
        what: &'static str,
        wanted: &'static str,
        goal: f64,
        lines: Vec<Line>,
    ) {
        let line = median(lines).unwrap_or_default();
        let reached = line.per_second;
        self.lines.push(line);
        self.goal(what, wanted, format!("{}/s", rounded(reached)), reached >= goal);
    }
}

/// What was sent as a line of the table.
pub(super) fn line(what: &str, sent: &mut Sent, took: Duration, cpu: f64, server: &Server) -> Outcome<Line> {
    let count = storm::number(u64::try_from(sent.answers.len())?.max(1));
    Ok(Line {
        what: what.to_owned(),
        per_second: count / took.as_secs_f64(),
        p50_ms: sent.percentile(0.50),
        p99_ms: sent.percentile(0.99),
        cpu_us: cpu * 1e6 / count,
        rss_mib: server.rss_mib()?,
        ratio: None,
    })
}

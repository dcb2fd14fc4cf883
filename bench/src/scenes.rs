//! The measurements, in the order of the table.

mod factors;
mod oauth;
mod permissions;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use avnology_core::credentials::{HasherConfig, PasswordHasher};
use avnology_model::{credentials::ArgonCost, secret_token::SecretKind};
use clap::{Args, ValueEnum};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    Outcome,
    bare::{self, Bare},
    client::Client,
    imports,
    organizations::{self, Seeded},
    privacy,
    report::{self, Goal, Line, median, middle, rounded},
    seed::{self, told},
    server::{Server, Setting, machine_busy},
    storm::{self, Storm},
    wrk::{self, Load, Seen},
};

#[derive(Args)]
pub(crate) struct Options {
    /// The binary `avnology`, built for release.
    #[arg(long, default_value = "target/release/avnology")]
    server: PathBuf,
    /// Seconds of each load.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// How often each load is repeated; the middle one counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    rounds: u32,
    /// Different sessions that are checked.
    #[arg(long, default_value_t = 100_000)]
    sessions: usize,
    /// Only this part.
    #[arg(long)]
    only: Option<Part>,
    /// Organizations in one data directory.
    #[arg(long, default_value_t = 10_000)]
    organizations: usize,
    /// Relation tuples.
    #[arg(long, default_value_t = 1_000_000)]
    tuples: usize,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Starting.
    Starts,
    /// The session check and the bare server.
    Whoami,
    /// Making identities.
    Create,
    /// Sign-ins.
    SignIn,
    /// Organizations.
    Organizations,
    /// A copy of a person's data.
    Privacy,
    /// Importing people.
    Import,
    /// Passkeys and second factors.
    Factors,
    /// Tokens and what is asked about them.
    Oauth,
    /// Relation tuples.
    Permissions,
}

/// People with a password of each cost.
const PEOPLE: usize = 256;
/// How busy a machine may be that counts as quiet.
const QUIET: f64 = 0.1;
/// Organizations whose databases are open.
const HOT: usize = 500;
/// An identity as it is made; `{}` is what no other has.
const IDENTITY: &str = r#"{"identity":{"email":"{}@example.com","first_name":"Ada","last_name":"Lovelace"}}"#;
/// Starts that are timed.
const STARTS: usize = 5;
/// Requests of 50,000 people each that are imported.
const IMPORTS: usize = 2;
/// What happened to the person whose data is copied.
const EVENTS: usize = 10_000;

/// What all measurements share.
struct Stage {
    options: Options,
    dir: TempDir,
    data_dir: PathBuf,
    api_key: String,
    tokens: Vec<String>,
    tokens_file: PathBuf,
    tokens_script: PathBuf,
    fresh_script: PathBuf,
    lines: Vec<Line>,
    facts: Vec<(String, String)>,
    goals: Vec<Goal>,
}

/// Runs everything and prints the table.
pub(crate) async fn all(options: Options) -> Outcome<()> {
    let only = options.only;
    let wanted = |part| only.is_none_or(|only| only == part);
    let busy = machine_busy(Duration::from_secs(2)).await?;
    if busy > QUIET {
        say(&format!(
            "the machine is {:.0} % busy with other things: these figures are no measure",
            busy * 100.0
        ));
    }
    let mut stage = Stage::set(options).await?;
    stage.fact("machine busy with other things before the run", format!("{:.0} %", busy * 100.0));
    if wanted(Part::Starts) {
        stage.starts().await?;
    }
    if wanted(Part::Whoami) {
        stage.whoami().await?;
    }
    if wanted(Part::Create) {
        stage.create().await?;
    }
    if wanted(Part::SignIn) {
        stage.sign_in().await?;
    }
    if wanted(Part::Organizations) {
        stage.organizations().await?;
    }
    if wanted(Part::Privacy) {
        stage.export().await?;
    }
    if wanted(Part::Import) {
        stage.import().await?;
    }
    if wanted(Part::Factors) {
        stage.factors().await?;
    }
    if wanted(Part::Oauth) {
        stage.oauth().await?;
    }
    if wanted(Part::Permissions) {
        stage.permissions().await?;
    }
    report::print(&stage.lines, &stage.facts, &stage.goals)?;
    Ok(())
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}

impl Stage {
    async fn set(options: Options) -> Outcome<Self> {
        // Beside the binary rather than in /tmp, which may be memory: what is durable must reach a disk.
        let beside = options.server.parent().ok_or("--server names no file")?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        let data_dir = dir.path().join("data");
        let count = options.sessions.max(1);
        say(&format!("writing {count} sessions"));
        let tokens = seed::with_sessions(&data_dir, count).await?;
        let tokens_file = dir.path().join("tokens");
        std::fs::write(&tokens_file, tokens.join("\n"))?;
        let script = |name: &str, text: &str| -> Outcome<PathBuf> {
            let path = dir.path().join(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        Ok(Self {
            api_key: seed::secret(SecretKind::TestKey).expose().to_owned(),
            tokens_script: script("tokens.lua", include_str!("scripts/tokens.lua"))?,
            fresh_script: script("fresh.lua", include_str!("scripts/fresh.lua"))?,
            options,
            dir,
            data_dir,
            tokens,
            tokens_file,
            lines: Vec::new(),
            facts: Vec::new(),
            goals: Vec::new(),
        })
    }

    fn token(&self) -> &str {
        self.tokens.first().map_or("", String::as_str)
    }

    async fn server(&self, data_dir: &Path, hash: &str, first: (&str, Option<&str>)) -> Outcome<Server> {
        let binary = &self.options.server;
        let setting = Setting { binary, data_dir, api_key: &self.api_key, password_hash: hash, first };
        Server::ours(&setting).await
    }

    /// Ours on the seeded database, first asked for a session.
    async fn ours(&self, hash: &str) -> Outcome<Server> {
        self.server(&self.data_dir, hash, (bare::PATH, Some(self.token()))).await
    }

    fn fact(&mut self, name: &str, value: String) {
        self.facts.push((name.to_owned(), value));
    }

    async fn starts(&mut self) -> Outcome<()> {
        say("cold starts");
        let (mut empty, mut full, mut idle) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..STARTS {
            let data_dir = self.dir.path().join(format!("empty-{number}"));
            let server = self.server(&data_dir, "production", ("/healthz", None)).await?;
            empty.push(server.cold_start.as_secs_f64() * 1_000.0);
            server.stop().await?;
            let server = self.ours("production").await?;
            full.push(server.cold_start.as_secs_f64() * 1_000.0);
            sleep(Duration::from_secs(1)).await;
            idle.push(server.rss_mib()?);
            server.stop().await?;
        }
        let (full, idle) = (middle(full), middle(idle));
        self.fact(
            "first start ever, new database, to the first answer",
            format!("{} ms", rounded(middle(empty))),
        );
        self.fact("start to the first session check", format!("{} ms", rounded(full)));
        self.fact("resident memory, idle", format!("{idle:.1} MiB"));
        self.goal("cold start to first answer", "≤ 100 ms", format!("{} ms", rounded(full)), full <= 100.0);
        self.goal(
            "resident memory idle",
            "≤ 40 MB",
            format!("{:.1} MB", idle * 1.048_576),
            idle * 1.048_576 <= 40.0,
        );
        Ok(())
    }

    async fn whoami(&mut self) -> Outcome<()> {
        let ours = self.ours("production").await?;
        let response = self.dir.path().join("response");
        let raw = Client::connect(ours.address).await?.get_raw(bare::PATH, Some(self.token())).await?;
        std::fs::write(&response, raw)?;
        let bare = Server::bare(&response, Bare::Answers).await?;
        say("session checks");
        // Every session is read from the database once before it is measured.
        let first = self.check(&ours, true, "").await?;
        self.fact(
            "session checks while memory is cold (each reads the database)",
            format!("{}/s", rounded(first.per_second)),
        );
        let mut read = first.per_second * storm::number(self.options.seconds);
        while read < storm::number(self.tokens.len().try_into()?) {
            read += self.check(&ours, true, "").await?.per_second * storm::number(self.options.seconds);
        }
        let mut lines = [const { Vec::new() }; 4];
        for _ in 0..self.options.rounds {
            lines[0].push(self.check(&bare, false, "bare axum, the bytes of whoami").await?);
            lines[1].push(self.check(&ours, false, "whoami, one session").await?);
            lines[2].push(self.check(&bare, true, "bare axum, another token each time").await?);
            lines[3].push(self.check(&ours, true, &format!("whoami, {} sessions", self.tokens.len())).await?);
        }
        let [bare_one, ours_one, bare_many, ours_many] =
            lines.map(|rounds| median(rounds).unwrap_or_default());
        let (one, many) =
            (ours_one.per_second / bare_one.per_second, ours_many.per_second / bare_many.per_second);
        self.lines.extend([
            bare_one,
            Line { ratio: Some(("bare", one)), ..ours_one },
            bare_many,
            Line { ratio: Some(("bare", many)), ..ours_many },
        ]);
        self.goal("whoami, one session", "≥ 0.60 of bare", format!("{one:.2}"), one >= 0.6);
        self.goal("whoami, many sessions", "≥ 0.60 of bare", format!("{many:.2}"), many >= 0.6);
        let (own, whole) = (ours.own_mib()?, ours.rss_mib()?);
        let sessions = self.tokens.len();
        self.fact(
            &format!("resident memory with {sessions} sessions in it"),
            format!("{whole:.0} MiB, of which {own:.0} MiB are not mapped files"),
        );
        bare.stop().await?;
        ours.stop().await
    }

    /// Loads the session check with one token or all of them.
    async fn check(&self, server: &Server, all: bool, what: &str) -> Outcome<Line> {
        let script =
            all.then(|| (self.tokens_script.as_path(), vec![self.tokens_file.display().to_string()]));
        let bearer = (!all).then(|| self.token());
        self.load(server, bare::PATH, bearer, script, what).await
    }

    async fn create(&mut self) -> Outcome<()> {
        let ours = self.ours("production").await?;
        say("making identities");
        let mut lines = Vec::new();
        for round in 0..self.options.rounds {
            let arguments = vec![self.api_key.clone(), format!("made-{round}-"), IDENTITY.to_owned()];
            let script = Some((self.fresh_script.as_path(), arguments));
            let what = "create identity, durable (SQLite, FULL)";
            lines.push(self.load(&ours, "/v1/identities", None, script, what).await?);
        }
        let line = median(lines).unwrap_or_default();
        let reached = line.per_second;
        self.lines.push(line);
        self.goal(
            "identities made, durable, 64 callers",
            "≥ 3,000/s",
            format!("{reached:.0}/s"),
            reached >= 3_000.0,
        );
        ours.stop().await
    }

    async fn organizations(&mut self) -> Outcome<()> {
        let few_dir = self.dir.path().join("few-organizations");
        let few = organizations::make(&few_dir, 10).await?;
        self.scoped(&few_dir, &few).await?;
        // In a directory of its own: what is recorded of them afterwards would be measured with everything that follows.
        let made_dir = self.dir.path().join("made-organizations");
        organizations::make(&made_dir, 1).await?;
        self.make_organizations(&made_dir).await?;
        self.member_lists(&few_dir, &few).await?;
        let many_dir = self.dir.path().join("many-organizations");
        say(&format!("making {} organizations", self.options.organizations));
        let many = organizations::make(&many_dir, self.options.organizations).await?;
        self.many_organizations((&few_dir, &few), (&many_dir, &many)).await
    }

    /// The session check in the scope of an organization, beside the bare server.
    async fn scoped(&mut self, data_dir: &Path, seeded: &Seeded) -> Outcome<()> {
        let one = self
            .script("one-organization", &seeded.ids.first().map(ToString::to_string).unwrap_or_default())?;
        let scoped = self.script("scoped.lua", include_str!("scripts/scoped.lua"))?;
        let ours = self.server(data_dir, "production", ("/healthz", None)).await?;
        let raw = Client::connect(ours.address).await?.get_raw(bare::PATH, Some(&seeded.token)).await?;
        let response = self.dir.path().join("scoped-response");
        std::fs::write(&response, raw)?;
        let bare = Server::bare(&response, Bare::Answers).await?;
        say("session checks in an organization");
        let mut lines = [const { Vec::new() }; 3];
        for _ in 0..self.options.rounds {
            let by =
                |token: &str| Some((scoped.as_path(), vec![token.to_owned(), one.display().to_string()]));
            let session = by(&seeded.token);
            lines[0].push(
                self.load(&bare, bare::PATH, None, session.clone(), "bare axum, the bytes of whoami").await?,
            );
            lines[1].push(
                self.load(&ours, bare::PATH, None, session, "whoami in an organization (header)").await?,
            );
            let key = by(&self.api_key.clone());
            lines[2].push(self.load(&ours, "/v1/tenant", None, key, "settings by API key").await?);
        }
        let [bare_line, session, key] = lines.map(|rounds| median(rounds).unwrap_or_default());
        let (by_session, by_key) =
            (session.per_second / bare_line.per_second, key.per_second / bare_line.per_second);
        self.lines.extend([
            bare_line,
            Line { ratio: Some(("bare", by_session)), ..session },
            Line { ratio: Some(("bare", by_key)), ..key },
        ]);
        self.goal(
            "whoami in an organization",
            "≥ 0.60 of bare",
            format!("{by_session:.2}"),
            by_session >= 0.6,
        );
        self.goal("call by API key", "≥ 0.60 of bare", format!("{by_key:.2}"), by_key >= 0.6);
        bare.stop().await?;
        ours.stop().await
    }

    async fn make_organizations(&mut self, data_dir: &Path) -> Outcome<()> {
        let ours = self.server(data_dir, "production", ("/healthz", None)).await?;
        let script = self.script("organizations.lua", include_str!("scripts/organizations.lua"))?;
        say("making organizations");
        let mut lines = Vec::new();
        for round in 0..self.options.rounds {
            let arguments = vec![self.api_key.clone(), format!("made-{round}-"), IDENTITY.to_owned()];
            let what = "create organization with its database (SQLite, FULL)";
            lines.push(self.load(&ours, "/v1/organizations", None, Some((&script, arguments)), what).await?);
        }
        let line = median(lines).unwrap_or_default();
        let reached = line.per_second;
        self.lines.push(line);
        self.goal(
            "organizations made, with database",
            "≥ 200/s",
            format!("{reached:.0}/s"),
            reached >= 200.0,
        );
        ours.stop().await
    }

    /// A page of ten members of organizations of two sizes, asked for one at a time.
    async fn member_lists(&mut self, data_dir: &Path, seeded: &Seeded) -> Outcome<()> {
        let [small, large, ..] = seeded.ids.as_slice() else { return Err("too few organizations".into()) };
        say("pages of members");
        organizations::add_members(data_dir, *small, 9).await?;
        organizations::add_members(data_dir, *large, 99_999).await?;
        let ours = self.server(data_dir, "production", ("/healthz", None)).await?;
        let seconds = Duration::from_secs(self.options.seconds);
        let mut paced = Vec::new();
        for id in [small, large] {
            let path = format!("/v1/organizations/{id}/members?page_size=10");
            storm::watched_at(ours.address, &seeded.token, &path, seconds).await?;
            paced.push(storm::watched_at(ours.address, &seeded.token, &path, seconds).await?);
        }
        if let [few, many] = paced.as_slice() {
            self.fact("page of members, 10 in all: p50, p99", format!("{:.2} ms, {:.2} ms", few.0, few.1));
            self.fact(
                "page of members, 100,000 in all: p50, p99",
                format!("{:.2} ms, {:.2} ms", many.0, many.1),
            );
            let slower = many.1 / few.1;
            self.goal(
                "page of 10 of 100,000 members, p99",
                "≤ 1.25 × that of 10",
                format!("{slower:.2} ×"),
                slower <= 1.25,
            );
        }
        ours.stop().await
    }

    /// What ten thousand organizations in one directory cost beside ten.
    async fn many_organizations(
        &mut self,
        (few_dir, few): (&Path, &Seeded),
        (many_dir, many): (&Path, &Seeded),
    ) -> Outcome<()> {
        let scoped = self.script("scoped.lua", include_str!("scripts/scoped.lua"))?;
        let hot: Vec<String> = many.ids.iter().take(HOT).map(ToString::to_string).collect();
        let hot = self.script("hot-organizations", &hot.join("\n"))?;
        let seconds = Duration::from_secs(self.options.seconds);
        let first = few.ids.first().map(ToString::to_string).unwrap_or_default();
        let server = self.server(few_dir, "production", ("/healthz", None)).await?;
        let path = format!("/v1/organizations/{first}/seats");
        let alone = storm::watched_at(server.address, &few.token, &path, seconds).await?;
        server.stop().await?;
        let server = self.server(many_dir, "production", (bare::PATH, Some(&many.token))).await?;
        let start = server.cold_start.as_secs_f64() * 1_000.0;
        say("hot organizations");
        let arguments = vec![many.token.clone(), hot.display().to_string()];
        let what = "audit log of 500 organizations in turn";
        let line = self
            .load(&server, "/v1/audit/events?page_size=1", None, Some((&scoped, arguments)), what)
            .await?;
        self.lines.push(line);
        let (rss, own) = (server.rss_mib()? * 1.048_576, server.own_mib()? * 1.048_576);
        let last = many.ids.last().map(ToString::to_string).unwrap_or_default();
        let path = format!("/v1/organizations/{last}/seats");
        let among = storm::watched_at(server.address, &many.token, &path, seconds).await?;
        let count = many.ids.len();
        self.fact(&format!("start with {count} organizations"), format!("{} ms", rounded(start)));
        self.fact(
            "resident memory with 500 of them hot",
            format!("{rss:.0} MB, of which {own:.0} MB are not mapped files"),
        );
        self.fact(
            "scoped call among 10 organizations: p50, p99",
            format!("{:.2} ms, {:.2} ms", alone.0, alone.1),
        );
        self.fact(
            &format!("scoped call among {count}: p50, p99"),
            format!("{:.2} ms, {:.2} ms", among.0, among.1),
        );
        let slower = among.1 / alone.1;
        self.goal(
            "start with 10,000 organizations",
            "≤ 1 s",
            format!("{} ms", rounded(start)),
            start <= 1_000.0,
        );
        self.goal("memory with 500 hot", "≤ 150 MB", format!("{rss:.0} MB"), rss <= 150.0);
        self.goal(
            "scoped call's p99 among 10,000",
            "≤ 1.25 × among 10",
            format!("{slower:.2} ×"),
            slower <= 1.25,
        );
        server.stop().await
    }

    fn script(&self, name: &str, text: &str) -> Outcome<PathBuf> {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    async fn load(
        &self,
        server: &Server,
        path: &str,
        bearer: Option<&str>,
        script: Option<(&Path, Vec<String>)>,
        what: &str,
    ) -> Outcome<Line> {
        storm::settle().await;
        let duration = Duration::from_secs(self.options.seconds);
        let before = server.cpu_seconds()?;
        let seen = wrk::run(Load { host: server.address, path, bearer, script, duration }).await?;
        let cpu = server.cpu_seconds()? - before;
        if seen.failures > 0 {
            return Err(format!("{what}: {} requests failed", seen.failures).into());
        }
        let Seen { requests, per_second, p50_ms, p99_ms, .. } = seen;
        let cpu_us = cpu * 1e6 / storm::number(requests);
        Ok(Line {
            what: what.to_owned(),
            per_second,
            p50_ms,
            p99_ms,
            cpu_us,
            rss_mib: server.rss_mib()?,
            ratio: None,
        })
    }

    /// A copy of all that is held about a person to whom much happened.
    async fn export(&mut self) -> Outcome<()> {
        let data_dir = self.dir.path().join("long-past");
        let token = privacy::make(&data_dir, EVENTS).await?;
        let ours = self.server(&data_dir, "production", (bare::PATH, Some(&token))).await?;
        say("copying the data of a person with a long past");
        privacy::wait_until_recorded(ours.address, &self.api_key, EVENTS).await?;
        let (mut took, mut bytes) = (Vec::new(), 0);
        // Three are made in a day.
        for _ in 0..self.options.rounds.min(3) {
            let (time, size) = privacy::copy(ours.address, &token).await?;
            took.push(time.as_secs_f64());
            bytes = size;
        }
        let seconds = middle(took);
        self.fact("copy of an account with 10,000 events, size of the file", format!("{} kB", bytes / 1_000));
        self.fact("resident memory after it", format!("{:.1} MiB", ours.rss_mib()?));
        self.goal(
            "copy of an account with 10,000 events",
            "≤ 2 s",
            format!("{seconds:.2} s"),
            seconds <= 2.0,
        );
        ours.stop().await
    }

    /// People of another system, with the hashes they have there.
    async fn import(&mut self) -> Outcome<()> {
        let data_dir = self.dir.path().join("imported");
        let ours = self.server(&data_dir, "production", ("/healthz", None)).await?;
        say("importing people");
        let before = ours.own_mib()?;
        let done = imports::import(&ours, &self.api_key, IMPORTS).await?;
        let per_second = storm::number(u64::try_from(done.people)?) / done.took.as_secs_f64();
        let peaks: Vec<String> = done.peaks_mib.iter().map(|peak| format!("{peak:.1}")).collect();
        self.fact(
            "own memory before an import, and at most in each 50,000 rows of it",
            format!("{before:.1} MiB; {} MiB", peaks.join(", ")),
        );
        self.fact("resident memory after it", format!("{:.1} MiB", ours.rss_mib()?));
        let (people, goal) = (done.people, 5_000.0);
        self.goal(
            "import with hashes of another system",
            "≥ 5,000 rows/s",
            format!("{} rows/s over {people} rows", rounded(per_second)),
            per_second >= goal,
        );
        let (first, last) = (done.peaks_mib.first(), done.peaks_mib.last());
        let growth = last.zip(first).map_or(f64::INFINITY, |(last, first)| last / first);
        self.goal(
            "own memory of an import, the last 50,000 rows against the first",
            "≤ 1.25",
            format!("{growth:.2}"),
            growth <= 1.25,
        );
        ours.stop().await
    }

    async fn sign_in(&mut self) -> Outcome<()> {
        self.cheap_sign_in().await?;
        let hasher = hasher(ArgonCost::PRODUCTION)?;
        let people = Arc::new(seed::with_password(&self.data_dir, "production", PEOPLE, &hasher).await?);
        let ours = self.ours("production").await?;
        let seconds = Duration::from_secs(self.options.seconds * 2);
        say("sign-ins with the production hash");
        let (mut alone, mut lines, mut calm, mut stormy) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.options.rounds {
            alone.push(storm::argon_alone(&hasher, seconds).await?);
            storm::settle().await;
            calm.push(storm::watched(ours.address, self.token(), seconds).await?);
            let before = ours.cpu_seconds()?;
            let (storm, watched) = tokio::join!(
                storm::sign_ins(ours.address, &people, seconds),
                storm::watched(ours.address, self.token(), seconds)
            );
            stormy.push(watched?);
            let cpu = ours.cpu_seconds()? - before;
            lines.push(line("sign in, production hash", &storm?, cpu, &ours)?);
        }
        let alone = middle(alone);
        let line = median(lines).unwrap_or_default();
        let share = line.per_second / alone;
        self.lines.push(Line {
            what: "Argon2 alone, production hash".to_owned(),
            per_second: alone,
            ..Line::default()
        });
        self.lines.push(Line { ratio: Some(("Argon2 alone", share)), ..line });
        let at = |all: &[(f64, f64)]| {
            (middle(all.iter().map(|p| p.0).collect()), middle(all.iter().map(|p| p.1).collect()))
        };
        let (calm, stormy) = (at(&calm), at(&stormy));
        self.fact("whoami, 200 a second, alone: p50, p99", format!("{:.2} ms, {:.2} ms", calm.0, calm.1));
        self.fact(
            "whoami, 200 a second, in the storm: p50, p99",
            format!("{:.2} ms, {:.2} ms", stormy.0, stormy.1),
        );
        self.fact("resident memory after the storm", format!("{:.1} MiB", ours.rss_mib()?));
        let slower = stormy.1 / calm.1;
        self.goal("sign-in, production hash", "≥ 0.95 of Argon2 alone", format!("{share:.2}"), share >= 0.95);
        self.goal("whoami's p99 in the storm", "≤ 2 × alone", format!("{slower:.2} ×"), slower <= 2.0);
        ours.stop().await
    }

    async fn cheap_sign_in(&mut self) -> Outcome<()> {
        let hasher = hasher(ArgonCost::CHEAPEST)?;
        let people = Arc::new(seed::with_password(&self.data_dir, "cheapest", PEOPLE, &hasher).await?);
        let ours = self.ours("cheapest").await?;
        say("sign-ins with the cheapest hash");
        let mut lines = Vec::new();
        for _ in 0..self.options.rounds {
            storm::settle().await;
            let before = ours.cpu_seconds()?;
            let storm =
                storm::sign_ins(ours.address, &people, Duration::from_secs(self.options.seconds)).await?;
            lines.push(line("sign in, cheapest hash", &storm, ours.cpu_seconds()? - before, &ours)?);
        }
        self.lines.extend(median(lines));
        ours.stop().await
    }
}

fn line(what: &str, storm: &Storm, cpu: f64, server: &Server) -> Outcome<Line> {
    Ok(Line {
        what: what.to_owned(),
        per_second: storm.per_second,
        p50_ms: storm.p50_ms,
        p99_ms: storm.p99_ms,
        cpu_us: cpu * 1e6 / storm::number(storm.sign_ins.max(1)),
        rss_mib: server.rss_mib()?,
        ratio: None,
    })
}

/// A hasher as the server has one: a thread for each core.
fn hasher(cost: ArgonCost) -> Outcome<PasswordHasher> {
    let threads = std::thread::available_parallelism()?.get();
    let config = HasherConfig { cost, threads, memory_budget_kib: 1 << 20, queue: threads * 16 };
    Ok(PasswordHasher::new(config).map_err(told)?)
}

impl Stage {
    fn goal(&mut self, what: &'static str, wanted: &'static str, reached: String, is_met: bool) {
        self.goals.push(Goal { what, wanted, reached, is_met });
    }
}

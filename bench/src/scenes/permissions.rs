//! Relation tuples: importing, starting with, checking, listing and writing them.

use super::{Stage, say};
use crate::{
    Outcome,
    bare::Bare,
    permissions::{self, World},
    report::{Line, median, middle, rounded},
    server::Server,
    storm,
};

/// Different questions.
const QUESTIONS: usize = 20_000;
/// Different batches of a hundred.
const BATCHES: usize = 1_000;
/// How often the long list is asked for.
const LISTS: usize = 50;
/// How often a server starts with all of them.
const STARTS: usize = 3;

const CHECK: &str = "/v1/permissions:check";
const BATCH: &str = "/v1/permissions:batchCheck";

/// A tuple as it is written; `{}` is what no other has.
const TUPLE: &str = r#"{"namespace":"documents","object":"{}","relation":"reader","subject":"usr_01kjpwdk93e6yrn40000000001"}"#;

impl Stage {
    pub(super) async fn permissions(&mut self) -> Outcome<()> {
        let data_dir = self.dir.path().join("permissions");
        let world = World::new(self.options.tuples);
        let file = self.dir.path().join("tuples");
        let count = world.write(&file)?;
        let ours = self.server(&data_dir, "cheapest", ("/healthz", None)).await?;
        permissions::prepare(&ours, &self.api_key).await?;
        self.import_tuples(&ours, &file, count).await?;
        ours.stop().await?;
        let ours = self.start_with(&data_dir, count).await?;
        self.checks(&ours, world).await?;
        self.lists(&ours).await?;
        self.tuples_written(&ours).await?;
        ours.stop().await
    }

    async fn import_tuples(&mut self, ours: &Server, file: &std::path::Path, count: usize) -> Outcome<()> {
        say(&format!("importing {count} relation tuples"));
        let before = ours.own_mib()?;
        let done = permissions::import(&self.options.server, ours, &self.api_key, file).await?;
        let per_second = storm::number(u64::try_from(count)?) / done.took.as_secs_f64();
        self.fact(
            &format!("avnology permissions import, {count} tuples"),
            format!("{:.1} s, {}/s", done.took.as_secs_f64(), rounded(per_second)),
        );
        let quarters: Vec<String> = done.server_mib.iter().map(|mib| format!("{mib:.0}")).collect();
        self.fact(
            "own memory of the import; of the server before it, and at most in each quarter of it",
            format!("{:.1} MiB; {before:.0} MiB, {} MiB", done.command_mib, quarters.join(", ")),
        );
        Ok(())
    }

    async fn start_with(&mut self, data_dir: &std::path::Path, count: usize) -> Outcome<Server> {
        say("starting with the tuples");
        let (path, key) = (World::first_path(), self.api_key.clone());
        let mut took = Vec::new();
        for _ in 1..STARTS {
            let ours = self.server(data_dir, "cheapest", (path.as_str(), Some(key.as_str()))).await?;
            took.push(ours.cold_start.as_secs_f64());
            ours.stop().await?;
        }
        let ours = self.server(data_dir, "cheapest", (path.as_str(), Some(key.as_str()))).await?;
        took.push(ours.cold_start.as_secs_f64());
        let took = middle(took);
        self.fact(
            &format!("own memory with {count} tuples in it"),
            format!("{:.0} MiB of {:.0} MiB resident", ours.own_mib()?, ours.rss_mib()?),
        );
        self.goal(
            "start with a million tuples to the first check",
            "≤ 2 s",
            format!("{took:.2} s"),
            took <= 2.0,
        );
        Ok(ours)
    }

    async fn checks(&mut self, ours: &Server, world: World) -> Outcome<()> {
        say("checks");
        let single = world.check_lines(QUESTIONS);
        let line = self.asked(ours, CHECK, &single, "check, random, half of them through three hops").await?;
        let (own, share) = line;
        self.lines.push(Line { ratio: Some(("bare", share)), ..own });
        self.goal("check", "≥ 0.60 of bare", format!("{share:.2}"), share >= 0.6);
        let batches = world.batch_lines(BATCHES);
        let (own, share) = self.asked(ours, BATCH, &batches, "100 checks in a batch").await?;
        let checks = own.per_second * 100.0;
        self.lines.push(Line { ratio: Some(("bare", share)), ..own });
        self.goal(
            "checks in batches of 100",
            "≥ 1,000,000/s",
            format!("{}/s", rounded(checks)),
            checks >= 1_000_000.0,
        );
        Ok(())
    }

    /// The same requests to ours and to a bare server that answers the bytes of the first; ours, and its share.
    async fn asked(&mut self, ours: &Server, path: &str, bodies: &str, what: &str) -> Outcome<(Line, f64)> {
        let first = bodies.lines().next().unwrap_or_default();
        let response = self.script("asked-response", "")?;
        std::fs::write(&response, permissions::answer(ours, &self.api_key, path, first).await?)?;
        let bare = Server::bare(&response, Bare::Answers).await?;
        let script = self.script("bodies.lua", include_str!("../scripts/bodies.lua"))?;
        let bodies = self.script("bodies", bodies)?;
        let key = format!("Bearer {}", self.api_key);
        let arguments = vec![key, "application/json".to_owned(), bodies.display().to_string()];
        let name = format!("bare axum, the bytes of: {what}");
        let (mut theirs, mut own) = (Vec::new(), Vec::new());
        for _ in 0..self.options.rounds {
            let script = || Some((script.as_path(), arguments.clone()));
            theirs.push(self.load(&bare, path, None, script(), &name).await?);
            own.push(self.load(ours, path, None, script(), what).await?);
        }
        bare.stop().await?;
        let (theirs, own) = (median(theirs).unwrap_or_default(), median(own).unwrap_or_default());
        let share = own.per_second / theirs.per_second;
        self.lines.push(theirs);
        Ok((own, share))
    }

    async fn lists(&mut self, ours: &Server) -> Outcome<()> {
        say("long lists");
        let mut took = Vec::new();
        for _ in 0..LISTS {
            took.push(permissions::list_many(ours, &self.api_key).await?.as_secs_f64() * 1e3);
        }
        let took = middle(took);
        self.goal(
            "list of 50,000 objects, worked out whole for a page of 500",
            "≤ 20 ms",
            format!("{took:.1} ms"),
            took <= 20.0,
        );
        Ok(())
    }

    async fn tuples_written(&mut self, ours: &Server) -> Outcome<()> {
        say("writing tuples");
        let mut lines = Vec::new();
        for round in 0..self.options.rounds {
            let arguments = vec![self.api_key.clone(), format!("round-{round}-"), TUPLE.to_owned()];
            let script = Some((self.fresh_script.as_path(), arguments));
            let what = "write a tuple, durable (SQLite, FULL)";
            lines.push(self.load(ours, "/v1/permissions", None, script, what).await?);
        }
        self.per_second("tuples written, durable, 64 callers", "≥ 5,000/s", 5_000.0, lines);
        Ok(())
    }
}

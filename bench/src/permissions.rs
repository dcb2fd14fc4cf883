//! A document app's relation tuples: people in teams, folders in folders, documents in folders, each with a reader.

use std::{
    fmt::Write as _,
    io::{BufWriter, Write as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use crate::{
    Outcome,
    client::{Client, post_text},
    server::{Server, own_mib},
};

const SCHEMA: &str = r#"
class teams implements Namespace { related: { member: identities[] } }
class folders implements Namespace {
  related: { parent: folders[]
             viewer: (identities | SubjectSet<teams, "member">)[] }
  permits = { view: (ctx) => this.related.viewer.includes(ctx.subject) || this.related.parent.traverse((p) => p.permits.view(ctx)) }
}
class documents implements Namespace {
  related: { folder: folders[]
             reader: identities[] }
  permits = { read: (ctx) => this.related.reader.includes(ctx.subject) || this.related.folder.traverse((f) => f.permits.view(ctx)) }
}
"#;

/// Documents of the person who has many.
pub(crate) const MANY: usize = 50_000;

/// Numbers in no order, the same each time (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or_default() % end.max(1)
    }
}

/// An id of the length that ours have.
fn id(prefix: &str, number: usize) -> String {
    let spread = u64::try_from(number).unwrap_or_default().wrapping_mul(0x9e37_79b9) & 0xff_ffff_ffff;
    format!("{prefix}_01kjpwdk93e6yrn4{spread:010x}")
}

/// How much of everything there is.
#[derive(Clone, Copy)]
pub(crate) struct World {
    users: usize,
    teams: usize,
    folders: usize,
    documents: usize,
}

impl World {
    /// About `tuples` tuples: 40 % documents in folders, 40 % readers, 15 % members of teams, the rest folders.
    pub(crate) fn new(tuples: usize) -> Self {
        let tuples = tuples.max(1_000);
        Self { users: tuples / 10, teams: tuples / 100, folders: tuples / 40, documents: tuples * 2 / 5 }
    }

    fn team_of(self, user: usize, turn: usize) -> usize {
        (user * 7 + turn * 131) % self.teams
    }

    /// Writes the tuples as lines; how many.
    pub(crate) fn write(self, path: &Path) -> Outcome<usize> {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        let mut count = 0;
        let mut line = |text: String| {
            count += 1;
            writeln!(file, "{text}")
        };
        let top = self.folders / 10;
        for user in 0..self.users {
            for turn in 0..=(1 - user % 2) {
                line(format!("teams:{}#member@{}", id("tea", self.team_of(user, turn)), id("usr", user)))?;
            }
        }
        for folder in 0..self.folders {
            line(if folder < top {
                format!(
                    "folders:{}#viewer@teams:{}#member",
                    id("fol", folder),
                    id("tea", folder % self.teams)
                )
            } else {
                format!("folders:{}#parent@folders:{}", id("fol", folder), id("fol", folder % top))
            })?;
        }
        for document in 0..self.documents {
            let name = id("doc", document);
            line(format!("documents:{name}#folder@folders:{}", id("fol", document % self.folders)))?;
            line(format!("documents:{name}#reader@{}", id("usr", document % self.users)))?;
        }
        for document in 0..MANY {
            line(format!("documents:{}#reader@usr_many", id("own", document)))?;
        }
        file.flush()?;
        Ok(count)
    }

    /// Checks, half by a tuple of the subject's own and half through a folder, its parent and a team, over all of it.
    fn checks(self, count: usize) -> Vec<Value> {
        let mut numbers = Numbers(88_172_645_463_325_252);
        let mut member = vec![None; self.teams];
        for user in 0..self.users {
            if let Some(of) = member.get_mut(self.team_of(user, 0)) {
                *of = Some(user);
            }
        }
        let far = |document: usize| {
            let top = (document % self.folders) % (self.folders / 10).max(1);
            member.get(top % self.teams).copied().flatten().unwrap_or_default()
        };
        (0..count)
            .map(|number| {
                let document = numbers.below(self.documents);
                let user = if number % 2 == 0 { document % self.users } else { far(document) };
                json!({ "namespace": "documents", "object": id("doc", document), "relation": "read",
                    "subject": id("usr", user) })
            })
            .collect()
    }

    /// The bodies of single checks, one a line.
    pub(crate) fn check_lines(self, count: usize) -> String {
        lines(self.checks(count).into_iter())
    }

    /// The bodies of batches of a hundred.
    pub(crate) fn batch_lines(self, count: usize) -> String {
        lines(self.checks(count * 100).chunks(100).map(|checks| json!({ "checks": checks })))
    }

    /// A check by GET, in the form of Keto, which answers 200 whatever it finds.
    pub(crate) fn first_path() -> String {
        let (document, user) = (id("doc", 7), id("usr", 7));
        format!(
            "/relation-tuples/check/openapi?namespace=documents&object={document}&relation=read&subject_id={user}"
        )
    }
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    values.fold(String::new(), |mut text, value| {
        let _ = writeln!(text, "{value}");
        text
    })
}

/// Puts the schema in force.
pub(crate) async fn prepare(server: &Server, api_key: &str) -> Outcome<()> {
    let body = json!({ "schema": SCHEMA }).to_string();
    let request = format!(
        "PUT /v1/permissions/namespaces HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {api_key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    expect(&Client::connect(server.address).await?.send(&request).await?, " 200 ").map(drop)
}

fn expect<'a>(answer: &'a [u8], what: &str) -> Outcome<&'a str> {
    let text = std::str::from_utf8(answer)?;
    if text.lines().next().is_some_and(|line| line.contains(what)) { Ok(text) } else { Err(text.into()) }
}

/// What an import took.
pub(crate) struct Imported {
    pub(crate) took: Duration,
    /// The most memory that the command had of its own, in MiB.
    pub(crate) command_mib: f64,
    /// The most that the server had, in each quarter of it.
    pub(crate) server_mib: Vec<f64>,
}

/// `avnology permissions import`.
pub(crate) async fn import(binary: &Path, server: &Server, api_key: &str, file: &Path) -> Outcome<Imported> {
    let begin = Instant::now();
    let mut child = Command::new(binary)
        .args(["permissions", "import", "--url", &format!("http://{}", server.address)])
        .arg(file)
        .env("AVNOLOGY_API_KEY", api_key)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id().ok_or("the import ended at once")?;
    let (mut command, mut servers) = (0.0_f64, Vec::new());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Ok(mib) = own_mib(pid) {
            command = command.max(mib);
        }
        servers.push(server.own_mib()?);
        sleep(Duration::from_millis(100)).await;
    };
    if !status.success() {
        let output = child.wait_with_output().await?;
        return Err(format!("the import failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let peak = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    let server_mib = servers.chunks(servers.len().div_ceil(4).max(1)).map(peak).collect();
    Ok(Imported { took: begin.elapsed(), command_mib: command, server_mib })
}

/// How long the whole list of the person takes who has many, and how many a page of it has.
pub(crate) async fn list_many(server: &Server, api_key: &str) -> Outcome<Duration> {
    let body =
        json!({ "namespace": "documents", "relation": "read", "subject": "usr_many", "page_size": 500 });
    let request = post_text(server.address, "/v1/permissions:listObjects", Some(api_key), &body);
    let mut client = Client::connect(server.address).await?;
    let begin = Instant::now();
    let answer = client.send(&request).await?;
    let took = begin.elapsed();
    let text = expect(&answer, " 200 ")?;
    if text.matches("own_").count() != 500 || text.contains("\"next_page_token\":\"\"") {
        return Err(format!("not a page of many: {text}").into());
    }
    Ok(took)
}

/// The answer to one of these bodies, as its bytes came.
pub(crate) async fn answer(server: &Server, api_key: &str, path: &str, body: &str) -> Outcome<Vec<u8>> {
    let body: Value = serde_json::from_str(body)?;
    let request = post_text(server.address, path, Some(api_key), &body);
    let answer = Client::connect(server.address).await?.send(&request).await?;
    expect(&answer, " 200 ")?;
    Ok(answer)
}

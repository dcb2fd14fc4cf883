//! Prints what the index takes and how quickly it answers, over a graph of a million tuples.
//!
//! `cargo run --release -p avnology-rebac --example figures [tuples]`. The data is that of a document app: an
//! organization's people in groups, folders in folders, documents in folders, each document with a reader of its own.
//! Questions go over the whole graph in an order that no cache can foresee.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a program that measures, and stops when something is wrong"
)]

use std::{hint::black_box, time::Instant};

use avnology_rebac::{Change, Index, Question, Schema, Scope, Snapshot, Subject, Tuple};

const SCHEMA: &str = r#"
class folders implements Namespace {
  related: {
    parent: folders[]
    organization: organizations[]
    viewer: (identities | SubjectSet<groups, "member">)[]
  }
  permits = {
    view: (ctx: Context): boolean =>
      this.related.viewer.includes(ctx.subject) ||
      this.related.parent.traverse((p) => p.permits.view(ctx)) ||
      this.related.organization.traverse((o) => o.related.admin.includes(ctx.subject)),
  }
}
class documents implements Namespace {
  related: {
    folder: folders[]
    reader: (identities | SubjectSet<groups, "member">)[]
    banned: identities[]
  }
  permits = {
    read: (ctx: Context): boolean =>
      this.related.reader.includes(ctx.subject) ||
      this.related.folder.traverse((f) => f.permits.view(ctx)),
    read_unless_banned: (ctx: Context): boolean =>
      this.permits.read(ctx) && !this.related.banned.includes(ctx.subject),
  }
}
"#;

/// Numbers in no order, the same each time (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

/// An id of the length that ours have.
fn id(prefix: &str, number: usize) -> String {
    format!("{prefix}_01kjpwdk93e6yrn4{:010x}", (number as u64).wrapping_mul(0x9e37_79b9) & 0xff_ffff_ffff)
}

struct World {
    users: usize,
    groups: usize,
    folders: usize,
    documents: usize,
}

impl World {
    /// About `tuples` tuples: 40 % documents in folders, 40 % readers, 15 % members of groups, the rest folders.
    fn new(tuples: usize) -> Self {
        Self { users: tuples / 10, groups: tuples / 100, folders: tuples / 40, documents: tuples * 2 / 5 }
    }

    fn group_of(&self, user: usize, turn: usize) -> usize {
        (user * 7 + turn * 131) % self.groups
    }

    fn tuples(&self) -> Vec<Tuple> {
        let mut tuples = Vec::new();
        let mut put = |namespace: &str, object: String, relation: &str, subject| {
            tuples.push(Tuple::new(namespace, &object, relation, subject).expect("a tuple"));
        };
        for user in 0..self.users {
            for turn in 0..if user % 2 == 0 { 2 } else { 1 } {
                put(
                    "groups",
                    id("grp", self.group_of(user, turn)),
                    "member",
                    Subject::identity(id("usr", user)),
                );
            }
        }
        for folder in 0..self.folders {
            if folder >= self.folders / 10 {
                let parent = Subject::object("folders", id("fol", folder % (self.folders / 10)));
                put("folders", id("fol", folder), "parent", parent);
            } else {
                let viewers = Subject::set("groups", id("grp", folder % self.groups), "member");
                put("folders", id("fol", folder), "viewer", viewers);
            }
        }
        for document in 0..self.documents {
            let (name, folder) =
                (id("doc", document), Subject::object("folders", id("fol", document % self.folders)));
            put("documents", name.clone(), "folder", folder);
            put("documents", name, "reader", Subject::identity(id("usr", document % self.users)));
        }
        tuples
    }
}

/// Time on the processor, so that what else the machine does is left out; by the clock where that is not told.
struct Watch(Option<u64>, Instant);

impl Watch {
    fn start() -> Self {
        Self(Self::on_processor(), Instant::now())
    }

    /// Nanoseconds of this thread.
    fn on_processor() -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    }

    fn nanos(&self) -> u64 {
        match (self.0, Self::on_processor()) {
            (Some(start), Some(end)) => end - start,
            _ => u64::try_from(self.1.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }

    fn seconds(&self) -> f64 {
        self.nanos() as f64 / 1e9
    }
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or(0) * 1024
}

/// What a question takes: the middle one of many short runs, since other work on the machine falls on some of them. As
/// in a server, the names in a question were just read and lie in the processor's cache; the tuples need not.
fn asked(snapshot: &Snapshot, name: &str, questions: &[(String, Subject)], relation: &str, expected: bool) {
    const RUN: usize = 50;
    let query = snapshot.query(&Scope::Tenant, 0);
    let mut runs = Vec::new();
    for questions in questions.chunks(RUN) {
        let questions = questions.to_vec();
        let started = Instant::now();
        for (object, subject) in &questions {
            let question = Question { namespace: "documents", object, relation, subject };
            assert_eq!(black_box(query.check(&question)), Ok(expected), "{name}: {object} {subject}");
        }
        runs.push(started.elapsed().as_nanos() as usize / questions.len());
    }
    runs.sort_unstable();
    println!("{name:<58} {:>8} ns", runs[runs.len() / 2]);
}

fn main() {
    let wanted = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let world = World::new(wanted);
    let schema = Schema::parse(SCHEMA).expect("a schema");
    let tuples = world.tuples();
    let before = resident();
    let started = Watch::start();
    let mut index = Index::new(&schema, 4711);
    for tuple in &tuples {
        index.insert(&Scope::Tenant, tuple, None).expect("written");
    }
    let load = started.seconds();
    let grown = resident() - before;
    let snapshot = index.snapshot();
    let count = snapshot.len() as usize;
    println!(
        "{count} tuples: {} people, {} groups, {} folders, {} documents\n",
        world.users, world.groups, world.folders, world.documents
    );
    println!("{:<58} {:>8.2} s", "load", load);
    println!("{:<58} {:>8} bytes", "a tuple, as the process grew", grown / count);
    println!("{:<58} {:>8} bytes", "a tuple, worked out from sizes", snapshot.bytes() / count);

    let mut numbers = Numbers(88_172_645_463_325_252);
    let mut ask = |subject: &dyn Fn(usize) -> usize| -> Vec<(String, Subject)> {
        (0..200_000)
            .map(|_| {
                let document = numbers.below(world.documents);
                (id("doc", document), Subject::identity(id("usr", subject(document))))
            })
            .collect()
    };
    let direct = ask(&|document| document % world.users);
    // Through the folder, its parent and a group; the reader is somebody else.
    let top = |document: usize| (document % world.folders) % (world.folders / 10);
    let member: Vec<usize> = {
        let mut of = vec![usize::MAX; world.groups];
        for user in 0..world.users {
            of[world.group_of(user, 0)] = user;
        }
        of
    };
    let far = ask(&|document| member[top(document) % world.groups]);
    let far: Vec<_> =
        far.into_iter().filter(|(_, subject)| *subject != Subject::identity(id("usr", usize::MAX))).collect();
    let nobody = ask(&|_| world.users + 1);
    let strangers = ask(&|document| (document + 1) % world.users);
    println!();
    asked(&snapshot, "check of a direct tuple", &direct, "reader", true);
    asked(&snapshot, "check of a direct tuple through a permit", &direct, "read", true);
    asked(&snapshot, "check through three hops (folder, its parent, group)", &far, "read", true);
    asked(&snapshot, "the same, and `&& !banned`", &far, "read_unless_banned", true);
    asked(&snapshot, "check of a direct tuple that is not there", &strangers, "reader", false);
    asked(&snapshot, "check of somebody nobody knows, all looked at", &nobody, "read", false);
    let often = |questions: &[(String, Subject)]| -> Vec<_> {
        questions.iter().take(500).cycle().take(200_000).cloned().collect()
    };
    asked(&snapshot, "check of a direct tuple, 500 over and over", &often(&direct), "reader", true);
    asked(&snapshot, "check through three hops, 500 over and over", &often(&far), "read", true);

    yardstick();
    batches(&snapshot, &direct, &far);
    lists(&mut index, &schema);
    writes(&mut index, &tuples);
}

/// What this machine needs, at this moment, for one read that waits for the one before, over as much memory.
fn yardstick() {
    const SLOTS: usize = 24 << 20;
    let mut next = vec![0_u32; SLOTS];
    for (slot, to) in next.iter_mut().enumerate() {
        *to = ((slot.wrapping_mul(1_664_525) + 1_013_904_223) % SLOTS) as u32;
    }
    let (started, mut at) = (Watch::start(), 0_usize);
    for _ in 0..2_000_000 {
        at = next[at] as usize;
    }
    black_box(at);
    println!(
        "{:<58} {:>8} ns",
        "(for comparison: one dependent read of 96 MiB)",
        started.nanos() / 2_000_000
    );
}

fn batches(snapshot: &Snapshot, direct: &[(String, Subject)], far: &[(String, Subject)]) {
    let questions: Vec<Question<'_>> = direct
        .iter()
        .zip(far)
        .flat_map(|(direct, far)| [direct, far])
        .map(|(object, subject)| Question { namespace: "documents", object, relation: "read", subject })
        .collect();
    let halves: Vec<&[Question<'_>]> = questions.chunks(questions.len().div_ceil(2)).collect();
    let rate: f64 = std::thread::scope(|threads| {
        let run = |half: &'_ [Question<'_>]| {
            let started = Watch::start();
            let query = snapshot.query(&Scope::Tenant, 0);
            for batch in half.chunks(100) {
                black_box(query.batch_check(batch));
            }
            half.len() as f64 / started.seconds() / 1e6
        };
        let running: Vec<_> = halves.iter().map(|half| threads.spawn(move || run(half))).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    });
    println!("{:<58} {rate:>8.2} M/s", "batches of 100, half direct, half far, on two threads");
}

fn lists(index: &mut Index, schema: &Schema) {
    let put = |index: &mut Index, text: String| {
        let tuple = Tuple::parse(&text, schema).expect("a tuple");
        index.insert(&Scope::Tenant, &tuple, None).expect("written");
    };
    for document in 0..50_000 {
        put(index, format!("documents:{}#reader@usr_many", id("own", document)));
        put(index, format!("documents:{}#folder@folders:wide", id("wide", document)));
    }
    put(index, "folders:wide#viewer@groups:wide#member".to_owned());
    put(index, "groups:wide#member@usr_wide".to_owned());
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0);
    for (name, relation, who) in [
        ("list of 50,000 documents, each by its own tuple", "read", "usr_many"),
        ("list of 50,000 documents of a folder of a group", "read", "usr_wide"),
        ("the same, `&& !banned` checked for each", "read_unless_banned", "usr_wide"),
    ] {
        let mut best = f64::MAX;
        for _ in 0..5 {
            let started = Watch::start();
            let listed = query.list_objects("documents", relation, &Subject::identity(who)).expect("a list");
            assert_eq!(listed.len(), 50_000);
            best = best.min(started.seconds() * 1e3);
        }
        println!("{name:<58} {best:>8.2} ms");
    }
}

fn writes(index: &mut Index, tuples: &[Tuple]) {
    let held = index.snapshot();
    let started = Watch::start();
    let rounds = 20_000;
    let mut published = held.clone();
    for round in 0..rounds {
        let tuple = tuples[(round * 7919) % tuples.len()].clone();
        let scope = Scope::Tenant;
        let change = if round % 2 == 0 {
            Change::Delete { scope, tuple }
        } else {
            let tuple = tuples[((round - 1) * 7919) % tuples.len()].clone();
            Change::Insert { scope, tuple, expire_time: None }
        };
        index.apply(round as u64, &[change]).expect("applied");
        published = index.snapshot();
    }
    let each = started.nanos() / rounds as u64;
    assert_eq!(published.len(), held.len());
    println!("{:<58} {each:>8} ns", "a write, published, while a reader holds an old snapshot");
    let started = Watch::start();
    for member in 0..1_000_000 {
        let tuple = Tuple::new("groups", "vast", "member", Subject::identity(format!("usr_{member}")))
            .expect("a tuple");
        index.insert(&Scope::Tenant, &tuple, None).expect("written");
    }
    println!("{:<58} {:>8.2} s", "a million members put into one group", started.seconds());
    let started = Watch::start();
    for member in 0..1_000 {
        let tuple = Tuple::new("groups", "vast", "member", Subject::identity(format!("usr_new_{member}")))
            .expect("a tuple");
        index.insert(&Scope::Tenant, &tuple, None).expect("written");
        published = index.snapshot();
    }
    let each = started.nanos() / 1_000;
    println!("{:<58} {each:>8} ns", "one more, published");
    let query = published.query(&Scope::Tenant, 0);
    let subject = Subject::identity("usr_999999");
    let started = Watch::start();
    for _ in 0..100_000 {
        let question =
            Question { namespace: "groups", object: "vast", relation: "member", subject: &subject };
        assert_eq!(black_box(query.check(&question)), Ok(true));
    }
    println!("{:<58} {:>8} ns", "check in a group of a million", started.nanos() / 100_000);
}

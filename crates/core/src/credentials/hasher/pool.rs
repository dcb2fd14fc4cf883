//! The threads that compute hashes, their queue and their memory.
//!
//! They are not Tokio's blocking threads: those are not bounded by memory, and a task there is not taken back when its
//! caller leaves. Here a thread is the permit, so nothing can leak one, and a job whose caller left is not begun.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use avnology_model::{Code, Error, Result};
use parking_lot::{Condvar, Mutex};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{foreign::Scheme, stored::OUTPUT_LEN};

/// Imported hashes that take less than this leave the memory for Argon2 where it is, in KiB.
const LITTLE: u64 = 1_024;

/// One password to hash or to compare.
pub(super) struct Job {
    pub(super) password: SecretString,
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<Done>>,
}

/// What to do with a password.
pub(super) enum Work {
    /// To hash it.
    Argon2(Argon2Work),
    /// To compare it with an imported hash. A wrong one costs a hash of our own besides, as a right one does that is hashed
    /// anew: else the time would tell whose hash is an old one.
    Foreign(Box<dyn Scheme>, Argon2Work),
}

/// The parameters of Argon2.
pub(super) struct Argon2Work {
    pub(super) salt: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
}

/// What came of it.
pub(super) enum Done {
    /// The hash.
    Output(Zeroizing<Vec<u8>>),
    /// Whether the password is the right one.
    Compared(bool),
}

#[derive(Debug)]
pub(super) struct Pool {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// How many jobs may run or wait.
    capacity: usize,
    /// Blocks that a thread keeps between jobs.
    usual_blocks: usize,
    idle: Duration,
    held_blocks: AtomicUsize,
    finished: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    running: usize,
    closed: bool,
}

impl Pool {
    pub(super) fn start(threads: usize, queue: usize, usual_blocks: usize, idle: Duration) -> Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            capacity: threads.saturating_add(queue),
            usual_blocks,
            idle,
            held_blocks: AtomicUsize::new(0),
            finished: AtomicU64::new(0),
        });
        let pool = Self { shared };
        for number in 1..=threads {
            let shared = Arc::clone(&pool.shared);
            let thread = thread::Builder::new().name(format!("argon2-{number}"));
            thread.spawn(move || work(&shared)).map_err(Error::internal)?;
        }
        Ok(pool)
    }

    /// Queues a job, or refuses it (`_912`) when as many as may wait are waiting.
    pub(super) fn submit(&self, job: Job) -> Result<()> {
        let mut state = self.shared.state.lock();
        if state.running + state.waiting.len() >= self.shared.capacity {
            state.waiting.retain(|waiting| !waiting.reply.is_closed());
        }
        if state.running + state.waiting.len() >= self.shared.capacity {
            return Err(Error::new(Code::Unavailable).with_retry_after(1));
        }
        state.waiting.push_back(job);
        drop(state);
        self.shared.wake.notify_one();
        Ok(())
    }

    pub(super) fn queue_length(&self) -> usize {
        self.shared.state.lock().waiting.len()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.shared.state.lock().running
    }

    pub(super) fn finished(&self) -> u64 {
        self.shared.finished.load(Ordering::Relaxed)
    }

    pub(super) fn memory_kib(&self) -> usize {
        self.shared.held_blocks.load(Ordering::Relaxed) * Block::SIZE / 1024
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.shared.wake.notify_all();
    }
}

/// The life of one thread.
fn work(shared: &Shared) {
    step_back();
    let mut memory = Memory { blocks: Vec::new(), held: &shared.held_blocks };
    while let Some(job) = next(shared, &mut memory) {
        let answer = catch_unwind(AssertUnwindSafe(|| compute(&job, &mut memory)));
        let answer = answer.unwrap_or_else(|_| Err(Error::internal("a password hash panicked")));
        if memory.blocks.len() > shared.usual_blocks {
            memory.give_back();
        }
        shared.finished.fetch_add(1, Ordering::Relaxed);
        // Before the answer: whoever gets it may come back at once and must find the place free.
        shared.state.lock().running -= 1;
        // Nobody listens any more when the caller went away; its work is lost and nothing else.
        let _ = job.reply.send(answer);
    }
}

/// Waits for a job that somebody still wants; `None` at the end. Memory is given back when there is none for long.
fn next(shared: &Shared, memory: &mut Memory<'_>) -> Option<Job> {
    let mut state = shared.state.lock();
    loop {
        if state.closed {
            return None;
        }
        while let Some(job) = state.waiting.pop_front() {
            if !job.reply.is_closed() {
                state.running += 1;
                return Some(job);
            }
        }
        if memory.blocks.is_empty() {
            shared.wake.wait(&mut state);
        } else if shared.wake.wait_for(&mut state, shared.idle).timed_out() && state.waiting.is_empty() {
            parking_lot::MutexGuard::unlocked(&mut state, || memory.give_back());
        }
    }
}

fn compute(job: &Job, memory: &mut Memory<'_>) -> Result<Done> {
    let password = job.password.expose_secret().as_bytes();
    match &job.work {
        Work::Argon2(work) => argon2(password, work, memory).map(Done::Output),
        Work::Foreign(scheme, otherwise) => {
            if scheme.memory_kib() >= LITTLE {
                // Never both at one time.
                memory.give_back();
            }
            let matches = scheme.matches(password)?;
            if !matches {
                argon2(password, otherwise, memory)?;
            }
            Ok(Done::Compared(matches))
        }
    }
}

fn argon2(password: &[u8], work: &Argon2Work, memory: &mut Memory<'_>) -> Result<Zeroizing<Vec<u8>>> {
    let blocks = memory.at_least(work.params.block_count())?;
    let mut output = Zeroizing::new(vec![0; work.params.output_len().unwrap_or(OUTPUT_LEN)]);
    Argon2::new(work.algorithm, work.version, work.params.clone())
        .hash_password_into_with_memory(password, &work.salt, &mut output, blocks)
        .map_err(Error::internal)?;
    Ok(output)
}

/// The memory of one thread. Kept between jobs, for a third of the time of a fresh hash is page faults.
struct Memory<'a> {
    blocks: Vec<Block>,
    held: &'a AtomicUsize,
}

impl Memory<'_> {
    fn at_least(&mut self, count: usize) -> Result<&mut [Block]> {
        if self.blocks.len() < count {
            // Not grown in place: that would copy what is of no use.
            self.give_back();
            self.blocks.try_reserve_exact(count).map_err(Error::unavailable)?;
            self.blocks.resize(count, Block::new());
            self.held.fetch_add(count, Ordering::Relaxed);
        }
        Ok(&mut self.blocks)
    }

    fn give_back(&mut self) {
        self.held.fetch_sub(self.blocks.len(), Ordering::Relaxed);
        self.blocks = Vec::new();
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Lets everything else go first, so that a storm of sign-ins does not slow the session check. On Linux a priority
/// belongs to the thread; elsewhere it would be the whole process's, and stays as it is.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "password hashing runs at normal priority");
    }
}

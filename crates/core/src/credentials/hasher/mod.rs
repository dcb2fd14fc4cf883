//! Password hashes: Argon2id version 1.3 (RFC 9106) on threads of their own, with a bounded queue and a memory budget.
//! There the hashes of other systems are compared, too, until they are replaced.

pub(super) mod foreign;
mod pool;
mod stored;

use std::{sync::Arc, time::Duration};

use argon2::{Algorithm, Params, Version};
use avnology_model::{Error, Result, credentials::ArgonCost};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::SecretString;
use tokio::sync::oneshot;

use self::{
    pool::{Argon2Work, Done, Job, Pool, Work},
    stored::{Kept, OUTPUT_LEN, StoredHash},
};

/// How long a thread keeps its memory when there is nothing to hash.
const IDLE: Duration = Duration::from_secs(10);

/// How much password hashing may cost this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherConfig {
    /// What a new hash costs.
    pub cost: ArgonCost,
    /// The largest number of hashes at one time.
    pub threads: usize,
    /// The largest memory of all hashes at one time, in KiB; each new hash takes `cost.memory_kib` of it.
    pub memory_budget_kib: u64,
    /// How many more may wait.
    pub queue: usize,
}

/// What a password turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is the right one.
    pub matches: bool,
    /// Whether the stored hash is weaker than a new one would be. Only to be acted upon when the password matches.
    pub needs_rehash: bool,
}

/// Hashes and checks passwords. Clones share the threads, which end with the last clone.
#[derive(Clone, Debug)]
pub struct PasswordHasher {
    pool: Arc<Pool>,
    cost: ArgonCost,
    ceiling: ArgonCost,
    dummy: Arc<str>,
}

impl PasswordHasher {
    /// Starts the threads: as many as `threads` and the memory budget allow.
    ///
    /// Fails (`_999`) when not one hash fits into the budget, when Argon2 does not take the cost, or when the system
    /// gives no threads.
    pub fn new(config: HasherConfig) -> Result<Self> {
        Self::with_idle(config, IDLE)
    }

    fn with_idle(config: HasherConfig, idle: Duration) -> Result<Self> {
        let HasherConfig { cost, threads, memory_budget_kib, queue } = config;
        current_params(cost)?;
        let by_memory = memory_budget_kib / u64::from(cost.memory_kib);
        let permits = threads.min(usize::try_from(by_memory).unwrap_or(usize::MAX));
        if permits == 0 {
            return Err(Error::internal(format!(
                "password hashing needs at least one thread and {} KiB of memory, and got {threads} and \
                 {memory_budget_kib} KiB",
                cost.memory_kib
            )));
        }
        // Lowering the cost must not lock anybody out, so the ceiling never falls below what the contract asks for.
        let twice = |configured: u32, contract: u32| configured.max(contract).saturating_mul(2);
        let ceiling = ArgonCost {
            memory_kib: twice(cost.memory_kib, ArgonCost::PRODUCTION.memory_kib),
            passes: twice(cost.passes, ArgonCost::PRODUCTION.passes),
            lanes: twice(cost.lanes, ArgonCost::PRODUCTION.lanes),
        };
        let usual_blocks = usize::try_from(cost.memory_kib).unwrap_or(usize::MAX);
        Ok(Self {
            pool: Arc::new(Pool::start(permits, queue, usual_blocks, idle)?),
            cost,
            ceiling,
            dummy: stored::format(cost, &[0; 16], &[0; OUTPUT_LEN]).into(),
        })
    }

    /// The PHC text of a new hash of `password`, exactly as its bytes are (`contract/00` §5).
    ///
    /// `_912` when too many wait already.
    pub async fn hash(&self, password: &SecretString, salt: [u8; 16]) -> Result<String> {
        let work = Argon2Work {
            salt: salt.to_vec(),
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: current_params(self.cost)?,
        };
        match self.run(password, Work::Argon2(work)).await? {
            Done::Output(output) => Ok(stored::format(self.cost, &salt, &output)),
            Done::Compared(_) => Err(Error::internal("a hash was compared that was to be made")),
        }
    }

    /// Compares `password` with a stored hash. Without one (unknown account, or no password) the work is that of a
    /// new hash and the answer is no.
    ///
    /// `_912` when too many wait already, `_999` when the stored hash is of no known kind or asks for more than twice the
    /// usual cost.
    pub async fn verify(&self, password: &SecretString, text: Option<String>) -> Result<Verdict> {
        let known = text.is_some();
        match self.read(text.as_deref().unwrap_or(&self.dummy)).map_err(unusable)? {
            Kept::Argon2(stored) => {
                let (expected, is_weaker) = (stored.output.clone(), stored.is_weaker_than(self.cost));
                let Done::Output(output) = self.run(password, Work::Argon2(work(stored))).await? else {
                    return Err(Error::internal("a hash was compared that was to be made"));
                };
                let same = verify_slices_are_equal(&output, &expected).is_ok();
                Ok(Verdict { matches: same && known, needs_rehash: known && is_weaker })
            }
            Kept::Foreign(scheme) => {
                let otherwise = work(StoredHash::read(&self.dummy).map_err(unusable)?);
                let done = self.run(password, Work::Foreign(scheme, otherwise)).await?;
                Ok(Verdict { matches: matches!(done, Done::Compared(true)), needs_rehash: true })
            }
        }
    }

    /// Whether a hash that somebody brings may be kept; if not, why. Nothing is computed.
    pub(super) fn admit(&self, text: &str) -> Result<(), String> {
        match self.read(text)? {
            Kept::Argon2(hash) if hash.output.len() < 16 => Err("the hash is too short".to_owned()),
            Kept::Argon2(_) | Kept::Foreign(_) => Ok(()),
        }
    }

    fn read(&self, text: &str) -> Result<Kept, String> {
        let kept = Kept::read(text)?;
        kept.check(self.ceiling)?;
        Ok(kept)
    }

    async fn run(&self, password: &SecretString, work: Work) -> Result<Done> {
        let (reply, answer) = oneshot::channel();
        self.pool.submit(Job { password: password.clone(), work, reply })?;
        answer.await.map_err(Error::unavailable)?
    }

    /// How many wait for a thread.
    pub fn queue_length(&self) -> usize {
        self.pool.queue_length()
    }

    /// How many are being computed.
    pub fn in_flight(&self) -> usize {
        self.pool.in_flight()
    }

    /// How many were computed since the start.
    pub fn finished(&self) -> u64 {
        self.pool.finished()
    }

    /// Memory that the threads hold, in KiB.
    pub fn memory_kib(&self) -> usize {
        self.pool.memory_kib()
    }
}

fn work(hash: StoredHash) -> Argon2Work {
    Argon2Work { salt: hash.salt, algorithm: hash.algorithm, version: hash.version, params: hash.params }
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` hands over")]
fn unusable(why: String) -> Error {
    Error::internal(format!("a stored password hash cannot be used: {why}"))
}

fn current_params(cost: ArgonCost) -> Result<Params> {
    Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(OUTPUT_LEN))
        .map_err(|e| Error::internal(format!("the cost of password hashes, {cost:?}: {e}")))
}

#[cfg(test)]
mod tests;

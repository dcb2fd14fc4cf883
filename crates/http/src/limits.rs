//! Rate limits that are counted in memory (`contract/00` §9): token buckets, kept as the time at which each would be
//! full again (GCRA). They ask the tenant's clock. Limits counted in the database are core's.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use avnology_model::{
    Code, Error, Timestamp,
    platform::{Environment, RateLimit, TenantSettings},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;

const SHARDS: usize = 16;
/// Most buckets kept in one shard.
const SHARD_LIMIT: usize = 65_536;
const SECOND: i64 = 1_000_000;

/// A kind of bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Flow creation and submit, per address.
    IpAuth,
    /// `/v1/discovery*`, per address.
    Discovery,
    /// `/oauth2/token`, per client.
    Token,
    /// `/oauth2/introspect`, per client.
    Introspect,
    /// Permission checks, per caller.
    Check,
    /// `/v1`, per API key or access token.
    ApiKey,
    /// `/v1`, per session.
    ApiSession,
}

impl Bucket {
    /// The name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IpAuth => "ip.auth",
            Self::Discovery => "discovery",
            Self::Token => "token",
            Self::Introspect => "introspect",
            Self::Check => "check",
            Self::ApiKey => "api.key",
            Self::ApiSession => "api.session",
        }
    }

    /// Whether it counts what a client asks, wherever it asks from.
    pub(crate) const fn is_per_client(self) -> bool {
        matches!(self, Self::Token | Self::Introspect)
    }

    /// Whether it counts what a caller asks, wherever from.
    pub(crate) const fn is_per_caller(self) -> bool {
        matches!(self, Self::Check)
    }

    const fn default(self) -> RateLimit {
        let limit = match self {
            Self::IpAuth => 60,
            Self::Discovery => 20,
            Self::Introspect => 6_000,
            Self::Check => 30_000,
            Self::ApiKey => 1_200,
            Self::Token | Self::ApiSession => 600,
        };
        RateLimit { limit, window_seconds: 60 }
    }
}

/// Whose bucket: an address or an id, in 16 bytes.
pub(crate) type Subject = [u8; 16];

type Key = (Bucket, u8, Subject);

/// Buckets of one tenant on this node.
pub(crate) struct Limits {
    hasher: RandomState,
    /// When each bucket would be full again, in microseconds since 1970.
    shards: [Mutex<HashMap<Key, i64>>; SHARDS],
}

/// The tightest bucket that a request drew on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    limit: u32,
    remaining: u32,
    reset_seconds: u32,
    /// Set when the bucket was empty.
    retry_after: Option<u32>,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::new(HashMap::new())) }
    }

    /// Takes one token of every limit of `bucket`; nothing is taken when one is empty.
    pub(crate) fn draw(
        &self,
        settings: &TenantSettings,
        environment: Environment,
        bucket: Bucket,
        subject: Subject,
        now: Timestamp,
    ) -> Drawn {
        let default = [scaled(bucket.default(), environment)];
        let limits = settings.rate_limits.get(bucket.name()).map_or(&default[..], |setting| setting.limits());
        let Some(shard) =
            self.shards.get(usize::try_from(self.hasher.hash_one(subject)).unwrap_or_default() % SHARDS)
        else {
            return Drawn { limit: u32::MAX, remaining: u32::MAX, reset_seconds: 0, retry_after: None };
        };
        let mut buckets = shard.lock();
        let keys = limits.iter().zip(0_u8..).map(|(limit, i)| (*limit, (bucket, i, subject)));
        let draws: Vec<(Key, Draw)> = keys
            .map(|(limit, key)| {
                (key, Draw::new(limit, buckets.get(&key).copied().unwrap_or(i64::MIN), now.micros()))
            })
            .collect();
        let is_refused = draws.iter().any(|(_, draw)| draw.drawn.retry_after.is_some());
        if !is_refused {
            make_room(&mut buckets, now.micros());
            for (key, draw) in &draws {
                buckets.insert(*key, draw.full_at);
            }
        }
        let tightest =
            draws.iter().map(|(_, draw)| draw.drawn).min_by_key(|d| (d.retry_after.is_none(), d.remaining));
        tightest.unwrap_or(Drawn {
            limit: u32::MAX,
            remaining: u32::MAX,
            reset_seconds: 0,
            retry_after: None,
        })
    }
}

impl Drawn {
    /// `_021` when there was nothing left.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self.retry_after {
            None => Ok(()),
            Some(seconds) => Err(Error::new(Code::TooManyRequests)
                .with_detail(format!("Too many requests. Try again in {seconds} seconds."))
                .with_retry_after(seconds)),
        }
    }

    /// Adds the `RateLimit-*` headers.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let pairs = [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", self.remaining),
            ("ratelimit-reset", self.reset_seconds),
        ];
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

struct Draw {
    full_at: i64,
    drawn: Drawn,
}

impl Draw {
    fn new(RateLimit { limit, window_seconds }: RateLimit, full_at: i64, now: i64) -> Self {
        let window = i64::from(window_seconds.max(1)) * SECOND;
        let step = (window / i64::from(limit.max(1))).max(1);
        let before = full_at.max(now);
        let after = before.saturating_add(step);
        let used = after - now;
        let is_refused = used > step.saturating_mul(i64::from(limit));
        // A bucket that refuses is as it was.
        let (full_at, used) = if is_refused { (before, before - now) } else { (after, used) };
        let left = i64::from(limit) - ceiling(used, step);
        Self {
            full_at,
            drawn: Drawn {
                limit,
                remaining: if is_refused { 0 } else { u32::try_from(left.max(0)).unwrap_or(u32::MAX) },
                reset_seconds: u32::try_from(ceiling(used, SECOND)).unwrap_or(u32::MAX),
                retry_after: is_refused.then(|| {
                    let wait = after - now - step * i64::from(limit);
                    u32::try_from(ceiling(wait, SECOND).max(1)).unwrap_or(u32::MAX)
                }),
            },
        }
    }
}

fn ceiling(value: i64, unit: i64) -> i64 {
    -((-value).div_euclid(unit))
}

/// In the test environment a bucket that the settings do not name is ten thousand times larger.
fn scaled(limit: RateLimit, environment: Environment) -> RateLimit {
    match environment {
        Environment::Live => limit,
        Environment::Test => RateLimit { limit: limit.limit.saturating_mul(10_000), ..limit },
    }
}

/// Forgets buckets that are full; when that is not enough, some that are not.
fn make_room(buckets: &mut HashMap<Key, i64>, now: i64) {
    if buckets.len() < buckets.capacity() || buckets.is_empty() {
        return;
    }
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() >= SHARD_LIMIT {
        let mut keep = false;
        buckets.retain(|_, _| {
            keep = !keep;
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use avnology_core::network_of;
    use avnology_model::platform::RateLimitSetting;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_772_442_000 * SECOND).plus_seconds(seconds)
    }

    fn draw(limits: &Limits, settings: &TenantSettings, ip: &str, seconds: i64) -> Drawn {
        let ip = network_of(Some(ip.parse().expect("an address")));
        limits.draw(settings, Environment::Live, Bucket::IpAuth, ip, at(seconds))
    }

    #[test]
    fn sixty_in_a_minute_pass_and_the_next_waits_its_turn() {
        let (limits, settings) = (Limits::new(), TenantSettings::default());
        for left in (0..60).rev() {
            let drawn = draw(&limits, &settings, "192.0.2.1", 0);
            assert_eq!((drawn.limit, drawn.remaining, drawn.retry_after), (60, left, None));
        }
        let refused = draw(&limits, &settings, "192.0.2.1", 0);
        assert_eq!(refused, Drawn { limit: 60, remaining: 0, reset_seconds: 60, retry_after: Some(1) });
        assert_eq!(refused.check().expect_err("refused").retry_after(), Some(1));
        assert_eq!(
            draw(&limits, &settings, "192.0.2.2", 0).remaining,
            59,
            "another address has its own bucket"
        );
        assert_eq!(draw(&limits, &settings, "192.0.2.1", 1).retry_after, None);
        assert_eq!(draw(&limits, &settings, "192.0.2.1", 120).remaining, 59, "a full bucket again");
    }

    #[test]
    fn one_network_of_ipv6_is_one_client() {
        let subject = |ip: &str| network_of(Some(ip.parse().expect("an address")));
        assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:ffff::9"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
    }

    #[test]
    fn limits_of_the_settings_hold_together_and_also_in_the_test_environment() {
        let mut settings = TenantSettings::default();
        let several =
            vec![RateLimit { limit: 2, window_seconds: 1 }, RateLimit { limit: 3, window_seconds: 60 }];
        settings.rate_limits.insert("ip.auth".to_owned(), RateLimitSetting::Several(several));
        let limits = Limits::new();
        let next = |seconds| {
            limits.draw(&settings, Environment::Test, Bucket::IpAuth, [1; 16], at(seconds)).retry_after
        };
        assert_eq!((next(0), next(0), next(0)), (None, None, Some(1)));
        assert_eq!(
            (next(5), next(5)),
            (None, Some(15)),
            "a refused request takes no token of the other limit"
        );
    }

    #[test]
    fn the_test_environment_is_ten_thousand_times_wider() {
        let limits = Limits::new();
        let drawn =
            limits.draw(&TenantSettings::default(), Environment::Test, Bucket::ApiSession, [0; 16], at(0));
        assert_eq!((drawn.limit, drawn.remaining), (6_000_000, 5_999_999));
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let limits = Limits::new();
        for i in 0..40_000_u128 {
            limits.draw(
                &TenantSettings::default(),
                Environment::Live,
                Bucket::ApiKey,
                i.to_be_bytes(),
                at(i64::try_from(i).expect("small")),
            );
        }
        let kept: usize = limits.shards.iter().map(|s| s.lock().len()).sum();
        assert!(kept < 20_000, "{kept}");
    }
}

//! Which account an identifier names, and how failures lock it. An account that does not exist is treated the same.

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::{EventType, MessageRequest, MessageType},
    flows::{Flow, Message, MessageId},
    identities::{Email, Identity, Realm, Username, phone},
    ids::IdentityId,
    platform::{Environment, RateLimit},
    sessions::Method,
};
use avnology_store::{
    IdentityTx,
    credentials::lockouts::{self, Failures},
    identities::identities,
    platform::rate_cells,
};
use serde_json::json;

use super::step::{Step, Work, refuse_for};
use crate::{
    Tenant,
    events::{emit, emit_message},
    hex, network_of,
    platform::SettingsVersion,
    sessions::device_with_secret,
};

/// The longest lock, in seconds (`contract/11` §11).
const LONGEST_LOCK: i64 = 4 * 60 * 60;
const DAY: i64 = 24 * 60 * 60;

/// How a person names an account.
pub(super) enum Identifier {
    Email(Email),
    Phone(String),
    Username(Username),
}

impl Identifier {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.contains('@') {
            return Email::parse(text).ok().map(Self::Email);
        }
        if text.starts_with('+') {
            return phone(text).ok().map(Self::Phone);
        }
        Username::parse(text).ok().map(Self::Username)
    }

    /// What decides whether two identifiers are the same.
    fn key(&self) -> String {
        match self {
            Self::Email(email) => format!("email:{}", email.key()),
            Self::Phone(phone) => format!("phone:{phone}"),
            Self::Username(name) => format!("username:{}", name.key()),
        }
    }
}

/// The account that an identifier names.
pub(super) struct Account {
    /// The identity, when there is one.
    pub(super) identity: Option<Identity>,
    /// What failures and limits are counted by: the identity, or a keyed hash of what was entered.
    pub(super) key: String,
    /// Keyed hash of what was entered, for the log.
    pub(super) identifier_hash: String,
}

pub(super) fn find(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    realm: &Realm,
    identifier: &Identifier,
) -> Result<Account> {
    let identity = match identifier {
        Identifier::Email(email) => identities::by_email(tx, realm, email.key())?,
        Identifier::Phone(phone) => identities::by_phone(tx, realm, phone)?,
        Identifier::Username(name) => identities::by_username(tx, realm, &name.key())?,
    };
    let mac = work.app.keys.hmac("identifier", format!("{realm}{}", identifier.key()).as_bytes());
    let identifier_hash = hex(mac.get(..16).unwrap_or_default());
    let key = identity.as_ref().map_or_else(|| format!("unknown:{identifier_hash}"), |i| i.id.to_string());
    Ok(Account { identity, key, identifier_hash })
}

/// The account of an identity that is known already.
pub(super) fn of_identity(identity: Identity) -> Account {
    Account { key: identity.id.to_string(), identity: Some(identity), identifier_hash: String::new() }
}

/// What failures are counted by here: the account, or on a device that is known, the account on this device. Whoever is at home
/// is not shut out by what others try elsewhere.
fn counter(tx: &mut IdentityTx<'_>, work: &Work, account: &Account) -> Result<(String, Option<IdentityId>)> {
    let id = account.identity.as_ref().map(|identity| identity.id);
    let device = id.map(|id| device_with_secret(tx, &work.cx, id)).transpose()?.flatten();
    Ok(match device.filter(|device| device.known) {
        Some(device) => (format!("{}@{}", account.key, device.id), id),
        None => (account.key.clone(), None),
    })
}

/// The failures that count now.
pub(super) fn failures(tx: &mut IdentityTx<'_>, work: &Work, account: &Account) -> Result<u32> {
    let (key, _) = counter(tx, work, account)?;
    Ok(lockouts::find(tx, &key)?.map_or(0, |failures| failures.failures))
}

/// Forgets the failures that count now: the person has shown who they are.
pub(super) fn succeeded(tx: &mut IdentityTx<'_>, work: &Work, identity: &Identity) -> Result<()> {
    let (key, _) = counter(tx, work, &of_identity(identity.clone()))?;
    lockouts::clear(tx, &key).map(drop)
}

/// The refusal when the account is locked or was named too often.
pub(super) fn check(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    account: &Account,
) -> Result<Option<Step>> {
    if let Some(step) = check_lock(tx, work, flow, account)? {
        return Ok(Some(step));
    }
    let limits = bucket(work, "account.auth", &[RateLimit { limit: 10, window_seconds: 60 }]);
    let (key, _) = counter(tx, work, account)?;
    let wait = rate_cells::take(tx, "account.auth", key.as_bytes(), &limits, work.now())?;
    Ok(wait.map(|seconds| {
        let message = Message::new(MessageId::AccountLocked).with("minutes", minutes(i64::from(seconds)));
        refuse_for(flow, Code::TooManyRequests, message, seconds)
    }))
}

/// The refusal when the account is locked.
pub(super) fn check_lock(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    account: &Account,
) -> Result<Option<Step>> {
    let (key, _) = counter(tx, work, account)?;
    let until = lockouts::find(tx, &key)?.and_then(|f| f.locked_until).filter(|until| *until > work.now());
    Ok(until.map(|until| refuse_locked(flow, work, until)))
}

fn refuse_locked(flow: &mut Flow, work: &Work, until: Timestamp) -> Step {
    let seconds = until.seconds_since(work.now());
    let message = Message::new(MessageId::AccountLocked).with("minutes", minutes(seconds));
    refuse_for(flow, Code::AccountLocked, message, u32::try_from(seconds).unwrap_or(u32::MAX))
}

fn minutes(seconds: i64) -> i64 {
    (seconds + 59) / 60
}

/// [`limits`] for a step.
pub(super) fn bucket(work: &Work, name: &str, defaults: &[RateLimit]) -> Vec<RateLimit> {
    limits(&work.app, &work.settings, name, defaults)
}

/// The limits of a bucket: the tenant's own, or the defaults, which the test environment takes ten thousandfold.
pub(crate) fn limits(
    app: &Tenant,
    settings: &SettingsVersion,
    name: &str,
    defaults: &[RateLimit],
) -> Vec<RateLimit> {
    if let Some(set) = settings.settings.rate_limits.get(name) {
        return set.limits().to_vec();
    }
    let factor = match app.config.environment {
        Environment::Live => 1,
        Environment::Test => 10_000,
    };
    defaults.iter().map(|l| RateLimit { limit: l.limit.saturating_mul(factor), ..*l }).collect()
}

/// Counts a failure, tells of it, and locks the account when there were too many. The refusal of this very try is the
/// caller's.
pub(super) fn record_failure(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    account: &Account,
    method: Method,
    code: Code,
) -> Result<()> {
    let user = account.identity.as_ref().map(|i| i.id);
    let payload = json!({
        "identifier_hash": account.identifier_hash, "user_id": user, "method": method, "reason": code.text(),
    });
    let mut event = work.cx.event(EventType::SessionLoginFailed, payload).failed(code);
    if let Some(id) = user {
        event = event.on("identity", &id);
    }
    emit(tx, &event)?;
    count_of_network(tx, work)?;
    count_failure(tx, work, account)
}

/// Failures that were counted by `key` within the present window.
pub(super) fn recent_failures(tx: &mut IdentityTx<'_>, work: &Work, key: &str) -> Result<u32> {
    Ok(lockouts::find(tx, key)?.filter(|held| in_window(work, held)).map_or(0, |held| held.failures))
}

/// The same of the network that the request comes from, of whatever account.
pub(super) fn network_failures(tx: &mut IdentityTx<'_>, work: &Work) -> Result<u32> {
    network_key(work).map_or(Ok(0), |key| recent_failures(tx, work, &key))
}

/// Counts for the CAPTCHA alone, and no further than that needs: nobody is locked out by it, and a network under attack
/// does not write one row over and over.
fn count_of_network(tx: &mut IdentityTx<'_>, work: &Work) -> Result<()> {
    let captcha = &work.settings.settings.captcha;
    let Some(key) = network_key(work).filter(|_| captcha.is_on()) else { return Ok(()) };
    let held = lockouts::find(tx, &key)?.filter(|held| in_window(work, held));
    let held = held.unwrap_or(Failures { window_start: work.now(), ..Failures::default() });
    if held.failures >= captcha.after_failures {
        return Ok(());
    }
    lockouts::put(tx, &key, None, &Failures { failures: held.failures + 1, ..held })
}

fn in_window(work: &Work, held: &Failures) -> bool {
    let seconds = work.settings.settings.lockout.window_seconds;
    held.window_start.plus_seconds(i64::from(seconds)) > work.now()
}

/// What failures of a network are counted by: a keyed hash, as addresses are not kept for this.
fn network_key(work: &Work) -> Option<String> {
    work.cx.ip?;
    let mac = work.app.keys.hmac("failures.network", &network_of(work.cx.ip));
    Some(format!("network:{}", hex(mac.get(..16).unwrap_or_default())))
}

fn count_failure(tx: &mut IdentityTx<'_>, work: &Work, account: &Account) -> Result<()> {
    let (now, rules) = (work.now(), work.settings.settings.lockout);
    let (key, on_device_of) = counter(tx, work, account)?;
    let mut failures = lockouts::find(tx, &key)?.unwrap_or_default();
    if failures.locked_until.is_some_and(|until| until > now) {
        return Ok(());
    }
    let window_is_over = failures.window_start.plus_seconds(i64::from(rules.window_seconds)) <= now;
    let lock_is_over = failures.locked_until.is_some_and(|until| until <= now);
    if failures.failures == 0 || window_is_over || lock_is_over {
        failures = Failures { failures: 0, window_start: now, locked_until: None, ..failures };
    }
    failures.failures += 1;
    if failures.failures >= rules.max_failures {
        lock(tx, work, account, on_device_of.is_some(), &mut failures)?;
    }
    lockouts::put(tx, &key, on_device_of, &failures)
}

/// Each further lock within a day is twice as long. One that is for a known device alone is told to whoever is there.
fn lock(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    account: &Account,
    is_on_device: bool,
    failures: &mut Failures,
) -> Result<()> {
    let now = work.now();
    let follows = failures.last_lock_at.is_some_and(|last| last.plus_seconds(DAY) > now);
    failures.locks = if follows { failures.locks.saturating_add(1) } else { 1 };
    let doubled = i64::from(work.settings.settings.lockout.lock_seconds) << (failures.locks - 1).min(16);
    let until = now.plus_seconds(doubled.min(LONGEST_LOCK));
    failures.locked_until = Some(until);
    failures.last_lock_at = Some(now);
    let Some(identity) = &account.identity else { return Ok(()) };
    let payload = json!({ "user_id": identity.id, "locked_until": until });
    emit(tx, &work.cx.event(EventType::UserLocked, payload).on("identity", &identity.id))?;
    let told = identity.email.as_ref().filter(|_| identity.email_verified && !is_on_device);
    let Some(address) = told else { return Ok(()) };
    let mut notice = MessageRequest::to_person(MessageType::AccountLocked, address, identity);
    notice.until = Some(until);
    emit_message(tx, &work.cx, &notice, None)
}

/// Whether the person may sign in now; the refusal otherwise.
pub(super) fn may_sign_in(identity: &Identity) -> Result<(), Error> {
    use avnology_model::identities::IdentityState;
    let may = match identity.state {
        IdentityState::Active => true,
        IdentityState::Inactive => false,
        IdentityState::ScheduledDeletion => identity.deletion.as_ref().is_some_and(|d| d.cancel_on_login),
    };
    if may { Ok(()) } else { Err(Error::new(Code::AccountInactive)) }
}

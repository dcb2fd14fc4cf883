//! Sessions in memory over the database.
//!
//! A revocation is in force before it is acknowledged: who revokes commits, then calls [`SessionCache::forget`]; who
//! loads a session checks afterwards whether anything was forgotten meanwhile and, if so, does not keep what it read. Until
//! that check is passed nobody else is given the entry.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

use arc_swap::ArcSwapOption;
use avnology_model::{
    Code, Error, Result, Timestamp,
    clients::Grant,
    identities::Identity,
    ids::{ClientId, IdentityId, OrganizationId, SessionId},
    permissions::{PlatformRole, Scope, ScopeSet},
    platform::{SessionPolicy, TenantSettings},
    secret_token::SecretHash,
    sessions::{Aal, Session, SessionKind},
};
use bytes::Bytes;
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use super::SessionView;
use crate::{
    organizations::{Acting, LiveMember},
    platform::SettingsVersion,
};

/// How many sessions memory holds; the least used go first.
const CAPACITY: usize = 131_072;
/// How long a session is believed without asking the database again, in seconds.
const LIFETIME_SECONDS: i64 = 60;
const STRIPES: usize = 64;

/// A session that was checked, with its identity as it was when loaded.
pub struct LiveSession {
    /// The session.
    pub session: Session,
    /// Its identity.
    pub identity: Identity,
    /// The platform role of the identity.
    pub role: Option<PlatformRole>,
    /// Until when this token is good, if it was replaced.
    pub token_valid_until: Option<Timestamp>,
    /// The access token by which a client acts for the person; none when they act themselves.
    pub through: Option<Through>,
    loaded_at: Timestamp,
    /// Whether the check after loading was passed.
    confirmed: AtomicBool,
    last_used: AtomicI64,
    body: ArcSwapOption<Rendered>,
}

/// What an access token leaves of a person's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Through {
    /// To which client it was given.
    pub client: ClientId,
    /// What it allows.
    pub scopes: ScopeSet,
    /// The organization that it is for alone.
    pub organization: Option<OrganizationId>,
}

struct Rendered {
    /// As which member of which state of an organization.
    place: Option<(u64, Arc<LiveMember>)>,
    minute: Timestamp,
    settings_version: i64,
    bytes: Bytes,
}

impl LiveSession {
    pub(super) fn new(
        session: Session,
        identity: Identity,
        role: Option<PlatformRole>,
        token_valid_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let last_used = AtomicI64::new(session.last_used_at.micros());
        Self {
            session,
            identity,
            role,
            token_valid_until,
            through: None,
            loaded_at: now,
            confirmed: AtomicBool::new(false),
            last_used,
            body: ArcSwapOption::empty(),
        }
    }

    /// A person as a client acts for them: by the sign-in in which they granted it, which may be over.
    pub(crate) fn through(
        (grant, identity): (&Grant, &Identity),
        role: Option<PlatformRole>,
        through: Through,
        now: Timestamp,
    ) -> Self {
        let facts = &grant.rights.signed_in;
        let session = Session {
            id: grant.session_id,
            identity_id: identity.id,
            kind: SessionKind::Standard,
            aal: facts.aal,
            methods: facts.methods.clone(),
            authenticated_at: facts.authenticated_at,
            issued_at: grant.create_time,
            last_used_at: now,
            expires_at: grant.expires_at,
            revoked_at: None,
            device_id: None,
            device: None,
            ip: String::new(),
            user_agent: String::new(),
            organization_id: through.organization,
            // No token opens it.
            token_hash: SecretHash::default(),
        };
        Self { through: Some(through), ..Self::new(session, identity.clone(), role, None, now) }
    }

    /// Of these scopes those that the person has here: all, or what a client was allowed.
    pub(crate) fn limited(&self, scopes: ScopeSet) -> ScopeSet {
        self.through.map_or(scopes, |through| through.scopes.intersection(scopes))
    }

    /// `_100` for a client that acts for the person: only they themselves may do this.
    pub fn check_in_person(&self) -> Result<()> {
        if self.through.is_none() {
            return Ok(());
        }
        Err(Error::new(Code::PermissionDenied)
            .with_detail("This needs a session; an access token is not enough."))
    }

    /// Id of the session.
    pub fn id(&self) -> SessionId {
        self.session.id
    }

    /// Last use, to the minute.
    pub fn last_used_at(&self) -> Timestamp {
        Timestamp::from_micros(self.last_used.load(Ordering::Relaxed))
    }

    /// End of the session if it is not used again.
    pub fn idle_expires_at(&self, policy: &SessionPolicy) -> Timestamp {
        let idle = self.last_used_at().plus_seconds(i64::from(policy.idle_timeout_seconds));
        self.session.expires_at.min(idle)
    }

    /// Whether the session holds `scope` in tenant scope. One that recovery opened never holds more than the caller's
    /// own.
    pub fn holds(&self, scope: Scope) -> bool {
        if let Some(through) = self.through {
            let is_elsewhere = through.organization.is_some() && !scope.is_self();
            if is_elsewhere || !through.scopes.contains(scope) {
                return false;
            }
        }
        let standard = self.session.kind == SessionKind::Standard;
        scope.is_self() || (standard && self.role.is_some_and(|role| role.holds(scope)))
    }

    /// What the session holds by a role on the platform, in tenant scope and in every organization; none without one.
    pub fn platform_scopes(&self) -> Option<ScopeSet> {
        let standard = self.session.kind == SessionKind::Standard;
        let scopes = self.limited(self.role.filter(|_| standard).map(PlatformRole::scopes)?);
        // A client that was allowed nothing of it does not act for the platform.
        (self.through.is_none() || !scopes.is_empty()).then_some(scopes)
    }

    /// Whether the last full authentication is younger than the tenant asks for changes of credentials.
    pub fn is_fresh(&self, policy: &SessionPolicy, now: Timestamp) -> bool {
        self.session.authenticated_at.plus_seconds(i64::from(policy.privileged_max_age_seconds)) > now
    }

    /// Whether the session may change what people sign in with (`contract/11` §9): `_110` without a fresh sign-in, `_006`
    /// without the second factor that the identity has.
    pub fn check_privileged(&self, settings: &TenantSettings, now: Timestamp) -> Result<()> {
        if !self.is_fresh(&settings.session_policy, now) {
            return Err(Error::new(Code::StepUpRequired));
        }
        let has_factor = !self.identity.second_factors(&settings.second_factors).is_empty();
        if has_factor && self.session.aal < Aal::Aal2 {
            return Err(Error::new(Code::SecondFactorRequired));
        }
        Ok(())
    }

    /// The session as `whoami` shows it, as JSON; made once a minute, and anew when it acts elsewhere.
    pub fn body(&self, settings: &SettingsVersion, now: Timestamp, acting: Option<&Acting>) -> Bytes {
        let minute = now.to_the_minute();
        let place =
            acting.and_then(|a| a.member().map(|member| (a.organization.epoch(), Arc::clone(member))));
        let is_known = acting.is_none() || place.is_some();
        if let Some(rendered) = &*self.body.load()
            && is_known
            && rendered.minute == minute
            && rendered.settings_version == settings.version
            && is_same(rendered.place.as_ref(), place.as_ref())
        {
            return rendered.bytes.clone();
        }
        let view = SessionView::of_live(self, settings, now).acting(acting);
        let json = serde_json::to_vec(&view).unwrap_or_default();
        // As large as it is: there may be a hundred thousand of them.
        let bytes = Bytes::from(json.into_boxed_slice());
        if !is_known {
            return bytes;
        }
        self.body.store(Some(Arc::new(Rendered {
            place,
            minute,
            settings_version: settings.version,
            bytes: bytes.clone(),
        })));
        bytes
    }
}

fn is_same(one: Option<&(u64, Arc<LiveMember>)>, other: Option<&(u64, Arc<LiveMember>)>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some((epoch, member)), Some((other_epoch, other))) => {
            epoch == other_epoch && Arc::ptr_eq(member, other)
        }
        _ => false,
    }
}

/// The sessions that memory holds, and the times of use that wait to be written.
pub struct SessionCache {
    live: Cache<SecretHash, Arc<LiveSession>>,
    forgotten: [AtomicU64; STRIPES],
    uses: Mutex<Vec<(SessionId, Timestamp)>>,
}

impl Default for SessionCache {
    fn default() -> Self {
        Self {
            live: Cache::new(CAPACITY),
            forgotten: std::array::from_fn(|_| AtomicU64::new(0)),
            uses: Mutex::new(Vec::new()),
        }
    }
}

/// Tells whether anything of a stripe was forgotten since it was drawn.
pub(super) struct Ticket {
    stripe: usize,
    count: u64,
}

impl SessionCache {
    /// The session behind this token if memory holds it and need not ask again.
    pub(super) fn warm(&self, hash: &SecretHash, now: Timestamp) -> Option<Arc<LiveSession>> {
        let live = self.live.get(hash)?;
        let good =
            live.confirmed.load(Ordering::SeqCst) && live.loaded_at.plus_seconds(LIFETIME_SECONDS) > now;
        good.then_some(live)
    }

    /// To be drawn before the database is read.
    pub(super) fn ticket(&self, hash: &SecretHash) -> Ticket {
        let stripe = stripe_of(hash);
        Ticket { stripe, count: self.count(stripe) }
    }

    /// Keeps what was read since `ticket` was drawn, unless something was forgotten meanwhile; whether it was kept.
    pub(super) fn keep(&self, ticket: &Ticket, live: &Arc<LiveSession>) -> bool {
        let hash = live.session.token_hash;
        self.live.insert(hash, Arc::clone(live));
        let current = self.count(ticket.stripe) == ticket.count;
        if current {
            live.confirmed.store(true, Ordering::SeqCst);
        } else {
            self.live.remove(&hash);
        }
        current
    }

    /// Forgets these tokens; to be called after the commit that ended or changed them and before it is acknowledged.
    pub fn forget(&self, hashes: &[SecretHash]) {
        for hash in hashes {
            if let Some(count) = self.forgotten.get(stripe_of(hash)) {
                count.fetch_add(1, Ordering::SeqCst);
            }
            self.live.remove(hash);
        }
    }

    /// Forgets the sessions of these identities, which another node has changed.
    pub(crate) fn forget_identities(&self, identities: &[IdentityId]) {
        for count in &self.forgotten {
            count.fetch_add(1, Ordering::SeqCst);
        }
        self.live.retain(|_, live| !identities.contains(&live.identity.id));
    }

    /// Forgets every session; to be called as [`Self::forget`].
    pub(crate) fn clear(&self) {
        for count in &self.forgotten {
            count.fetch_add(1, Ordering::SeqCst);
        }
        self.live.clear();
    }

    /// Notes a use: at most once a minute and session.
    pub(super) fn touch(&self, live: &LiveSession, now: Timestamp) {
        let minute = now.to_the_minute();
        let before = live.last_used.load(Ordering::Relaxed);
        if before < minute.micros()
            && live
                .last_used
                .compare_exchange(before, minute.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.uses.lock().push((live.id(), minute));
        }
    }

    /// The uses to be written.
    pub(super) fn drain_uses(&self) -> Vec<(SessionId, Timestamp)> {
        std::mem::take(&mut *self.uses.lock())
    }

    /// How many sessions memory holds.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether memory holds none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    fn count(&self, stripe: usize) -> u64 {
        self.forgotten.get(stripe).map_or(0, |count| count.load(Ordering::SeqCst))
    }
}

fn stripe_of(hash: &SecretHash) -> usize {
    hash.first().map_or(0, |byte| usize::from(*byte) % STRIPES)
}

#[cfg(test)]
mod tests {
    use avnology_model::sessions::Aal;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn loaded(hash: SecretHash) -> Arc<LiveSession> {
        let identity = Identity::new(IdentityId::new(NOW, [1; 10]), NOW);
        let session = Session {
            id: SessionId::new(NOW, [2; 10]),
            identity_id: identity.id,
            kind: SessionKind::Standard,
            aal: Aal::Aal1,
            methods: Vec::new(),
            authenticated_at: NOW,
            issued_at: NOW,
            last_used_at: NOW,
            expires_at: NOW.plus_seconds(3_600),
            revoked_at: None,
            device_id: None,
            device: None,
            ip: String::new(),
            user_agent: String::new(),
            organization_id: None,
            token_hash: hash,
        };
        Arc::new(LiveSession::new(session, identity, None, None, NOW))
    }

    #[test]
    fn what_was_read_before_a_revocation_is_not_kept() {
        let (cache, hash) = (SessionCache::default(), [7; 32]);
        let ticket = cache.ticket(&hash);
        cache.forget(&[hash]);
        assert!(!cache.keep(&ticket, &loaded(hash)));
        assert!(cache.warm(&hash, NOW).is_none() && cache.is_empty());
        let ticket = cache.ticket(&hash);
        assert!(cache.keep(&ticket, &loaded(hash)) && cache.warm(&hash, NOW).is_some());
        cache.forget(&[hash]);
        assert!(cache.warm(&hash, NOW).is_none());
    }

    #[test]
    fn an_entry_whose_check_is_still_to_come_is_given_to_nobody() {
        let (cache, hash) = (SessionCache::default(), [7; 32]);
        // The moment between the two halves of `keep`.
        cache.live.insert(hash, loaded(hash));
        assert!(cache.warm(&hash, NOW).is_none());
    }

    #[test]
    fn nothing_is_believed_for_longer_than_its_lifetime() {
        let (cache, hash) = (SessionCache::default(), [7; 32]);
        assert!(cache.keep(&cache.ticket(&hash), &loaded(hash)));
        assert!(cache.warm(&hash, NOW.plus_seconds(LIFETIME_SECONDS - 1)).is_some());
        assert!(cache.warm(&hash, NOW.plus_seconds(LIFETIME_SECONDS)).is_none());
    }
}

//! Who may call a route: one type per rule, so that a handler's signature names it and no route can lack it.

use std::{marker::PhantomData, sync::Arc};

use avnology_core::{
    Tenant,
    clients::{Bearer, TokenCaller},
    organizations::{Acting, LiveOrganization},
    service_accounts::LiveKey,
    sessions::LiveSession,
};
use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::OrganizationId,
    permissions::{Scope, ScopeSet},
    sessions::SessionKind,
};
use serde_json::json;

/// Who calls.
#[derive(Clone)]
pub enum Caller {
    /// Nobody known.
    Anonymous,
    /// A person, by a session.
    Session(Arc<LiveSession>),
    /// A service account, by an API key.
    Key(Arc<LiveKey>),
    /// A client, by an access token: for a person or for itself.
    Token(Arc<TokenCaller>),
}

impl Caller {
    /// The session, when a person calls; through a client that one which the client has of them.
    pub fn session(&self) -> Option<&Arc<LiveSession>> {
        match self {
            Self::Session(session) => Some(session),
            Self::Token(token) => token.person(),
            Self::Anonymous | Self::Key(_) => None,
        }
    }

    /// The organization that the credential is for alone.
    pub fn bound_to(&self) -> Option<OrganizationId> {
        match self {
            Self::Anonymous | Self::Session(_) => None,
            Self::Key(live) => live.key.organization_id,
            Self::Token(token) => token.organization,
        }
    }

    /// The caller in an organization. `_302` for a person who is not of it, `_303` for a credential that is for another one.
    pub async fn acting_in(
        &self,
        app: &Arc<Tenant>,
        now: Timestamp,
        organization: Arc<LiveOrganization>,
    ) -> Result<Acting> {
        match self {
            Self::Anonymous => Err(Code::NotAMember.into()),
            Self::Session(live) => Acting::session(app, now, organization, live).await,
            Self::Key(key) => Acting::key(organization, key),
            Self::Token(token) => match &token.bearer {
                Bearer::Person(live) => Acting::session(app, now, organization, live).await,
                Bearer::Program(program) => Acting::program(organization, token, *program),
            },
        }
    }

    /// What the caller holds in tenant scope besides what is about themselves.
    pub fn scopes_in_tenant(&self) -> ScopeSet {
        match self {
            Self::Anonymous => ScopeSet::EMPTY,
            Self::Session(live) => live.platform_scopes().unwrap_or(ScopeSet::EMPTY),
            Self::Key(key) => key.scopes(),
            Self::Token(token) => match &token.bearer {
                Bearer::Person(live) => live.platform_scopes().unwrap_or(ScopeSet::EMPTY),
                Bearer::Program(_) => token.scopes(),
            },
        }
    }

    /// Whether the caller acts for the platform, to whom every organization is known.
    pub(crate) fn sees_all(&self) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Session(live) => live.platform_scopes().is_some(),
            Self::Key(key) => key.key.organization_id.is_none(),
            Self::Token(token) => match &token.bearer {
                Bearer::Person(live) => token.organization.is_none() && live.platform_scopes().is_some(),
                Bearer::Program(program) => token.organization.is_none() && !program.is_of_organization,
            },
        }
    }

    /// Whether the caller holds `scope` in tenant scope (`contract/00` §12).
    pub fn holds(&self, scope: Scope) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Session(live) => live.holds(scope),
            Self::Key(live) => live.key.organization_id.is_none() && live.holds(scope),
            Self::Token(token) => match &token.bearer {
                Bearer::Person(live) => live.holds(scope),
                Bearer::Program(_) => self.sees_all() && token.scopes().contains(scope),
            },
        }
    }

    /// What tells this caller from others, for page tokens and idempotency keys.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Anonymous => String::new(),
            Self::Session(live) => live.session.identity_id.to_string(),
            Self::Key(live) => live.key.id.to_string(),
            Self::Token(token) => {
                let whom = token.person().map(|live| live.session.identity_id.to_string());
                format!("{}/{}", token.client, whom.unwrap_or_default())
            }
        }
    }
}

/// The rule that a type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRule {
    /// Anyone; credentials are not looked at.
    Public,
    /// Anyone; a session is recognized, and a bad one is nobody's.
    Visitor,
    /// A session of any kind.
    AnySession,
    /// A session that is not a recovery session, with `account:self`.
    SignedIn,
    /// A session or API key with this scope, in the organization that the request is about or else in the tenant.
    Scoped(Scope),
    /// A session that is not a recovery session, or an API key with this scope.
    SignedInOr(Scope),
    /// A session or API key with this scope in the tenant, whatever organization the request names.
    TenantScoped(Scope),
    /// A session or API key with this scope in the organization that the path begins with.
    InOrganization(Scope),
    /// A session, or else the sign-in page.
    PageSignedIn,
    /// A session with this scope in the organization that the path begins with, or else the sign-in page.
    PageInOrganization(Scope),
}

impl AccessRule {
    /// Whether a request without a good credential is refused with 401.
    pub fn needs_credential(self) -> bool {
        matches!(
            self,
            Self::AnySession
                | Self::SignedIn
                | Self::Scoped(_)
                | Self::SignedInOr(_)
                | Self::TenantScoped(_)
                | Self::InOrganization(_)
        )
    }

    /// The scope asked for.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::Public | Self::Visitor | Self::PageSignedIn => None,
            Self::AnySession | Self::SignedIn => Some(Scope::AccountSelf),
            Self::Scoped(scope)
            | Self::SignedInOr(scope)
            | Self::TenantScoped(scope)
            | Self::InOrganization(scope)
            | Self::PageInOrganization(scope) => Some(scope),
        }
    }

    /// Whether who is not known is shown the sign-in page.
    pub fn is_of_page(self) -> bool {
        matches!(self, Self::PageSignedIn | Self::PageInOrganization(_))
    }

    /// Whether the path begins with an organization, which no handler reads.
    pub(crate) fn has_organization_in_path(self) -> bool {
        matches!(self, Self::InOrganization(_) | Self::PageInOrganization(_))
    }

    /// Refuses a caller who is known but may not: `_012`, or `_110` for a session that recovery opened.
    pub(crate) fn admit(self, caller: &Caller, acting: Option<&Acting>) -> Result<()> {
        let Some(scope) = self.scope() else { return Ok(()) };
        match caller {
            Caller::Anonymous if self.is_of_page() => Ok(()),
            Caller::Session(_) if self == Self::AnySession => Ok(()),
            Caller::Token(_) if self == Self::AnySession => {
                let why = "This needs a session; an access token is not enough.";
                Err(Error::new(Code::PermissionDenied).with_detail(why))
            }
            Caller::Session(live) if is_recovery(live) => {
                let required = json!({"aal": null, "max_age": null, "connection_id": null, "methods": null});
                Err(Error::new(Code::StepUpRequired)
                    .with_detail("A recovery session can only set a new password. Sign in to do more.")
                    .with_member("required", required))
            }
            Caller::Session(_) if matches!(self, Self::SignedInOr(_)) => Ok(()),
            // Like a session, as far as the client was allowed.
            Caller::Token(token)
                if matches!(self, Self::SignedInOr(_))
                    && token.person().is_some()
                    && token.scopes().contains(scope) =>
            {
                Ok(())
            }
            _ => match acting {
                Some(acting) => acting.check_scope(scope),
                None if caller.holds(scope) => Ok(()),
                None => {
                    Err(Error::new(Code::ScopeMissing).with_member("required_scopes", vec![scope.as_str()]))
                }
            },
        }
    }
}

/// Whether recovery opened this session.
pub(crate) fn is_recovery(live: &LiveSession) -> bool {
    live.session.kind == SessionKind::Recovery
}

mod sealed {
    /// Only the rules of this file are rules.
    pub trait Sealed {}
}

/// A type that names who may call. Only the types of this module are.
pub trait Access: sealed::Sealed + Send + Sync + 'static {
    /// The rule.
    const RULE: AccessRule;
    /// What the rule guarantees about the caller.
    type Seat: Send + Sync + 'static;
    /// That guarantee, read off a caller whom the rule admitted.
    fn seat(caller: &Caller) -> Option<Self::Seat>;
}

macro_rules! accesses {
    ($($(#[$doc:meta])* $name:ident($seat:ty) = |$caller:ident| $take:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Access for $name {
            const RULE: AccessRule = AccessRule::$name;
            type Seat = $seat;
            fn seat($caller: &Caller) -> Option<$seat> { $take }
        }
    )*};
}

accesses! {
    /// Anyone; credentials are not looked at.
    Public(()) = |_caller| Some(());
    /// Anyone; a session is recognized, and a bad one is nobody's.
    Visitor(Option<Arc<LiveSession>>) = |caller| Some(caller.session().cloned());
    /// A session of any kind, those that recovery opened included.
    AnySession(Arc<LiveSession>) = |caller| caller.session().cloned();
    /// A session that is not a recovery session.
    SignedIn(Arc<LiveSession>) = |caller| caller.session().cloned();
    /// A session, or else the sign-in page.
    PageSignedIn(Arc<LiveSession>) = |caller| caller.session().cloned();
}

/// A session or API key with the scope `S`.
pub struct Scoped<S>(PhantomData<fn() -> S>);

impl<S> sealed::Sealed for Scoped<S> {}

impl<S: ScopeMarker> Access for Scoped<S> {
    const RULE: AccessRule = AccessRule::Scoped(S::SCOPE);
    type Seat = ();
    fn seat(_: &Caller) -> Option<()> {
        Some(())
    }
}

/// A session that is not a recovery session, or an API key with the scope `S`.
pub struct SignedInOr<S>(PhantomData<fn() -> S>);

impl<S> sealed::Sealed for SignedInOr<S> {}

impl<S: ScopeMarker> Access for SignedInOr<S> {
    const RULE: AccessRule = AccessRule::SignedInOr(S::SCOPE);
    type Seat = Option<Arc<LiveSession>>;
    fn seat(caller: &Caller) -> Option<Option<Arc<LiveSession>>> {
        Some(caller.session().cloned())
    }
}

/// A session or API key with the scope `S` in the tenant, whatever organization the request names.
pub struct TenantScoped<S>(PhantomData<fn() -> S>);

impl<S> sealed::Sealed for TenantScoped<S> {}

impl<S: ScopeMarker> Access for TenantScoped<S> {
    const RULE: AccessRule = AccessRule::TenantScoped(S::SCOPE);
    type Seat = ();
    fn seat(_: &Caller) -> Option<()> {
        Some(())
    }
}

/// A session or API key with the scope `S` in the organization that the path begins with. Inputs see the rest of the path.
pub struct InOrganization<S>(PhantomData<fn() -> S>);

impl<S> sealed::Sealed for InOrganization<S> {}

impl<S: ScopeMarker> Access for InOrganization<S> {
    const RULE: AccessRule = AccessRule::InOrganization(S::SCOPE);
    type Seat = ();
    fn seat(_: &Caller) -> Option<()> {
        Some(())
    }
}

/// A session with the scope `S` in the organization that the path begins with, or else the sign-in page. Inputs see the rest
/// of the path.
pub struct PageInOrganization<S>(PhantomData<fn() -> S>);

impl<S> sealed::Sealed for PageInOrganization<S> {}

impl<S: ScopeMarker> Access for PageInOrganization<S> {
    const RULE: AccessRule = AccessRule::PageInOrganization(S::SCOPE);
    type Seat = Arc<LiveSession>;
    fn seat(caller: &Caller) -> Option<Arc<LiveSession>> {
        caller.session().cloned()
    }
}

/// A type that stands for one scope.
pub trait ScopeMarker: 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! scope_markers {
    ($($name:ident),* $(,)?) => {
        /// One type per scope, for [`Scoped`].
        pub mod scopes {
            use super::{Scope, ScopeMarker};
            $(
                #[doc = concat!("[`Scope::", stringify!($name), "`].")]
                #[derive(Clone, Copy, Debug)]
                pub struct $name;
                impl ScopeMarker for $name {
                    const SCOPE: Scope = Scope::$name;
                }
            )*
            /// The scopes that have a type.
            #[cfg(test)]
            pub(crate) const ALL: &[Scope] = &[$(Scope::$name),*];
        }
    };
}

scope_markers! {
    AccountSelf, PrivacySelf, AccessSelf, IdentitiesRead, IdentitiesWrite, IdentitiesImport, IdentitiesErase, SessionsRead, SessionsWrite, OrganizationsRead, OrganizationsWrite, OrganizationsCreate, OrganizationsDelete, MembersRead, MembersWrite, GroupsRead, GroupsWrite, RolesRead, RolesWrite, BrandingRead, BrandingWrite, TemplatesRead, TemplatesWrite, PermissionsRead, PermissionsWrite, PolicyRead, PolicyWrite, RiskRead, RiskWrite, AuditRead, AuditExport, AnalyticsRead, WebhooksRead, WebhooksWrite, SsfRead, SsfWrite, ClientsRead, ClientsWrite, SsoRead, SsoWrite, ScimRead, ScimWrite, SamlIdpRead, SamlIdpWrite, ServiceAccountsRead, ServiceAccountsWrite, KeysRead, KeysWrite, GovernanceRequestsRead, GovernanceRequestsWrite, GovernanceReviewsRead, GovernanceReviewsWrite, GovernanceSodRead, GovernanceSodWrite, TenantRead, TenantWrite, OutboxRead,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_a_type() {
        assert_eq!(scopes::ALL, Scope::ALL);
    }

    #[test]
    fn nobody_holds_nothing() {
        assert!(Scope::ALL.iter().all(|scope| !Caller::Anonymous.holds(*scope)));
        let refusal =
            AccessRule::Scoped(Scope::TenantRead).admit(&Caller::Anonymous, None).expect_err("refused");
        assert_eq!(refusal.members().get("required_scopes"), Some(&json!(["tenant:read"])));
        assert!(AccessRule::Visitor.admit(&Caller::Anonymous, None).is_ok());
    }
}

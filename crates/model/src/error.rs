//! The one error of the house, and the registry of its codes (`contract/00` §6).

use std::{error::Error as StdError, fmt};

use serde::Serialize;
use serde_json::{Map, Value};

/// What most functions answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($name:ident = $number:literal, $status:literal, $title:literal, $help:literal;)*) => {
        /// A stable error code. A code stands here when something can answer it, and not before.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`_", $number, "`, HTTP ", stringify!($status), ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The three digits, as in `001`.
            pub const fn number(self) -> &'static str {
                match self { $(Self::$name => $number),* }
            }

            /// The whole code, as in `AVNOLOGY_AUTH_001`.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => concat!("AVNOLOGY_AUTH_", $number)),* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// The English title.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// What happened and what to do next, in plain words, for the page that explains the code.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help),* }
            }
        }
    };
}

codes! {
    WrongCredentials = "001", 401, "Wrong credentials",
        "The identifier or the password is not right. Check both, or recover the account.";
    AccountLocked = "002", 423, "Account locked",
        "Too many attempts failed. Nothing was changed; wait for `retry_after` seconds, or recover the account.";
    AccountInactive = "003", 403, "Account inactive",
        "The account is switched off or about to be deleted. An administrator can switch it on again.";
    SessionExpired = "004", 401, "Session expired",
        "The session was not used for too long, or reached the end of its life. Sign in again.";
    SessionInvalid = "005", 401, "Session or token invalid",
        "The credential is missing, malformed, unknown or revoked. Sign in again, or send the right credential.";
    SecondFactorRequired = "006", 403, "Second factor required",
        "This operation needs a session confirmed by a second factor. Go through `continue_flow`, then repeat it.";
    WrongCode = "007", 400, "Invalid code",
        "The code is not right. Look for the newest message; older codes no longer work.";
    CodeExpired = "008", 400, "Code expired",
        "The code is too old or was tried too often. Ask for a new one.";
    FlowGone = "009", 410, "Flow expired or finished",
        "This dialogue is over. Start a new one at `new_flow_url`; what was saved stays saved.";
    PasswordBreached = "010", 422, "Password found in a breach",
        "This password appeared in a published breach. Choose another one, here and wherever else it is used.";
    PasswordWeak = "011", 422, "Password too weak",
        "The password does not meet the rules; `errors` names them. A few unrelated words make a good one.";
    ScopeMissing = "012", 403, "Scope missing",
        "The credential does not hold any of `required_scopes`.";
    MethodDisabled = "013", 403, "Method disabled",
        "This way is switched off; `allowed_methods` lists what is offered.";
    EmailTaken = "014", 409, "E-mail already in use",
        "Another account has this address. Sign in to it, or use another address.";
    CsrfFailed = "015", 403, "CSRF check failed",
        "The request did not come from our own page, or the page is too old. Go back, reload, and try again.";
    CaptchaWrong = "016", 400, "CAPTCHA missing or wrong",
        "A CAPTCHA has to show that a person asks. Solve it and send its `captcha_token`; each is good once, and only for a few minutes.";
    PasskeyRefused = "017", 400, "Passkey ceremony failed",
        "The passkey could not be used; `reason` says why. Try again, or choose another way.";
    WrongRecoveryCode = "018", 400, "Invalid recovery code",
        "The code is not right. Look for the newest message; older codes no longer work.";
    RecoveryExpired = "019", 400, "Recovery expired",
        "The code or link is too old or was tried too often. Start the recovery again.";
    FactorEnrolled = "020", 409, "Factor already enrolled",
        "The account has this factor. Remove it first to set up another one.";
    TooManyRequests = "021", 429, "Too many requests",
        "Wait for `retry_after` seconds and try again.";
    VerificationRequired = "022", 403, "Verification required",
        "Prove the e-mail address first; `verification_flow_id` is the dialogue for it, where there is one.";
    HandleTaken = "023", 409, "Phone or username already in use",
        "Another account has this phone number or username; `field` says which.";
    PasswordReused = "024", 422, "Password used before",
        "This account had this password before. Choose a new one.";
    LastCredential = "025", 409, "Last way to sign in",
        "Removing this would leave no way to sign in. Add another one first.";
    FactorNotEnrolled = "026", 404, "Factor not enrolled",
        "The account does not have this factor.";
    InputRejected = "027", 422, "Flow input rejected",
        "Some fields need attention; `errors` and the nodes of `continue_flow` say which.";
    StepUnavailable = "028", 409, "Step not available",
        "This step does not fit the state of the flow; `continue_flow` shows what does.";
    PermissionDenied = "100", 403, "Insufficient permissions",
        "The credential is valid, but its owner may not do this.";
    OpenIdScopeMissing = "101", 403, "openid scope missing",
        "The access token does not hold `openid`, so it says nothing of the person.";
    StepUpRequired = "110", 403, "Step-up required",
        "This operation needs a fresh sign-in. Go through `continue_flow`, then repeat it.";
    WrongAudience = "200", 401, "Wrong audience",
        "The access token is meant for another API.";
    DpopProofInvalid = "201", 401, "DPoP proof missing or invalid",
        "The access token is bound to a key. Send it as `DPoP`, with a fresh proof of that key for this request.";
    DpopNonceRequired = "202", 401, "DPoP nonce required",
        "The proof needs the nonce that the header `DPoP-Nonce` of this answer holds. Sign another one with it.";
    AddressNotAllowed = "203", 403, "Address not allowed",
        "The API key may not be used from this network address.";
    WrongEnvironment = "204", 401, "Wrong environment",
        "The key belongs to the other environment: `ak_live_` keys are for live tenants, `ak_test_` keys for test tenants.";
    TokenExpired = "205", 401, "Access token expired",
        "The access token was good until its `exp`. Get another one with the refresh token.";
    TokenRevoked = "206", 401, "Token revoked",
        "What the access token was given for has ended: the session, the grant, the client or the account.";
    OrganizationNotFound = "300", 404, "Organization not found",
        "There is no such organization.";
    MemberExists = "301", 409, "Member exists",
        "This person is a member already; `member_id` names the membership.";
    NotAMember = "302", 403, "Not a member",
        "This needs an active membership of the organization.";
    OrganizationMismatch = "303", 403, "Organization scope mismatch",
        "The request names two different organizations. Name one, or send no `X-Avnology-Org`.";
    RegistrationDisabled = "304", 403, "Registration disabled",
        "New accounts cannot be made here.";
    LastOwner = "305", 409, "Last owner",
        "The last one cannot be removed. Appoint another one first.";
    InvitationInvalid = "306", 400, "Invitation invalid",
        "The invitation is unknown, expired, revoked or used; `reason` says which. Ask for a new one.";
    DomainTaken = "307", 409, "Domain taken",
        "Another organization has proven that this domain is its own.";
    DomainNotVerified = "308", 400, "Domain not verified",
        "The TXT record `expected` was not found; `found` lists those that are there. New records may take a while to show.";
    SsoRequired = "309", 403, "Single sign-on required",
        "This organization lets people in by single sign-on only.";
    OrganizationSuspended = "310", 403, "Organization suspended",
        "The organization is suspended or about to be deleted. Nothing was changed; ask its owner or our support.";
    SeatLimitReached = "311", 409, "Seat limit reached",
        "The organization has no seat left: `used` of `limit`. Free one, or ask for more.";
    OrganizationNotReady = "312", 409, "Organization not ready",
        "The organization is being set up. Try again in a moment.";
    OrganizationCreationRefused = "313", 403, "Organization creation not allowed",
        "Organizations are made by administrators here.";
    RoleNotAssignable = "314", 400, "Role not assignable",
        "There is no such role here, or it allows more than the caller may give.";
    RoleInUse = "315", 409, "Role in use",
        "Members, groups or invitations hold the role. Name another one for them with `reassign_to`.";
    DomainNotAcceptable = "316", 400, "Domain not acceptable",
        "Public suffixes, mailbox providers and reserved names cannot belong to an organization.";
    InvitationForAnother = "317", 403, "Invitation for someone else",
        "The invitation was made out to another address. Sign in with that one, or ask for a new invitation.";
    FederationConflict = "318", 409, "Federation mode conflict",
        "Some identities do not fit the other mode; `conflicts` names them. Nothing was changed.";
    ConnectionNotTested = "407", 409, "Connection not tested",
        "Single sign-on can be required once a connection of the organization is active and was tested.";
    PermissionUnknown = "500", 400, "Unknown namespace or relation",
        "The schema has no such namespace or relation, or the relation does not take this subject.";
    SchemaInvalid = "501", 422, "Namespace schema invalid",
        "`parse_errors` says what is wrong and where.";
    EvaluationLimit = "502", 422, "Evaluation limit exceeded",
        "The question was not decided within the limit that `limit` names, so it has no answer.";
    SnaptokenInvalid = "503", 400, "Consistency token invalid",
        "The token is none of this tenant's, or of a time that has not come.";
    TupleOfSystem = "504", 409, "Tuple owned by the system",
        "The tuple belongs to something else, such as a role or a group. Change that instead.";
    NamespaceInUse = "505", 409, "Namespace in use",
        "The new schema has no place for `tuple_count` tuples. Remove them first.";
    ExportExpired = "601", 410, "Export expired",
        "The file is gone. Ask for a new export.";
    DeletionFinal = "800", 409, "Deletion cannot be cancelled",
        "The account is not scheduled for deletion.";
    JobRunning = "801", 409, "Job already running",
        "Wait for the running one, `id`, to finish.";
    MalformedRequest = "900", 400, "Malformed request",
        "The request could not be read: its JSON, a header or its encoding is broken.";
    NotFound = "901", 404, "Not found",
        "There is nothing here, or nothing that this caller may see.";
    ValidationFailed = "902", 400, "Validation failed",
        "Some values are not acceptable; `errors` names each with its reason.";
    AlreadyExists = "903", 409, "Already exists",
        "Another object has this value; `field` says which.";
    IdempotencyConflict = "904", 409, "Idempotency conflict",
        "The idempotency key was used with another body, or its first call is still running.";
    EtagMismatch = "905", 412, "ETag mismatch",
        "The object was changed meanwhile; `etag` is its current one. Read it again, then repeat the change.";
    PayloadTooLarge = "906", 413, "Payload too large",
        "The body is larger than `limit_bytes`.";
    UnsupportedMediaType = "907", 415, "Unsupported media type",
        "Send one of the media types in `supported`.";
    MethodNotAllowed = "908", 405, "Method not allowed",
        "The path exists, but not with this method; the header `Allow` lists those it has.";
    NotAcceptable = "909", 406, "Not acceptable",
        "The answer cannot be given in any media type that `Accept` allows.";
    ConflictingState = "910", 409, "Conflicting state",
        "The object is in a state that does not allow this; `state` names it.";
    FeatureDisabled = "911", 403, "Feature not enabled",
        "The feature named by `feature` is switched off for this organization.";
    Unavailable = "912", 503, "Temporarily unavailable",
        "Nothing was changed. Wait for `Retry-After` seconds and repeat the request.";
    LimitReached = "914", 409, "Limit reached",
        "There are `used` of at most `limit` of these. Remove one first.";
    Internal = "999", 500, "Internal error",
        "Something went wrong on our side. Tell support the request id.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What is wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// Missing.
    Required,
    /// Of the wrong type or form.
    InvalidFormat,
    /// Shorter than allowed.
    TooShort,
    /// Longer than allowed.
    TooLong,
    /// Below the smallest value.
    TooSmall,
    /// Above the largest value.
    TooLarge,
    /// None of the known values.
    NotInEnum,
    /// Not a field of this object.
    UnknownField,
    /// Set once and never changed.
    Immutable,
    /// Twice in one list.
    Duplicate,
    /// Names something that is not there.
    NotFound,
    /// Not for this caller or in this place.
    NotAllowed,
    /// Does not go with another field.
    Conflict,
}

/// One entry of `errors[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Dotted path, `[n]` for items of lists.
    pub field: String,
    /// What is wrong.
    pub code: FieldCode,
    /// The same for a person.
    pub message: String,
}

/// A request that could not be carried out: the code, the words, and what the code says besides.
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    retry_after: Option<u32>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with this code and its title as detail.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            detail: None,
            errors: Vec::new(),
            members: Map::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// `_902` for one field.
    pub fn field(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self::new(Code::ValidationFailed).with_field(field, code, message)
    }

    /// `_902` for several fields.
    pub fn of_fields(errors: Vec<FieldError>) -> Self {
        let mut error = Self::new(Code::ValidationFailed);
        error.0.errors = errors;
        error
    }

    /// `_902` for several fields, or `Ok` when there are none.
    pub fn from_fields(errors: Vec<FieldError>) -> Result<()> {
        if errors.is_empty() { Ok(()) } else { Err(Self::of_fields(errors)) }
    }

    /// `_999` because of `source`, which is logged and never shown.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Internal).with_source(source)
    }

    /// `_912` because of `source`, to be tried again after a second.
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Unavailable).with_retry_after(1).with_source(source)
    }

    /// `_901`.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// The same with these words for a person.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same with one more entry in `errors[]`.
    #[must_use]
    pub fn with_field(
        mut self,
        field: impl Into<String>,
        code: FieldCode,
        message: impl Into<String>,
    ) -> Self {
        self.0.errors.push(FieldError { field: field.into(), code, message: message.into() });
        self
    }

    /// The same with one more member of the problem document.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same with a wait in seconds, told as `Retry-After` (and as `retry_after` where the code has that member).
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same with what caused it, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The words for a person; the code's title when there are no better ones.
    pub fn detail(&self) -> &str {
        match &self.0.detail {
            Some(detail) => detail,
            None => self.0.code.title(),
        }
    }

    /// The entries of `errors[]`.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// Further members of the problem document.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0.members
    }

    /// Seconds to wait before trying again.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// Whether this is our failure, to be logged with its cause, rather than a refusal.
    pub fn is_failure(&self) -> bool {
        matches!(self.0.code, Code::Internal | Code::Unavailable)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.detail())?;
        for e in &self.0.errors {
            write!(f, "; {}: {}", e.field, e.message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|s| s as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(Code::ALL.windows(2).all(|pair| match pair {
            [a, b] => a.number() < b.number(),
            _ => false,
        }));
    }

    #[test]
    fn an_error_names_code_fields_and_causes_for_the_log() {
        let error = Error::field("identity.email", FieldCode::InvalidFormat, "Enter an e-mail address.");
        assert_eq!(
            format!("{error}"),
            "AVNOLOGY_AUTH_902: Validation failed; identity.email: Enter an e-mail address."
        );
        assert_eq!(
            format!("{:?}", Error::internal("disk full")),
            "AVNOLOGY_AUTH_999: Internal error: disk full"
        );
    }
}

//! What is done with a line before the transaction: reading, checking, finding organizations, hashing.

use std::{sync::Arc, time::Duration};

use avnology_model::{
    Code, Error, FieldCode, Result,
    identities::{Identity, Import, ImportError, OnConflict, Realm},
    ids::{CredentialId, IdentityId, MembershipId, OrganizationId},
    permissions::RoleKey,
    platform::{FederationMode, RegistrationField},
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    apply::{self, Matching},
    line::{self, Line, LinePassword},
    work::Lease,
};
use crate::{Cx, Tenant, credentials::text_of_imported_hash, identities::TraitsSchema, organizations};

/// How often to ask for a hash while the queue is full, and how long to wait in between.
const TURNS: u32 = 40;
const TURN: Duration = Duration::from_millis(250);

/// A line that is ready to be written, or why it is not.
pub(super) struct Prepared {
    pub(super) number: i64,
    pub(super) external_id: Option<String>,
    pub(super) row: Result<Row, Refused>,
}

/// A line that was refused.
#[derive(Clone)]
pub(super) struct Refused {
    code: &'static str,
    message: String,
}

/// What is to be written of a line.
pub(super) struct Row {
    /// As it is made when there is none.
    pub(super) identity: Identity,
    /// What changes when there is one.
    pub(super) members: Map<String, Value>,
    pub(super) matching: Matching,
    pub(super) password: Password,
    pub(super) is_legacy: bool,
    pub(super) totp: Option<Zeroizing<Vec<u8>>>,
    pub(super) memberships: Vec<(MembershipId, OrganizationId, RoleKey)>,
}

/// The password of a line.
pub(super) enum Password {
    None,
    /// Its text, and the id of the credential.
    Kept(CredentialId, String),
    /// One that was not hashed, since the identity is there and keeps its own.
    NotNeeded,
}

impl Refused {
    pub(super) fn of(error: &Error) -> Self {
        let first = error.errors().first();
        let message = match first {
            Some(flaw) => format!("{}: {}", flaw.field, flaw.message),
            None => error.detail().to_owned(),
        };
        let message = if message.is_empty() { error.code().title().to_owned() } else { message };
        Self { code: error.code().text(), message }
    }

    pub(super) fn at(&self, line: &Prepared) -> ImportError {
        ImportError {
            line: line.number,
            external_id: line.external_id.clone(),
            code: self.code.to_owned(),
            message: self.message.clone(),
        }
    }
}

/// Makes a piece ready, and keeps the claim at the lines that take long. Failures of ours fail the whole, to be tried
/// again; what is wrong with a line is the line's.
pub(super) async fn all(
    app: &Arc<Tenant>,
    cx: &Cx,
    import: &Import,
    piece: &[u8],
    lease: &Lease,
) -> Result<Vec<Prepared>> {
    let settings = app.settings();
    let schema = app.traits_schema(&settings)?;
    let required = &settings.settings.registration.required_fields;
    let context = Context {
        app,
        cx,
        import,
        lease,
        schema,
        needs_email: required.contains(&RegistrationField::Email),
        is_strict: settings.settings.identity_federation_mode == FederationMode::Strict,
    };
    let mut prepared = Vec::new();
    for text in piece.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
        let (number, line) = numbered(text)?;
        let external_id = line::external_id(line);
        let row = match context.prepare(line).await {
            Err(error) if error.is_failure() => return Err(error),
            other => other.map_err(|error| Refused::of(&error)),
        };
        prepared.push(Prepared { number, external_id, row });
    }
    Ok(prepared)
}

/// Hashes a password. While people wait to sign in, the import waits, too.
async fn hash_in_turn(app: &Tenant, cx: &Cx, plain: &SecretString) -> Result<String> {
    for _ in 0..TURNS {
        match app.hasher.hash(plain, cx.random()).await {
            Err(error) if error.code() == Code::Unavailable => tokio::time::sleep(TURN).await,
            other => return other,
        }
    }
    app.hasher.hash(plain, cx.random()).await
}

fn numbered(text: &[u8]) -> Result<(i64, &[u8])> {
    let broken = || Error::internal("a piece of an import is not what we wrote");
    let tab = text.iter().position(|byte| *byte == b'\t').ok_or_else(broken)?;
    let (number, line) = text.split_at_checked(tab).ok_or_else(broken)?;
    let number = std::str::from_utf8(number).ok().and_then(|n| n.parse().ok()).ok_or_else(broken)?;
    Ok((number, line.get(1..).unwrap_or_default()))
}

struct Context<'a> {
    app: &'a Arc<Tenant>,
    cx: &'a Cx,
    import: &'a Import,
    lease: &'a Lease,
    schema: Option<Arc<TraitsSchema>>,
    needs_email: bool,
    is_strict: bool,
}

impl Context<'_> {
    async fn prepare(&self, text: &[u8]) -> Result<Row> {
        let cx = self.cx;
        let line = line::read(text)?;
        let required: &[RegistrationField] = if self.needs_email { &[RegistrationField::Email] } else { &[] };
        let fields = line.identity.clone().check("", required).map_err(Error::of_fields)?;
        if let Some(schema) = &self.schema {
            Error::from_fields(schema.flaws(fields.traits(), "traits"))?;
        }
        let memberships = self.memberships(&line).await?;
        let mut identity = Identity::new(IdentityId::new(cx.now, cx.random()), cx.now);
        fields.write(&mut identity);
        identity.realm = self.realm(&memberships)?;
        let matching = Matching {
            realm: identity.realm,
            external_id: identity.external_id.clone(),
            email_key: identity.email_key.clone().filter(|_| identity.email_verified),
        };
        let is_legacy = line.password.as_ref().is_some_and(LinePassword::is_legacy);
        let password = self.password(line.password.as_ref(), &matching).await?;
        identity.has_password = !matches!(password, Password::None);
        let (members, totp) = (line.members, line.totp);
        Ok(Row { identity, members, matching, password, is_legacy, totp, memberships })
    }

    /// The text to store. Plain ones are hashed, unless it would be for nothing.
    async fn password(&self, password: Option<&LinePassword>, matching: &Matching) -> Result<Password> {
        let (app, cx) = (self.app, self.cx);
        let text = match password {
            None => return Ok(Password::None),
            Some(LinePassword::Hash(hash)) => text_of_imported_hash(&app.hasher, hash, "password_hash")?,
            Some(LinePassword::Plain(_)) if self.import.request.dry_run => return Ok(Password::NotNeeded),
            Some(LinePassword::Plain(plain)) => {
                let (matching, on_conflict) = (matching.clone(), self.import.request.on_conflict);
                let is_needed = app.store.identity().read(move |tx| {
                    let present = apply::find(tx, &matching)?;
                    Ok(present.is_none_or(|p| !p.has_password && on_conflict == OnConflict::Update))
                });
                if !is_needed.await? {
                    return Ok(Password::NotNeeded);
                }
                self.lease.keep(app).await?;
                hash_in_turn(app, cx, plain).await?
            }
        };
        Ok(Password::Kept(CredentialId::new(cx.now, cx.random()), text))
    }

    /// The organizations of a line, with roles that they have. `_300`, `_314`; `_303` for another one than that of the
    /// whole import.
    async fn memberships(&self, line: &Line) -> Result<Vec<(MembershipId, OrganizationId, RoleKey)>> {
        let (app, cx) = (self.app, self.cx);
        let mut found: Vec<(OrganizationId, RoleKey)> = Vec::new();
        for (at, named) in line.memberships.iter().enumerate() {
            let organization = organizations::get_named(app, cx, &named.organization_id).await?;
            let scope = self.import.request.membership.as_ref();
            if scope.is_some_and(|(scope, _)| *scope != organization.id()) {
                return Err(Error::new(Code::OrganizationMismatch));
            }
            let role = RoleKey::named_or_member(named.role.as_deref())?;
            if organization.role(&role).is_none() {
                return Err(Error::new(Code::RoleNotAssignable));
            }
            if found.iter().any(|(id, _)| *id == organization.id()) {
                let field = format!("memberships[{at}].organization_id");
                return Err(Error::field(field, FieldCode::Duplicate, "This organization is named before."));
            }
            found.push((organization.id(), role));
        }
        // What the line says of the organization of the whole import goes before what that says.
        if let Some((id, role)) = &self.import.request.membership
            && !found.iter().any(|(named, _)| named == id)
        {
            found.push((*id, role.clone()));
        }
        Ok(found.into_iter().map(|(id, role)| (MembershipId::new(cx.now, cx.random()), id, role)).collect())
    }

    /// Where the addresses and names of an identity are unique: in a strict tenant, in its one organization.
    fn realm(&self, memberships: &[(MembershipId, OrganizationId, RoleKey)]) -> Result<Realm> {
        match memberships {
            _ if !self.is_strict => Ok(Realm::Tenant),
            [(_, organization, _)] => Ok(Realm::Organization(*organization)),
            [] => {
                let message = "Identities belong to organizations here.";
                Err(Error::field("memberships", FieldCode::Required, message))
            }
            _ => {
                let message = "An identity belongs to one organization here.";
                Err(Error::field("memberships", FieldCode::TooLong, message))
            }
        }
    }
}

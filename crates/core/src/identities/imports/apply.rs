//! Writing the lines of a piece, in the transaction that moves the import on.

use avnology_model::{
    Code, Error, Result, Timestamp,
    identities::{Identity, Import, ImportCounts, ImportError, OnConflict, Realm},
    ids::{CredentialId, IdentityId, OrganizationId},
    organizations::MembershipSource,
};
use avnology_store::{
    IdentityTx,
    identities::{identities, imports as rows},
    organizations::{memberships, organizations as organization_rows},
    sessions::sessions,
};

use super::{
    super::{
        create::insert_new,
        factors::{NewTotp, import_totp},
        password::{PasswordChange, store_password},
        update::{apply_members, save},
    },
    prepare::{Password, Prepared, Refused, Row},
};
use crate::{
    Cx,
    identities::TraitsSchema,
    organizations::{Joining, join},
    platform::Keys,
};

/// What an identity that is there already is found by.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    pub(super) realm: Realm,
    pub(super) external_id: Option<String>,
    /// The address, when the line says that it is proven.
    pub(super) email_key: Option<String>,
}

/// What became of a piece, and what is no longer true in memory.
#[derive(Clone, Default)]
pub(super) struct Done {
    pub(super) counts: ImportCounts,
    pub(super) session_hashes: Vec<[u8; 32]>,
    pub(super) members: Vec<(OrganizationId, IdentityId)>,
}

enum LineDone {
    Created,
    Updated,
    Skipped,
}

/// The identity that a line is about, if it is there: by the id in the source system, else by the proven address.
pub(super) fn find(tx: &mut IdentityTx<'_>, matching: &Matching) -> Result<Option<Identity>> {
    if let Some(id) = &matching.external_id
        && let Some(found) = identities::by_external_id(tx, &matching.realm, id)?
    {
        return Ok(Some(found));
    }
    let Some(key) = &matching.email_key else { return Ok(None) };
    Ok(identities::by_email(tx, &matching.realm, key)?.filter(|found| found.email_verified))
}

/// What all lines of a piece are written with.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) cx: &'a Cx,
    pub(super) import: &'a Import,
    pub(super) schema: Option<&'a TraitsSchema>,
    pub(super) keys: &'a Keys,
}

/// Writes a piece and moves the import on behind it. `_801` when somebody else did.
pub(super) fn piece(
    tx: &mut IdentityTx<'_>,
    around: Around<'_>,
    lines: &[Prepared],
    lease_until: Timestamp,
) -> Result<Done> {
    let import = around.import;
    let write = |tx: &mut IdentityTx<'_>| all(tx, around, lines);
    let (done, errors) = if import.request.dry_run { tx.rehearse(write)? } else { write(tx)? };
    if !rows::advance(tx, import.id, import.position, &done.counts, lease_until)? {
        // Whatever was written above is undone with the transaction.
        return Err(Error::new(Code::JobRunning));
    }
    rows::add_errors(tx, import.id, import.counts.failed, &errors)?;
    Ok(done)
}

fn all(tx: &mut IdentityTx<'_>, around: Around<'_>, lines: &[Prepared]) -> Result<(Done, Vec<ImportError>)> {
    let (mut done, mut errors) = (Done::default(), Vec::new());
    for line in lines {
        let answer = match &line.row {
            Ok(row) => one(tx, around, row, &mut done)?.map_err(|e| Refused::of(&e)),
            Err(refused) => Err(refused.clone()),
        };
        let taken = matches!(answer, Ok(LineDone::Created | LineDone::Updated));
        match answer {
            Ok(LineDone::Created) => done.counts.created += 1,
            Ok(LineDone::Updated) => done.counts.updated += 1,
            Ok(LineDone::Skipped) => done.counts.skipped += 1,
            Err(refused) => {
                done.counts.failed += 1;
                errors.push(refused.at(line));
            }
        }
        if taken && line.row.as_ref().is_ok_and(|row| row.is_legacy) {
            done.counts.legacy += 1;
        }
    }
    Ok((done, errors))
}

/// Writes a line; a refusal leaves nothing of it behind.
fn one(tx: &mut IdentityTx<'_>, around: Around<'_>, row: &Row, done: &mut Done) -> Result<Result<LineDone>> {
    let Some(present) = find(tx, &row.matching)? else {
        if matches!(row.password, Password::NotNeeded) && !around.import.request.dry_run {
            // It was there when the password was not hashed, and is gone: the piece is made ready once more.
            return Err(Error::new(Code::Unavailable));
        }
        let answer = if row.memberships.is_empty() {
            // Its first statement is the one that can be refused: nothing has to be undone.
            match create(tx, around, row) {
                Err(error) if error.is_failure() => return Err(error),
                answer => answer,
            }
        } else {
            part(tx, |tx| create(tx, around, row))?
        };
        if answer.is_ok() {
            done.members
                .extend(row.memberships.iter().map(|(_, organization, _)| (*organization, row.identity.id)));
        }
        return Ok(answer.map(|()| LineDone::Created));
    };
    match around.import.request.on_conflict {
        OnConflict::Skip => Ok(Ok(LineDone::Skipped)),
        OnConflict::Fail => {
            let by_id = row.matching.external_id.is_some() && present.external_id == row.matching.external_id;
            let field = if by_id { "external_id" } else { "email" };
            Ok(Err(
                Error::new(Code::AlreadyExists).with_detail(format!("{field} is that of an identity here."))
            ))
        }
        OnConflict::Update => {
            let id = present.id;
            let answer = part(tx, |tx| update(tx, around, present, row))?;
            if matches!(answer, Ok(LineDone::Updated)) {
                done.session_hashes.extend(sessions::token_hashes_of(tx, id)?);
                done.members.extend(row.memberships.iter().map(|(_, organization, _)| (*organization, id)));
            }
            Ok(answer)
        }
    }
}

/// A part of the transaction that a refusal undoes; a failure of ours fails the whole.
fn part<T>(
    tx: &mut IdentityTx<'_>,
    write: impl FnOnce(&mut IdentityTx<'_>) -> Result<T>,
) -> Result<Result<T>> {
    match tx.attempt(write)? {
        Err(error) if error.is_failure() => Err(error),
        answer => Ok(answer),
    }
}

fn create(tx: &mut IdentityTx<'_>, around: Around<'_>, row: &Row) -> Result<()> {
    let cx = around.cx;
    let password = match &row.password {
        Password::Kept(id, text) => Some((*id, text.as_str())),
        Password::None | Password::NotNeeded => None,
    };
    insert_new(tx, cx, &row.identity, password, "import")?;
    if row.totp.is_some() {
        add_totp(tx, around, &mut row.identity.clone(), row)?;
    }
    add_memberships(tx, cx, row.identity.id, row).map(drop)
}

/// Changes what the line names and differs. A password or an authenticator application that is there stays: its owner may
/// have changed it.
fn update(
    tx: &mut IdentityTx<'_>,
    around: Around<'_>,
    mut identity: Identity,
    row: &Row,
) -> Result<LineDone> {
    let cx = around.cx;
    let before = identity.clone();
    apply_members(&mut identity, &row.members)?;
    if let Some(schema) = around.schema.filter(|_| before.traits != identity.traits) {
        Error::from_fields(schema.flaws(&identity.traits, "traits"))?;
    }
    save(tx, cx, &before, &mut identity)?;
    let mut changed = identity.version != before.version;
    if let (Password::Kept(id, text), false) = (&row.password, before.has_password) {
        set_password(tx, cx, &mut identity, *id, text)?;
        changed = true;
    }
    changed |= add_totp(tx, around, &mut identity, row)?;
    changed |= add_memberships(tx, cx, identity.id, row)?;
    Ok(if changed { LineDone::Updated } else { LineDone::Skipped })
}

fn set_password(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    id: CredentialId,
    text: &str,
) -> Result<()> {
    let change = PasswordChange { credential: id, phc: text.to_owned(), by: "admin" };
    store_password(tx, cx, identity, &change)
}

/// Adds the authenticator application of the line where there is none; whether it did.
fn add_totp(tx: &mut IdentityTx<'_>, around: Around<'_>, identity: &mut Identity, row: &Row) -> Result<bool> {
    let Some(secret) = &row.totp else { return Ok(false) };
    // No code of it was used yet.
    let totp = NewTotp::seal(around.keys, around.cx, identity.id, secret, 0)?;
    import_totp(tx, around.cx, identity, &totp)
}

/// Adds the memberships that are not there; whether there were any. Those that are there stay as they are.
fn add_memberships(tx: &mut IdentityTx<'_>, cx: &Cx, identity: IdentityId, row: &Row) -> Result<bool> {
    let mut added = false;
    for (id, organization, role) in &row.memberships {
        if memberships::of_person(tx, *organization, identity)?.is_some() {
            continue;
        }
        let joining = Joining {
            id: *id,
            identity,
            role: role.clone(),
            source: MembershipSource::Admin,
            expire_time: None,
        };
        let organization = organization_rows::get(tx, *organization)?;
        join(tx, cx, &organization, &joining)?;
        added = true;
    }
    Ok(added)
}

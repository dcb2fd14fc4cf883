//! Whether somebody has a relation, asked in process: what other areas decide by (`contract/50` §5).

use std::{sync::Arc, time::Duration};

use avnology_model::{Code, Error, Result, Timestamp, ids::OrganizationId};
use avnology_rebac::{Query, QueryError, Question, Scope, Subject, TupleError};
use tokio::time::Instant;

use super::memory::View;
use crate::Tenant;

/// How long a question may take.
const TIME: Duration = Duration::from_secs(1);

/// Whether `subject` has `relation` to the object, as seen from an organization or from the tenant: roles, custom roles
/// and permission keys of organizations (`check(app, None, now, ("organizations", "org_…", "invoices:write"), "usr_…")`),
/// groups, and own namespaces. Subjects are written as in the API; in `organizations` the object is an id.
///
/// It is answered from memory, and holds at least what this node has acknowledged. `_500` for a name that the schema does
/// not have, `_502` when it could not be decided, `_912` when memory could not be had in time.
pub async fn check(
    app: &Arc<Tenant>,
    organization: Option<OrganizationId>,
    now: Timestamp,
    (namespace, object, relation): (&str, &str, &str),
    subject: &str,
) -> Result<bool> {
    let view = app.permissions.current(app).await?;
    let subject = Subject::parse(subject, view.snapshot.schema()).map_err(malformed)?;
    let question = Question { namespace, object, relation, subject: &subject };
    let scope = organization.map_or(Scope::Tenant, |id| Scope::Organization(id.to_string()));
    asked(&view, &scope, now, |query| query.check(&question))
}

/// Asks a view within the time that a question may take.
pub(super) fn asked<T>(
    view: &View,
    scope: &Scope,
    now: Timestamp,
    ask: impl FnOnce(&Query<'_>) -> Result<T, QueryError>,
) -> Result<T> {
    let end = Instant::now() + TIME;
    let is_late = move || Instant::now() > end;
    ask(&view.snapshot.query(scope, now.micros()).with_deadline(&is_late)).map_err(|error| refused(&error))
}

/// What a question that has no answer is refused with.
pub(super) fn refused(error: &QueryError) -> Error {
    match error {
        QueryError::UnknownNamespace(_) | QueryError::UnknownRelation(..) => {
            Error::new(Code::PermissionUnknown).with_detail(error.to_string())
        }
        QueryError::Limit(limit) => {
            let name = limit.name();
            Error::new(Code::EvaluationLimit).with_detail(error.to_string()).with_member("limit", name)
        }
        QueryError::Endless => {
            Error::new(Code::EvaluationLimit).with_detail(error.to_string()).with_member("limit", "width")
        }
    }
}

/// A subject that is none.
pub(super) fn malformed(error: TupleError) -> Error {
    Error::field("subject", avnology_model::FieldCode::InvalidFormat, error.to_string())
}

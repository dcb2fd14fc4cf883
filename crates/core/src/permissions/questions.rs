//! Check, batch check, expand and explain (`contract/50` §2).

use std::sync::Arc;

use avnology_model::{Code, Error, FieldCode, Result};
use avnology_rebac::{Limits, Query, Question, Subject, canonical_namespace};

use super::{
    Asker, Consistency, Parts,
    check::asked,
    input,
    memory::View,
    snaptoken,
    view::{BatchChecked, CheckProblem, Checked, Explained, StepView, TreeView, TupleView},
};
use crate::{Cx, Tenant};

/// Most checks of a batch.
const BATCH: usize = 200;

/// What is asked: the names are checked, and looked up in the schema when it is answered.
struct Asked {
    namespace: String,
    object: String,
    relation: String,
    subject: Subject,
}

impl Asked {
    async fn read(
        app: &Arc<Tenant>,
        cx: &Cx,
        asker: &Asker,
        view: &View,
        (parts, at): (&Parts, &str),
    ) -> Result<Self> {
        let namespace = input::namespace(parts.namespace.as_deref(), at)?;
        let object = input::object(app, cx, &namespace, parts.object.as_deref(), at).await?;
        let relation = input::relation(parts.relation.as_deref(), at)?;
        let subject = asker.subject(input::subject(app, cx, view, parts, at).await?)?;
        asker.check_own(view, &namespace, &object)?;
        Ok(Self { namespace, object, relation, subject })
    }

    fn question(&self) -> Question<'_> {
        Question {
            namespace: &self.namespace,
            object: &self.object,
            relation: &self.relation,
            subject: &self.subject,
        }
    }
}

/// Limits with the depth that was asked for. `_902` for one that cannot be.
pub(super) fn limits(max_depth: Option<u32>) -> Result<Limits> {
    match max_depth {
        None => Ok(Limits::default()),
        Some(depth @ 1..=Limits::MAX_DEPTH) => Ok(Limits { depth, ..Limits::default() }),
        Some(0) => Err(Error::field("max_depth", FieldCode::TooSmall, "1 to 50.")),
        Some(_) => Err(Error::field("max_depth", FieldCode::TooLarge, "1 to 50.")),
    }
}

/// Whether a subject has a relation or permit. `_902`, `_500`, `_502`, `_503`; `_303` for an object of another
/// organization; `_100` for a question about others by whoever may not read permissions.
pub async fn check(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    parts: &Parts,
    (consistency, max_depth): (&Consistency, Option<u32>),
) -> Result<Checked> {
    let limits = limits(max_depth)?;
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let it = Asked::read(app, cx, asker, &view, (parts, "")).await?;
    let allowed =
        asked(&view, &asker.scope(), cx.now, |query| query.with_limits(limits).check(&it.question()))?;
    Ok(Checked { allowed, snaptoken: snaptoken::token(app, &view) })
}

/// Many checks on one view, each with its answer or its problem. `_902` for more than 200; `_503`.
pub async fn batch_check(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    checks: &[Parts],
    (consistency, max_depth): (&Consistency, Option<u32>),
) -> Result<(Vec<BatchChecked>, String)> {
    if checks.len() > BATCH {
        return Err(Error::field("checks", FieldCode::TooLong, "At most 200."));
    }
    let limits = limits(max_depth)?;
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let mut read = Vec::with_capacity(checks.len());
    for parts in checks {
        match Asked::read(app, cx, asker, &view, (parts, "")).await {
            Err(error) if error.is_failure() => return Err(error),
            one => read.push(one),
        }
    }
    let questions: Vec<Question<'_>> = read.iter().flatten().map(Asked::question).collect();
    let answers =
        asked(&view, &asker.scope(), cx.now, |query| Ok(query.with_limits(limits).batch_check(&questions)))?;
    let mut answers = answers.into_iter();
    let results = read.iter().map(|one| match one {
        Err(error) => problem(error),
        Ok(_) => match answers.next() {
            Some(Ok(allowed)) => BatchChecked { allowed, error: None },
            Some(Err(error)) => problem(&super::check::refused(&error)),
            None => problem(&Error::new(Code::EvaluationLimit)),
        },
    });
    let results = results.collect();
    Ok((results, snaptoken::token(app, &view)))
}

fn problem(error: &Error) -> BatchChecked {
    let detail = error.errors().first().map_or_else(|| error.detail().to_owned(), |one| one.message.clone());
    let error = CheckProblem { code: error.code().text().to_owned(), detail };
    BatchChecked { allowed: false, error: Some(error) }
}

/// Runs a long question where no request waits for a thread.
pub(super) async fn aside<T: Send + 'static>(
    view: &Arc<View>,
    asker: &Asker,
    cx: &Cx,
    ask: impl FnOnce(&Query<'_>) -> Result<T, avnology_rebac::QueryError> + Send + 'static,
) -> Result<T> {
    let (view, scope, now) = (Arc::clone(view), asker.scope(), cx.now);
    let task = tokio::task::spawn_blocking(move || asked(&view, &scope, now, ask));
    task.await.map_err(Error::internal)?
}

/// Everything that a relation or permit consists of, and the token. `_902`, `_500`, `_502`, `_503`, `_303`.
pub async fn expand(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    parts: &Parts,
    (consistency, max_depth): (&Consistency, Option<u32>),
) -> Result<(TreeView, String)> {
    let limits = limits(max_depth)?;
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let namespace = input::namespace(parts.namespace.as_deref(), "")?;
    let object = input::object(app, cx, &namespace, parts.object.as_deref(), "").await?;
    let relation = input::relation(parts.relation.as_deref(), "")?;
    asker.check_own(&view, &namespace, &object)?;
    let tree = aside(&view, asker, cx, move |query| {
        query.with_limits(limits).expand(canonical_namespace(&namespace), &object, &relation)
    });
    Ok((TreeView::of(tree.await?), snaptoken::token(app, &view)))
}

/// A check with its reasons. `_902`, `_500`, `_502`, `_503`, `_303`.
pub async fn explain(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    parts: &Parts,
    (consistency, max_depth): (&Consistency, Option<u32>),
) -> Result<Explained> {
    let limits = limits(max_depth)?;
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let it = Asked::read(app, cx, asker, &view, (parts, "")).await?;
    let found =
        aside(&view, asker, cx, move |query| query.with_limits(limits).explain(&it.question())).await?;
    Ok(Explained {
        allowed: found.allowed,
        path: found.path.iter().map(TupleView::of).collect(),
        steps: found.steps.into_iter().map(StepView::of).collect(),
        snaptoken: snaptoken::token(app, &view),
    })
}

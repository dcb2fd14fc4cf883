//! Questions: check, batch check, expand, lists of objects and subjects, explain (`contract/50` §2).

use avnology_core::permissions::{
    self, BatchChecked, Checked, Consistency, Explained, Parts, SubjectSet, TreeView,
};
use avnology_http::{Auth, Body, Bucket, Json, Route, Scoped, SignedInOr, scopes};
use avnology_model::{Code, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asker;

type Reader = Auth<Scoped<scopes::PermissionsRead>>;
/// Anyone signed in asks about themselves.
type Anyone = Auth<SignedInOr<scopes::PermissionsRead>>;

/// Fields that several questions have.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        struct $name {
            /// Namespace.
            namespace: Option<String>,
            /// Object; in `organizations` an id or a slug.
            object: Option<String>,
            /// Relation or permit.
            relation: Option<String>,
            /// A token of an earlier answer: this one is at least as new.
            snaptoken: Option<String>,
            /// The same.
            at_least_as_fresh: Option<String>,
            /// `full`: everything that was committed before the request.
            consistency: Option<String>,
            /// How many relations and permits one behind the other are gone through, 1–50; 32 when absent.
            max_depth: Option<u32>,
            $($(#[$of])* $field: $type,)*
        }

        impl $name {
            fn consistency(&self) -> Consistency {
                Consistency {
                    snaptoken: self.snaptoken.clone(),
                    at_least_as_fresh: self.at_least_as_fresh.clone(),
                    consistency: self.consistency.clone(),
                }
            }
        }
    )*};
}

questions! {
    /// Whether a subject has a relation or permit.
    CheckPermission {
        /// Subject; the caller when absent.
        subject: Option<String>,
        /// Or an id.
        subject_id: Option<String>,
        /// Or a set.
        subject_set: Option<SubjectSet>,
    }
    /// What a relation or permit consists of.
    ExpandPermission {}
    /// To which objects a subject has a relation or permit.
    ListObjects {
        /// Subject.
        subject: Option<String>,
        /// Or an id.
        subject_id: Option<String>,
        /// Or a set.
        subject_set: Option<SubjectSet>,
        /// At most how many; 25 unless given, larger values are cut to 500.
        page_size: Option<i64>,
        /// `next_page_token` of the page before.
        page_token: Option<String>,
    }
    /// Who has a relation or permit.
    ListSubjects {
        /// Of which namespace; `identities` when absent.
        subject_namespace: Option<String>,
        /// At most how many; 25 unless given, larger values are cut to 500.
        page_size: Option<i64>,
        /// `next_page_token` of the page before.
        page_token: Option<String>,
    }
}

impl CheckPermission {
    fn parts(self) -> Parts {
        let Self { namespace, object, relation, subject, subject_id, subject_set, .. } = self;
        Parts { namespace, object, relation, subject, subject_id, subject_set, ..Parts::default() }
    }
}

async fn check(auth: Anyone, Body(body): Body<CheckPermission>) -> Result<Json<Checked>> {
    let how = (&body.consistency(), body.max_depth);
    permissions::answer(&auth.app, &auth.cx, &asker(&auth), &body.parts(), how).await.map(Json)
}

async fn explain(auth: Reader, Body(body): Body<CheckPermission>) -> Result<Json<Explained>> {
    let how = (&body.consistency(), body.max_depth);
    permissions::explain(&auth.app, &auth.cx, &asker(&auth), &body.parts(), how).await.map(Json)
}

/// One check of a batch.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct BatchedCheck {
    /// Namespace.
    namespace: Option<String>,
    /// Object.
    object: Option<String>,
    /// Relation or permit.
    relation: Option<String>,
    /// Subject; the caller when absent.
    subject: Option<String>,
    /// Or an id.
    subject_id: Option<String>,
    /// Or a set.
    subject_set: Option<SubjectSet>,
}

/// Checks that are answered together.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchCheck {
    /// At most 200.
    checks: Vec<BatchedCheck>,
    /// A token of an earlier answer: this one is at least as new.
    #[serde(default)]
    snaptoken: Option<String>,
    /// The same.
    #[serde(default)]
    at_least_as_fresh: Option<String>,
    /// `full`: everything that was committed before the request.
    #[serde(default)]
    consistency: Option<String>,
    /// How many relations and permits one behind the other are gone through, 1–50; 32 when absent.
    #[serde(default)]
    max_depth: Option<u32>,
}

/// The answers, in order.
#[derive(Serialize, ToSchema)]
struct BatchCheckResult {
    results: Vec<BatchChecked>,
    snaptoken: String,
}

async fn batch_check(auth: Anyone, Body(body): Body<BatchCheck>) -> Result<Json<BatchCheckResult>> {
    let BatchCheck { checks, snaptoken, at_least_as_fresh, consistency, max_depth } = body;
    let consistency = Consistency { snaptoken, at_least_as_fresh, consistency };
    let parts = |one: BatchedCheck| {
        let BatchedCheck { namespace, object, relation, subject, subject_id, subject_set } = one;
        Parts { namespace, object, relation, subject, subject_id, subject_set, ..Parts::default() }
    };
    let checks: Vec<Parts> = checks.into_iter().map(parts).collect();
    let asker = asker(&auth);
    let (results, snaptoken) =
        permissions::batch_check(&auth.app, &auth.cx, &asker, &checks, (&consistency, max_depth)).await?;
    Ok(Json(BatchCheckResult { results, snaptoken }))
}

/// What a relation or permit consists of.
#[derive(Serialize, ToSchema)]
struct Expanded {
    tree: TreeView,
    snaptoken: String,
}

async fn expand(auth: Reader, Body(body): Body<ExpandPermission>) -> Result<Json<Expanded>> {
    let how = (&body.consistency(), body.max_depth);
    let ExpandPermission { namespace, object, relation, .. } = body.clone();
    let parts = Parts { namespace, object, relation, ..Parts::default() };
    let (tree, snaptoken) = permissions::expand(&auth.app, &auth.cx, &asker(&auth), &parts, how).await?;
    Ok(Json(Expanded { tree, snaptoken }))
}

/// A page of ids.
#[derive(Serialize, ToSchema)]
struct ObjectList {
    /// Ids, in order.
    objects: Vec<String>,
    next_page_token: String,
    snaptoken: String,
}

/// Default and largest size of a page.
const PAGE: (u32, u32) = (25, 500);

async fn list_objects(auth: Reader, Body(body): Body<ListObjects>) -> Result<Json<ObjectList>> {
    let consistency = body.consistency();
    let ListObjects { namespace, relation, subject, subject_id, subject_set, .. } = body.clone();
    let chosen = serde_json::json!([namespace, relation, subject, subject_id, subject_set, body.object]);
    let page = auth.body_page(&chosen, (body.page_size, PAGE), body.page_token.as_deref())?;
    let parts = Parts { namespace, relation, subject, subject_id, subject_set, ..Parts::default() };
    let asker = asker(&auth);
    let found = permissions::list_objects(
        &auth.app,
        &auth.cx,
        &asker,
        (&parts, &consistency, body.max_depth),
        (page.after.as_deref(), page.size),
    );
    let found = found.await?;
    let last = found.names.last().filter(|_| found.has_more);
    Ok(Json(ObjectList {
        next_page_token: page.next_token(&auth.app, auth.cx.now, last),
        objects: found.names,
        snaptoken: found.snaptoken,
    }))
}

/// A page of subjects.
#[derive(Serialize, ToSchema)]
struct SubjectList {
    /// Subjects, in order; `*` stands for any identity that is signed in.
    subjects: Vec<String>,
    /// With `*`, whoever is excepted from it.
    except: Vec<String>,
    next_page_token: String,
    snaptoken: String,
}

async fn list_subjects(auth: Reader, Body(body): Body<ListSubjects>) -> Result<Json<SubjectList>> {
    let consistency = body.consistency();
    let ListSubjects { namespace, object, relation, .. } = body.clone();
    let of = body.subject_namespace.clone().unwrap_or_else(|| "identities".to_owned());
    let chosen = serde_json::json!([namespace, object, relation, of]);
    let page = auth.body_page(&chosen, (body.page_size, PAGE), body.page_token.as_deref())?;
    let parts = Parts { namespace, object, relation, ..Parts::default() };
    let asker = asker(&auth);
    let found = permissions::list_subjects(
        &auth.app,
        &auth.cx,
        &asker,
        (&parts, &of, &consistency, body.max_depth),
        (page.after.as_deref(), page.size),
    );
    let found = found.await?;
    let last = found.names.last().filter(|_| found.has_more);
    Ok(Json(SubjectList {
        next_page_token: page.next_token(&auth.app, auth.cx.now, last),
        subjects: found.names,
        except: found.except,
        snaptoken: found.snaptoken,
    }))
}

const REFUSALS: &[Code] = &[Code::PermissionUnknown, Code::SnaptokenInvalid, Code::EvaluationLimit];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/permissions:check", check)
            .operation_id("checkPermission")
            .summary("Ask whether a subject has a relation or permit")
            .tag("permissions")
            .answers::<Checked>(200, "Whether it has.")
            .limited(Bucket::Check)
            .refuses(REFUSALS),
        Route::post("/v1/permissions:batchCheck", batch_check)
            .operation_id("checkPermissions")
            .summary("Ask several such questions at one moment")
            .tag("permissions")
            .answers::<BatchCheckResult>(200, "The answers, in order.")
            .limited(Bucket::Check)
            .refuses(REFUSALS),
        Route::post("/v1/permissions:expand", expand)
            .operation_id("expandPermission")
            .summary("Show what a relation or permit consists of")
            .tag("permissions")
            .answers::<Expanded>(200, "The whole tree.")
            .limited(Bucket::Check)
            .refuses(REFUSALS),
        Route::post("/v1/permissions:listObjects", list_objects)
            .operation_id("listPermittedObjects")
            .summary("List the objects to which a subject has a relation or permit")
            .tag("permissions")
            .answers::<ObjectList>(200, "One page of ids.")
            .limited(Bucket::Check)
            .refuses(REFUSALS),
        Route::post("/v1/permissions:listSubjects", list_subjects)
            .operation_id("listPermittedSubjects")
            .summary("List who has a relation or permit")
            .tag("permissions")
            .answers::<SubjectList>(200, "One page of subjects.")
            .limited(Bucket::Check)
            .refuses(REFUSALS),
        Route::post("/v1/permissions:explain", explain)
            .operation_id("explainPermission")
            .summary("Ask whether a subject has a relation or permit, and why")
            .tag("permissions")
            .answers::<Explained>(200, "The answer with its reasons.")
            .limited(Bucket::Check)
            .refuses(REFUSALS),
    ]
}

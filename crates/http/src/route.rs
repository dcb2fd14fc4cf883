//! The one table from which the router, the OpenAPI document and tests are made.

use std::{future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use avnology_core::{Cx, Tenant, platform::Document};
use avnology_model::{Code, Error, Result, events::EventType, permissions::Scope};
use axum::http::Method;
use utoipa::{
    ToSchema,
    openapi::{Ref, RefOr, Schema},
};

use crate::{
    access::{Access, AccessRule, Public},
    auth::Auth,
    document::Ready,
    endpoint::{Endpoint, Typed},
    input::{BodyKind, Input, InputDoc, NoInput},
    limits::Bucket,
    reply::{NoContent, Outcome},
};

/// One method on one path: who may, what it takes, what it answers, and what it does. Without a handler whose signature
/// names an [`Access`] type there is none.
pub struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) rule: AccessRule,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) needs: Needs,
    pub(crate) limit: Option<Bucket>,
    pub(crate) records: Option<EventType>,
    pub(crate) about_organization: bool,
    pub(crate) only_asks: bool,
    pub(crate) produces: &'static [&'static str],
    pub(crate) doc: RouteDoc,
}

/// What of a request a handler takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub(crate) body: BodyKind,
    pub(crate) query: bool,
}

/// What the document says of a route besides its types.
pub(crate) struct RouteDoc {
    pub(crate) input: InputDoc,
    pub(crate) operation_id: Option<&'static str>,
    pub(crate) summary: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) answers: Vec<Answer>,
    pub(crate) refusals: Vec<Code>,
    pub(crate) etag: bool,
    pub(crate) creates: bool,
}

/// One successful answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) content: Option<(&'static str, RefOr<Schema>)>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

macro_rules! methods {
    ($($name:ident = $method:ident;)*) => {$(
        #[doc = concat!(stringify!($method), " on `path`.")]
        pub fn $name<A, I, H, F>(path: &'static str, handler: H) -> Self
        where
            A: Access,
            I: Input,
            H: Fn(Auth<A>, I) -> F + Clone + Send + Sync + 'static,
            F: Future + Send + 'static,
            F::Output: Outcome,
        {
            Self::new(Method::$method, path, handler)
        }
    )*};
}

impl Route {
    methods! {
        get = GET;
        post = POST;
        put = PUT;
        patch = PATCH;
        delete = DELETE;
    }

    /// GET of a document that is the same for everybody and lies ready.
    pub fn document<H, F>(path: &'static str, handler: H) -> Self
    where
        H: Fn(Arc<Tenant>, Cx) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Document>> + Send + 'static,
    {
        let unread = |_: Auth<Public>, _: NoInput| async { Ok::<_, Error>(NoContent) };
        Self { endpoint: Arc::new(Ready(handler)), ..Self::new(Method::GET, path, unread) }
            .produces(&["application/json"])
            .etag()
    }

    fn new<A, I, H, F>(method: Method, path: &'static str, handler: H) -> Self
    where
        A: Access,
        I: Input,
        H: Fn(Auth<A>, I) -> F + Clone + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: Outcome,
    {
        let mut input = InputDoc::default();
        I::describe(&mut input);
        let is_api = path.starts_with("/v1/");
        Self {
            method,
            path,
            rule: A::RULE,
            endpoint: Arc::new(Typed { handler, types: PhantomData::<fn() -> (A, I)> }),
            needs: Needs { body: I::BODY, query: I::QUERY },
            limit: None,
            records: None,
            about_organization: false,
            only_asks: false,
            produces: if is_api { &["application/json"] } else { &["text/html"] },
            doc: RouteDoc {
                input,
                operation_id: None,
                summary: "",
                tag: "",
                answers: Vec::new(),
                refusals: Vec::new(),
                etag: false,
                creates: false,
            },
        }
    }

    /// The name that generated clients give it.
    #[must_use]
    pub fn operation_id(mut self, id: &'static str) -> Self {
        self.doc.operation_id = Some(id);
        self
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.doc.summary = summary;
        self
    }

    /// The area it belongs to.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.doc.tag = tag;
        self
    }

    /// Answers JSON with this schema.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, status: u16, description: &'static str) -> Self {
        let name = T::name();
        let mut schemas = vec![(name.clone().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        let content = Some(("application/json", RefOr::Ref(Ref::from_schema_name(&*name))));
        self.doc.answers.push(Answer { status, description, content, schemas });
        self
    }

    /// Answers without a body.
    #[must_use]
    pub fn answers_empty(mut self, status: u16) -> Self {
        self.doc.answers.push(Answer { status, description: "Done.", content: None, schemas: Vec::new() });
        self
    }

    /// Answers a file of one of these media types.
    #[must_use]
    pub fn answers_file(mut self, status: u16, types: &'static [&'static str]) -> Self {
        let content = Some(("application/octet-stream", crate::input::schema_of_text()));
        self.produces = types;
        self.doc.answers.push(Answer { status, description: "A file.", content, schemas: Vec::new() });
        self
    }

    /// Answers a page.
    #[must_use]
    pub fn answers_html(mut self, status: u16) -> Self {
        let content = Some(("text/html", crate::input::schema_of_text()));
        self.doc.answers.push(Answer { status, description: "A page.", content, schemas: Vec::new() });
        self
    }

    /// Answers with a place to go to.
    #[must_use]
    pub fn answers_redirect(mut self, status: u16) -> Self {
        let description = "`Location` says where to go.";
        self.doc.answers.push(Answer { status, description, content: None, schemas: Vec::new() });
        self
    }

    /// Codes it refuses with beyond the standard ones (`contract/00` §6.3).
    #[must_use]
    pub fn refuses(mut self, codes: &[Code]) -> Self {
        self.doc.refusals.extend_from_slice(codes);
        self
    }

    /// Its answers carry an entity tag.
    #[must_use]
    pub fn etag(mut self) -> Self {
        self.doc.etag = true;
        self
    }

    /// It creates something: `Location`, and 409 for a repeated idempotency key.
    #[must_use]
    pub fn creates(mut self) -> Self {
        self.doc.creates = true;
        self
    }

    /// What is recorded when it is done, and when it is refused (`contract/70` §3.1).
    #[must_use]
    pub fn records(mut self, action: EventType) -> Self {
        self.records = Some(action);
        self
    }

    /// Calls draw on this bucket, per address. Sessions and API keys have theirs under `/v1` without this.
    #[must_use]
    pub fn limited(mut self, bucket: Bucket) -> Self {
        self.limit = Some(bucket);
        self
    }

    /// Its first parameter names an organization: in a strict tenant the caller is who is signed in there, if anybody is.
    #[must_use]
    pub fn about_organization(mut self) -> Self {
        self.about_organization = true;
        self
    }

    /// It changes nothing, though its method could: nobody has to see it to its end when its caller goes away.
    #[must_use]
    pub fn only_asks(mut self) -> Self {
        self.only_asks = true;
        self
    }

    /// The media types it can answer with; JSON under `/v1` and HTML elsewhere unless said. `*/*` is any.
    #[must_use]
    pub fn produces(mut self, types: &'static [&'static str]) -> Self {
        self.produces = types;
        self
    }

    /// Who may.
    pub fn access(&self) -> AccessRule {
        self.rule
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path as the contract writes it.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The name that generated clients give it.
    pub fn id(&self) -> Option<&'static str> {
        self.doc.operation_id
    }

    /// Whether it changes something that is not the caller's own.
    pub(crate) fn is_administrative(&self) -> bool {
        let reads = |scope: Scope| matches!(scope, Scope::AccountSelf) || scope.as_str().ends_with(":read");
        self.is_api() && self.method != Method::GET && self.rule.scope().is_some_and(|scope| !reads(scope))
    }

    /// Whether it belongs to the API of Keto, and tells errors in its form.
    pub fn speaks_keto(&self) -> bool {
        crate::problem::dialect(self.path) == crate::problem::Dialect::Keto
    }

    /// Whether it belongs to the JSON API.
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/v1/")
    }
}

/// A boxed future.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

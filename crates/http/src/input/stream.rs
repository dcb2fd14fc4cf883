//! Bodies that are read while they come in, by the handler: lines of JSON (NDJSON), or one object.

use std::marker::PhantomData;

use avnology_model::{Code, Error, Result};
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use utoipa::{
    ToSchema,
    openapi::{Content, Ref, Required, request_body::RequestBodyBuilder},
};

use super::{BodyKind, Input, InputDoc, Raw, raw::NDJSON, schema_of_text};

/// A body of at most `LIMIT` bytes (`_906`) that nobody has read yet. `T` describes it where it is one object.
#[derive(Debug)]
pub struct BodyStream<T, const LIMIT: usize> {
    body: Body,
    media_type: String,
    read: usize,
    is_of: PhantomData<fn() -> T>,
}

impl<T, const LIMIT: usize> BodyStream<T, LIMIT> {
    /// Whether it is NDJSON; JSON if not.
    pub fn is_ndjson(&self) -> bool {
        self.media_type == NDJSON
    }

    /// The next part; none at the end. `_906`; `_900` when it ends early.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|e| {
                Error::new(Code::MalformedRequest).with_detail("The body ended early.").with_source(e)
            })?;
            let Ok(data) = frame.into_data() else { continue };
            self.read = self.read.saturating_add(data.len());
            if self.read > LIMIT {
                return Err(Error::new(Code::PayloadTooLarge).with_member("limit_bytes", LIMIT));
            }
            return Ok(Some(data));
        }
        Ok(None)
    }
}

impl<T: ToSchema + Send + 'static, const LIMIT: usize> Input for BodyStream<T, LIMIT> {
    const BODY: BodyKind = BodyKind::Stream(LIMIT);

    fn parse(raw: &mut Raw) -> Result<Self> {
        let (body, media_type) = match raw.stream.take() {
            Some(unread) => (unread.body.into_inner(), unread.media_type),
            None => (Body::empty(), NDJSON.to_owned()),
        };
        Ok(Self { body, media_type, read: 0, is_of: PhantomData })
    }

    fn describe(doc: &mut InputDoc) {
        let name = T::name().into_owned();
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        let object = Content::new(Some(Ref::from_schema_name(&name)));
        let [lines, json] = [Content::new(Some(schema_of_text())), object];
        doc.body = Some(body.content(NDJSON, lines).content("application/json", json).build());
        doc.schemas.push((name.clone(), T::schema()));
        doc.strict.push(name);
        T::schemas(&mut doc.schemas);
    }
}

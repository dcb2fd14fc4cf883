//! Plain text.

use avnology_model::{Code, Error, Result};
use utoipa::openapi::Required;

use super::{BodyKind, Input, InputDoc, Raw, body::body_of, raw::RawBody, schema_of_text};

/// A body of plain text.
#[derive(Clone, Debug)]
pub struct PlainText(pub String);

impl Input for PlainText {
    const BODY: BodyKind = BodyKind::Text;

    fn parse(raw: &mut Raw) -> Result<Self> {
        let RawBody::Bytes(bytes) = std::mem::replace(&mut raw.body, RawBody::Empty) else {
            return Ok(Self(String::new()));
        };
        let text = String::from_utf8(bytes.to_vec());
        text.map(Self).map_err(|_| Error::new(Code::MalformedRequest).with_detail("The body is not UTF-8."))
    }

    fn describe(doc: &mut InputDoc) {
        doc.body = Some(body_of(Self::BODY, &schema_of_text(), Required::True));
    }
}

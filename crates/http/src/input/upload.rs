//! Uploaded files: `multipart/form-data` (RFC 7578) with one file, held in memory whole, so limits are small.

use std::convert::Infallible;

use avnology_model::{Code, Error, FieldCode, FieldError, Result};
use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use utoipa::openapi::{
    Content, RefOr, Required, Schema,
    request_body::RequestBodyBuilder,
    schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
};

use super::{BodyKind, Input, InputDoc, Raw, raw::RawBody};

/// The media type.
pub(super) const MULTIPART: &str = "multipart/form-data";
/// What boundaries, headers and small fields may take besides the file, in bytes.
pub(super) const OVERHEAD: usize = 16 * 1024;
/// Most parts.
const PARTS: usize = 16;
/// The field with the file.
const FILE: &str = "file";

/// One part of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    name: String,
    /// Whether it says that it is a file.
    is_file: bool,
    bytes: Bytes,
}

/// Takes a body apart. `_900` when it is not well-formed.
pub(super) async fn read(bytes: Bytes, content_type: &str) -> Result<Vec<Part>> {
    let malformed = |e: multer::Error| {
        Error::new(Code::MalformedRequest).with_detail("The form is not well-formed.").with_source(e)
    };
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let stream = BodyDataStream::new(Full::<Bytes>::new(bytes));
    let mut form = multer::Multipart::new::<_, Bytes, Infallible, _>(stream, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        if parts.len() == PARTS {
            return Err(Error::new(Code::MalformedRequest).with_detail("The form has too many parts."));
        }
        let (name, is_file) = (field.name().unwrap_or_default().to_owned(), field.file_name().is_some());
        parts.push(Part { name, is_file, bytes: field.bytes().await.map_err(malformed)? });
    }
    Ok(parts)
}

fn parts_of(raw: &mut Raw) -> Vec<Part> {
    match std::mem::replace(&mut raw.body, RawBody::Empty) {
        RawBody::Parts(parts) => parts,
        _ => Vec::new(),
    }
}

/// The file of an API call, in the field `file`, of at most `LIMIT` bytes (`_906`). It comes from a browser's script or a
/// program: the rule for cookies holds, not the one for forms.
#[derive(Clone, Debug)]
pub struct Upload<const LIMIT: usize>(pub Bytes);

impl<const LIMIT: usize> Input for Upload<LIMIT> {
    const BODY: BodyKind = BodyKind::Upload(LIMIT);

    fn parse(raw: &mut Raw) -> Result<Self> {
        let (mut file, mut errors) = (None, Vec::new());
        let mut refuse = |field: &str, code, message: &str| {
            errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
        };
        for part in parts_of(raw) {
            if part.name != FILE {
                refuse(&part.name, FieldCode::UnknownField, "There is no such field.");
            } else if file.replace(part.bytes).is_some() {
                refuse(FILE, FieldCode::Duplicate, "One file only.");
            }
        }
        let file = file.unwrap_or_default();
        if file.is_empty() {
            refuse(FILE, FieldCode::Required, "Send a file in this field.");
        }
        Error::from_fields(errors)?;
        if file.len() > LIMIT {
            return Err(Error::new(Code::PayloadTooLarge).with_member("limit_bytes", LIMIT));
        }
        Ok(Self(file))
    }

    fn describe(doc: &mut InputDoc) {
        let file = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some(format!("The file, at most {LIMIT} bytes.")));
        let form = ObjectBuilder::new().property(FILE, file).required(FILE).build();
        let content = Content::new(Some(RefOr::T(Schema::Object(form))));
        let body = RequestBodyBuilder::new().required(Some(Required::True)).content(MULTIPART, content);
        doc.body = Some(body.build());
    }
}

/// What a person chose in the file field of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Nothing.
    Nothing,
    /// This file.
    File(Bytes),
    /// A file above the limit; what else the form held is not known.
    TooLarge,
}

/// A form of a page with a file in the field `file`.
#[derive(Clone, Debug)]
pub struct UploadForm<const LIMIT: usize> {
    /// What was chosen.
    pub file: Chosen,
    /// The form token, to be checked by [`crate::csrf::check_page`].
    pub csrf: Option<String>,
}

impl<const LIMIT: usize> Input for UploadForm<LIMIT> {
    const BODY: BodyKind = BodyKind::UploadForm(LIMIT);

    fn parse(raw: &mut Raw) -> Result<Self> {
        if raw.body == RawBody::TooLarge {
            return Ok(Self { file: Chosen::TooLarge, csrf: None });
        }
        let mut form = Self { file: Chosen::Nothing, csrf: None };
        for part in parts_of(raw) {
            match part.name.as_str() {
                FILE if part.bytes.len() > LIMIT => form.file = Chosen::TooLarge,
                // Browsers send an empty file where none was chosen.
                FILE if part.is_file && !part.bytes.is_empty() => form.file = Chosen::File(part.bytes),
                "csrf_token" => form.csrf = String::from_utf8(part.bytes.to_vec()).ok(),
                _ => {}
            }
        }
        Ok(form)
    }

    fn describe(doc: &mut InputDoc) {
        Upload::<LIMIT>::describe(doc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parts(body: &'static str) -> Result<Vec<(String, bool, Vec<u8>)>> {
        let parts = read(Bytes::from_static(body.as_bytes()), "multipart/form-data; boundary=X").await?;
        Ok(parts.into_iter().map(|p| (p.name, p.is_file, p.bytes.to_vec())).collect())
    }

    #[tokio::test]
    async fn parts_are_read_in_order() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nabc\r\n\
            --X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
            \r\n--Y\r\n\r\n--X--\r\n";
        let read = parts(body).await.expect("a form");
        assert_eq!(
            read,
            [
                ("csrf_token".to_owned(), false, b"abc".to_vec()),
                ("file".to_owned(), true, b"\r\n--Y\r\n".to_vec())
            ]
        );
    }

    #[tokio::test]
    async fn broken_forms_are_malformed() {
        for body in
            ["", "--X", "--X\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nno end", "nonsense"]
        {
            let refused = parts(body).await.map_err(|e| e.code());
            assert_eq!(refused, Err(Code::MalformedRequest), "{body:?}");
        }
        let many = "--X\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n\r\n".repeat(17);
        let refused = read(Bytes::from(format!("{many}--X--\r\n")), "multipart/form-data; boundary=X").await;
        assert_eq!(refused.map_err(|e| e.code()), Err(Code::MalformedRequest));
        let refused = read(Bytes::from_static(b"--X--"), "multipart/form-data").await;
        assert_eq!(refused.map_err(|e| e.code()), Err(Code::MalformedRequest));
    }
}

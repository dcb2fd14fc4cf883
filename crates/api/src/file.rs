//! Sending files that are read piece by piece, whole or the part that is asked for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use avnology_http::{HeaderMap, Response, ResponseBody, StatusCode, header, pieces};
use avnology_model::Result;

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Bytes.
    pub(crate) size: u64,
    /// Name to save it under.
    pub(crate) name: String,
    /// Media type.
    pub(crate) media_type: &'static str,
    /// Hash of the file, in hexadecimal.
    pub(crate) sha256: String,
}

/// The file, or the part of it that is asked for: one that was cut off is gone on with. `read` gives the bytes from a place
/// to wherever it likes, and none behind the end.
pub(crate) fn send<R, F>(headers: &HeaderMap, file: &File, read: R) -> Response
where
    R: Fn(u64) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<u8>>> + Send + 'static,
{
    let etag = format!("\"{}\"", file.sha256);
    let is_same = headers.get(header::IF_RANGE).is_none_or(|held| held.as_bytes() == etag.as_bytes());
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|_| is_same);
    let part = asked.map_or(Part::Whole, |range| part(range, file.size));
    let (status, from, to) = match part {
        Part::Whole => (StatusCode::OK, 0, file.size),
        Part::Some(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Part::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let size = file.size;
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, file.media_type)
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name))
        .header(header::CONTENT_LENGTH, to - from)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, etag);
    answer = match part {
        Part::Whole => answer,
        Part::Some(..) => {
            answer.header(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1)))
        }
        Part::Nothing => answer.header(header::CONTENT_RANGE, format!("bytes */{size}")),
    };
    answer.body(body(read, from, to)).unwrap_or_default()
}

/// The bytes of a file from one place to another, read as they are sent.
fn body<R, F>(read: R, from: u64, to: u64) -> ResponseBody
where
    R: Fn(u64) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<u8>>> + Send + 'static,
{
    let (read, place) = (Arc::new(read), Arc::new(AtomicU64::new(from)));
    pieces(move || {
        let (read, place) = (Arc::clone(&read), Arc::clone(&place));
        async move {
            let from = place.load(Ordering::Relaxed);
            let Some(left) = to.checked_sub(from).filter(|left| *left > 0) else { return Ok(None) };
            let mut piece = read(from).await?;
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            place.store(from + u64::try_from(piece.len()).unwrap_or(left), Ordering::Relaxed);
            Ok((!piece.is_empty()).then(|| piece.into()))
        }
    })
}

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it.
    Whole,
    /// From one byte to before another.
    Some(u64, u64),
    /// Something behind its end.
    Nothing,
}

/// One range of bytes (RFC 9110 §14.1.2). Several, and what cannot be read, are answered with the whole.
fn part(range: &str, size: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let (from, to) = match (first.trim().is_empty(), number(first), number(last)) {
        (true, _, Ok(count)) => (size.saturating_sub(count), size),
        (false, Ok(from), Ok(last)) if last >= from => (from, last.saturating_add(1).min(size)),
        (false, Ok(from), _) if last.trim().is_empty() => (from, size),
        _ => return Part::Whole,
    };
    if from < to { Part::Some(from, to) } else { Part::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_anything_else_is_the_whole() {
        for (range, expected) in [
            ("bytes=0-3", Part::Some(0, 4)),
            ("bytes=4-", Part::Some(4, 10)),
            ("bytes=-3", Part::Some(7, 10)),
            ("bytes=-30", Part::Some(0, 10)),
            ("bytes=8-80", Part::Some(8, 10)),
            ("bytes=10-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=x-", Part::Whole),
            ("items=0-3", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Nothing);
    }
}

//! Cuts the part of a blob that a reader asks for.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use crate::failure::Failure;

/// A range of bytes; without an end it reaches to the end of the blob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    first: u64,
    last: Option<u64>,
}

/// A part of a blob, and where it lies.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    /// Its bytes.
    pub(super) content: Bytes,
    /// The value of the header that says where it lies.
    pub(super) place: String,
}

impl Range {
    /// Reads the range of a request; `x-ms-range` goes before `Range`.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Failure> {
        let Some(value) = headers.get("x-ms-range").or_else(|| headers.get(header::RANGE)) else {
            return Ok(None);
        };
        let range = value.to_str().ok().and_then(Self::parse);
        range.map(Some).ok_or_else(|| Failure::INVALID_HEADER_VALUE.because("HeaderName", "Range"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let first = first.parse().ok()?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        last.is_none_or(|last| first <= last).then_some(Self { first, last })
    }

    /// Cuts the part out of a blob; the range may reach past its end, but not begin there.
    pub(super) fn cut(self, content: &Bytes) -> Result<Part, Failure> {
        let length = content.len() as u64;
        if self.first >= length {
            let all = HeaderValue::try_from(format!("bytes */{length}")).expect("it is ASCII");
            return Err(Failure::INVALID_RANGE.with(header::CONTENT_RANGE, all));
        }
        let last = self.last.unwrap_or(u64::MAX).min(length - 1);
        let at = |place: u64| usize::try_from(place).expect("it lies within the blob");
        let place = format!("bytes {}-{last}/{length}", self.first);
        Ok(Part { content: content.slice(at(self.first)..=at(last)), place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_as_far_as_the_blob_reaches() {
        let cut = |text: &str, content: &'static [u8]| {
            let part = Range::parse(text).expect("a range").cut(&Bytes::from_static(content));
            part.map(|part| (part.content, part.place)).map_err(|failure| failure.code)
        };
        let part = |content: &'static [u8], place: &str| {
            Ok((Bytes::from_static(content), place.to_owned()))
        };
        assert_eq!(cut("bytes=0-", b"mayfly"), part(b"mayfly", "bytes 0-5/6"));
        assert_eq!(cut("bytes=2-3", b"mayfly"), part(b"yf", "bytes 2-3/6"));
        assert_eq!(cut("bytes=4-99", b"mayfly"), part(b"ly", "bytes 4-5/6"));
        assert_eq!(cut("bytes=6-", b"mayfly"), Err("InvalidRange"));
        assert_eq!(cut("bytes=0-0", b""), Err("InvalidRange"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["bytes=-5", "bytes=3-2", "bytes=a-b", "lines=0-1", "bytes=0", ""] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}

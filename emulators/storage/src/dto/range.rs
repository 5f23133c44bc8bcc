//! The range of a read.
//!
//! Rejected: the typed header `Range` of the crate `headers`. Azure rejects suffix ranges (`bytes=-5`) and
//! several ranges, and has a second header, `x-ms-range`.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use crate::error::StorageError;

/// A range of bytes; without a last byte it extends to the end of the blob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    first: u64,
    last: Option<u64>,
}

/// The selected part of a blob.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// The value of the header `Content-Range`.
    pub(crate) content_range: String,
}

impl Range {
    /// Parses the range of a request; `x-ms-range` has precedence over `Range`.
    pub(crate) fn of_request(headers: &HeaderMap) -> Result<Option<Self>, StorageError> {
        let Some(value) = headers.get("x-ms-range").or_else(|| headers.get(header::RANGE)) else {
            return Ok(None);
        };
        let range = value.to_str().ok().and_then(Self::parse);
        range
            .map(Some)
            .ok_or_else(|| StorageError::INVALID_HEADER_VALUE.with_detail("HeaderName", "Range"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let first = first.parse().ok()?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        last.is_none_or(|last| first <= last).then_some(Self { first, last })
    }

    /// Returns the selected part; a range may end after the end of the blob, but must start before it.
    pub(crate) fn select(self, content: &Bytes) -> Result<Part, StorageError> {
        let length = content.len() as u64;
        if self.first >= length {
            let unsatisfied =
                HeaderValue::try_from(format!("bytes */{length}")).expect("it is ASCII");
            return Err(StorageError::INVALID_RANGE.with_header(header::CONTENT_RANGE, unsatisfied));
        }
        let last = self.last.unwrap_or(u64::MAX).min(length - 1);
        let index = |byte: u64| usize::try_from(byte).expect("the byte is within the blob");
        let content_range = format!("bytes {}-{last}/{length}", self.first);
        Ok(Part { bytes: content.slice(index(self.first)..=index(last)), content_range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_selects_bytes_up_to_the_end_of_the_blob() {
        let select = |text: &str, content: &'static [u8]| {
            let part = Range::parse(text).expect("a range").select(&Bytes::from_static(content));
            part.map(|part| (part.bytes, part.content_range)).map_err(|error| error.code)
        };
        let part = |bytes: &'static [u8], content_range: &str| {
            Ok((Bytes::from_static(bytes), content_range.to_owned()))
        };
        assert_eq!(select("bytes=0-", b"mayfly"), part(b"mayfly", "bytes 0-5/6"));
        assert_eq!(select("bytes=2-3", b"mayfly"), part(b"yf", "bytes 2-3/6"));
        assert_eq!(select("bytes=4-99", b"mayfly"), part(b"ly", "bytes 4-5/6"));
        assert_eq!(select("bytes=6-", b"mayfly"), Err("InvalidRange"));
        assert_eq!(select("bytes=0-0", b""), Err("InvalidRange"));
    }

    #[test]
    fn an_invalid_range_is_rejected() {
        for text in ["bytes=-5", "bytes=3-2", "bytes=a-b", "lines=0-1", "bytes=0", ""] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}

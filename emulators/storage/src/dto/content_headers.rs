//! The headers that describe a blob's content.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// The headers that describe a blob's content; a caller sets them as `x-ms-blob-…`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContentHeaders(Vec<(HeaderName, HeaderValue)>);

/// The header of a request that sets each content header.
const REQUEST_HEADERS: [(&str, HeaderName); 6] = [
    ("x-ms-blob-content-type", header::CONTENT_TYPE),
    ("x-ms-blob-content-encoding", header::CONTENT_ENCODING),
    ("x-ms-blob-content-language", header::CONTENT_LANGUAGE),
    ("x-ms-blob-content-disposition", header::CONTENT_DISPOSITION),
    ("x-ms-blob-cache-control", header::CACHE_CONTROL),
    ("x-ms-blob-content-md5", HeaderName::from_static("content-md5")),
];

impl ContentHeaders {
    /// Reads the headers of Put Block List.
    pub(crate) fn of_block_list(headers: &HeaderMap) -> Self {
        Self::collect(|request_header, _| headers.get(request_header))
    }

    /// Reads the headers of Put Blob; an absent one defaults to the same header of the request itself.
    pub(crate) fn of_blob(headers: &HeaderMap) -> Self {
        Self::collect(|request_header, name| headers.get(request_header).or(headers.get(name)))
    }

    fn collect<'a>(find: impl Fn(&str, &HeaderName) -> Option<&'a HeaderValue>) -> Self {
        let pair = |(request_header, name): &(&str, HeaderName)| {
            Some((name.clone(), find(request_header, name)?.clone()))
        };
        Self(REQUEST_HEADERS.iter().filter_map(pair).collect())
    }

    /// Sets one of the headers.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.retain(|(key, _)| *key != name);
        self.0.push((name, value));
    }

    /// Returns one of the headers, if set.
    pub(crate) fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns whether none of the headers is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Inserts the headers into a response.
    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.clone());
        }
    }
}

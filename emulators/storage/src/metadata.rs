//! Reads and writes the name-value pairs that a caller attaches to a resource.

use std::collections::BTreeMap;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use super::failure::Failure;

/// User-defined metadata. Names are in lower case, as HTTP hands them over; the service keeps their case.
pub(super) type Metadata = BTreeMap<String, String>;

const PREFIX: &str = "x-ms-meta-";

/// Reads the metadata of a request.
pub(super) fn metadata_of(headers: &HeaderMap) -> Result<Metadata, Failure> {
    let pairs = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(PREFIX)?;
        Some(pair(name, value))
    });
    pairs.collect()
}

fn pair(name: &str, value: &HeaderValue) -> Result<(String, String), Failure> {
    // A name must be an identifier of C#.
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match (name.as_bytes(), value.to_str()) {
        ([], _) => Err(Failure::EMPTY_METADATA_KEY),
        ([first, rest @ ..], Ok(value))
            if begins(*first) && rest.iter().all(|byte| goes_on(*byte)) =>
        {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(Failure::INVALID_METADATA),
    }
}

/// Writes metadata into the headers of an answer.
pub(super) fn insert_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    for (name, value) in metadata {
        let name = HeaderName::try_from(format!("{PREFIX}{name}"));
        let name = name.expect("the name came in a header");
        headers.insert(name, HeaderValue::try_from(value).expect("the value came in a header"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_identifier() {
        let read = |name: &'static str, value: &'static str| {
            let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
            metadata_of(&HeaderMap::from_iter([header])).map_err(|failure| failure.code)
        };
        let one = |name: &str| Ok(Metadata::from([(name.to_owned(), "value".to_owned())]));
        assert_eq!(read("x-ms-meta-a_1", "value"), one("a_1"));
        assert_eq!(read("x-ms-meta-_", "value"), one("_"));
        assert_eq!(read("x-ms-date", "value"), Ok(Metadata::new()));
        assert_eq!(read("x-ms-meta-1a", "value"), Err("InvalidMetadata"));
        assert_eq!(read("x-ms-meta-a-b", "value"), Err("InvalidMetadata"));
        assert_eq!(read("x-ms-meta-", "value"), Err("EmptyMetadataKey"));
    }
}

//! User-defined metadata of queues, containers and blobs.

use std::collections::BTreeMap;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use crate::error::StorageError;

/// User-defined metadata. Names are in lower case, because the HTTP library normalizes them; the service
/// preserves their case.
pub(crate) type Metadata = BTreeMap<String, String>;

const PREFIX: &str = "x-ms-meta-";
/// The maximum length of all names and values, by "Setting and retrieving properties and metadata for Blob
/// resources".
const MAX_METADATA_BYTES: usize = 8 << 10;

/// Parses the metadata of a request.
pub(crate) fn parse_metadata(headers: &HeaderMap) -> Result<Metadata, StorageError> {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else { continue };
        let (name, value) = pair(name, value)?;
        // The values of a repeated name are joined.
        metadata
            .entry(name)
            .and_modify(|values| *values = format!("{values},{value}"))
            .or_insert(value);
    }
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAX_METADATA_BYTES {
        return Err(StorageError::METADATA_TOO_LARGE);
    }
    Ok(metadata)
}

fn pair(name: &str, value: &HeaderValue) -> Result<(String, String), StorageError> {
    // A name must be a C# identifier.
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match (name.as_bytes(), value.to_str()) {
        ([], _) => Err(StorageError::EMPTY_METADATA_KEY),
        ([first, rest @ ..], Ok(value))
            if is_start(*first) && rest.iter().all(|byte| is_part(*byte)) =>
        {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(StorageError::INVALID_METADATA),
    }
}

/// Inserts metadata into the headers of a response.
pub(crate) fn insert_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
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
    fn a_metadata_name_must_be_an_identifier() {
        let read = |name: &'static str, value: &'static str| {
            let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
            parse_metadata(&HeaderMap::from_iter([header])).map_err(|error| error.code)
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

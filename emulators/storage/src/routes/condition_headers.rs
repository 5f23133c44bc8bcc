//! The conditional headers that each operation of the blob service supports, by "Specifying conditional headers for
//! Blob service operations" and the headers that the page of each operation lists.
//!
//! <https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations>

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use super::blobs::Operation;
use crate::error::StorageError;

const ALL: [HeaderName; 4] = [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];

/// Checks that an operation supports the conditional headers of a request.
///
/// The reference names the code `ConditionHeadersNotSupported` without the operations that answer it. Ignoring a
/// condition would be the kinder choice, and hide that it protects nothing.
pub(crate) fn check(operation: Operation, headers: &HeaderMap) -> Result<(), StorageError> {
    let supported = supported(operation);
    if ALL.iter().all(|name| supported.contains(name) || !headers.contains_key(name)) {
        return Ok(());
    }
    Err(StorageError::CONDITION_HEADERS_NOT_SUPPORTED)
}

fn supported(operation: Operation) -> &'static [HeaderName] {
    match operation {
        Operation::DeleteContainer | Operation::LeaseContainer => {
            &[IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE]
        }
        Operation::SetContainerMetadata => &[IF_MODIFIED_SINCE],
        Operation::CreateContainer
        | Operation::GetContainerMetadata
        | Operation::GetContainerProperties
        | Operation::ListBlobs
        | Operation::ListContainers
        | Operation::PutBlock => &[],
        _ => &ALL,
    }
}

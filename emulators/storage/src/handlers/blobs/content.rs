//! The operations on whole blobs.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use emulator_core::service::Response;

use super::{Blobs, Call};
use crate::dto::checksums::{CONTENT_MD5, Checksums, md5_of};
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::{insert_metadata, parse_metadata};
use crate::dto::properties::{insert_access_tier, insert_properties, insert_version};
use crate::dto::range::Range;
use crate::error::StorageError;
use crate::response::{empty, insert_text};
use crate::state::blob::{BlobContent, BlobKind};
use crate::state::conditions::{Conditions, Version};
use crate::state::containers::WriteOptions;

const RANGE_GET_CONTENT_MD5: &str = "x-ms-range-get-content-md5";
/// The maximum length of a range whose MD5 hash the service computes.
const MAX_HASHED_RANGE_BYTES: usize = 4 << 20;

impl Blobs {
    pub(super) fn put_blob(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        call.require_length()?;
        let headers = call.request.headers();
        if !headers.contains_key("x-ms-blob-type") {
            let error = StorageError::MISSING_REQUIRED_HEADER;
            return Err(error.with_detail("HeaderName", "x-ms-blob-type"));
        }
        let bytes = call.request.body().clone();
        let checksums = Checksums::verify(headers, &bytes)?;
        let (kind, options) = (kind_to_put(call)?, call.write_options()?);
        let mut content_headers = ContentHeaders::of_blob(headers);
        // The hash of an empty append blob would not be that of its content later.
        if kind == BlobKind::Block || headers.contains_key("x-ms-blob-content-md5") {
            content_headers.set(CONTENT_MD5, checksums.stored_md5(headers)?);
        }
        let metadata = parse_metadata(headers)?;
        let content = BlobContent { bytes, headers: content_headers, metadata };
        let (container, name) = (&call.path.resource, &call.path.rest);
        let version = self.store().put(container, name, kind, content, &options)?;
        let mut response = written(StatusCode::CREATED, &version);
        if kind == BlobKind::Block {
            checksums.insert_of_blob(response.headers_mut(), call.context.version);
        }
        Ok(response)
    }

    pub(super) fn get_blob(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let headers = call.request.headers();
        let (conditions, range) = (Conditions::parse(headers)?, Range::of_request(headers)?);
        let range_needs_md5 = range_needs_md5(headers, range)?;
        let (store, now) = (self.store(), call.context.received_at);
        let blob = store.read(&call.path.resource, &call.path.rest, &conditions, now)?;
        let mut response = Response::new(Bytes::new());
        let lease = store.blob_lease_properties(&call.path.resource, &call.path.rest, now)?;
        insert_properties(response.headers_mut(), blob, lease);
        match range {
            None => *response.body_mut() = blob.content.bytes.clone(),
            Some(range) => {
                let part = range.select(&blob.content.bytes)?;
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let md5 = range_needs_md5.then(|| md5_of(&part.bytes));
                if part.bytes.len() > MAX_HASHED_RANGE_BYTES && range_needs_md5 {
                    return Err(invalid_range_md5("the range exceeds 4 MiB"));
                }
                *response.body_mut() = part.bytes;
                let headers = response.headers_mut();
                insert_text(headers, header::CONTENT_RANGE.as_str(), &part.content_range);
                // The hash of the whole blob is not that of the part.
                if let Some(hash) = headers.remove("content-md5") {
                    headers.insert("x-ms-blob-content-md5", hash);
                }
                if let Some(md5) = md5 {
                    headers.insert(CONTENT_MD5, md5);
                }
            }
        }
        Ok(response)
    }

    pub(super) fn get_blob_properties(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let conditions = Conditions::parse(call.request.headers())?;
        let (store, now) = (self.store(), call.context.received_at);
        let blob = store.read(&call.path.resource, &call.path.rest, &conditions, now)?;
        let mut response = empty(StatusCode::OK);
        let lease = store.blob_lease_properties(&call.path.resource, &call.path.rest, now)?;
        insert_properties(response.headers_mut(), blob, lease);
        insert_access_tier(response.headers_mut(), blob.kind);
        let length = HeaderValue::from(blob.content.bytes.len());
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
        Ok(response)
    }

    pub(super) fn get_blob_metadata(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let conditions = Conditions::parse(call.request.headers())?;
        let (store, now) = (self.store(), call.context.received_at);
        let blob = store.read(&call.path.resource, &call.path.rest, &conditions, now)?;
        let mut response = empty(StatusCode::OK);
        insert_metadata(response.headers_mut(), &blob.content.metadata);
        insert_version(response.headers_mut(), &blob.version);
        Ok(response)
    }

    pub(super) fn set_blob_metadata(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let metadata = parse_metadata(call.request.headers())?;
        let (Call { path, .. }, options) = (call, call.write_options()?);
        let version = self.store().set_metadata(&path.resource, &path.rest, metadata, &options)?;
        Ok(written(StatusCode::OK, &version))
    }

    pub(super) fn delete_blob(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let options = call.write_options()?;
        self.store().delete_blob(&call.path.resource, &call.path.rest, &options)?;
        let mut response = empty(StatusCode::ACCEPTED);
        let permanent = HeaderValue::from_static("true");
        response.headers_mut().insert("x-ms-delete-type-permanent", permanent);
        Ok(response)
    }
}

/// Returns the type of the blob that a request creates. An append blob is created empty.
fn kind_to_put(call: &Call<'_>) -> Result<BlobKind, StorageError> {
    let appends =
        call.request.headers().get("x-ms-blob-type").is_some_and(|kind| kind == "AppendBlob");
    let kind = if appends { BlobKind::Append { blocks: 0 } } else { BlobKind::Block };
    if appends && !call.request.body().is_empty() {
        return Err(StorageError::INVALID_HEADER_VALUE.with_detail("HeaderName", "Content-Length"));
    }
    Ok(kind)
}

/// Returns whether the response has the MD5 hash of the range. A request for the whole blob must not ask for it.
fn range_needs_md5(headers: &HeaderMap, range: Option<Range>) -> Result<bool, StorageError> {
    let wanted = headers.get(RANGE_GET_CONTENT_MD5);
    let wanted = wanted.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    if wanted && range.is_none() {
        return Err(invalid_range_md5("the request has no range"));
    }
    Ok(wanted)
}

fn invalid_range_md5(reason: &str) -> StorageError {
    StorageError::INVALID_HEADER_VALUE
        .with_detail("HeaderName", RANGE_GET_CONTENT_MD5)
        .with_detail("HeaderValue", "true")
        .with_detail("Reason", reason)
}

impl Call<'_> {
    /// Returns the conditions, permission and time of a write.
    pub(super) fn write_options(&self) -> Result<WriteOptions, StorageError> {
        Ok(WriteOptions {
            conditions: Conditions::parse(self.request.headers())?,
            may_overwrite: self.grant.allows('w'),
            now: self.context.received_at,
        })
    }
}

/// Creates the response to a write.
pub(super) fn written(status: StatusCode, version: &Version) -> Response {
    let mut response = empty(status);
    let headers = response.headers_mut();
    insert_version(headers, version);
    headers.insert("x-ms-request-server-encrypted", HeaderValue::from_static("true"));
    response
}

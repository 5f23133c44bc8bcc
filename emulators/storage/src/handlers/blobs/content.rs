//! The operations on whole blobs.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use emulator_core::service::Response;

use super::{Blobs, Call};
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::{insert_metadata, parse_metadata};
use crate::dto::properties::{insert_properties, insert_version};
use crate::dto::range::Range;
use crate::error::StorageError;
use crate::response::{empty, insert_text};
use crate::state::blob::BlobContent;
use crate::state::conditions::{Conditions, Version};
use crate::state::containers::WriteOptions;

impl Blobs {
    pub(super) fn put_blob(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        call.require_length()?;
        let headers = call.request.headers();
        if !headers.contains_key("x-ms-blob-type") {
            let error = StorageError::MISSING_REQUIRED_HEADER;
            return Err(error.with_detail("HeaderName", "x-ms-blob-type"));
        }
        let content = BlobContent {
            bytes: call.request.body().clone(),
            headers: ContentHeaders::of_blob(headers),
            metadata: parse_metadata(headers)?,
        };
        let options = call.write_options()?;
        let version = self.store().put(&call.path.resource, &call.path.rest, content, &options)?;
        Ok(written(StatusCode::CREATED, &version))
    }

    pub(super) fn get_blob(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let headers = call.request.headers();
        let (conditions, range) = (Conditions::parse(headers)?, Range::of_request(headers)?);
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
                *response.body_mut() = part.bytes;
                let headers = response.headers_mut();
                insert_text(headers, header::CONTENT_RANGE.as_str(), &part.content_range);
                // The hash of the whole blob is not that of the part.
                if let Some(hash) = headers.remove("content-md5") {
                    headers.insert("x-ms-blob-content-md5", hash);
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

//! The operations that write a blob in blocks.

use http::{HeaderValue, StatusCode};

use emulator_core::service::Response;

use super::content::written;
use super::{Blobs, Call};
use crate::dto::blobs::{check_block_id, parse_block_list};
use crate::dto::checksums::{Checksums, check_blob_md5};
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::parse_metadata;
use crate::error::StorageError;
use crate::response::empty;
use crate::state::blob::BlobContent;

impl Blobs {
    pub(super) fn put_block(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        call.require_length()?;
        let id = call.query.require("blockid")?;
        check_block_id(id)?;
        let (Call { path, .. }, content) = (call, call.request.body().clone());
        let headers = call.request.headers();
        let (checksums, options) = (Checksums::verify(headers, &content)?, call.write_options()?);
        self.store().put_block(&path.resource, &path.rest, id, content, &options)?;
        let mut response = empty(StatusCode::CREATED);
        let encrypted = HeaderValue::from_static("true");
        response.headers_mut().insert("x-ms-request-server-encrypted", encrypted);
        checksums.insert_of_block(response.headers_mut(), headers, call.context.version);
        Ok(response)
    }

    pub(super) fn put_block_list(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        call.require_length()?;
        let headers = call.request.headers();
        let checksums = Checksums::verify(headers, call.request.body())?;
        check_blob_md5(headers)?;
        let blocks = parse_block_list(call.request.body())?;
        let content = BlobContent {
            headers: ContentHeaders::of_block_list(headers),
            metadata: parse_metadata(headers)?,
            ..BlobContent::default()
        };
        let path = &call.path;
        let options = call.write_options()?;
        let version =
            self.store().commit(&path.resource, &path.rest, &blocks, content, &options)?;
        let mut response = written(StatusCode::CREATED, &version);
        checksums.insert_of_block(response.headers_mut(), headers, call.context.version);
        Ok(response)
    }
}

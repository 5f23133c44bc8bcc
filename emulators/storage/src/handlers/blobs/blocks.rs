//! The operations that write a blob in blocks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode};

use emulator_core::service::Response;

use super::content::written;
use super::{Blobs, Call};
use crate::dto::blobs::BlockList;
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::parse_metadata;
use crate::error::StorageError;
use crate::response::empty;
use crate::state::blob::BlobContent;

/// The maximum length of a block id before base64.
const MAX_BLOCK_ID_BYTES: usize = 64;

impl Blobs {
    pub(super) fn put_block(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let id = call.query.require("blockid")?;
        let decoded = STANDARD.decode(id);
        if !decoded.is_ok_and(|id| (1..=MAX_BLOCK_ID_BYTES).contains(&id.len())) {
            return Err(StorageError::INVALID_BLOCK_ID);
        }
        let (Call { path, .. }, content) = (call, call.request.body().clone());
        let options = call.write_options()?;
        self.store().put_block(&path.resource, &path.rest, id, content, &options)?;
        let mut response = empty(StatusCode::CREATED);
        let encrypted = HeaderValue::from_static("true");
        response.headers_mut().insert("x-ms-request-server-encrypted", encrypted);
        Ok(response)
    }

    pub(super) fn put_block_list(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let headers = call.request.headers();
        let list: BlockList = str::from_utf8(call.request.body())
            .ok()
            .and_then(|body| quick_xml::de::from_str(body).ok())
            .ok_or(StorageError::INVALID_XML_DOCUMENT)?;
        let content = BlobContent {
            headers: ContentHeaders::of_block_list(headers),
            metadata: parse_metadata(headers)?,
            ..BlobContent::default()
        };
        let (Call { path, .. }, blocks) = (call, list.into_blocks());
        let options = call.write_options()?;
        let version =
            self.store().commit(&path.resource, &path.rest, &blocks, content, &options)?;
        Ok(written(StatusCode::CREATED, &version))
    }
}

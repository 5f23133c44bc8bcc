//! Set Blob Properties and Get Block List.

use http::StatusCode;

use emulator_core::service::Response;

use super::{Blobs, Call};
use crate::dto::blobs::BlockLengthList;
use crate::dto::checksums::check_blob_md5;
use crate::dto::content_headers::ContentHeaders;
use crate::dto::properties::insert_version;
use crate::error::StorageError;
use crate::response::{empty, insert_text, xml};
use crate::state::conditions::Conditions;

impl Blobs {
    pub(super) fn set_blob_properties(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        // A request that sets any property clears those that it does not set.
        check_blob_md5(call.request.headers())?;
        let headers = ContentHeaders::of_block_list(call.request.headers());
        let (Call { path, .. }, options) = (call, call.write_options()?);
        let version = self.store().set_properties(&path.resource, &path.rest, headers, &options)?;
        // Unlike those of other writes, the documented response does not mention encryption.
        let mut response = empty(StatusCode::OK);
        insert_version(response.headers_mut(), &version);
        Ok(response)
    }

    pub(super) fn get_block_list(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let conditions = Conditions::parse(call.request.headers())?;
        let kind = call.query.get("blocklisttype").unwrap_or("committed").to_ascii_lowercase();
        if !["committed", "uncommitted", "all"].contains(&kind.as_str()) {
            let error = StorageError::INVALID_QUERY_PARAMETER_VALUE;
            return Err(error.with_detail("QueryParameterName", "blocklisttype"));
        }
        let (Call { path, .. }, store) = (call, self.store());
        let container = store.container(&path.resource)?;
        container.check_blob_read(&path.rest, &conditions, call.context.received_at)?;
        container.check_block_blob(&path.rest)?;
        let blocks = container.block_lengths(&path.rest).ok_or(StorageError::BLOB_NOT_FOUND)?;
        let list = BlockLengthList::new(&blocks, kind != "uncommitted", kind != "committed");
        let mut response = xml(StatusCode::OK, "BlockList", &list);
        if let Some((version, length)) = container.written(&path.rest) {
            conditions.check_read(Some(version))?;
            insert_version(response.headers_mut(), version);
            insert_text(response.headers_mut(), "x-ms-blob-content-length", &length);
        }
        Ok(response)
    }
}

//! Append Block.

use http::{HeaderMap, StatusCode};

use emulator_core::service::Response;

use super::content::written;
use super::{Blobs, Call};
use crate::api_version::ApiVersion;
use crate::dto::checksums::Checksums;
use crate::error::StorageError;
use crate::response::insert_text;
use crate::state::containers::{AppendConditions, Appended};

/// The header with the length that the blob must have.
pub(crate) const APPEND_POSITION: &str = "x-ms-blob-condition-appendpos";
/// The header with the length that the blob must not exceed.
pub(crate) const MAX_SIZE: &str = "x-ms-blob-condition-maxsize";
/// The maximum length of a block before version 2022-11-02; afterwards it is 100 MiB, which no request here has.
const MAX_FORMER_BLOCK_BYTES: usize = 4 << 20;

impl Blobs {
    pub(super) fn append_block(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        call.require_length()?;
        let (headers, block) = (call.request.headers(), call.request.body());
        if block.is_empty() {
            return Err(StorageError::INVALID_HEADER_VALUE
                .with_detail("HeaderName", "Content-Length")
                .with_detail("HeaderValue", "0"));
        }
        let version = call.context.version;
        if version < ApiVersion::LARGE_APPENDS && block.len() > MAX_FORMER_BLOCK_BYTES {
            return Err(StorageError::REQUEST_BODY_TOO_LARGE);
        }
        let checksums = Checksums::verify(headers, block)?;
        let conditions = AppendConditions {
            position: number(headers, APPEND_POSITION)?,
            max_size: number(headers, MAX_SIZE)?,
        };
        let (path, options) = (&call.path, call.write_options()?);
        let appended =
            self.store().append(&path.resource, &path.rest, block, conditions, &options)?;
        let Appended { version: written_version, offset, blocks } = appended;
        let mut response = written(StatusCode::CREATED, &written_version);
        let answer = response.headers_mut();
        insert_text(answer, "x-ms-blob-append-offset", &offset);
        insert_text(answer, "x-ms-blob-committed-block-count", &blocks);
        checksums.insert_of_block(answer, headers, version);
        Ok(response)
    }
}

/// Returns the number in a header, if the request has it.
fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, StorageError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    text.parse().map(Some).map_err(|_| {
        StorageError::INVALID_HEADER_VALUE
            .with_detail("HeaderName", name)
            .with_detail("HeaderValue", text)
    })
}

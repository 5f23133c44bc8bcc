//! Answers the operations that write a blob block by block.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode};

use super::blob::{Description, Draft};
use super::contents::written;
use super::wire::BlockList;
use super::{Blobs, Call};
use crate::exchange::empty;
use crate::failure::Failure;
use crate::metadata::metadata_of;
use emulator_core::service::Response;

/// The longest name of a block, in bytes before base64.
const ID_LIMIT: usize = 64;

impl Blobs {
    pub(super) fn put_block(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let id = call.query.require("blockid")?;
        let named = STANDARD.decode(id).is_ok_and(|name| (1..=ID_LIMIT).contains(&name.len()));
        if !named {
            return Err(Failure::INVALID_BLOCK_ID);
        }
        let content = call.request.body().clone();
        self.store().put_block(&call.path.resource, &call.path.rest, id, content)?;
        let mut answer = empty(StatusCode::CREATED);
        let encrypted = HeaderValue::from_static("true");
        answer.headers_mut().insert("x-ms-request-server-encrypted", encrypted);
        Ok(answer)
    }

    pub(super) fn put_block_list(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let headers = call.request.headers();
        let list: BlockList = str::from_utf8(call.request.body())
            .ok()
            .and_then(|body| quick_xml::de::from_str(body).ok())
            .ok_or(Failure::INVALID_XML_DOCUMENT)?;
        let (description, metadata) = (Description::of_list(headers), metadata_of(headers)?);
        let draft = Draft { description, metadata, ..Draft::default() };
        let (Call { path, .. }, terms) = (call, call.terms()?);
        let stamp =
            self.store().commit(&path.resource, &path.rest, &list.into_blocks(), draft, &terms)?;
        Ok(written(StatusCode::CREATED, &stamp))
    }
}

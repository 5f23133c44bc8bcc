//! Answers the operations on blobs as a whole.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::blob::{Description, Draft, insert_stamp};
use super::conditions::{Conditions, Stamp};
use super::range::Range;
use super::store::Terms;
use super::{Blobs, Call};
use crate::exchange::{empty, insert_text};
use crate::failure::Failure;
use crate::metadata::{insert_metadata, metadata_of};
use emulator_core::service::Response;

impl Blobs {
    pub(super) fn put_blob(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let headers = call.request.headers();
        if !headers.contains_key("x-ms-blob-type") {
            let failure = Failure::MISSING_REQUIRED_HEADER;
            return Err(failure.because("HeaderName", "x-ms-blob-type"));
        }
        let draft = Draft {
            content: call.request.body().clone(),
            description: Description::of_blob(headers),
            metadata: metadata_of(headers)?,
        };
        let terms = call.terms()?;
        let stamp = self.store().put(&call.path.resource, &call.path.rest, draft, &terms)?;
        Ok(written(StatusCode::CREATED, &stamp))
    }

    pub(super) fn blob(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let headers = call.request.headers();
        let (conditions, range) = (Conditions::of(headers)?, Range::of(headers)?);
        let store = self.store();
        let blob = store.read(&call.path.resource, &call.path.rest, &conditions)?;
        let mut answer = Response::new(Bytes::new());
        blob.describe(answer.headers_mut());
        match range {
            None => *answer.body_mut() = blob.draft.content.clone(),
            Some(range) => {
                let part = range.cut(&blob.draft.content)?;
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                *answer.body_mut() = part.content;
                let headers = answer.headers_mut();
                insert_text(headers, header::CONTENT_RANGE.as_str(), &part.place);
                // The hash is that of the whole blob.
                if let Some(hash) = headers.remove("content-md5") {
                    headers.insert("x-ms-blob-content-md5", hash);
                }
            }
        }
        Ok(answer)
    }

    pub(super) fn blob_properties(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let conditions = Conditions::of(call.request.headers())?;
        let store = self.store();
        let blob = store.read(&call.path.resource, &call.path.rest, &conditions)?;
        let mut answer = empty(StatusCode::OK);
        blob.describe(answer.headers_mut());
        let length = HeaderValue::from(blob.draft.content.len());
        answer.headers_mut().insert(header::CONTENT_LENGTH, length);
        Ok(answer)
    }

    pub(super) fn blob_metadata(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let conditions = Conditions::of(call.request.headers())?;
        let store = self.store();
        let blob = store.read(&call.path.resource, &call.path.rest, &conditions)?;
        let mut answer = empty(StatusCode::OK);
        insert_metadata(answer.headers_mut(), &blob.draft.metadata);
        insert_stamp(answer.headers_mut(), &blob.stamp);
        Ok(answer)
    }

    pub(super) fn set_blob_metadata(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let metadata = metadata_of(call.request.headers())?;
        let (Call { path, .. }, terms) = (call, call.terms()?);
        let stamp = self.store().set_metadata(&path.resource, &path.rest, metadata, &terms)?;
        Ok(written(StatusCode::OK, &stamp))
    }

    pub(super) fn delete_blob(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let conditions = Conditions::of(call.request.headers())?;
        self.store().delete_blob(&call.path.resource, &call.path.rest, &conditions)?;
        let mut answer = empty(StatusCode::ACCEPTED);
        let at_once = HeaderValue::from_static("true");
        answer.headers_mut().insert("x-ms-delete-type-permanent", at_once);
        Ok(answer)
    }
}

impl Call<'_> {
    /// Reads under what circumstances the caller writes.
    pub(super) fn terms(&self) -> Result<Terms, Failure> {
        Ok(Terms {
            conditions: Conditions::of(self.request.headers())?,
            may_replace: self.grant.allows('w'),
            now: self.exchange.at,
        })
    }
}

/// Makes the answer to a write.
pub(super) fn written(status: StatusCode, stamp: &Stamp) -> Response {
    let mut answer = empty(status);
    let headers = answer.headers_mut();
    insert_stamp(headers, stamp);
    headers.insert("x-ms-request-server-encrypted", HeaderValue::from_static("true"));
    answer
}

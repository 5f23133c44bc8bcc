//! Keeps what one run of a function hands to the next: one blob, written only by whoever has read it last.

use std::num::NonZero;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{Etag, RequestContent, StatusCode};
use azure_storage_blob::models::{BlobClientDownloadOptions, BlockBlobClientUploadOptions};
use azure_storage_blob::{BlobClient, BlobClientOptions};

use super::{credential, in_one_line};
use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, azure_options, short_retries};

/// A blob in the container `mayfly-state`.
#[derive(Clone)]
pub struct StateBlob {
    name: &'static str,
    client: Arc<BlobClient>,
}

/// The blob as it was read.
#[derive(Debug)]
pub struct ReadState {
    /// What it holds; none where it is absent.
    pub bytes: Option<Vec<u8>>,
    version: Option<Etag>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Written {
    /// The blob holds what was to be kept.
    Done,
    /// Another process has written since the blob was read.
    Conflict,
}

/// The blob could be neither read nor written.
#[derive(Debug, thiserror::Error)]
#[error("blob {name} in the container of setting StateContainerUrl could not be {done}")]
pub struct StateError {
    name: &'static str,
    done: &'static str,
    #[source]
    source: azure_core::Error,
}

impl StateBlob {
    /// Makes a client of a blob in the container at this address.
    ///
    /// # Errors
    /// The address cannot carry the identity's token, because it is not https.
    pub fn new(
        name: &'static str,
        container: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        let options = BlobClientOptions {
            client_options: azure_options(transport, short_retries()),
            ..Default::default()
        };
        let url = container.join(name).expose().clone();
        let client = BlobClient::new(url, credential(container, identity), Some(options))?;
        Ok(Self { name, client: Arc::new(client) })
    }

    /// Reads the blob.
    ///
    /// # Errors
    /// Storage did not answer.
    pub async fn read(&self) -> Result<ReadState, StateError> {
        let failed =
            |source| StateError { name: self.name, done: "read", source: in_one_line(source) };
        let options = BlobClientDownloadOptions {
            parallel: Some(NonZero::<usize>::MIN),
            ..Default::default()
        };
        let answer = match self.client.download(Some(options)).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => {
                return Ok(ReadState { bytes: None, version: None });
            }
            answer => answer.map_err(failed)?,
        };
        let version = answer.properties.etag.clone();
        let bytes = answer.body.collect().await.map_err(failed)?;
        Ok(ReadState { bytes: Some(bytes.to_vec()), version })
    }

    /// Writes the blob in place of the one that was read.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn write(&self, bytes: Vec<u8>, instead: &ReadState) -> Result<Written, StateError> {
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some("application/json".to_owned()),
            if_match: instead.version.clone(),
            ..Default::default()
        };
        let options = if instead.version.is_none() { options.if_not_exists() } else { options };
        match self.client.upload(RequestContent::from(bytes), Some(options)).await {
            Ok(_) => Ok(Written::Done),
            // Our own first try counts as well, where its answer was lost.
            Err(err)
                if matches!(
                    err.http_status(),
                    Some(StatusCode::Conflict | StatusCode::PreconditionFailed)
                ) =>
            {
                Ok(Written::Conflict)
            }
            Err(source) => {
                let source = in_one_line(source);
                Err(StateError { name: self.name, done: "written", source })
            }
        }
    }
}

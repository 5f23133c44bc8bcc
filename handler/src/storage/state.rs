//! Stores the state that one run of a function passes to the next: a blob with optimistic concurrency.

use std::num::NonZero;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{Etag, RequestContent, StatusCode};
use azure_storage_blob::models::{BlobClientDownloadOptions, BlockBlobClientUploadOptions};
use azure_storage_blob::{BlobClient, BlobClientOptions};

use super::{credential, in_one_line, is_refused};
use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, azure_options, short_retries};

/// A blob in the container `mayfly-state`.
#[derive(Clone)]
pub struct StateBlob {
    name: &'static str,
    client: Arc<BlobClient>,
}

/// The content of the blob, with its version.
#[derive(Debug)]
pub struct ReadState {
    /// The content; `None` if the blob does not exist.
    pub bytes: Option<Vec<u8>>,
    version: Option<Etag>,
}

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Written {
    /// The blob has the new content.
    Done,
    /// Another process has written since the blob was read.
    Conflict,
}

/// The blob could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("blob {name} in the container of setting StateContainerUrl could not be {action}")]
pub struct StateError {
    name: &'static str,
    action: &'static str,
    #[source]
    source: azure_core::Error,
}

impl StateError {
    /// Returns whether the service refused the credential, or does not have the container.
    pub fn is_refused(&self) -> bool {
        is_refused(&self.source)
    }
}

impl StateBlob {
    /// Creates a client of a blob in the container at this URL.
    ///
    /// # Errors
    /// When the identity's token cannot be sent to the URL, because it is not https.
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
    pub async fn read(&self) -> Result<ReadState, StateError> {
        let failed =
            |source| StateError { name: self.name, action: "read", source: in_one_line(source) };
        let options = BlobClientDownloadOptions {
            parallel: Some(NonZero::<usize>::MIN),
            ..Default::default()
        };
        let response = match self.client.download(Some(options)).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => {
                return Ok(ReadState { bytes: None, version: None });
            }
            response => response.map_err(failed)?,
        };
        let version = response.properties.etag.clone();
        let bytes = response.body.collect().await.map_err(failed)?;
        Ok(ReadState { bytes: Some(bytes.to_vec()), version })
    }

    /// Writes the blob, unless it has changed since it was read.
    pub async fn write(&self, bytes: Vec<u8>, previous: &ReadState) -> Result<Written, StateError> {
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some("application/json".to_owned()),
            if_match: previous.version.clone(),
            ..Default::default()
        };
        let options = if previous.version.is_none() { options.if_not_exists() } else { options };
        match self.client.upload(RequestContent::from(bytes), Some(options)).await {
            Ok(_) => Ok(Written::Done),
            // The first try of this very write counts as another one if its response was lost.
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
                Err(StateError { name: self.name, action: "written", source })
            }
        }
    }
}

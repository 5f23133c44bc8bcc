//! The container `mayfly-state`, of which claims and the history each have a folder.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::StatusCode;
use azure_storage_blob::{
    BlobClient, BlobClientOptions, BlobContainerClient, BlobContainerClientOptions,
};

use super::credential;
use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, azure_options, short_retries};

/// The container, from which clients of its blobs are made.
#[derive(Clone)]
pub(super) struct StateContainer {
    url: SignedUrl,
    identity: Option<Arc<dyn TokenCredential>>,
    transport: HttpTransport,
}

impl StateContainer {
    pub(super) fn new(
        url: SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> Self {
        let identity = credential(&url, identity);
        Self { url, identity, transport: transport.clone() }
    }

    /// Returns a client of the container itself.
    pub(super) fn client(&self) -> azure_core::Result<BlobContainerClient> {
        let options = BlobContainerClientOptions {
            client_options: azure_options(&self.transport, short_retries()),
            ..Default::default()
        };
        let url = self.url.expose().clone();
        BlobContainerClient::new(url, self.identity.clone(), Some(options))
    }

    /// Returns a client of the blob with this name.
    pub(super) fn blob(&self, name: &str) -> azure_core::Result<BlobClient> {
        let options = BlobClientOptions {
            client_options: azure_options(&self.transport, short_retries()),
            ..Default::default()
        };
        let url = self.url.join(name).expose().clone();
        BlobClient::new(url, self.identity.clone(), Some(options))
    }
}

/// Returns whether a blob was not created because it exists.
pub(super) fn exists(err: &azure_core::Error) -> bool {
    // 409 BlobAlreadyExists; 412 if the service checks the condition first.
    matches!(err.http_status(), Some(StatusCode::Conflict | StatusCode::PreconditionFailed))
}

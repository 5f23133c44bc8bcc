//! Keeps the ranges of webhooks for all processes.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use super::{ReadState, StateBlob, StateError, Written};
use crate::firewall::kept::Kept;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// The blob `hook-ranges` in the container `mayfly-state`.
#[derive(Clone)]
pub struct HookRangesBlob(StateBlob);

/// The ranges as they were read.
#[derive(Debug)]
pub struct KeptRanges {
    /// What the blob holds; nothing where it is absent or was not written by this version.
    pub kept: Option<Kept>,
    read: ReadState,
}

impl HookRangesBlob {
    /// Makes a client of the blob in the container at this address.
    ///
    /// # Errors
    /// The address cannot carry the identity's token, because it is not https.
    pub fn new(
        container: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        Ok(Self(StateBlob::new("hook-ranges", container, identity, transport)?))
    }

    /// Reads the blob.
    ///
    /// # Errors
    /// Storage did not answer.
    pub async fn read(&self) -> Result<KeptRanges, StateError> {
        let read = self.0.read().await?;
        Ok(KeptRanges { kept: read.bytes.as_deref().and_then(Kept::decode), read })
    }

    /// Writes the ranges in place of those that were read.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn write(&self, kept: &Kept, instead: &KeptRanges) -> Result<Written, StateError> {
        self.0.write(kept.encode(), &instead.read).await
    }
}

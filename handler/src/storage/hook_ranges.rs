//! Stores the webhook ranges for all processes.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use super::{ReadState, StateBlob, StateError, Written};
use crate::firewall::stored::StoredRanges;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// The blob `hook-ranges` in the container `mayfly-state`.
#[derive(Clone)]
pub struct HookRangesBlob(StateBlob);

/// The ranges as they were read, with the version of the blob.
#[derive(Debug)]
pub struct ReadRanges {
    /// The ranges; `None` if the blob is missing, or was not written by this version.
    pub stored: Option<StoredRanges>,
    read: ReadState,
}

impl HookRangesBlob {
    /// Creates a client of the blob in the container at this URL.
    ///
    /// # Errors
    /// When the identity's token cannot be sent to the URL, because it is not https.
    pub fn new(
        container: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        Ok(Self(StateBlob::new("hook-ranges", container, identity, transport)?))
    }

    /// Reads the blob.
    pub async fn read(&self) -> Result<ReadRanges, StateError> {
        let read = self.0.read().await?;
        Ok(ReadRanges { stored: read.bytes.as_deref().and_then(StoredRanges::decode), read })
    }

    /// Writes ranges, unless the blob has changed since it was read.
    pub async fn write(
        &self,
        ranges: &StoredRanges,
        previous: &ReadRanges,
    ) -> Result<Written, StateError> {
        self.0.write(ranges.encode(), &previous.read).await
    }
}

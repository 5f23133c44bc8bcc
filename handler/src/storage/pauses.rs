//! Stores the records of paused profiles for all processes.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use super::{ReadState, StateBlob, StateError, Written};
use crate::pauses::Pauses;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// The blob `paused` in the container `mayfly-state`.
#[derive(Clone)]
pub struct PausesBlob(StateBlob);

/// The records could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PausesError {
    /// The blob could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The blob was changed by something else than this program.
    #[error(
        "blob paused in the container of setting StateContainerUrl is not a record of paused profiles: delete it, and pause them again"
    )]
    Malformed,
}

/// The records as they were read, with the version of the blob.
#[derive(Debug)]
pub struct ReadPauses {
    /// The records.
    pub pauses: Pauses,
    read: ReadState,
}

impl PausesBlob {
    /// Creates a client of the blob in the container at this URL.
    ///
    /// # Errors
    /// When the identity's token cannot be sent to the URL, because it is not https.
    pub fn new(
        container: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        Ok(Self(StateBlob::new("paused", container, identity, transport)?))
    }

    /// Reads the records. A record that cannot be parsed is an error: its profile is not known to be served.
    pub async fn read(&self) -> Result<ReadPauses, PausesError> {
        let read = self.0.read().await?;
        let pauses = match read.bytes.as_deref() {
            None => Pauses::default(),
            Some(bytes) => serde_json::from_slice(bytes).map_err(|_| PausesError::Malformed)?,
        };
        Ok(ReadPauses { pauses, read })
    }

    /// Writes records, unless the blob has changed since it was read.
    pub async fn write(
        &self,
        pauses: &Pauses,
        previous: &ReadPauses,
    ) -> Result<Written, PausesError> {
        let bytes = serde_json::to_vec(pauses).expect("plain fields always serialize");
        Ok(self.0.write(bytes, &previous.read).await?)
    }
}

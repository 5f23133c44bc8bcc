//! Keeps the ranges of webhooks for all processes: one blob, written by whoever has read it last.

use std::num::NonZero;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{Etag, RequestContent, StatusCode};
use azure_storage_blob::models::{BlobClientDownloadOptions, BlockBlobClientUploadOptions};
use azure_storage_blob::{BlobClient, BlobClientOptions};

use super::{credential, in_one_line};
use crate::firewall::kept::Kept;
use crate::secret::SignedUrl;
use crate::transport::{azure_options, short_retries};

/// The blob `hook-ranges` in the container `mayfly-state`.
#[derive(Clone)]
pub struct HookRangesBlob(Arc<BlobClient>);

/// The blob as it was read.
#[derive(Debug)]
pub struct Read {
    /// What it holds; nothing where it is absent or was not written by this version.
    pub kept: Option<Kept>,
    /// Which version of the blob that is; none where it is absent.
    version: Option<Etag>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Write {
    /// The blob holds what was to be kept.
    Done,
    /// Another process has written since the blob was read.
    Overtaken,
}

/// The blob could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("blob hook-ranges in the container of setting StateContainerUrl could not be {done}")]
pub struct HookRangesError {
    done: &'static str,
    #[source]
    source: azure_core::Error,
}

impl HookRangesBlob {
    /// Makes a client of the blob in the container at this address.
    ///
    /// # Errors
    /// The address cannot carry the identity's token, because it is not https.
    pub fn new(
        container: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        client: &reqwest::Client,
    ) -> azure_core::Result<Self> {
        let options = BlobClientOptions {
            client_options: azure_options(client, short_retries()),
            ..Default::default()
        };
        let url = container.join("hook-ranges").expose().clone();
        Ok(Self(Arc::new(BlobClient::new(url, credential(container, identity), Some(options))?)))
    }

    /// Reads the blob.
    ///
    /// # Errors
    /// Storage did not answer.
    pub async fn read(&self) -> Result<Read, HookRangesError> {
        let failed = |source| HookRangesError { done: "read", source: in_one_line(source) };
        let options = BlobClientDownloadOptions {
            parallel: Some(NonZero::<usize>::MIN),
            ..Default::default()
        };
        let answer = match self.0.download(Some(options)).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => {
                return Ok(Read { kept: None, version: None });
            }
            answer => answer.map_err(failed)?,
        };
        let version = answer.properties.etag.clone();
        let text = answer.body.collect().await.map_err(failed)?;
        Ok(Read { kept: Kept::decode(&text), version })
    }

    /// Writes the blob in place of the one that was read.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn write(&self, kept: &Kept, instead: Read) -> Result<Write, HookRangesError> {
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some("application/json".to_owned()),
            if_match: instead.version.clone(),
            ..Default::default()
        };
        let options = if instead.version.is_none() { options.if_not_exists() } else { options };
        match self.0.upload(RequestContent::from(kept.encode()), Some(options)).await {
            Ok(_) => Ok(Write::Done),
            // Our own first try counts as well, where its answer was lost.
            Err(err)
                if matches!(
                    err.http_status(),
                    Some(StatusCode::Conflict | StatusCode::PreconditionFailed)
                ) =>
            {
                Ok(Write::Overtaken)
            }
            Err(source) => Err(HookRangesError { done: "written", source: in_one_line(source) }),
        }
    }
}

//! Keeps which process has claimed for which run of a task: one blob a run, holding the nonce.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{RequestContent, StatusCode};
use azure_storage_blob::models::{BlobClientDownloadOptions, BlockBlobClientUploadOptions};
use azure_storage_blob::{BlobClient, BlobClientOptions};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{credential, in_one_line};
use crate::secret::SignedUrl;
use crate::transport::{azure_options, short_retries};

/// The claims, in the container `mayfly-state` under `claims/`.
#[derive(Clone)]
pub struct Claims {
    container: SignedUrl,
    identity: Option<Arc<dyn TokenCredential>>,
    client: reqwest::Client,
}

/// How a claim stands for the process that asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// It is this process's: taken now, or earlier with the same nonce.
    Held,
    /// Another process of the same run has it.
    Refused,
}

/// The claim's blob could be neither made nor read.
#[derive(Debug, thiserror::Error)]
#[error("the claim of task {task} could be neither taken nor read")]
pub struct ClaimError {
    task: String,
    #[source]
    source: azure_core::Error,
}

impl Claims {
    /// Keeps claims in the container at this address.
    pub fn new(
        container: SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        client: &reqwest::Client,
    ) -> Self {
        let identity = credential(&container, identity);
        Self { container, identity, client: client.clone() }
    }

    /// Takes the claim for the run of a task that started at `run`, or finds out who has it.
    ///
    /// Only one process can create the blob. The nonce tells the process whose answer was lost from one
    /// that has read the ticket.
    ///
    /// # Errors
    /// Storage did not answer; nothing is known.
    pub async fn take(
        &self,
        task: &str,
        run: DateTime<Utc>,
        nonce: &str,
    ) -> Result<Claim, ClaimError> {
        let failed = |source| ClaimError { task: task.to_owned(), source: in_one_line(source) };
        let blob = self.blob(task, run).map_err(failed)?;
        let content = RequestContent::from(Bytes::copy_from_slice(nonce.as_bytes()).to_vec());
        let absent = BlockBlobClientUploadOptions::default().if_not_exists();
        match blob.upload(content, Some(absent)).await {
            Ok(_) => return Ok(Claim::Held),
            // 409 BlobAlreadyExists; 412 where the service sees the condition first.
            Err(err)
                if matches!(
                    err.http_status(),
                    Some(StatusCode::Conflict | StatusCode::PreconditionFailed)
                ) => {}
            Err(err) => return Err(failed(err)),
        }
        let options = BlobClientDownloadOptions {
            parallel: Some(std::num::NonZero::<usize>::MIN),
            ..Default::default()
        };
        let answer = blob.download(Some(options)).await.map_err(failed)?;
        let holder = answer.body.collect().await.map_err(failed)?;
        Ok(if *holder == *nonce.as_bytes() { Claim::Held } else { Claim::Refused })
    }

    fn blob(&self, task: &str, run: DateTime<Utc>) -> azure_core::Result<BlobClient> {
        // Colons would have to be encoded in a path.
        let run = run.to_rfc3339_opts(SecondsFormat::Micros, true).replace(':', "");
        let url = self.container.join(&format!("claims/{task}/{run}"));
        let options = BlobClientOptions {
            client_options: azure_options(&self.client, short_retries()),
            ..Default::default()
        };
        BlobClient::new(url.expose().clone(), self.identity.clone(), Some(options))
    }
}

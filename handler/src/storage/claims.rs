//! Stores the claims: one blob for each run of a task, which contains the nonce of the process that claimed.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{RequestContent, StatusCode};
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobContainerClientListBlobsOptions, BlockBlobClientUploadOptions,
};
use azure_storage_blob::{
    BlobClient, BlobClientOptions, BlobContainerClient, BlobContainerClientOptions,
};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::TryStreamExt;

use super::{credential, in_one_line};
use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, azure_options, short_retries};

/// The folder of the claims in their container.
const FOLDER: &str = "claims/";

/// The claims, in the container `mayfly-state` under `claims/`.
#[derive(Clone)]
pub struct Claims {
    container: SignedUrl,
    identity: Option<Arc<dyn TokenCredential>>,
    transport: HttpTransport,
}

/// Whether a process has the claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// The process has it: it was created now, or earlier with the same nonce.
    Held,
    /// Another process that has read the ticket has it.
    HeldByAnother,
}

/// The blob of a claim could neither be created nor read.
#[derive(Debug, thiserror::Error)]
#[error("the claim of task {task} could neither be created nor read")]
pub struct ClaimError {
    task: String,
    #[source]
    source: azure_core::Error,
}

/// The claims could not be listed or deleted.
#[derive(Debug, thiserror::Error)]
#[error("claims in the container of setting StateContainerUrl could not be {action}")]
pub struct ClaimsError {
    action: &'static str,
    #[source]
    source: azure_core::Error,
}

impl Claims {
    /// Creates a client of the claims in the container at this URL.
    pub fn new(
        container: SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> Self {
        let identity = credential(&container, identity);
        Self { container, identity, transport: transport.clone() }
    }

    /// Takes the claim for the run of a task that started at `run`, unless another process has it.
    ///
    /// Only one process can create the blob. The nonce distinguishes the process whose response was lost from another
    /// one that has read the ticket.
    ///
    /// # Errors
    /// When storage did not respond; then it is not known who has the claim.
    pub async fn take(
        &self,
        task: &str,
        run: DateTime<Utc>,
        nonce: &str,
    ) -> Result<Claim, ClaimError> {
        let failed = |source| ClaimError { task: task.to_owned(), source: in_one_line(source) };
        let blob = self.blob(task, run).map_err(failed)?;
        let content = RequestContent::from(Bytes::copy_from_slice(nonce.as_bytes()).to_vec());
        let if_missing = BlockBlobClientUploadOptions::default().if_not_exists();
        match blob.upload(content, Some(if_missing)).await {
            Ok(_) => return Ok(Claim::Held),
            // 409 BlobAlreadyExists; 412 if the service checks the condition first.
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
        let response = blob.download(Some(options)).await.map_err(failed)?;
        let holder = response.body.collect().await.map_err(failed)?;
        Ok(if *holder == *nonce.as_bytes() { Claim::Held } else { Claim::HeldByAnother })
    }

    /// Lists the claims: the names of the task and of the blob. A task has one claim for each of its runs.
    pub async fn list(&self) -> Result<Vec<(String, String)>, ClaimsError> {
        let listed = async {
            let options = BlobContainerClientListBlobsOptions {
                prefix: Some(FOLDER.to_owned()),
                ..Default::default()
            };
            let container = self.container()?;
            let mut blobs = container.list_blobs(Some(options))?;
            let mut claims = Vec::new();
            while let Some(blob) = blobs.try_next().await? {
                let Some(name) = blob.name else { continue };
                let task = name.strip_prefix(FOLDER).and_then(|rest| rest.split_once('/'));
                claims.extend(task.map(|(task, _)| (task.to_owned(), name.clone())));
            }
            Ok(claims)
        };
        listed.await.map_err(|source| ClaimsError { action: "listed", source: in_one_line(source) })
    }

    /// Deletes a claim by the name of its blob. Succeeds if there is no such blob.
    pub async fn delete(&self, blob: &str) -> Result<(), ClaimsError> {
        let deleted = async { self.container()?.blob_client(blob).delete(None).await };
        match deleted.await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(source) => Err(ClaimsError { action: "deleted", source: in_one_line(source) }),
            Ok(_) => Ok(()),
        }
    }

    fn container(&self) -> azure_core::Result<BlobContainerClient> {
        let options = BlobContainerClientOptions {
            client_options: azure_options(&self.transport, short_retries()),
            ..Default::default()
        };
        let url = self.container.expose().clone();
        BlobContainerClient::new(url, self.identity.clone(), Some(options))
    }

    fn blob(&self, task: &str, run: DateTime<Utc>) -> azure_core::Result<BlobClient> {
        // Colons would need encoding in a path.
        let run = run.to_rfc3339_opts(SecondsFormat::Micros, true).replace(':', "");
        let url = self.container.join(&format!("{FOLDER}{task}/{run}"));
        let options = BlobClientOptions {
            client_options: azure_options(&self.transport, short_retries()),
            ..Default::default()
        };
        BlobClient::new(url.expose().clone(), self.identity.clone(), Some(options))
    }
}

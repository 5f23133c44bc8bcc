//! Keeps which process has claimed for which run of a task: one blob a run, holding the nonce.

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

/// Where the claims lie in their container.
const FOLDER: &str = "claims/";

/// The claims, in the container `mayfly-state` under `claims/`.
#[derive(Clone)]
pub struct Claims {
    container: SignedUrl,
    identity: Option<Arc<dyn TokenCredential>>,
    transport: HttpTransport,
}

/// How a claim stands for the process that asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// It is this process's: taken now, or earlier with the same nonce.
    Held,
    /// Another process of the same run has it.
    HeldByAnother,
}

/// The claim's blob could be neither made nor read.
#[derive(Debug, thiserror::Error)]
#[error("the claim of task {task} could be neither taken nor read")]
pub struct ClaimError {
    task: String,
    #[source]
    source: azure_core::Error,
}

/// The claims could not be swept.
#[derive(Debug, thiserror::Error)]
#[error("claims in the container of setting StateContainerUrl could not be {done}")]
pub struct ClaimsError {
    done: &'static str,
    #[source]
    source: azure_core::Error,
}

impl Claims {
    /// Keeps claims in the container at this address.
    pub fn new(
        container: SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> Self {
        let identity = credential(&container, identity);
        Self { container, identity, transport: transport.clone() }
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
        Ok(if *holder == *nonce.as_bytes() { Claim::Held } else { Claim::HeldByAnother })
    }

    /// Lists the claims: the name of each one's task, and of its blob. A task has one for each of its runs.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
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
        listed.await.map_err(|source| ClaimsError { done: "listed", source: in_one_line(source) })
    }

    /// Deletes a claim by the name of its blob. That it is gone is success.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn delete(&self, blob: &str) -> Result<(), ClaimsError> {
        let deleted = async { self.container()?.blob_client(blob).delete(None).await };
        match deleted.await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(source) => Err(ClaimsError { done: "deleted", source: in_one_line(source) }),
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
        // Colons would have to be encoded in a path.
        let run = run.to_rfc3339_opts(SecondsFormat::Micros, true).replace(':', "");
        let url = self.container.join(&format!("{FOLDER}{task}/{run}"));
        let options = BlobClientOptions {
            client_options: azure_options(&self.transport, short_retries()),
            ..Default::default()
        };
        BlobClient::new(url.expose().clone(), self.identity.clone(), Some(options))
    }
}

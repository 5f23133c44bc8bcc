//! Stores the claims: one blob for each run of a task.
//!
//! The blob contains the nonce of the process that claimed. Its metadata names the runner that was registered for the
//! process, and the time. They are written before the runner's configuration is sent: a runner that was connected with
//! a configuration of ours is therefore named by a claim.

use std::collections::HashMap;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::ETAG;
use azure_core::http::{Etag, RequestContent, StatusCode};
use azure_storage_blob::BlobClient;
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientSetMetadataOptions, BlobContainerClientListBlobsOptions,
    BlockBlobClientUploadOptions, ListBlobsIncludeItem,
};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::TryStreamExt;

use super::container::{StateContainer, exists};
use super::in_one_line;
use crate::scope::Level;
use crate::secret::SignedUrl;
use crate::task::run_name;
use crate::transport::HttpTransport;

/// The folder of the claims of runners in their container.
const RUNNERS: &str = "claims/";
/// The folder of the claims of agents of Azure Pipelines.
const AGENTS: &str = "agent-claims/";

/// The claims, in the container `mayfly-state` under `claims/`, or under `agent-claims/`.
#[derive(Clone)]
pub struct Claims {
    container: StateContainer,
    folder: &'static str,
}

/// The result of taking a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The process has it.
    Held(HeldClaim),
    /// Another process that has read the ticket has it.
    HeldByAnother,
}

/// A claim of the process that asked for it, as it was at that time.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldClaim {
    /// The runner that was registered for it.
    pub minted: Option<Minted>,
    /// Whether this request created it: no earlier request for it can have registered a runner.
    pub created: bool,
    version: Etag,
}

/// The runner that was registered for a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Minted {
    /// The id that GitHub gave to it.
    pub runner: u64,
    /// When it was registered.
    pub at: DateTime<Utc>,
    /// The level at which it was registered, where it stays if its repository is transferred; older handlers did not
    /// record it.
    pub level: Option<Level>,
}

/// A stored claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedClaim {
    /// The name of the task.
    pub task: String,
    /// The name of the blob: that of the container's folder, of the task, and of its run.
    pub blob: String,
    /// The runner that was registered for it.
    pub minted: Option<Minted>,
}

impl ListedClaim {
    /// Returns the name of the run, as [`run_name`] gives it.
    pub fn run(&self) -> Option<&str> {
        self.blob.rsplit_once('/').map(|(_, run)| run)
    }
}

/// The blob of a claim could neither be created nor read.
#[derive(Debug, thiserror::Error)]
#[error("the claim of task {task} could neither be created nor read")]
pub struct ClaimError {
    task: String,
    #[source]
    source: azure_core::Error,
}

/// The runner of a claim could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Another request for the same claim has changed it.
    #[error("the claim of task {0} was changed by another request")]
    Changed(String),
    /// Storage failed.
    #[error("the runner of task {task} could not be recorded with its claim")]
    Storage {
        /// The task.
        task: String,
        /// What storage answered.
        #[source]
        source: azure_core::Error,
    },
}

/// The claims could not be listed or deleted.
#[derive(Debug, thiserror::Error)]
#[error("claims in the container of setting StateContainerUrl could not be {action}")]
pub struct ClaimsError {
    action: &'static str,
    #[source]
    source: azure_core::Error,
}

/// Matches any version, if a response names none.
const ANY: &str = "*";
/// The names of the metadata that describe a runner.
const RUNNER: &str = "runner";
const MINTED: &str = "minted";
const LEVEL: &str = "level";

impl Minted {
    /// Reads the metadata of a blob. Metadata that this version did not write counts as absent.
    fn parse(metadata: &HashMap<String, String>) -> Option<Self> {
        let runner = metadata.get(RUNNER)?.parse().ok()?;
        let at = DateTime::parse_from_rfc3339(metadata.get(MINTED)?).ok()?;
        let level = metadata.get(LEVEL).and_then(|level| Level::recorded(level));
        Some(Self { runner, at: at.to_utc(), level })
    }

    fn metadata(&self) -> HashMap<String, String> {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let level = self.level.as_ref().map(|level| (LEVEL, level.to_string()));
        [(RUNNER, self.runner.to_string()), (MINTED, at)]
            .into_iter()
            .chain(level)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

impl Claims {
    /// Creates a client of the claims of runners in the container at this URL.
    pub fn new(
        container: SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> Self {
        Self { container: StateContainer::new(container, identity, transport), folder: RUNNERS }
    }

    /// Returns a client of the claims of agents, in the same container.
    #[must_use]
    pub fn of_agents(&self) -> Self {
        Self { folder: AGENTS, ..self.clone() }
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
        let created = create(&blob, nonce).await.map_err(failed)?;
        if let Some(version) = created {
            return Ok(Claim::Held(HeldClaim { minted: None, created: true, version }));
        }
        let options = BlobClientDownloadOptions {
            parallel: Some(std::num::NonZero::<usize>::MIN),
            ..Default::default()
        };
        let response = blob.download(Some(options)).await.map_err(failed)?;
        let version = response.properties.etag.clone().unwrap_or_else(|| ANY.into());
        let minted = Minted::parse(&response.properties.metadata);
        let holder = response.body.collect().await.map_err(failed)?;
        Ok(match *holder == *nonce.as_bytes() {
            true => Claim::Held(HeldClaim { minted, created: false, version }),
            false => Claim::HeldByAnother,
        })
    }

    /// Records the runner of a held claim, or `None` once that runner has been removed.
    ///
    /// # Errors
    /// When another request has changed the claim since it was taken, or storage did not respond; then the runner may
    /// have been recorded.
    pub async fn record(
        &self,
        task: &str,
        run: DateTime<Utc>,
        held: &mut HeldClaim,
        minted: Option<Minted>,
    ) -> Result<(), RecordError> {
        let failed = |err: azure_core::Error| match err.http_status() {
            Some(StatusCode::PreconditionFailed) => RecordError::Changed(task.to_owned()),
            _ => RecordError::Storage { task: task.to_owned(), source: in_one_line(err) },
        };
        let blob = self.blob(task, run).map_err(failed)?;
        let options = BlobClientSetMetadataOptions {
            if_match: Some(held.version.clone()),
            ..Default::default()
        };
        let metadata = minted.as_ref().map(Minted::metadata).unwrap_or_default();
        let response = blob.set_metadata(&metadata, Some(options)).await.map_err(failed)?;
        held.version =
            response.headers().get_optional_string(&ETAG).map_or_else(|| ANY.into(), Etag::from);
        held.minted = minted;
        Ok(())
    }

    /// Lists all claims. A task has one for each of its runs.
    pub async fn list(&self) -> Result<Vec<ListedClaim>, ClaimsError> {
        self.list_below(self.folder.to_owned()).await
    }

    /// Lists the claims of all runs of a task.
    pub async fn of_task(&self, task: &str) -> Result<Vec<ListedClaim>, ClaimsError> {
        self.list_below(format!("{}{task}/", self.folder)).await
    }

    async fn list_below(&self, prefix: String) -> Result<Vec<ListedClaim>, ClaimsError> {
        let listed = async {
            let options = BlobContainerClientListBlobsOptions {
                prefix: Some(prefix),
                include: Some(vec![ListBlobsIncludeItem::Metadata]),
                ..Default::default()
            };
            let container = self.container.client()?;
            let mut blobs = container.list_blobs(Some(options))?;
            let mut claims = Vec::new();
            while let Some(item) = blobs.try_next().await? {
                let Some(blob) = item.name else { continue };
                let task = blob.strip_prefix(self.folder).and_then(|rest| rest.split_once('/'));
                let Some(task) = task.map(|(task, _)| task.to_owned()) else { continue };
                let metadata = item.metadata.and_then(|metadata| metadata.values);
                let minted = metadata.and_then(|metadata| Minted::parse(&metadata));
                claims.push(ListedClaim { task, blob, minted });
            }
            Ok(claims)
        };
        listed.await.map_err(|source| ClaimsError { action: "listed", source: in_one_line(source) })
    }

    /// Deletes a claim by the name of its blob. Succeeds if there is no such blob.
    pub async fn delete(&self, blob: &str) -> Result<(), ClaimsError> {
        let deleted = async { self.container.client()?.blob_client(blob).delete(None).await };
        match deleted.await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(source) => Err(ClaimsError { action: "deleted", source: in_one_line(source) }),
            Ok(_) => Ok(()),
        }
    }

    fn blob(&self, task: &str, run: DateTime<Utc>) -> azure_core::Result<BlobClient> {
        self.container.blob(&format!("{}{task}/{}", self.folder, run_name(run)))
    }
}

/// Creates the blob of a claim and returns its version; `None` if it exists.
async fn create(blob: &BlobClient, nonce: &str) -> azure_core::Result<Option<Etag>> {
    let content = RequestContent::from(Bytes::copy_from_slice(nonce.as_bytes()).to_vec());
    let if_missing = BlockBlobClientUploadOptions::default().if_not_exists();
    match blob.upload(content, Some(if_missing)).await {
        Ok(created) => Ok(Some(created.etag.unwrap_or_else(|| ANY.into()))),
        Err(err) if exists(&err) => Ok(None),
        Err(err) => Err(err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_read_as_it_was_recorded() {
        let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(1_500);
        for level in ["orgs/octo", "repos/octo/app", "enterprises/corp"] {
            let minted = Minted { runner: 7, at, level: Level::recorded(level) };
            assert_eq!(minted.level.as_ref().map(Level::path), Some(level));
            assert_eq!(Minted::parse(&minted.metadata()), Some(minted));
        }
    }

    /// The former version writes and requires `runner` and `minted` alone.
    #[test]
    fn metadata_of_the_former_version_has_no_level() {
        let metadata = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let former = [("runner", "7"), ("minted", "1970-01-01T00:00:00.000Z")];
        let minted = Minted { runner: 7, at: DateTime::UNIX_EPOCH, level: None };
        assert_eq!(Minted::parse(&metadata(&former)), Some(minted.clone()));
        assert_eq!(minted.metadata(), metadata(&former));
        let present = Minted { level: Level::recorded("orgs/octo"), ..minted.clone() };
        let [runner, at] = former;
        assert_eq!(present.metadata(), metadata(&[runner, at, ("level", "orgs/octo")]));
        for unknown in ["", "octo", "orgs/", "orgs/../octo", "repos/octo", "users/octo"] {
            let read = Minted::parse(&metadata(&[runner, at, ("level", unknown)]));
            assert_eq!(read, Some(minted.clone()), "{unknown}");
        }
    }

    #[test]
    fn incomplete_metadata_names_no_runner() {
        let metadata = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
            Minted::parse(&pairs.collect())
        };
        assert_eq!(metadata(&[]), None);
        assert_eq!(metadata(&[("runner", "7")]), None);
        assert_eq!(metadata(&[("runner", "gh-7"), ("minted", "1970-01-01T00:00:00Z")]), None);
        assert_eq!(metadata(&[("runner", "7"), ("minted", "yesterday")]), None);
    }
}

//! Stores the history: append blobs in the container `mayfly-state` under `history/`.

use std::num::NonZero;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::{RequestContent, StatusCode};
use azure_storage_blob::BlobClient;
use azure_storage_blob::models::{
    AppendBlobClientAppendBlockOptions, AppendBlobClientAppendBlockResultHeaders,
    AppendBlobClientCreateOptions, BlobClientDownloadOptions, BlobClientGetPropertiesResultHeaders,
    BlobContainerClientListBlobsOptions, HttpRange,
};
use futures::TryStreamExt;

use super::container::{StateContainer, exists};
use super::in_one_line;
use crate::history::{BlobName, Folder, Position};
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// The daily blobs of the history.
#[derive(Clone)]
pub struct HistoryBlobs {
    container: StateContainer,
}

/// The result of an append.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Appended {
    /// The bytes are at the place, and the blob now ends there.
    Done(Position),
    /// The blob does not end at the place.
    Moved,
    /// The blob does not exist.
    Missing,
    /// The blob takes no more blocks, or is of another type.
    Full,
}

/// The history could not be read, written or deleted.
#[derive(Debug, thiserror::Error)]
#[error("history blob {name} in the container of setting StateContainerUrl could not be {action}")]
pub struct HistoryError {
    name: String,
    action: &'static str,
    #[source]
    source: azure_core::Error,
}

fn failed(name: impl ToString, action: &'static str) -> impl Fn(azure_core::Error) -> HistoryError {
    let name = name.to_string();
    move |source| HistoryError { name: name.clone(), action, source: in_one_line(source) }
}

impl HistoryBlobs {
    /// Creates a client of the history in the container at this URL.
    pub fn new(
        container: SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> Self {
        Self { container: StateContainer::new(container, identity, transport) }
    }

    /// Creates a blob, unless it exists.
    pub async fn create(&self, name: BlobName) -> Result<(), HistoryError> {
        let failed = failed(name, "created");
        let options = AppendBlobClientCreateOptions {
            blob_content_type: Some("application/jsonl".to_owned()),
            ..Default::default()
        };
        let blob = self.blob(name).map_err(&failed)?.append_blob_client();
        match blob.create(Some(options.if_not_exists())).await {
            Ok(_) => Ok(()),
            Err(err) if exists(&err) => Ok(()),
            Err(err) => Err(failed(err)),
        }
    }

    /// Appends bytes to a blob if it ends at this place. So bytes whose response was lost are not appended twice.
    pub async fn append(
        &self,
        folder: Folder,
        place: Position,
        bytes: &[u8],
    ) -> Result<Appended, HistoryError> {
        let name = place.name(folder);
        let failed = failed(name, "extended");
        let options = AppendBlobClientAppendBlockOptions {
            append_position: i64::try_from(place.length).ok(),
            ..Default::default()
        };
        let blob = self.blob(name).map_err(&failed)?.append_blob_client();
        let (body, length) = (RequestContent::from(bytes.to_vec()), bytes.len() as u64);
        let err = match blob.append_block(body, length, Some(options)).await {
            Ok(response) => {
                let blocks = response.blob_committed_block_count().ok().flatten();
                let blocks = blocks.and_then(|blocks| u32::try_from(blocks).ok());
                let blocks = blocks.unwrap_or(place.blocks + 1);
                return Ok(Appended::Done(Position {
                    length: place.length + length,
                    blocks,
                    ..place
                }));
            }
            Err(err) => err,
        };
        match (err.http_status(), code(&err)) {
            (Some(StatusCode::PreconditionFailed), "AppendPositionConditionNotMet") => {
                Ok(Appended::Moved)
            }
            (Some(StatusCode::NotFound), "BlobNotFound") => Ok(Appended::Missing),
            (Some(StatusCode::Conflict), "BlockCountExceedsLimit" | "InvalidBlobType") => {
                Ok(Appended::Full)
            }
            _ => Err(failed(err)),
        }
    }

    /// Returns the end of a blob; `None` if it is no append blob.
    pub async fn end(
        &self,
        folder: Folder,
        place: Position,
    ) -> Result<Option<Position>, HistoryError> {
        let name = place.name(folder);
        let failed = failed(name, "read");
        let read = async {
            let properties = self.blob(name)?.get_properties(None).await?;
            Ok((properties.content_length()?, properties.blob_committed_block_count()?))
        };
        let (length, blocks) = read.await.map_err(failed)?;
        let blocks = blocks.and_then(|blocks| u32::try_from(blocks).ok());
        Ok(blocks.map(|blocks| Position { length: length.unwrap_or(0), blocks, ..place }))
    }

    /// Lists the blobs of a folder whose days begin with a text, such as `2026-11`, with their lengths.
    pub async fn list(
        &self,
        folder: Folder,
        days: &str,
    ) -> Result<Vec<(BlobName, u64)>, HistoryError> {
        let prefix = format!("{}{days}", folder.prefix());
        let listed = async {
            let options = BlobContainerClientListBlobsOptions {
                prefix: Some(prefix.clone()),
                ..Default::default()
            };
            let container = self.container.client()?;
            let mut blobs = container.list_blobs(Some(options))?;
            let mut found = Vec::new();
            while let Some(item) = blobs.try_next().await? {
                let name = item.name.and_then(|name| BlobName::parse(folder, &name));
                let length = item.properties.and_then(|properties| properties.content_length);
                found.extend(name.map(|name| (name, length.unwrap_or(0))));
            }
            Ok(found)
        };
        listed.await.map_err(failed(&prefix, "listed"))
    }

    /// Reads a part of a blob; less if the blob ends before.
    pub async fn read(
        &self,
        name: BlobName,
        from: u64,
        length: u64,
    ) -> Result<Vec<u8>, HistoryError> {
        let failed = failed(name, "read");
        let options = BlobClientDownloadOptions {
            parallel: Some(NonZero::<usize>::MIN),
            range: Some(HttpRange::from(from..from + length)),
            ..Default::default()
        };
        let response = self.blob(name).map_err(&failed)?.download(Some(options)).await;
        let response = match response {
            // Behind its end.
            Err(err) if err.http_status() == Some(StatusCode::RequestedRangeNotSatisfiable) => {
                return Ok(Vec::new());
            }
            response => response.map_err(&failed)?,
        };
        Ok(response.body.collect().await.map_err(&failed)?.to_vec())
    }

    /// Deletes a blob. Succeeds if it does not exist.
    pub async fn delete(&self, name: BlobName) -> Result<(), HistoryError> {
        let failed = failed(name, "deleted");
        match self.blob(name).map_err(&failed)?.delete(None).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => Ok(()),
            deleted => deleted.map(|_| ()).map_err(failed),
        }
    }

    fn blob(&self, name: BlobName) -> azure_core::Result<BlobClient> {
        self.container.blob(&name.to_string())
    }
}

/// Returns the published code of a response; empty if there is none.
fn code(err: &azure_core::Error) -> &str {
    match err.kind() {
        ErrorKind::HttpResponse { error_code: Some(code), .. } => code,
        _ => "",
    }
}

//! Append blobs: created once, extended under conditions, and read as other blobs.

use azure_core::http::RequestContent;
use azure_storage_blob::BlobClient;
use azure_storage_blob::models::{
    AppendBlobClientAppendBlockOptions, AppendBlobClientAppendBlockResultHeaders,
    AppendBlobClientCreateOptions, BlobClientDownloadOptions, HttpRange,
};

use crate::account::{TestAccount, code_of};

async fn append(
    blob: &BlobClient,
    text: &str,
    position: Option<i64>,
) -> azure_core::Result<(Option<String>, Option<i32>)> {
    let options =
        AppendBlobClientAppendBlockOptions { append_position: position, ..Default::default() };
    let (body, length) = (RequestContent::from(text.as_bytes().to_vec()), text.len() as u64);
    let appended = blob.append_blob_client().append_block(body, length, Some(options)).await?;
    Ok((appended.blob_append_offset()?, appended.blob_committed_block_count()?))
}

#[tokio::test]
async fn an_append_blob_is_extended_at_its_end() {
    let account = TestAccount::open().await;
    let container = account.container("mayfly-state");
    container.create(None).await.unwrap();
    let blob = container.blob_client("history/jobs/2026-11-30.jsonl");
    let missing = append(&blob, "one\n", None).await;
    assert_eq!(code_of(missing), "404 BlobNotFound");
    let create = || blob.append_blob_client();
    let if_new = AppendBlobClientCreateOptions::default().if_not_exists();
    create().create(Some(if_new.clone())).await.unwrap();
    assert_eq!(append(&blob, "one\n", Some(0)).await.unwrap(), (Some("0".to_owned()), Some(1)));
    assert_eq!(append(&blob, "two\n", Some(4)).await.unwrap(), (Some("4".to_owned()), Some(2)));
    let again = create().create(Some(if_new)).await;
    assert_eq!(code_of(again), "409 BlobAlreadyExists");
    let stale = append(&blob, "two\n", Some(4)).await;
    assert_eq!(code_of(stale), "412 AppendPositionConditionNotMet");
    let range = HttpRange::from(4_u64..7);
    let options = BlobClientDownloadOptions { range: Some(range), ..Default::default() };
    let part = blob.download(Some(options)).await.unwrap();
    assert_eq!(&*part.body.collect().await.unwrap(), b"two");
}

//! Block blobs: uploads as a whole and in blocks, downloads as a whole and of ranges, and conditions.

use std::collections::HashMap;

use azure_core::http::{Etag, RequestContent};
use azure_storage_blob::models::{
    BlobClientDeleteOptions, BlobClientDownloadOptions, BlobClientGetPropertiesResultHeaders,
    BlobClientUploadOptions, BlockLookupList, HttpRange,
};
use azure_storage_blob::{BlobClient, BlobContainerClient};

use crate::account::{TestAccount, code_of, http_client};

async fn create_container() -> (TestAccount, BlobContainerClient) {
    let account = TestAccount::open().await;
    let container = account.container("mayfly-state");
    container.create(None).await.unwrap();
    (account, container)
}

async fn upload(
    blob: &BlobClient,
    text: &str,
    options: BlobClientUploadOptions<'_>,
) -> azure_core::Result<Etag> {
    let bytes = RequestContent::from(text.as_bytes().to_vec());
    Ok(blob.upload(bytes, Some(options)).await?.etag.expect("an entity tag"))
}

async fn text(blob: &BlobClient) -> String {
    let got = blob.download(None).await.expect("the blob");
    String::from_utf8(got.body.collect().await.expect("its content").to_vec()).expect("UTF-8")
}

fn if_match(etag: &Etag) -> BlobClientUploadOptions<'static> {
    BlobClientUploadOptions { if_match: Some(etag.clone()), ..Default::default() }
}

#[tokio::test]
async fn a_blob_is_read_as_it_was_written() {
    let (account, container) = create_container().await;
    let blob = container.blob_client("ranges/hooks äöü.json");
    let metadata = HashMap::from([("source".to_owned(), "meta".to_owned())]);
    let options = BlobClientUploadOptions {
        blob_content_type: Some("application/json".to_owned()),
        metadata: Some(metadata.clone()),
        ..Default::default()
    };
    let etag = upload(&blob, "[1,2]", options).await.unwrap();
    account.advance(10);
    assert_eq!(text(&blob).await, "[1,2]");
    let got = blob.get_properties(None).await.unwrap();
    assert_eq!(got.content_length().unwrap(), Some(5));
    assert_eq!(got.content_type().unwrap().as_deref(), Some("application/json"));
    assert_eq!(got.metadata().unwrap(), metadata);
    assert_eq!(got.etag().unwrap(), Some(etag.clone()));
    assert!(etag.to_string().starts_with("\"0x8D"), "{etag}");
    assert_eq!(account.blobs.emulator.names("mayfly-state"), ["ranges/hooks äöü.json"]);

    blob.delete(None).await.unwrap();
    assert!(!blob.exists().await.unwrap());
    assert_eq!(code_of(blob.delete(None).await), "404 BlobNotFound");
    assert_eq!(code_of(blob.get_properties(None).await), "404 BlobNotFound");
    let got = blob.download(None).await.map(drop);
    assert_eq!(code_of(got), "404 BlobNotFound");
}

#[tokio::test]
async fn an_empty_blob_can_be_read() {
    let (_place, container) = create_container().await;
    let blob = container.blob_client("empty");
    upload(&blob, "", BlobClientUploadOptions::default()).await.unwrap();
    assert_eq!(text(&blob).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_concurrent_creates_exactly_one_succeeds() {
    let (_place, container) = create_container().await;
    for round in 0..50 {
        let blob = container.blob_client(&format!("claims/gh-{round}"));
        let create = async |nonce| {
            let only_new = BlobClientUploadOptions::default().if_not_exists();
            upload(&blob, nonce, only_new).await
        };
        let (one, two) = tokio::join!(create("one"), create("two"));
        let (winner, loser) = if one.is_ok() { ("one", two) } else { ("two", one) };
        assert_eq!(code_of(loser), "409 BlobAlreadyExists");
        assert_eq!(text(&blob).await, winner);
    }
}

#[tokio::test]
async fn a_write_with_an_old_version_is_rejected() {
    let (account, container) = create_container().await;
    let blob = container.blob_client("cursor");
    let first = upload(&blob, "1", BlobClientUploadOptions::default()).await.unwrap();
    assert_eq!(
        code_of(upload(&container.blob_client("none"), "1", if_match(&first)).await),
        "412 ConditionNotMet"
    );
    // The version changes even though the clock is stopped.
    let second = upload(&blob, "2", if_match(&first)).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(code_of(upload(&blob, "3", if_match(&first)).await), "412 ConditionNotMet");
    let options = BlobClientDeleteOptions { if_match: Some(first.clone()), ..Default::default() };
    assert_eq!(code_of(blob.delete(Some(options)).await), "412 ConditionNotMet");
    assert_eq!(text(&blob).await, "2");

    let metadata = HashMap::from([("by".to_owned(), "operator".to_owned())]);
    blob.set_metadata(&metadata, None).await.unwrap();
    let got = blob.get_properties(None).await.unwrap();
    assert_eq!(got.metadata().unwrap(), metadata);
    assert_ne!(got.etag().unwrap(), Some(second));
    // The SDK has no method for Get Blob Metadata.
    let url = account.blob_url("/mayfly-state/cursor", &format!("comp=metadata&{}", account.sas()));
    let got = http_client().get(url).send().await.unwrap();
    assert_eq!(
        (got.status().as_u16(), &got.headers()["x-ms-meta-by"]),
        (200, &"operator".parse().unwrap())
    );
}

#[tokio::test]
async fn a_read_of_the_known_version_is_not_modified() {
    let (account, container) = create_container().await;
    let blob = container.blob_client("hooks");
    let etag = upload(&blob, "[]", BlobClientUploadOptions::default()).await.unwrap();
    let get = async |name: &str, value: &str| {
        let url = account.blob_url("/mayfly-state/hooks", &account.sas());
        let response = http_client().get(url).header(name, value).send().await.unwrap();
        let status = response.status().as_u16();
        let code = response.headers().get("x-ms-error-code").map(|code| code.to_str().unwrap());
        (status, code.unwrap_or_default().to_owned())
    };
    let etag = etag.to_string();
    let not_modified = (304, "ConditionNotMet".to_owned());
    assert_eq!(get("if-none-match", &etag).await, not_modified);
    assert_eq!(get("if-none-match", "\"0x0\"").await, (200, String::new()));
    assert_eq!(get("if-match", "\"0x0\"").await, (412, "ConditionNotMet".to_owned()));
    assert_eq!(get("if-modified-since", "Sat, 21 Nov 2026 12:30:00 GMT").await, not_modified);
    assert_eq!(get("if-none-match", "*").await, (400, "UnsatisfiableCondition".to_owned()));
}

#[tokio::test]
async fn a_large_blob_is_uploaded_in_blocks_and_read_in_ranges() {
    let (account, container) = create_container().await;
    let blob = container.blob_client("large");
    let content: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let options = BlobClientUploadOptions {
        partition_size: std::num::NonZero::new(1 << 20),
        ..Default::default()
    };
    blob.upload(RequestContent::from(content.clone()), Some(options)).await.unwrap();
    assert!(account.blobs.faults.calls_of("PutBlock") >= 3);
    assert_eq!(account.blobs.faults.calls_of("PutBlockList"), 1);

    let range = |range: HttpRange| BlobClientDownloadOptions {
        range: Some(range),
        partition_size: std::num::NonZero::new(1 << 20),
        ..Default::default()
    };
    let whole = blob.download(Some(range(HttpRange::from_offset(0)))).await.unwrap();
    assert_eq!(whole.body.collect().await.unwrap(), content);
    let part = blob.download(Some(range((1_000_000_u64..1_000_010).into()))).await.unwrap();
    assert_eq!(part.body.collect().await.unwrap(), content[1_000_000..1_000_010]);
    let beyond = blob.download(Some(range(HttpRange::from_offset(3_000_000)))).await.map(drop);
    assert_eq!(code_of(beyond), "416 InvalidRange");
}

#[tokio::test]
async fn blocks_are_invisible_until_they_are_committed() {
    let (_place, container) = create_container().await;
    let blob = container.blob_client("log");
    let blocks = blob.block_blob_client();
    let stage = async |id: &str, text: &str| {
        let bytes = RequestContent::from(text.as_bytes().to_vec());
        blocks.stage_block(id.as_bytes(), text.len() as u64, bytes, None).await
    };
    let list = |ids: &[&str]| BlockLookupList {
        latest: Some(ids.iter().map(|id| id.as_bytes().to_vec()).collect()),
        ..Default::default()
    };
    stage("b1", "may").await.unwrap();
    stage("b2", "fly").await.unwrap();
    assert_eq!(code_of(stage("longer", "!").await), "400 InvalidBlobOrBlock");
    assert!(!blob.exists().await.unwrap());
    let unknown = blocks.commit_block_list(list(&["b1", "b9"]).try_into().unwrap(), None).await;
    assert_eq!(code_of(unknown), "400 InvalidBlockList");

    blocks.commit_block_list(list(&["b1", "b2"]).try_into().unwrap(), None).await.unwrap();
    assert_eq!(text(&blob).await, "mayfly");
    stage("b3", "!").await.unwrap();
    assert_eq!(text(&blob).await, "mayfly");
    blocks.commit_block_list(list(&["b2", "b3"]).try_into().unwrap(), None).await.unwrap();
    assert_eq!(text(&blob).await, "fly!");
}

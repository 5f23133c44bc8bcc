//! Containers and their lists of blobs.

use azure_core::http::RequestContent;
use azure_storage_blob::models::{
    BlobContainerClientCreateOptions, BlobContainerClientGetPropertiesResultHeaders,
    BlobContainerClientListBlobsOptions, ListBlobsIncludeItem,
};
use futures::TryStreamExt;
use insta::assert_snapshot;

use crate::account::{TestAccount, code_of, http_client, request};

#[tokio::test]
async fn a_container_is_created_once_and_deleted_with_its_blobs() {
    let account = TestAccount::open().await;
    let container = account.container("mayfly-state");
    let metadata = Some([("purpose".to_owned(), "claims".to_owned())].into());
    let options = BlobContainerClientCreateOptions { metadata, ..Default::default() };
    assert!(!container.exists().await.unwrap());
    container.create(Some(options)).await.unwrap();
    assert_eq!(code_of(container.create(None).await), "409 ContainerAlreadyExists");
    let got = container.get_properties(None).await.unwrap();
    assert_eq!(got.metadata().unwrap()["purpose"], "claims");
    assert!(got.etag().unwrap().is_some() && got.last_modified().unwrap().is_some());

    let bytes = RequestContent::from(b"claim".to_vec());
    container.blob_client("claims/gh-1").upload(bytes, None).await.unwrap();
    assert_eq!(account.blobs.emulator.names("mayfly-state"), ["claims/gh-1"]);
    container.delete(None).await.unwrap();
    assert_eq!(code_of(container.get_properties(None).await), "404 ContainerNotFound");
    account.advance(30);
    container.create(None).await.unwrap();
    assert!(account.blobs.emulator.names("mayfly-state").is_empty());
}

#[tokio::test]
async fn a_list_of_blobs_has_pages() {
    let account = TestAccount::open().await;
    let container = account.container("mayfly-state");
    container.create(None).await.unwrap();
    for name in ["claims/gh-1", "claims/gh-2", "claims/gh-3 & more", "hooks", "claims"] {
        let bytes = RequestContent::from(name.as_bytes().to_vec());
        container.blob_client(name).upload(bytes, None).await.unwrap();
    }
    let options = BlobContainerClientListBlobsOptions {
        prefix: Some("claims/".to_owned()),
        maxresults: Some(2),
        include: Some(vec![ListBlobsIncludeItem::Metadata]),
        ..Default::default()
    };
    let pages = container.list_blobs(Some(options)).unwrap().into_pages();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let mut shown = Vec::new();
    for page in pages {
        let items = page.into_model().unwrap().blob_items;
        let item = |item: azure_storage_blob::models::BlobItem| {
            let properties = item.properties.unwrap();
            assert!(properties.etag.is_some() && properties.last_modified.is_some());
            format!("{} {}", item.name.unwrap(), properties.content_length.unwrap())
        };
        shown.push(items.into_iter().map(item).collect::<Vec<_>>());
    }
    assert_eq!(shown, [vec!["claims/gh-1 11", "claims/gh-2 11"], vec!["claims/gh-3 & more 18"]]);

    let nowhere = account.container("nowhere").list_blobs(None).unwrap().try_next().await;
    assert_eq!(code_of(nowhere.map(drop)), "404 ContainerNotFound");
}

#[tokio::test]
async fn blobs_with_a_common_prefix_are_one_entry() {
    let account = TestAccount::open().await;
    let container = account.container("mayfly-state");
    container.create(None).await.unwrap();
    for name in ["a/1", "a/2", "b", "c/d/1"] {
        let bytes = RequestContent::from(b"1".to_vec());
        container.blob_client(name).upload(bytes, None).await.unwrap();
    }
    let list = async |query: &str| {
        let query = format!("restype=container&comp=list&delimiter=/&{query}&{}", account.sas());
        let response =
            http_client().get(account.blob_url("/mayfly-state", &query)).send().await.unwrap();
        let text = response.text().await.unwrap();
        let names = text.split("<Name>").skip(1).map(|rest| rest.split_once("</Name>").unwrap().0);
        let next = text.split_once("<NextMarker>").map(|(_, rest)| rest.split_once('<').unwrap().0);
        format!("{} then {}", names.collect::<Vec<_>>().join(" "), next.unwrap_or("nothing"))
    };
    assert_snapshot!(list("").await, @"a/ b c/ then nothing");
    assert_snapshot!(list("maxresults=1").await, @"a/ then b");
    assert_snapshot!(list("maxresults=1&marker=b").await, @"b then c/d/1");
    assert_snapshot!(list("prefix=c/").await, @"c/d/ then nothing");
}

#[tokio::test(start_paused = true)]
async fn a_list_has_the_documented_format() {
    let account = TestAccount::open().await;
    let call = async |method: &str, path: &str, header: (&'static str, &'static str)| {
        let (path, query) = path.split_once('?').unwrap();
        let uri = format!("/mayfly/mayfly-state{path}?{query}&{}", account.sas());
        let mut request = request(method, &uri, "[1,2]");
        request.headers_mut().insert(header.0, header.1.parse().unwrap());
        request.headers_mut().insert("x-ms-blob-type", "BlockBlob".parse().unwrap());
        account.blobs.call(request).await.unwrap().into_body()
    };
    call("PUT", "?restype=container", ("x-ms-meta-a", "b")).await;
    call("PUT", "/a?timeout=9", ("x-ms-blob-content-type", "application/json")).await;
    call("PUT", "/b/c?timeout=9", ("x-ms-meta-source", "meta & more")).await;
    let list = "?restype=container&comp=list&include=metadata&delimiter=/&maxresults=9";
    let list = call("GET", list, ("host", "127.0.0.1:1")).await;
    let list = String::from_utf8(list.to_vec()).unwrap();
    assert_snapshot!(list.replace("><", ">\n<"), @r#"
    ﻿<?xml version="1.0" encoding="utf-8"?>
    <EnumerationResults ServiceEndpoint="http://127.0.0.1:1/mayfly" ContainerName="mayfly-state">
    <MaxResults>9</MaxResults>
    <Delimiter>/</Delimiter>
    <Blobs>
    <Blob>
    <Name>a</Name>
    <Properties>
    <Creation-Time>Sat, 21 Nov 2026 12:00:00 GMT</Creation-Time>
    <Last-Modified>Sat, 21 Nov 2026 12:00:00 GMT</Last-Modified>
    <Etag>0x8DF47C6F803E001</Etag>
    <Content-Length>5</Content-Length>
    <Content-Type>application/json</Content-Type>
    <Content-Encoding/>
    <Content-Language/>
    <Content-MD5>95QI5cqZjNU/r0SvMebrRQ==</Content-MD5>
    <Content-Disposition/>
    <Cache-Control/>
    <BlobType>BlockBlob</BlobType>
    <AccessTier>Hot</AccessTier>
    <AccessTierInferred>true</AccessTierInferred>
    <LeaseStatus>unlocked</LeaseStatus>
    <LeaseState>available</LeaseState>
    <ServerEncrypted>true</ServerEncrypted>
    </Properties>
    </Blob>
    <BlobPrefix>
    <Name>b/</Name>
    </BlobPrefix>
    </Blobs>
    <NextMarker/>
    </EnumerationResults>
    "#);
    let list = "?restype=container&comp=list&include=metadata&prefix=b";
    let list = call("GET", list, ("host", "127.0.0.1:1")).await;
    let list = String::from_utf8(list.to_vec()).unwrap();
    let metadata = list.split_once("</Properties>").unwrap().1;
    assert_snapshot!(metadata, @"<Metadata><source>meta &amp; more</source></Metadata></Blob></Blobs><NextMarker/></EnumerationResults>");
}

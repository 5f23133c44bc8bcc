//! The format of responses, which decides what other SDKs can read.

use crate::account::TestAccount;
use crate::raw::{RawRequest, RawResponse};

const MESSAGE: &str = "<QueueMessage><MessageText>job</MessageText></QueueMessage>";
const BLOCK_BLOB: &[(&str, &str)] = &[("x-ms-blob-type", "BlockBlob")];

async fn account() -> TestAccount {
    let account = TestAccount::open().await;
    let created = account.queue_call(put("/jobs", &[])).await;
    assert_eq!(created.code(), "201 -");
    assert_eq!(account.blob_call(put("/state?restype=container", &[])).await.code(), "201 -");
    assert_eq!(account.blob_call(put("/state/claim", BLOCK_BLOB)).await.code(), "201 -");
    account
}

fn put<'a>(target: &'a str, headers: &'a [(&'a str, &'a str)]) -> RawRequest<'a> {
    RawRequest { method: "PUT", target, headers, body: "" }
}

fn call<'a>(method: &'a str, target: &'a str) -> RawRequest<'a> {
    RawRequest { method, target, ..RawRequest::default() }
}

fn starts_with_byte_order_mark(response: &RawResponse) -> bool {
    response.text().starts_with("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><")
}

#[tokio::test]
async fn every_xml_body_starts_with_a_byte_order_mark() {
    let account = account().await;
    let put_message = RawRequest { body: MESSAGE, ..call("POST", "/jobs/messages") };
    for request in [
        put_message,
        call("GET", "/jobs/messages?peekonly=true"),
        call("GET", "/jobs/messages"),
        call("GET", "/?comp=list"),
        call("GET", "/missing/messages"),
        call("GET", "/jobs?comp=acl"),
    ] {
        let response = account.queue_call(request).await;
        assert!(starts_with_byte_order_mark(&response), "{request:?} {response:?}");
    }
    for request in [
        call("GET", "/state?restype=container&comp=list"),
        call("GET", "/missing?restype=container&comp=list"),
        call("GET", "/state/missing"),
        call("GET", "/state/claim?comp=tags"),
    ] {
        let response = account.blob_call(request).await;
        assert!(starts_with_byte_order_mark(&response), "{request:?} {response:?}");
    }
}

#[tokio::test]
async fn lists_are_chunked_and_errors_have_a_length() {
    let account = account().await;
    let put_message = RawRequest { body: MESSAGE, ..call("POST", "/jobs/messages") };
    let responses = [
        account.queue_call(put_message).await,
        account.queue_call(call("GET", "/jobs/messages?peekonly=true")).await,
        account.queue_call(call("GET", "/jobs/messages")).await,
        account.queue_call(call("GET", "/?comp=list")).await,
        account.blob_call(call("GET", "/state?restype=container&comp=list")).await,
    ];
    for response in responses {
        assert_eq!(response.header("transfer-encoding"), Some("chunked"), "{response:?}");
        assert_eq!(response.header("content-length"), None, "{response:?}");
    }
    let missing = account.queue_call(call("GET", "/missing/messages")).await;
    assert_eq!(missing.header("content-length"), Some(missing.body.len().to_string().as_str()));
    assert_eq!(missing.header("transfer-encoding"), None);
}

#[tokio::test]
async fn an_error_of_head_announces_no_body() {
    let account = account().await;
    account.blobs.faults.inject(
        "GetBlobProperties",
        1,
        emulator_core::faults::Effect::Fail { status: 503, retry_after: None },
    );
    let if_match = [("if-match", "\"0x0\"")];
    let changed = RawRequest { headers: &if_match, ..call("HEAD", "/state/claim") };
    let unchanged = [("if-modified-since", "Sat, 21 Nov 2026 13:00:00 GMT")];
    let unchanged = RawRequest { headers: &unchanged, ..call("HEAD", "/state/claim") };
    for (request, code) in [
        (call("HEAD", "/state/claim"), "503 ServerBusy"),
        (call("HEAD", "/state/missing"), "404 BlobNotFound"),
        (call("HEAD", "/missing?restype=container"), "404 ContainerNotFound"),
        (call("HEAD", "/state/claim?comp=tags"), "501 NotImplemented"),
        (changed, "412 ConditionNotMet"),
        (unchanged, "304 ConditionNotMet"),
    ] {
        let response = account.blob_call(request).await;
        assert_eq!(response.code(), code);
        for header in ["content-type", "content-length"] {
            assert_eq!(response.header(header), None, "{request:?} {response:?}");
        }
        assert!(response.body.is_empty());
    }
    let missing = account.queue_call(call("HEAD", "/missing?comp=metadata")).await;
    assert_eq!(
        (missing.code().as_str(), missing.header("content-type")),
        ("404 QueueNotFound", None)
    );
}

#[tokio::test]
async fn an_unchanged_blob_has_no_content_headers() {
    let account = account().await;
    let since = [("if-modified-since", "Sat, 21 Nov 2026 13:00:00 GMT")];
    let get = RawRequest { headers: &since, ..call("GET", "/state/claim") };
    let response = account.blob_call(get).await;
    assert_eq!(response.code(), "304 ConditionNotMet");
    assert_eq!((response.header("content-type"), response.body.len()), (None, 0));
}

#[tokio::test]
async fn the_reason_phrase_is_the_message() {
    let account = account().await;
    let missing = account.blob_call(call("HEAD", "/state/missing")).await;
    assert_eq!(missing.status, "404 The specified blob does not exist.");
    let missing = account.queue_call(call("GET", "/missing/messages")).await;
    assert_eq!(missing.status, "404 The specified queue does not exist.");
    let listed = account.queue_call(call("GET", "/?comp=list")).await;
    assert_eq!(listed.status, "200 OK");
}

#[tokio::test]
async fn caches_must_not_keep_messages() {
    let account = account().await;
    for target in ["/jobs/messages", "/jobs/messages?peekonly=true", "/jobs?comp=metadata"] {
        let response = account.queue_call(call("GET", target)).await;
        assert_eq!(response.header("cache-control"), Some("no-cache"), "{target}");
    }
}

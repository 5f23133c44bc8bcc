//! Names and metadata: limits, and names that are being deleted.

use super::*;

#[tokio::test]
async fn metadata_and_names_have_limits() {
    let account = account().await;
    let (fits, exceeds) = ("v".repeat(8189), "v".repeat(8190));
    for (name, value, code) in [
        ("x-ms-meta-abc", fits.as_str(), "201 -"),
        ("x-ms-meta-abc", exceeds.as_str(), "400 MetadataTooLarge"),
        ("x-ms-meta-", "v", "400 EmptyMetadataKey"),
        ("x-ms-meta-1a", "v", "400 InvalidMetadata"),
        ("x-ms-meta-a-b", "v", "400 InvalidMetadata"),
    ] {
        let put = [BLOCK_BLOB, (name, value)];
        assert_eq!(account.blob_call(put_blob(&put, "")).await.code(), code, "{name}");
        let headers = [(name, value)];
        for target in ["/new-queue", "/jobs?comp=metadata"] {
            let put = RawRequest { method: "PUT", target, headers: &headers, body: "" };
            let refused = account.queue_call(put).await.code();
            assert_eq!(refused.starts_with("400"), code.starts_with("400"), "{name} {refused}");
        }
    }
    let doubled = [BLOCK_BLOB, ("x-ms-meta-a", "1"), ("x-ms-meta-a", "2")];
    assert_eq!(account.blob_call(put_blob(&doubled, "")).await.code(), "201 -");
    let head = RawRequest { method: "HEAD", target: "/state/claim", ..RawRequest::default() };
    assert_eq!(account.blob_call(head).await.header("x-ms-meta-a"), Some("1,2"));
    for (name, code) in [
        ("n".repeat(1024), "201 -"),
        ("n".repeat(1025), "400 OutOfRangeInput"),
        ("%C3%BC".repeat(1024), "201 -"),
        ("a/".repeat(254), "400 OutOfRangeInput"),
    ] {
        let target = format!("/state/{name}");
        let put = RawRequest { method: "PUT", target: &target, headers: &[BLOCK_BLOB], body: "" };
        assert_eq!(account.blob_call(put).await.code(), code, "{} characters", name.len());
    }
}

#[tokio::test]
async fn a_deleted_name_is_free_after_thirty_seconds() {
    let account = account().await;
    let call = async |method: &str, queue: &str, container: &str| {
        let of = |target| RawRequest { method, target, ..RawRequest::default() };
        let (queue, blob) =
            (account.queue_call(of(queue)).await, account.blob_call(of(container)).await);
        [queue.code(), blob.code()]
    };
    let container = "/state?restype=container";
    assert_eq!(call("DELETE", "/jobs", container).await, ["204 -", "202 -"]);
    let being_deleted = ["409 QueueBeingDeleted", "409 ContainerBeingDeleted"];
    for _ in 0..2 {
        assert_eq!(call("PUT", "/jobs", container).await, being_deleted);
        let not_found = ["404 QueueNotFound", "404 ContainerNotFound"];
        assert_eq!(call("GET", "/jobs/messages", container).await, not_found);
        assert_eq!(call("GET", "/jobs?comp=metadata", "/state/claim").await, not_found);
        assert_eq!(call("DELETE", "/jobs", container).await, not_found);
        account.advance(14);
    }
    let listed = get_queue(&account, "/?comp=list").await.text();
    assert!(!listed.contains("<Name>jobs</Name>"), "{listed}");
    account.advance(2);
    assert_eq!(call("PUT", "/jobs", container).await, ["201 -", "201 -"]);
}

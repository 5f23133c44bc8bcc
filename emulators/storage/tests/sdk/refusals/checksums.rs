//! Checksums of blobs, blocks and ranges.

use super::*;

#[tokio::test]
async fn checksums_are_compared_stored_and_returned() {
    let account = account().await;
    let (md5, crc64) = ("sQqNsWTgdUEFt6mb5y4/5Q==", "YeJLfssylmU=");
    let (other, other_crc64) = ("1B2M2Y8AsgTpgAmY7PhCfg==", "AAAAAAAAAAA=");
    let block = "/state/claim?comp=block&blockid=YQ%3D%3D";
    for (header, value, code) in [
        ("content-md5", md5, "201 -"),
        ("content-md5", other, "400 Md5Mismatch"),
        ("content-md5", "c2hvcnQ=", "400 InvalidMd5"),
        ("content-md5", "not base64!", "400 InvalidMd5"),
        ("x-ms-content-crc64", crc64, "201 -"),
        ("x-ms-content-crc64", other_crc64, "400 Crc64Mismatch"),
        ("x-ms-content-crc64", md5, "400 InvalidCrc64"),
    ] {
        let headers = [BLOCK_BLOB, (header, value)];
        for target in ["/state/claim", block] {
            let put = RawRequest { method: "PUT", target, headers: &headers, body: "Hello World" };
            let response = account.blob_call(put).await;
            assert_eq!(response.code(), code, "{target} {header} {value}");
            if code == "400 Md5Mismatch" {
                assert_eq!(response.element("UserSpecifiedMd5").as_deref(), Some(other));
                assert_eq!(response.element("ServerCalculatedMd5").as_deref(), Some(md5));
            } else if code.starts_with("201") {
                assert_eq!(response.header("x-ms-content-crc64"), Some(crc64));
            }
        }
    }
    let both = [BLOCK_BLOB, ("content-md5", md5), ("x-ms-content-crc64", crc64)];
    let put = account.blob_call(put_blob(&both, "Hello World")).await;
    assert_eq!(put.code(), "400 BothCrc64AndMd5HeaderPresent");
    for (value, code) in [(other, "400 Md5Mismatch"), ("junk", "400 InvalidMd5"), (md5, "201 -")] {
        let headers = [BLOCK_BLOB, ("x-ms-blob-content-md5", value)];
        assert_eq!(account.blob_call(put_blob(&headers, "Hello World")).await.code(), code);
    }

    let put = account.blob_call(put_blob(&[BLOCK_BLOB], "Hello World")).await;
    assert_eq!(put.header("content-md5"), Some(md5));
    assert_eq!(get_blob(&account, "/state/claim").await.header("content-md5"), Some(md5));
    let head = RawRequest { method: "HEAD", target: "/state/claim", ..RawRequest::default() };
    assert_eq!(account.blob_call(head).await.header("content-md5"), Some(md5));
    let listed = get_blob(&account, "/state?restype=container&comp=list").await;
    assert_eq!(listed.element("Content-MD5").as_deref(), Some(md5));
}

#[tokio::test]
async fn a_block_list_stores_only_the_hash_that_it_has() {
    let account = account().await;
    let commit = async |headers: &[(&str, &str)]| {
        let target = "/state/log?comp=blocklist";
        let body = "<BlockList/>";
        account.blob_call(RawRequest { method: "PUT", target, headers, body }).await.code()
    };
    assert_eq!(commit(&[]).await, "201 -");
    assert_eq!(get_blob(&account, "/state/log").await.header("content-md5"), None);
    // The service does not know whether it is that of the blob.
    let any = "sQqNsWTgdUEFt6mb5y4/5Q==";
    assert_eq!(commit(&[("x-ms-blob-content-md5", any)]).await, "201 -");
    assert_eq!(get_blob(&account, "/state/log").await.header("content-md5"), Some(any));
    assert_eq!(commit(&[("x-ms-blob-content-md5", "junk")]).await, "400 InvalidMd5");
    assert_eq!(commit(&[("content-md5", any)]).await, "400 Md5Mismatch");
}

#[tokio::test]
async fn a_range_has_its_own_hash_on_request() {
    let account = account().await;
    let large = format!("Hello World{}", "x".repeat(4 << 20));
    assert_eq!(account.blob_call(put_blob(&[BLOCK_BLOB], &large)).await.code(), "201 -");
    let wanted = ("x-ms-range-get-content-md5", "true");
    let get = async |headers: &[(&str, &str)]| {
        let target = "/state/claim";
        account.blob_call(RawRequest { method: "GET", target, headers, body: "" }).await
    };
    let part = get(&[("x-ms-range", "bytes=0-10"), wanted]).await;
    assert_eq!(
        (part.code().as_str(), part.header("content-md5")),
        ("206 -", Some("sQqNsWTgdUEFt6mb5y4/5Q=="))
    );
    assert!(part.header("x-ms-blob-content-md5").is_some());
    let part = get(&[("range", "bytes=0-10")]).await;
    assert_eq!((part.code().as_str(), part.header("content-md5")), ("206 -", None));
    assert_eq!(get(&[wanted]).await.code(), "400 InvalidHeaderValue");
    assert_eq!(get(&[("x-ms-range", "bytes=0-"), wanted]).await.code(), "400 InvalidHeaderValue");
}

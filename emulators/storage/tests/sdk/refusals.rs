//! Requests that the service refuses, each with its published code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::account::TestAccount;
use crate::raw::{RawRequest, RawResponse, send};

const MESSAGE: &str = "<QueueMessage><MessageText>job</MessageText></QueueMessage>";
const BLOCK_BLOB: (&str, &str) = ("x-ms-blob-type", "BlockBlob");

async fn account() -> TestAccount {
    let account = TestAccount::open().await;
    let put = |target| RawRequest { method: "PUT", target, ..RawRequest::default() };
    assert_eq!(account.queue_call(put("/jobs")).await.code(), "201 -");
    assert_eq!(account.blob_call(put("/state?restype=container")).await.code(), "201 -");
    account
}

fn put_blob<'a>(headers: &'a [(&'a str, &'a str)], body: &'a str) -> RawRequest<'a> {
    RawRequest { method: "PUT", target: "/state/claim", headers, body }
}

async fn post(account: &TestAccount, query: &str, body: &str) -> RawResponse {
    let target = format!("/jobs/messages{query}");
    account.queue_call(RawRequest { method: "POST", target: &target, headers: &[], body }).await
}

async fn get_queue(account: &TestAccount, target: &str) -> RawResponse {
    account.queue_call(RawRequest { method: "GET", target, ..RawRequest::default() }).await
}

async fn get_blob(account: &TestAccount, target: &str) -> RawResponse {
    account.blob_call(RawRequest { method: "GET", target, ..RawRequest::default() }).await
}

/// Returns the code and the details of a refused query parameter.
fn refused_parameter(response: &RawResponse) -> String {
    let details = ["QueryParameterName", "QueryParameterValue", "MinimumAllowed", "MaximumAllowed"];
    let details = details.map(|name| response.element(name).unwrap_or_default());
    format!("{} {}", response.code(), details.join(" ")).trim_end().to_owned()
}

#[tokio::test]
async fn only_published_versions_are_accepted() {
    let account = account().await;
    for (version, code) in [
        ("2015-04-05", "200 -"),
        ("2019-07-07", "200 -"),
        ("2026-10-06", "200 -"),
        ("2026-12-06", "400 InvalidHeaderValue"),
        ("2099-01-01", "400 InvalidHeaderValue"),
        ("2020-01-01", "400 InvalidHeaderValue"),
        ("2026-4-6", "400 InvalidHeaderValue"),
        ("banana", "400 InvalidHeaderValue"),
        ("", "400 InvalidHeaderValue"),
        // It was published, but its formats are not modelled.
        ("2012-02-12", "501 NotImplemented"),
    ] {
        let headers = [("x-ms-version", version)];
        for response in [
            account
                .queue_call(RawRequest {
                    method: "GET",
                    target: "/?comp=list",
                    headers: &headers,
                    body: "",
                })
                .await,
            account
                .blob_call(RawRequest {
                    method: "GET",
                    target: "/state?restype=container&comp=list",
                    headers: &headers,
                    body: "",
                })
                .await,
        ] {
            assert_eq!(response.code(), code, "{version}");
            if code.starts_with("400") {
                assert_eq!(response.element("HeaderName").as_deref(), Some("x-ms-version"));
                let value = response.element("HeaderValue").unwrap_or_default();
                assert_eq!(value, version);
            } else if code.starts_with("200") {
                assert_eq!(response.header("x-ms-version"), Some(version));
            }
        }
    }
}

#[tokio::test]
async fn older_versions_have_their_own_rules() {
    let account = account().await;
    let post = async |version: &str, query: &str| {
        let target = format!("/jobs/messages{query}");
        let headers = [("x-ms-version", version)];
        account
            .queue_call(RawRequest {
                method: "POST",
                target: &target,
                headers: &headers,
                body: MESSAGE,
            })
            .await
    };
    assert!(post("2015-12-11", "").await.body.is_empty());
    assert!(post("2016-05-31", "").await.text().contains("<MessageId>"));
    assert_eq!(
        post("2017-04-17", "?messagettl=604801").await.code(),
        "400 OutOfRangeQueryParameterValue"
    );
    assert_eq!(
        post("2017-04-17", "?messagettl=-1").await.code(),
        "400 OutOfRangeQueryParameterValue"
    );
    assert_eq!(post("2017-07-29", "?messagettl=-1").await.code(), "201 -");
}

#[tokio::test]
async fn a_body_needs_a_length() {
    let account = account().await;
    let chunked = [("transfer-encoding", "chunked"), BLOCK_BLOB];
    let body = "3\r\njob\r\n0\r\n\r\n";
    let block = "/state/claim?comp=block&blockid=YQ%3D%3D";
    for target in ["/state/claim", block, "/state/claim?comp=blocklist"] {
        let put = RawRequest { method: "PUT", target, headers: &chunked, body };
        assert_eq!(
            account.blob_call(put).await.code(),
            "411 MissingContentLengthHeader",
            "{target}"
        );
    }
    let chunks = format!("{:x}\r\n{MESSAGE}\r\n0\r\n\r\n", MESSAGE.len());
    let post =
        RawRequest { method: "POST", target: "/jobs/messages", headers: &chunked, body: &chunks };
    assert_eq!(account.queue_call(post).await.code(), "411 MissingContentLengthHeader");
    let target = "/jobs/messages/00000000-0000-0000-0000-000000000000?popreceipt=AAAAAAAAAAAAAAAAAAAAAA%3D%3D&visibilitytimeout=1";
    let update = RawRequest { method: "PUT", target, headers: &chunked, body: &chunks };
    assert_eq!(account.queue_call(update).await.code(), "411 MissingContentLengthHeader");

    // Neither a length nor chunks.
    let head = format!(
        "PUT /mayfly/state/claim?{} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\nx-ms-blob-type: BlockBlob\r\n\r\n",
        account.sas()
    );
    let put = send(&account.blob_port.url, head.as_bytes()).await;
    assert_eq!(put.code(), "411 MissingContentLengthHeader");
    assert!(account.blobs.emulator.names("state").is_empty());
    assert!(account.queues.emulator.messages("jobs").is_empty());
}

#[tokio::test]
async fn a_message_must_be_the_documented_xml() {
    let account = account().await;
    for (body, code) in [
        (MESSAGE, "201 -"),
        ("\u{feff}<?xml version=\"1.0\"?><QueueMessage><MessageText/></QueueMessage>", "201 -"),
        ("<QueueMessage><MessageText>a&#13;b&#x9;</MessageText></QueueMessage>", "201 -"),
        (
            "<QueueMessage><MessageText>a\u{1}b</MessageText></QueueMessage>",
            "400 InvalidXmlDocument",
        ),
        (
            "<QueueMessage><MessageText>a&#1;b</MessageText></QueueMessage>",
            "400 InvalidXmlDocument",
        ),
        (
            "<QueueMessage><MessageText>&#xFFFE;</MessageText></QueueMessage>",
            "400 InvalidXmlDocument",
        ),
        ("<Message><MessageText>job</MessageText></Message>", "400 InvalidXmlDocument"),
        ("<MessageText>job</MessageText>", "400 InvalidXmlDocument"),
        ("<QueueMessage><MessageText>job</QueueMessage>", "400 InvalidXmlDocument"),
        ("<QueueMessage/><QueueMessage/>", "400 InvalidXmlDocument"),
        ("{\"text\":\"job\"}", "400 InvalidXmlDocument"),
        ("", "400 InvalidXmlDocument"),
        ("<QueueMessage></QueueMessage>", "400 MissingRequiredXmlNode"),
        ("<QueueMessage><Text>job</Text></QueueMessage>", "400 UnsupportedXmlNode"),
        ("<QueueMessage><MessageText><b/></MessageText></QueueMessage>", "400 InvalidXmlNodeValue"),
    ] {
        assert_eq!(post(&account, "", body).await.code(), code, "{body:?}");
    }
    let texts: Vec<_> =
        account.queues.emulator.messages("jobs").into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["job", "", "a\rb\t"]);
    let peeked = get_queue(&account, "/jobs/messages?peekonly=true&numofmessages=32").await;
    assert!(peeked.text().contains("<MessageText>a&#13;b\t</MessageText>"), "{}", peeked.text());
}

#[tokio::test]
async fn a_block_list_must_be_the_documented_xml() {
    let account = account().await;
    for (body, code) in [
        ("<BlockList/>", "201 -"),
        ("<BlockList><Latest>YQ==</Latest></BlockList>", "400 InvalidBlockList"),
        ("<BlockList><Latest>not base64!</Latest></BlockList>", "400 InvalidBlockId"),
        ("<BlockList><Newest>YQ==</Newest></BlockList>", "400 UnsupportedXmlNode"),
        ("<Blocks><Latest>YQ==</Latest></Blocks>", "400 InvalidXmlDocument"),
        ("<BlockList><Latest>YQ==", "400 InvalidXmlDocument"),
        ("", "400 InvalidXmlDocument"),
    ] {
        let target = "/state/log?comp=blocklist";
        let put = RawRequest { method: "PUT", target, headers: &[], body };
        assert_eq!(account.blob_call(put).await.code(), code, "{body}");
    }
}

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
async fn a_refused_parameter_is_named_with_its_range() {
    let account = account().await;
    let out = "400 OutOfRangeQueryParameterValue";
    let invalid = "400 InvalidQueryParameterValue";
    for (query, expected) in [
        ("?visibilitytimeout=604801", format!("{out} visibilitytimeout 604801 0 604800")),
        ("?visibilitytimeout=-1", format!("{out} visibilitytimeout -1 0 604800")),
        ("?visibilitytimeout=soon", format!("{invalid} visibilitytimeout soon")),
        ("?messagettl=0", format!("{invalid} messagettl 0")),
        ("?messagettl=30&visibilitytimeout=30", format!("{invalid} visibilitytimeout 30")),
        ("?timeout=abc", format!("{invalid} timeout abc")),
        ("?timeout=1&timeout=2", format!("{invalid} timeout 1,2")),
    ] {
        assert_eq!(refused_parameter(&post(&account, query, MESSAGE).await), expected);
    }
    for (target, expected) in [
        ("/jobs/messages?numofmessages=0", format!("{out} numofmessages 0 1 32")),
        ("/jobs/messages?numofmessages=33", format!("{out} numofmessages 33 1 32")),
        ("/jobs/messages?visibilitytimeout=0", format!("{out} visibilitytimeout 0 1 604800")),
        ("/?comp=list&include=junk", format!("{invalid} include junk")),
        ("/?comp=list&include=metadata,junk", format!("{invalid} include metadata,junk")),
    ] {
        assert_eq!(refused_parameter(&get_queue(&account, target).await), expected);
    }
    let lists = ["/?comp=list&", "/state?restype=container&comp=list&"];
    for list in lists {
        let get = async |query: &str| get_blob(&account, &format!("{list}{query}")).await;
        assert!(
            refused_parameter(&get("maxresults=0").await)
                .starts_with(&format!("{out} maxresults 0 1"))
        );
        assert_eq!(
            refused_parameter(&get("maxresults=x").await),
            format!("{invalid} maxresults x")
        );
        assert_eq!(
            refused_parameter(&get("include=junk").await),
            format!("{invalid} include junk")
        );
        assert_eq!(get("maxresults=5001").await.code(), "200 -");
    }
    assert_eq!(get_queue(&account, "/?comp=list&maxresults=5001").await.code(), "200 -");
    assert_eq!(get_queue(&account, "/?comp=list&maxresults=0").await.code(), out);
}

#[tokio::test]
async fn include_and_names_of_parameters_ignore_case() {
    let account = account().await;
    let headers = [BLOCK_BLOB, ("x-ms-meta-by", "octo")];
    assert_eq!(account.blob_call(put_blob(&headers, "")).await.code(), "201 -");
    for query in [
        "include=Metadata",
        "include=METADATA",
        "Include=metadata",
        "include=copy%2CMetadata",
        "include=copy&include=metadata",
    ] {
        let target = format!("/state?ResType=container&Comp=List&{query}");
        let listed = get_blob(&account, &target).await;
        assert_eq!(listed.element("by").as_deref(), Some("octo"), "{query} {}", listed.text());
    }
    assert_eq!(
        get_blob(&account, "/state?restype=container&comp=list&include=").await.element("by"),
        None
    );
    for value in ["UncommittedBlobs", "Snapshots", "deleted", "versions", "Tags", "metadata,tags"] {
        let target = format!("/state?restype=container&comp=list&include={value}");
        assert_eq!(get_blob(&account, &target).await.code(), "501 NotImplemented", "{value}");
    }
    for value in ["Deleted", "system"] {
        let target = format!("/?comp=list&include={value}");
        assert_eq!(get_blob(&account, &target).await.code(), "501 NotImplemented", "{value}");
    }
    let created = RawRequest { method: "PUT", target: "/other", headers: &headers[1..], body: "" };
    assert_eq!(account.queue_call(created).await.code(), "201 -");
    let listed = get_queue(&account, "/?comp=list&include=Metadata").await;
    assert_eq!(listed.element("by").as_deref(), Some("octo"));
}

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

#[tokio::test]
async fn a_malformed_receipt_is_not_a_stale_one() {
    let account = account().await;
    post(&account, "", MESSAGE).await;
    let got = get_queue(&account, "/jobs/messages").await;
    let id = got.element("MessageId").unwrap();
    let stale = STANDARD.encode([7; 16]).replace('=', "%3D");
    for (id, receipt, code) in [
        (id.as_str(), "invalid", "400 InvalidQueryParameterValue"),
        (id.as_str(), "aW52YWxpZA%3D%3D", "400 InvalidQueryParameterValue"),
        (id.as_str(), "", "400 InvalidQueryParameterValue"),
        (id.as_str(), stale.as_str(), "400 PopReceiptMismatch"),
        ("00000000-0000-4000-8000-000000000000", stale.as_str(), "404 MessageNotFound"),
        ("no-id", stale.as_str(), "404 MessageNotFound"),
    ] {
        let target = format!("/jobs/messages/{id}?popreceipt={receipt}&visibilitytimeout=1");
        for method in ["DELETE", "PUT"] {
            let target = if method == "PUT" {
                target.as_str()
            } else {
                target.split("&vis").next().unwrap()
            };
            let call = RawRequest { method, target, ..RawRequest::default() };
            let response = account.queue_call(call).await;
            assert_eq!(response.code(), code, "{method} {target}");
            if code.ends_with("Value") {
                assert_eq!(response.element("QueryParameterName").as_deref(), Some("popreceipt"));
                assert_eq!(
                    response.element("Reason").as_deref(),
                    Some("Invalid pop receipt format")
                );
            }
        }
    }
    let missing = RawRequest {
        method: "DELETE",
        target: &format!("/jobs/messages/{id}"),
        ..RawRequest::default()
    };
    assert_eq!(account.queue_call(missing).await.code(), "400 MissingRequiredQueryParameter");
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

/// Conditional headers, and the result of each combination.
struct ConditionCase {
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    code: &'static str,
}

const fn case(
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    code: &'static str,
) -> ConditionCase {
    ConditionCase { method, target, headers, code }
}

const PAST: &str = "Sat, 21 Nov 2026 11:00:00 GMT";
const FUTURE: &str = "Sat, 21 Nov 2026 13:00:00 GMT";
const CLAIM: &str = "/state/claim";
const CONTAINER: &str = "/state?restype=container";
const LIST: &str = "/state?restype=container&comp=list";
const BLOCK: &str = "/state/claim?comp=block&blockid=YQ%3D%3D";
const NOT_SUPPORTED: &str = "400 ConditionHeadersNotSupported";
const SEVERAL: &str = "400 MultipleConditionHeadersNotSupported";
const NOT_MET: &str = "412 ConditionNotMet";
const MALFORMED: &str = "400 InvalidHeaderValue";

const CONDITIONS: &[ConditionCase] = &[
    case("PUT", "/other?restype=container", &[("if-none-match", "*")], NOT_SUPPORTED),
    case("GET", CONTAINER, &[("if-match", "*")], NOT_SUPPORTED),
    case("GET", LIST, &[("if-modified-since", PAST)], NOT_SUPPORTED),
    case("PUT", BLOCK, &[("if-match", "*")], NOT_SUPPORTED),
    case("DELETE", CONTAINER, &[("if-match", "*")], NOT_SUPPORTED),
    case("DELETE", CONTAINER, &[("if-unmodified-since", PAST)], NOT_MET),
    case("GET", CLAIM, &[("if-modified-since", "yesterday")], MALFORMED),
    case("GET", CLAIM, &[("if-modified-since", "2026-11-21T11:00:00Z")], MALFORMED),
    case("GET", CLAIM, &[("if-modified-since", PAST), ("if-modified-since", PAST)], MALFORMED),
    case("GET", CLAIM, &[("if-match", "\"0x0\""), ("if-match", "*")], NOT_MET),
    case("GET", CLAIM, &[("if-match", "\"0x0\""), ("if-none-match", "\"0x1\"")], NOT_MET),
    case("GET", CLAIM, &[("if-none-match", "\"0x0\""), ("if-modified-since", FUTURE)], "200 -"),
    case("GET", CLAIM, &[("if-modified-since", FUTURE)], "304 ConditionNotMet"),
    case("GET", CLAIM, &[("if-unmodified-since", PAST)], NOT_MET),
    case("GET", CLAIM, &[("if-unmodified-since", PAST), ("if-modified-since", FUTURE)], NOT_MET),
    case("GET", CLAIM, &[("if-none-match", "*")], "400 UnsatisfiableCondition"),
    case("DELETE", CLAIM, &[("if-match", "*"), ("if-none-match", "\"0x0\"")], SEVERAL),
    case("DELETE", CLAIM, &[("if-match", "\"0x0\""), ("if-match", "\"0x1\"")], SEVERAL),
    case("DELETE", CLAIM, &[("if-modified-since", PAST), ("if-unmodified-since", PAST)], SEVERAL),
    case("DELETE", CLAIM, &[("if-none-match", "*")], NOT_MET),
    case("DELETE", CLAIM, &[("if-match", "*"), ("if-unmodified-since", PAST)], "202 -"),
];

#[tokio::test]
async fn an_operation_accepts_only_its_conditional_headers() {
    let account = account().await;
    assert_eq!(account.blob_call(put_blob(&[BLOCK_BLOB], "")).await.code(), "201 -");
    for ConditionCase { method, target, headers, code } in CONDITIONS {
        let response = account.blob_call(RawRequest { method, target, headers, body: "" }).await;
        assert_eq!(response.code(), *code, "{method} {target} {headers:?}");
        if *code == MALFORMED {
            assert_eq!(response.element("HeaderName").as_deref(), Some("if-modified-since"));
            assert!(response.element("HeaderValue").is_some());
        }
    }
}

#[tokio::test]
async fn a_doubled_field_invalidates_a_sas() {
    let account = account().await;
    for extra in ["&sig=AAAA", "&SIG=AAAA", "&sp=r", "&se=2099-01-01T00:00:00Z", "&sv=2026-04-06"] {
        let target = format!("/?comp=list{extra}");
        assert_eq!(
            get_queue(&account, &target).await.code(),
            "403 AuthenticationFailed",
            "{extra}"
        );
    }
}

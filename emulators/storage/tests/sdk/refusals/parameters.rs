//! Query parameters, among them receipts and the fields of a SAS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

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

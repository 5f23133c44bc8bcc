//! Versions of the REST API.

use super::*;

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

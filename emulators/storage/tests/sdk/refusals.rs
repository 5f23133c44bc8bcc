//! Requests that the service refuses, each with its published code.

mod bodies;
mod checksums;
mod conditions;
mod names;
mod parameters;
mod versions;

use crate::account::TestAccount;
use crate::raw::{RawRequest, RawResponse};

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

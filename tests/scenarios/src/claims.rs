//! The claims in the storage account, read with List Blobs and Get Blob.

use local_deployment::{STATE, Storage};
use reqwest::Client;

/// Returns the name and the nonce of each claim.
pub(crate) async fn claims(storage: &Storage, client: &Client) -> Vec<(String, String)> {
    let list = format!("{}&restype=container&comp=list&prefix=claims/", storage.state_url());
    let list = read(&list, client).await;
    let names = list.split("<Name>").skip(1).filter_map(|rest| rest.split_once("</Name>"));
    let mut claims = Vec::new();
    for (name, _) in names {
        let url = format!("{}/{STATE}/{name}?{}", storage.blobs, storage.signature);
        claims.push((name.to_owned(), read(&url, client).await));
    }
    claims
}

async fn read(url: &str, client: &Client) -> String {
    let response = client.get(url).header("x-ms-version", "2026-04-06").send().await;
    let response = response.expect("a response").error_for_status().expect("success");
    response.text().await.expect("a text")
}

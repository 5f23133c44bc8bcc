//! Reads the claims as any client of the storage account would: List Blobs, then Get Blob.

use local_deployment::{STATE, Storage};
use reqwest::Client;

/// Lists the claims: the name of each, and the nonce that it holds.
pub(crate) async fn claims(storage: &Storage, client: &Client) -> Vec<(String, String)> {
    let list = format!("{}&restype=container&comp=list&prefix=claims/", storage.state());
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
    let answer = client.get(url).header("x-ms-version", "2026-04-06").send().await;
    let answer = answer.expect("an answer").error_for_status().expect("success");
    answer.text().await.expect("a text")
}

//! Stands something between the handler and GitHub, where whoever starts the stories asks for it.

use local_deployment::GithubFront;

/// Names an address that takes `{"upstream":…}`, the address of a GitHub, and answers `{"url":…}`, the one
/// that the handler is to call in its place.
const ADDRESS: &str = "MAYFLY_GITHUB_FRONT";

/// Makes the front that the environment asks for, if it does.
#[expect(clippy::disallowed_methods, reason = "whoever starts the stories asks for it here")]
pub(crate) fn asked_for() -> Option<GithubFront> {
    let address = std::env::var(ADDRESS).ok()?;
    Some(Box::new(|github| Box::pin(async { Ok(put(address, github).await) })))
}

async fn put(address: String, github: String) -> String {
    let client = handler::transport::http_client(None).expect("a client");
    let order = serde_json::json!({ "upstream": github });
    let answer = client.post(&address).json(&order).send().await.expect("the front answers");
    let placed: serde_json::Value = answer.json().await.expect("the front's JSON");
    placed["url"].as_str().expect("the front's address").to_owned()
}

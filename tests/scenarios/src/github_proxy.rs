//! An optional proxy between the handler and GitHub, such as a contract checker.

use local_deployment::GithubProxy;

/// The environment variable with a URL that accepts `{"upstream":…}`, the URL of a GitHub, and responds with
/// `{"url":…}`, the URL that the handler calls instead.
const ADDRESS: &str = "MAYFLY_GITHUB_FRONT";

/// Returns the proxy that the environment variable selects.
#[expect(clippy::disallowed_methods, reason = "tests are configured by this variable")]
pub(crate) fn from_environment() -> Option<GithubProxy> {
    let address = std::env::var(ADDRESS).ok()?;
    Some(Box::new(|github| Box::pin(async { Ok(start(address, github).await) })))
}

async fn start(address: String, github: String) -> String {
    let client = handler::transport::http_client(None).expect("a client");
    let request = serde_json::json!({ "upstream": github });
    let response = client.post(&address).json(&request).send().await.expect("the proxy answers");
    let started: serde_json::Value = response.json().await.expect("the proxy's JSON");
    started["url"].as_str().expect("the proxy's URL").to_owned()
}

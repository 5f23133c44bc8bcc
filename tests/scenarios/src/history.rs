//! The history blobs of a test environment.

use local_deployment::STATE;
use reqwest::{Method, RequestBuilder};

use crate::TestEnvironment;

const VERSION: &str = "2026-04-06";

impl TestEnvironment {
    /// Returns the names of the history blobs, without their folder.
    pub fn history_blobs(&self) -> Vec<String> {
        let names = self.deployment.blobs.emulator.names(STATE);
        let names = names.iter().filter_map(|name| name.strip_prefix("history/"));
        names.map(str::to_owned).collect()
    }

    /// Returns the lines of all blobs of a folder of the history.
    ///
    /// # Panics
    /// A blob cannot be read.
    pub async fn history_lines(&self, folder: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for name in self.history_blobs().iter().filter(|name| name.starts_with(folder)) {
            let text = self.raw_history(name).await;
            lines.extend(text.lines().map(|line| self.number_jobs(line)));
        }
        lines
    }

    /// Returns the text of a history blob.
    ///
    /// # Panics
    /// It cannot be read.
    pub async fn raw_history(&self, name: &str) -> String {
        let response = self.blob_request(Method::GET, name, "").send().await;
        response.expect("a response").text().await.expect("a text")
    }

    /// Appends text to a history blob.
    ///
    /// # Panics
    /// Storage rejects the request.
    pub async fn append_to_history(&self, name: &str, text: &str) {
        let request = self.blob_request(Method::PUT, name, "&comp=appendblock");
        let response = request.body(text.to_owned()).send().await.expect("a response");
        assert_eq!(response.status(), 201, "{name}");
    }

    /// Creates a history blob of a type, which is replaced if it exists.
    ///
    /// # Panics
    /// Storage rejects the request.
    pub async fn create_history_blob(&self, name: &str, kind: &str) {
        let request = self
            .blob_request(Method::PUT, name, "")
            .header("x-ms-blob-type", kind)
            .header("content-length", "0");
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), 201, "{name}");
    }

    fn blob_request(&self, method: Method, name: &str, query: &str) -> RequestBuilder {
        let storage = &self.deployment.storage;
        let url = format!("{}/{STATE}/history/{name}?{}{query}", storage.blobs, storage.signature);
        self.client.request(method, url).header("x-ms-version", VERSION)
    }
}

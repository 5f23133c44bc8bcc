//! Reads the metadata that GitHub publishes about itself.

use serde::Deserialize;
use serde_json::Value;

use super::{Github, GithubError};
use crate::firewall::plan::MetaResponse;

#[derive(Deserialize)]
struct MetaBody {
    /// Missing if this GitHub publishes none. It is validated elsewhere.
    #[serde(default)]
    hooks: Value,
}

impl Github {
    /// Reads the ranges from which webhooks come, unless the response still has this entity tag.
    ///
    /// The request is authenticated, although this is not required: anonymous requests are limited to 60 an hour for
    /// each address, and an app without its own network shares its address with other customers.
    ///
    /// <https://docs.github.com/en/rest/meta/meta#get-github-meta-information>
    pub async fn hook_ranges(&self, tag: Option<&str>) -> Result<MetaResponse, GithubError> {
        let changed = self.get_changed("reading the webhook ranges", "meta", tag).await?;
        Ok(changed.map_or(MetaResponse::Unchanged, |(MetaBody { hooks }, tag)| {
            MetaResponse::Hooks(hooks, tag)
        }))
    }
}

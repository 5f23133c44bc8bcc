//! What GitHub publishes about itself.

use serde::Deserialize;
use serde_json::Value;

use super::{Github, GithubError};
use crate::firewall::plan::Answer;

#[derive(Deserialize)]
struct MetaBody {
    /// Absent where this GitHub publishes none; judged elsewhere, whatever it is.
    #[serde(default)]
    hooks: Value,
}

impl Github {
    /// Reads where webhooks come from, unless the answer still has this tag.
    ///
    /// It goes with the token, though everybody may ask: without one the limit is 60 an hour for an address,
    /// and an app without a network of its own shares its address with strangers.
    ///
    /// <https://docs.github.com/en/rest/meta/meta#get-github-meta-information>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn hook_ranges(&self, tag: Option<&str>) -> Result<Answer, GithubError> {
        let changed = self.get_changed("reading where webhooks come from", "meta", tag).await?;
        Ok(changed.map_or(Answer::Unchanged, |(MetaBody { hooks }, tag)| Answer::Hooks(hooks, tag)))
    }
}

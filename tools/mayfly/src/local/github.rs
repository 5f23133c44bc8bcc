//! The access of `mayfly local` to GitHub: it is checked before the start, and removes what would remain at the end.

use std::collections::BTreeMap;

use anyhow::Context;
use handler::github::{Github, Presence};
use handler::repository::AllowedRepositories;
use handler::settings::GithubSettings;
use handler::storage::Minted;
use url::Url;

use crate::github_access::{client, explain};

/// A client of GitHub with the handler's settings.
pub(super) struct GithubAccess {
    github: Github,
    api: Url,
}

/// What became of a runner's registration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Registration {
    /// The runner has a job.
    Busy,
    /// It waited for a job, and is registered no more.
    Removed,
    /// It was registered no more.
    Absent,
}

impl GithubAccess {
    /// Creates a client. Sends nothing yet.
    pub(super) fn with_settings(settings: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let settings = GithubSettings::read(|name| settings.get(name).cloned());
        let settings = settings.context("use the options")?;
        Ok(Self { github: client(&settings)?, api: settings.api })
    }

    /// Checks that the credential sees the runners of each repository that is named in full.
    pub(super) async fn check(&self, allowed: &AllowedRepositories) -> anyhow::Result<()> {
        for repository in allowed.named() {
            let seen = self.github.runners(&repository).await;
            seen.map_err(explain)
                .with_context(|| format!("use the credential for {repository} at {}", self.api))?;
        }
        Ok(())
    }

    /// Removes a runner, unless it has a job.
    pub(super) async fn release(
        &self,
        task: &str,
        minted: &Minted,
    ) -> anyhow::Result<Registration> {
        let Some(level) = &minted.level else { return Ok(Registration::Absent) };
        match self.github.presence(level, task).await.map_err(explain)? {
            Presence::Busy => Ok(Registration::Busy),
            Presence::Absent => Ok(Registration::Absent),
            Presence::Idle | Presence::Offline => {
                let removed = self.github.remove_unused(level, minted.runner).await;
                Ok(match removed.map_err(explain)? {
                    true => Registration::Removed,
                    false => Registration::Busy,
                })
            }
        }
    }
}

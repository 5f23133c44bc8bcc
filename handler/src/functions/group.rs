//! Finds the runner group of a runner, and compares its access with the settings.

use crate::app::App;
use crate::github::GithubError;
use crate::repository::Repository;
use crate::runner_group::{TooWide, check};

/// The only group of a repository's runners.
const REPOSITORY_GROUP: u64 = 1;

/// Why a runner cannot be registered in its group.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegistrationError {
    #[error(transparent)]
    TooWide(#[from] TooWide),
    #[error(transparent)]
    Github(#[from] GithubError),
}

/// Returns the id of the group of this name, if it admits no more repositories than the settings do.
pub(super) async fn group(
    app: &App,
    repository: &Repository,
    name: &str,
) -> Result<u64, RegistrationError> {
    let Some(group) = app.github.runner_group(repository, name).await? else {
        return Ok(REPOSITORY_GROUP);
    };
    check(&group, &app.webhook.policy)?;
    Ok(group.id)
}

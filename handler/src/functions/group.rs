//! Finds the runner group of a runner, and holds it to the settings.

use crate::app::App;
use crate::github::GithubError;
use crate::repository::Repository;
use crate::runner_group::{TooWide, check};

/// The one group of a repository.
const OF_A_REPOSITORY: u64 = 1;

/// Why a runner joins no group.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegistrationError {
    #[error(transparent)]
    TooWide(#[from] TooWide),
    #[error(transparent)]
    Github(#[from] GithubError),
}

/// Finds the number of the group of this name, if it is no wider than the settings.
pub(super) async fn group(
    app: &App,
    repository: &Repository,
    name: &str,
) -> Result<u64, RegistrationError> {
    let Some(group) = app.github.runner_group(repository, name).await? else {
        return Ok(OF_A_REPOSITORY);
    };
    check(&group, &app.webhook.policy)?;
    Ok(group.id)
}

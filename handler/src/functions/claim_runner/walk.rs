//! Fetches what the walk along stolen runners needs to see; [`crate::claim`] decides.

use std::time::Duration;

use tracing::info;

use super::{Claimant, Unclaimed};
use crate::batch::BatchError;
use crate::batch_job::BatchJobId;
use crate::claim::{Gone, SeenJob, Step, WALK_LIMIT, step};
use crate::functions::App;
use crate::message::RunnerRequest;
use crate::profiles::{Match, match_profile};
use crate::repository::Repository;
use crate::task::TaskId;

/// Where a walk ended.
pub(super) enum Walk {
    /// At a job that this runner can serve, or at the limit.
    Serve,
    /// At proof that nobody needs this runner.
    Gone(Gone),
    /// At a job for another profile, for which a runner has been asked.
    Replaced,
}

/// Walks from the runner's own job along the runners that took each other's jobs.
pub(super) async fn walk(app: &App, claimant: &Claimant) -> Result<Walk, Unclaimed> {
    let mut made_for = claimant.id.clone();
    let mut repository = claimant.repository.clone();
    for _ in 0..WALK_LIMIT {
        let asked = made_for.job;
        let job = app.github.job(&repository, asked).await?;
        match step(&claimant.id, &claimant.profile, &app.runners.deployment, asked, &job) {
            Step::Serve => return Ok(Walk::Serve),
            Step::Gone(gone) => return Ok(Walk::Gone(gone)),
            Step::Replace => return replace(app, &made_for, repository, &job).await,
            Step::Unclear => {
                return Err(Unclaimed::Unclear(format!(
                    "job {asked} is {} without a runner",
                    job.status
                )));
            }
            Step::Ask(thief) => {
                info!(function = "ClaimRunner", task.id = %claimant.id, job.id = asked, runner = %thief, "taken");
                repository = repository_of(app, &thief).await?;
                made_for = thief;
            }
        }
    }
    Ok(Walk::Serve)
}

/// Finds the repository of a runner's job in its task, whichever Batch job holds it: the first one of a
/// profile in all likelihood, or one that has taken over.
async fn repository_of(app: &App, runner: &TaskId) -> Result<Repository, Unclaimed> {
    let profiles = app.webhook.policy.profiles.iter();
    for place in profiles.map(|profile| BatchJobId::new(&profile.name, 1)) {
        if let Some(repository) = told(app, &place, runner).await? {
            return Ok(repository);
        }
    }
    for (place, _) in app.batch.jobs().await? {
        if place.generation > 1
            && let Some(repository) = told(app, &place, runner).await?
        {
            return Ok(repository);
        }
    }
    Err(Unclaimed::Unclear(format!("the task of runner {runner} cannot be read")))
}

/// Reads what a runner's task was told of its repository, where this Batch job holds the task.
async fn told(
    app: &App,
    place: &BatchJobId,
    runner: &TaskId,
) -> Result<Option<Repository>, BatchError> {
    let task = match app.batch.task(place, &runner.to_string()).await {
        Err(BatchError::NoTask(_)) => return Ok(None),
        seen => seen?,
    };
    Ok(task.variable("RUNNER_REPOSITORY").and_then(|name| Repository::try_from(name).ok()))
}

/// Asks for a runner that the job's labels fit; its number follows that of the runner that went astray.
async fn replace(
    app: &App,
    astray: &TaskId,
    repository: Repository,
    job: &SeenJob,
) -> Result<Walk, Unclaimed> {
    let Match::Profile(profile) = match_profile(&job.labels, &app.webhook.policy.profiles) else {
        return Err(Unclaimed::Unclear(format!("no profile serves job {}", astray.job)));
    };
    let request = RunnerRequest {
        job: astray.job,
        run: job.run,
        repository,
        profile: profile.name.clone(),
        pinned: profile.pinned(&job.labels),
        generation: 1,
        replacement: astray.replacement + 1,
        requested_at: app.clock.now(),
    };
    app.queue.put(&request, Duration::ZERO).await?;
    Ok(Walk::Replaced)
}

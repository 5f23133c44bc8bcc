//! Fetches what the walk along stolen runners needs to see; [`crate::claim`] decides.

use tracing::info;

use crate::app::App;
use crate::batch::BatchError;
use crate::batch_job::BatchJobId;
use crate::claim::{NotNeeded, SeenJob, Step, step};
use crate::github::GithubError;
use crate::message::RunnerRequest;
use crate::profiles::{Match, Profile, match_profile};
use crate::repository::Repository;
use crate::task::TaskId;

mod ahead;

pub(super) use ahead::{Ahead, ahead};

/// The most jobs that one walk asks GitHub after. Whoever asks again goes on from there: the way so far is known.
const MOST_QUESTIONS: usize = 32;

/// A walk, and the names that it led through: of tasks that were made for the asked jobs.
pub(super) struct Walked {
    pub(super) path: Vec<TaskId>,
    pub(super) end: End,
}

/// Where a walk ends.
pub(super) enum End {
    /// At a job that the runner can serve.
    Serve(Waiting),
    /// At a job that takes a runner of another profile.
    Replace(Waiting),
    /// At proof that nobody needs the runner.
    NotNeeded(NotNeeded),
}

/// A job that waits for a runner.
pub(super) struct Waiting {
    /// The task that was made for it, or would have been.
    pub(super) made_for: TaskId,
    pub(super) repository: Repository,
    pub(super) job: SeenJob,
}

/// A fact is missing, so nothing is decided.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interrupted {
    #[error("{0}; ask again")]
    Undetermined(String),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Github(#[from] GithubError),
}

/// Walks for runner `own`, of `profile`, from the job that `made_for` was made for.
pub(super) async fn walk(
    app: &App,
    own: &TaskId,
    profile: &Profile,
    mut made_for: TaskId,
    mut repository: Repository,
) -> Result<Walked, Interrupted> {
    let mut path = Vec::new();
    let mut questions = 0;
    loop {
        let asked = made_for.job;
        path.push(made_for.clone());
        let job = match app.chains.job(asked) {
            Some(job) => job,
            None if questions == MOST_QUESTIONS => {
                let text = format!("{MOST_QUESTIONS} more jobs have taken each other's runners");
                return Err(Interrupted::Undetermined(text));
            }
            None => {
                questions += 1;
                app.github.job(&repository, asked).await?
            }
        };
        let taker =
            job.runner.as_deref().and_then(|runner| app.runners.deployment.parse_task(runner));
        app.chains.keep_job(asked, &job, taker.as_ref());
        let end = match step(own, profile, &app.runners.deployment, &path, &job) {
            Step::Serve => End::Serve(Waiting { made_for, repository, job }),
            Step::Replace => End::Replace(Waiting { made_for, repository, job }),
            Step::NotNeeded(gone) => End::NotNeeded(gone),
            Step::Undetermined => {
                let text = format!("job {asked} is {} without a runner", job.status);
                return Err(Interrupted::Undetermined(text));
            }
            Step::Ask(thief) => {
                info!(task.id = %own, job.id = asked, runner = %thief, "taken");
                repository = repository_of(app, &thief).await?;
                made_for = thief;
                continue;
            }
        };
        return Ok(Walked { path, end });
    }
}

/// Finds the repository of a runner's job in its task, whichever Batch job holds it: the first one of a
/// profile in all likelihood, or one that has taken over.
pub(super) async fn repository_of(app: &App, runner: &TaskId) -> Result<Repository, Interrupted> {
    if let Some(known) = app.chains.repository(runner) {
        return Ok(known);
    }
    let found = look_up(app, runner).await?;
    app.chains.keep_repository(runner, &found);
    Ok(found)
}

async fn look_up(app: &App, runner: &TaskId) -> Result<Repository, Interrupted> {
    let profiles = app.webhook.policy.profiles.iter();
    for batch_job in profiles.map(|profile| BatchJobId::new(&profile.name, 1)) {
        if let Some(repository) = told(app, &batch_job, runner).await? {
            return Ok(repository);
        }
    }
    for (batch_job, _) in app.batch.jobs().await? {
        if batch_job.generation > 1
            && let Some(repository) = told(app, &batch_job, runner).await?
        {
            return Ok(repository);
        }
    }
    Err(Interrupted::Undetermined(format!("the task of runner {runner} cannot be read")))
}

/// Reads what a runner's task was told of its repository, where this Batch job holds the task.
async fn told(
    app: &App,
    batch_job: &BatchJobId,
    runner: &TaskId,
) -> Result<Option<Repository>, BatchError> {
    let task = match app.batch.task(batch_job, &runner.to_string()).await {
        Err(BatchError::NoTask(_)) => return Ok(None),
        seen => seen?,
    };
    Ok(task.variable("RUNNER_REPOSITORY").and_then(|name| Repository::try_from(name).ok()))
}

impl Waiting {
    /// Describes the runner that the job needs in place of those that went astray, the last of which had this
    /// number.
    pub(super) fn request(&self, app: &App, last: u32) -> Result<RunnerRequest, Interrupted> {
        let job = self.made_for.job;
        let Match::Profile(profile) = match_profile(&self.job.labels, &app.webhook.policy.profiles)
        else {
            return Err(Interrupted::Undetermined(format!("no profile serves job {job}")));
        };
        Ok(RunnerRequest {
            job,
            run: self.job.run,
            repository: self.repository.clone(),
            profile: profile.name.clone(),
            pinned: profile.pinned(&self.job.labels),
            generation: 1,
            replacement: last + 1,
            requested_at: app.clock.now(),
        })
    }
}

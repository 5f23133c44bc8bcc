//! Follows hints: a runner that was given another's job, and a job that ended without a runner.
//!
//! Reconciliation would find out the same, minutes later. Here is done what a few tasks tell, without a look at
//! all of them; whatever else there may be is left to reconciliation, and so is a hint that comes to nothing.

use std::time::Duration;

use anyhow::Context;

use crate::app::App;
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::functions::walk::{End, Walked, ahead, repository_of, walk};
use crate::message::{Cancelled, Message, Reassigned};
use crate::task::TaskId;

/// How far the request for a job's runner may be behind the news that the job runs.
const BEHIND: Duration = Duration::from_secs(15);

/// A task that was made for some job.
struct Made {
    batch_job: BatchJobId,
    id: TaskId,
    state: TaskState,
}

/// Asks for another runner in place of one that was given a job which has none of its own.
///
/// A job with a task of its own has but changed places with another: its task's walk leads on to where it owes
/// itself. Without one no walk leads through this job, so that the job at the walk's end has no runner; unless a
/// further task was made for a job on the way.
pub(super) async fn replace_stolen(app: &App, reassigned: &Reassigned) -> anyhow::Result<String> {
    let job = reassigned.job;
    let Some(stolen) = app.runners.deployment.parse_task(&reassigned.runner) else {
        return Ok(format!("runner {} is not of this deployment", reassigned.runner));
    };
    if has_own_task(app, reassigned).await? {
        return Ok(format!("job {job} has a task, which stands in for runner {stolen}"));
    }
    if !reassigned.again {
        let again = Reassigned { again: true, ..reassigned.clone() };
        app.queue.put(&Message::Reassigned(again), BEHIND).await?;
        return Ok(format!("job {job} runs on runner {stolen} and has no task yet"));
    }
    let Walked { path, end } = walk_of(app, reassigned, &stolen).await?;
    let (End::Serve(waiting) | End::Replace(waiting)) = end else {
        return Ok(format!("nobody misses runner {stolen}"));
    };
    if let Some(ahead) = ahead(app, &path).await? {
        return Ok(format!("task {} lives, and may stand in for {stolen}", ahead.task()));
    }
    let made = made_for(app, waiting.made_for.job, |_| true).await?;
    let numbers = made.iter().map(|made| made.id.replacement);
    let last = numbers.fold(waiting.made_for.replacement, u32::max);
    let request = waiting.request(app, last)?;
    let text = format!("job {job} took runner {stolen}, so that job {} needs one", request.job);
    app.queue.put(&Message::Request(request), Duration::ZERO).await?;
    Ok(text)
}

/// Ends the tasks of a job that never had a runner, and never will: the walk of each ends here. One that has
/// started finds out by itself.
pub(super) async fn end_superfluous(app: &App, cancelled: &Cancelled) -> anyhow::Result<String> {
    let Cancelled { job, profile } = cancelled;
    let mut ended = Vec::new();
    for made in made_for(app, *job, |batch_job| batch_job.profile == *profile).await? {
        if made.state == TaskState::Active {
            app.batch.terminate(&made.batch_job, &made.id.to_string()).await?;
            ended.push(made.id.to_string());
        }
    }
    Ok(match ended.as_slice() {
        [] => format!("no task waits for job {job}, which ended without a runner"),
        ended => format!("task {} ends: job {job} ended without a runner", ended.join(", ")),
    })
}

async fn has_own_task(app: &App, reassigned: &Reassigned) -> Result<bool, BatchError> {
    let first = app.runners.deployment.task(reassigned.job, 1).to_string();
    match app.batch.task(&BatchJobId::new(&reassigned.profile, 1), &first).await {
        Err(BatchError::NoTask(_)) => {}
        seen => return seen.map(|_| true),
    }
    Ok(!made_for(app, reassigned.job, |_| true).await?.is_empty())
}

async fn walk_of(app: &App, reassigned: &Reassigned, stolen: &TaskId) -> anyhow::Result<Walked> {
    let profiles = &app.webhook.policy.profiles;
    let profile = profiles.iter().find(|profile| profile.name == reassigned.profile);
    let profile = profile.with_context(|| format!("find profile {}", reassigned.profile))?;
    let repository = repository_of(app, stolen).await?;
    // The profile tells but whether the waiting job takes such a runner; it gets one of its own in any case.
    Ok(walk(app, stolen, profile, stolen.clone(), repository).await?)
}

/// Lists the tasks that were made for a job, in the Batch jobs that are asked for.
async fn made_for(
    app: &App,
    job: u64,
    wanted: impl Fn(&BatchJobId) -> bool,
) -> Result<Vec<Made>, BatchError> {
    let deployment = &app.runners.deployment;
    let prefix = deployment.task(job, 1).to_string();
    let mut made = Vec::new();
    for (batch_job, _) in
        app.batch.jobs().await?.into_iter().filter(|(batch_job, _)| wanted(batch_job))
    {
        let named = app.batch.tasks_named(&batch_job, &prefix).await?;
        made.extend(named.into_iter().filter_map(|task| {
            // `gh-12` begins the name of `gh-123` as well.
            let id = deployment.parse_task(&task.id).filter(|id| id.job == job)?;
            Some(Made { batch_job: batch_job.clone(), id, state: task.state })
        }));
    }
    Ok(made)
}

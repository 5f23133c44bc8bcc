//! Finds whom a walk would meet at its end: a further task of a job on the way owes itself to the same job.
//!
//! A job has a further task where its first one was given another job and GitHub told of the job again, or
//! where a task of another profile waited for room in a full pool.

use std::collections::BTreeSet;

use super::{App, Interrupted, repository_of};
use crate::batch::{BatchError, TaskState};
use crate::task::TaskId;

/// A further task of a job on the way, whose runner has no job.
pub(in crate::functions) enum Ahead {
    /// Its runner is registered, and idles.
    Idles(TaskId),
    /// It runs, and its runner is not registered: it claims, in all likelihood.
    Claims(TaskId),
    /// It waits for a node.
    Waits(TaskId),
}

/// Finds a further task; one with a node before one that waits for it.
///
/// Of the tasks of the claimant's job, those with a lower number are ahead of it. So of two that claim there is
/// always one that the other is not ahead of.
pub(in crate::functions) async fn ahead(
    app: &App,
    claimant: Option<&TaskId>,
    path: &[TaskId],
) -> Result<Option<Ahead>, Interrupted> {
    let mut waits = None;
    for (id, state) in further(app, claimant, path).await? {
        if state != TaskState::Running {
            waits = Some(Ahead::Waits(id));
            continue;
        }
        let repository = repository_of(app, &id).await?;
        match app.github.is_busy(&repository, &id.to_string()).await? {
            Some(true) => {}
            Some(false) => return Ok(Some(Ahead::Idles(id))),
            None => return Ok(Some(Ahead::Claims(id))),
        }
    }
    Ok(waits)
}

/// Lists the live tasks of the jobs on the way, besides those by which the walk came. Live tasks are listed in
/// whole: they are a page or two, and the way may be long.
async fn further(
    app: &App,
    claimant: Option<&TaskId>,
    path: &[TaskId],
) -> Result<Vec<(TaskId, TaskState)>, BatchError> {
    let jobs: BTreeSet<u64> = path.iter().map(|made_for| made_for.job).collect();
    let is_behind = |id: &TaskId| {
        claimant.is_some_and(|own| own.job == id.job && own.replacement < id.replacement)
    };
    let is_ahead = |id: &TaskId| jobs.contains(&id.job) && !path.contains(id) && !is_behind(id);
    let mut found = Vec::new();
    for (place, _) in app.batch.jobs().await? {
        let live = app.batch.live_tasks(&place).await?.into_iter();
        let ours =
            live.filter_map(|task| Some((app.runners.deployment.read(&task.id)?, task.state)));
        found.extend(ours.filter(|(id, _)| is_ahead(id)));
    }
    Ok(found)
}

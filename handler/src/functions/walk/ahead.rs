//! Finds whom a walk would meet at its end: another task owes itself to the same job.
//!
//! Each runner takes one job, so that two ways meet only at a job that has a further task: its first one was
//! given another job and GitHub told of the job again, or a task of another profile waited for room in a full
//! pool. What earlier walks have found out tells which ways lead there; what they have not, is not asked for.

use chrono::TimeDelta;

use super::{Interrupted, repository_of};
use crate::app::App;
use crate::batch::{BatchError, TaskState};
use crate::github::Presence;
use crate::task::TaskId;

/// How long a runner may be busy before GitHub says of its job that it is taken.
const TAKING: TimeDelta = TimeDelta::seconds(15);

/// Another task on the way to the same job, whose runner has no job, or has only just got one.
pub(crate) enum Ahead {
    /// Its runner is connected, and idles.
    Idles(TaskId),
    /// Its runner was given a job a moment ago: that one, perhaps.
    Takes(TaskId),
    /// Its runner is registered and not connected: it starts, in all likelihood.
    Starts(TaskId),
    /// It runs, and its runner is not registered: it claims, in all likelihood.
    Claims(TaskId),
    /// It waits for a node.
    Waits(TaskId),
}

impl Ahead {
    /// Tells which task it is.
    pub(crate) fn task(&self) -> &TaskId {
        match self {
            Self::Idles(task)
            | Self::Takes(task)
            | Self::Starts(task)
            | Self::Claims(task)
            | Self::Waits(task) => task,
        }
    }
}

/// Finds another task; one that is nearer to the job before one that is less near.
pub(crate) async fn ahead(app: &App, path: &[TaskId]) -> Result<Option<Ahead>, Interrupted> {
    let (mut takes, mut starts, mut claims, mut waits) = (None, None, None, None);
    for (id, state) in others(app, path).await? {
        if state != TaskState::Running {
            waits = waits.or(Some(Ahead::Waits(id)));
            continue;
        }
        let repository = repository_of(app, &id).await?;
        match app.github.presence(&repository, &id.to_string()).await? {
            Presence::Busy if app.chains.busy_for(&id, app.clock.now()) >= TAKING => {}
            Presence::Busy => takes = takes.or(Some(Ahead::Takes(id))),
            Presence::Idle => return Ok(Some(Ahead::Idles(id))),
            Presence::Offline => starts = starts.or(Some(Ahead::Starts(id))),
            Presence::Absent => claims = claims.or(Some(Ahead::Claims(id))),
        }
    }
    Ok(takes.or(starts).or(claims).or(waits))
}

/// Lists the live tasks from which a way leads to a job on this one, and whose runners have taken no job. Live
/// tasks are listed in whole: they are a page or two, and the way may be long.
async fn others(app: &App, path: &[TaskId]) -> Result<Vec<(TaskId, TaskState)>, BatchError> {
    let leading = app.chains.leading_to(path.iter().map(|made_for| made_for.job));
    let is_other =
        |id: &TaskId| leading.contains(&id.job) && !path.contains(id) && !app.chains.has_taken(id);
    let mut found = Vec::new();
    for (batch_job, _) in app.batch.jobs().await? {
        let live = app.batch.live_tasks(&batch_job).await?.into_iter();
        let ours = live
            .filter_map(|task| Some((app.runners.deployment.parse_task(&task.id)?, task.state)));
        found.extend(ours.filter(|(id, _)| is_other(id)));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

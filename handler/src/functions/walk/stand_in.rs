//! Finds what else was made for the jobs on the way of a walk.

use std::collections::BTreeSet;

use super::App;
use crate::batch::BatchError;
use crate::task::TaskId;

/// Finds a task that has not ended and was made for a job on the way, besides those by which the walk came: its
/// walk ends where this one does, so that it stands in for the runner that is missed there.
///
/// A job has a further task where its first one was given another job while a task of another profile waited
/// for room in a full pool. Live tasks are listed in whole: they are a page or two, and the way may be long.
pub(in crate::functions) async fn stand_in(
    app: &App,
    path: &[TaskId],
) -> Result<Option<TaskId>, BatchError> {
    let jobs: BTreeSet<u64> = path.iter().map(|made_for| made_for.job).collect();
    for (place, _) in app.batch.jobs().await? {
        let live = app.batch.live_tasks(&place).await?;
        let mut ours = live.iter().filter_map(|task| app.runners.deployment.read(&task.id));
        let further = ours.find(|id| jobs.contains(&id.job) && !path.contains(id));
        if further.is_some() {
            return Ok(further);
        }
    }
    Ok(None)
}

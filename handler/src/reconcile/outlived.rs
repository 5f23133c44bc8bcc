//! Lists the tasks that have outlived the job of their runner, for Status.

use chrono::{DateTime, Utc};

use super::assessment::Assessment;
use super::runners::RunnerReview;
use super::snapshot::{LedgerTask, Snapshot};
use super::{ReconcileState, Rules};

/// A started task whose runner has had its job, or was deregistered.
#[derive(Clone, Debug)]
pub struct OutlivedTask<'a> {
    /// The task.
    pub task: &'a LedgerTask,
    /// The job that its runner had; the job that it was made for if none is known.
    pub job: u64,
}

/// Lists the tasks that have outlived their runners.
pub fn outlived_tasks<'a>(
    snapshot: &'a Snapshot,
    previous: &ReconcileState,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<OutlivedTask<'a>> {
    let run = Assessment::new(snapshot, rules, now);
    let review = RunnerReview::new(&run, previous);
    let outlived = snapshot.tasks.iter().filter(|task| review.has_outlived(task));
    let of = |task: &'a LedgerTask| {
        let job = run.ended_job(task).map_or(task.id.job, |last| last.job);
        OutlivedTask { task, job }
    };
    outlived.map(of).collect()
}

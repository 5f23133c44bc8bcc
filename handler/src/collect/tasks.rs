//! Lists the tasks of a Batch job: of those that have ended, what this process does not know, and of many live ones several
//! pages at the same time.

use futures::{StreamExt, TryStreamExt, stream};
use tracing::warn;

use crate::app::App;
use crate::batch::{BatchError, IdRange, ListedTask};
use crate::batch_job::BatchJobId;
use crate::cache::Unlisted;

/// How many ranges of the tasks of one Batch job are listed at the same time. A page of tasks takes a megabyte or two.
const MAX_CONCURRENT_RANGES: usize = 16;

/// Lists all tasks of a Batch job.
///
/// # Errors
/// When a part could not be read: the list is never incomplete.
pub(crate) async fn of(app: &App, batch_job: &BatchJobId) -> Result<Vec<ListedTask>, BatchError> {
    let now = app.clock.now();
    if let Some(Unlisted { since, cuts }) = app.ended_tasks.unlisted(batch_job, now) {
        let lists = stream::iter(IdRange::split_at(&cuts))
            .map(async |range| app.batch.tasks_since(batch_job, since, &range).await)
            .buffered(MAX_CONCURRENT_RANGES);
        match lists.try_concat().await {
            // The complete list needs no filter.
            Err(err @ BatchError::Rejected { .. }) => warn!("listing all tasks instead: {err}"),
            listed => {
                if let Some(all) = app.ended_tasks.complete(batch_job, listed?) {
                    return Ok(all);
                }
            }
        }
    }
    let all = app.batch.tasks(batch_job).await?;
    app.ended_tasks.keep_all(batch_job, &all, now);
    Ok(all)
}

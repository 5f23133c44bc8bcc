//! Reads the runs of the past, page by page, for a program that counts its requests.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;

use super::pages::{List, Next};
use super::runs::LIST_RUNS;
use super::{Github, GithubError};
use crate::repository::Repository;

/// The number of runs of a filtered list that GitHub shows; its pages end after them.
/// <https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>
pub const MAX_FILTERED_RUNS: u64 = 1000;

/// A run of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct PastRun {
    /// Its id.
    pub id: u64,
    status: Option<String>,
}

impl PastRun {
    /// Returns whether all of its jobs have ended.
    pub fn has_ended(&self) -> bool {
        self.status.as_deref() == Some("completed")
    }
}

/// A page of the runs that were created in a period.
#[derive(Clone, Debug)]
pub struct PastRuns {
    /// The number of runs in the period, also beyond [`MAX_FILTERED_RUNS`].
    pub total: u64,
    /// The runs of this page.
    pub runs: Vec<PastRun>,
    /// The next page.
    pub next: Option<Next>,
}

impl Github {
    /// Reads a page of the runs of a repository that were created from `from`, inclusive, to `to`, exclusive, both in full seconds.
    /// A run that was started again keeps the time of its creation.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>
    pub async fn past_runs(
        &self,
        repository: &Repository,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        next: Option<&Next>,
    ) -> Result<PastRuns, GithubError> {
        let path = format!("repos/{repository}/actions/runs");
        let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        // A range has both of its ends.
        let created = format!("{}..{}", text(from), text(to - TimeDelta::seconds(1)));
        let query = [("created", created.as_str())];
        let list =
            List { call: LIST_RUNS, path: &path, query: &query, field: Some("workflow_runs") };
        let page = self.page::<PastRun>(&list, next).await?;
        let runs = page.items.clone();
        let total = page.total.unwrap_or(runs.len() as u64);
        Ok(PastRuns { total, runs, next: page.next.clone() })
    }
}

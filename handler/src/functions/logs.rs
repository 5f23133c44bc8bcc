//! Operate `logs`: reads the output of a runner's task while its node exists, and explains how the task ended.
//!
//! No output is stored. The steps of a job write to GitHub, not to their runner's output.

use anyhow::Context;
use chrono::DateTime;

use crate::app::App;
use crate::batch::{ListedTask, TaskState};
use crate::batch_job::BatchJobId;
use crate::history::{Folder, Record};
use crate::task::TaskId;
use crate::task_output::{FILES, LogsResponse, MAX_BYTES, OutputFile, ended};

/// Maximum number of blobs of the history that are searched: a month, unless a day has several.
const MAX_BLOBS: usize = 31;

/// Neither Batch nor the history has a task of this name.
#[derive(Debug, thiserror::Error)]
#[error(
    "nothing is known of task {0}: Batch has no such task, and the history of the last month no record of it"
)]
pub(super) struct UnknownTask(String);

impl App {
    /// Reads the output of a task of this deployment.
    ///
    /// # Errors
    /// When nothing is known of the task, or Batch could not be read.
    pub async fn logs(&self, task: &str) -> anyhow::Result<LogsResponse> {
        let unknown = || UnknownTask(task.to_owned());
        let id = self.runners.deployment.parse_task(task).ok_or_else(unknown)?;
        let found = self.find_task(&id).await.context("look the task up")?;
        let Some((batch_job, found)) = found else {
            let record = self.find_record(task).await.context("look the task up in the history")?;
            let summary = summary_of(&record.ok_or_else(unknown)?);
            return Ok(LogsResponse { task: task.to_owned(), summary, files: Vec::new() });
        };
        let mut files = Vec::new();
        for name in FILES {
            let end = self.batch.file_end(&batch_job, task, name, MAX_BYTES).await;
            let end = end.with_context(|| format!("read {name} of task {task}"))?;
            files.extend(end.map(|end| OutputFile::new(name, &end.bytes, end.size)));
        }
        let summary = summary(task, &found, files.is_empty());
        Ok(LogsResponse { task: task.to_owned(), summary, files })
    }

    /// Finds the record of a task that Batch has deleted, in the latest blobs of the history.
    async fn find_record(&self, task: &str) -> anyhow::Result<Option<Record>> {
        let mut blobs = self.history.list(Folder::Jobs, "").await?;
        blobs.sort_unstable_by(|one, other| other.cmp(one));
        for (name, length) in blobs.into_iter().take(MAX_BLOBS) {
            let bytes = self.history.read(name, 0, length).await?;
            let (records, _) = Record::parse_lines(&bytes);
            // The last run of the task.
            let found = records.into_iter().rfind(|record| record.task == task);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Finds a task in the Batch jobs; if several have it, one that has left the queue.
    async fn find_task(&self, id: &TaskId) -> anyhow::Result<Option<(BatchJobId, ListedTask)>> {
        let name = id.to_string();
        let mut found = None;
        for (batch_job, _) in self.batch.jobs().await? {
            let named = self.batch.tasks_named(&batch_job, &name).await?;
            for task in named.into_iter().filter(|task| task.id == name) {
                let started = task.has_left_queue();
                found = Some((batch_job.clone(), task));
                if started {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }
}

/// Returns what the history has kept of a task.
fn summary_of(record: &Record) -> String {
    let at = DateTime::from_timestamp(record.ended, 0).unwrap_or_default();
    let ended = ended(&record.task, at, record.exit, None);
    format!("{ended}. Batch has deleted the task, and with it the output")
}

fn summary(task: &str, found: &ListedTask, no_files: bool) -> String {
    let execution = &found.execution_info;
    match found.state {
        TaskState::Active => format!("task {task} waits for a node, and has no output"),
        TaskState::Completed => {
            let at = execution.end_time.unwrap_or(found.state_transition_time);
            let failure = execution.failure_info.as_ref().map(|failure| failure.code.as_str());
            let ended = ended(task, at, execution.exit_code, failure);
            match no_files {
                true => format!("{ended}. Its node is gone, and with it the output"),
                false => ended,
            }
        }
        TaskState::Preparing | TaskState::Running | TaskState::Unknown => match no_files {
            true => format!("task {task} has started, and has no output yet"),
            false => format!("task {task} runs"),
        },
    }
}

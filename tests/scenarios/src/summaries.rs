//! Jobs, tasks, claims and the log of a test environment as text, for snapshots.

use github_emulator::Job;

use crate::{TestEnvironment, claims};

impl TestEnvironment {
    /// Counts the messages of the request queue, including invisible messages.
    pub async fn messages(&self) -> u64 {
        self.deployment.storage.count_messages(&self.client).await.expect("storage answers")
    }

    /// Returns one line per claim, with the length of its nonce.
    pub async fn claims(&self) -> String {
        let claims = claims::claims(&self.deployment.storage, &self.client).await;
        let line = |(name, nonce): &(String, String)| {
            let run = name.rsplit_once('/').map_or(name.as_str(), |(task, _)| task);
            format!("{run}: a nonce of {}", nonce.len())
        };
        let lines: Vec<String> = claims.iter().map(line).collect();
        self.number_jobs(&lines.join("\n"))
    }

    /// Returns one line per task, such as `runners-ubuntu: gh-1 completed 0`; job ids are replaced by numbers.
    pub fn tasks(&self) -> String {
        let line = |(job, task): (String, azure_batch_emulator::TaskSummary)| {
            let code = task.exit_code.map(|code| format!(" {code}")).unwrap_or_default();
            format!("{job}: {} {}{code}", task.id, task.state)
        };
        let lines: Vec<String> = self.all_tasks().into_iter().map(line).collect();
        self.number_jobs(&lines.join("\n"))
    }

    /// Returns one line per job, with its conclusion and its runner.
    pub fn jobs(&self) -> String {
        let line = |job: &Job| {
            let conclusion = job.conclusion.map(|end| format!("{end:?}").to_lowercase());
            let runner = job.runner.as_ref().map_or("no runner", |runner| &runner.name);
            format!("<{}> {} on {runner}", job.id, conclusion.as_deref().unwrap_or("open"))
        };
        let lines: Vec<String> = self.deployment.github.emulator.jobs().iter().map(line).collect();
        self.number_jobs(&lines.join("\n"))
    }

    /// Returns the handler's log so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no thread panics while it holds the log").clone()
    }

    pub(crate) fn all_tasks(&self) -> Vec<(String, azure_batch_emulator::TaskSummary)> {
        let batch = &self.deployment.batch.emulator;
        let of_job = |job: azure_batch_emulator::JobSummary| {
            let tasks = batch.tasks(&job.id);
            tasks.into_iter().map(move |task| (job.id.clone(), task))
        };
        batch.jobs().into_iter().flat_map(of_job).collect()
    }

    /// Replaces each job id by the job's number, so that snapshots do not depend on ids.
    pub(crate) fn number_jobs(&self, text: &str) -> String {
        let jobs = self.deployment.github.emulator.jobs();
        let numbered = jobs.iter().enumerate();
        numbered.fold(text.to_owned(), |text, (index, job)| {
            text.replace(&job.id.to_string(), &(index + 1).to_string())
        })
    }
}

//! Works on one job: the hooks around it, its script, its time; and hears meanwhile if it is cancelled.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::github::Conclusion;

use super::configuring::machine_label;
use super::home::Settings;
use super::listening::asked;
use super::script::Surroundings;
use super::service::{Message, Order, Refused, Service};
use super::{Listener, PAUSE};

const STARTED_HOOK: &str = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
const COMPLETED_HOOK: &str = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED";

/// How often the end of a job is reported, until it is given up.
const REPORTS: u32 = 5;

/// What ended the work.
enum End {
    Worked(Conclusion),
    /// Somebody cancelled the job.
    Cancelled,
    /// Somebody stopped the runner.
    Stopped,
}

impl Listener {
    /// Serves a job from acceptance to report.
    pub(super) async fn serve(
        &self,
        service: &Service,
        heard: (&str, u64),
        order: &Order,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) {
        self.say(&format!("Running job: {}", order.name));
        let conclusion = match self.surroundings(order, settings) {
            Ok(surroundings) => {
                let end = tokio::select! {
                    biased;
                    () = asked(stop) => End::Stopped,
                    () = cancellation(service, heard, order.job) => End::Cancelled,
                    conclusion = self.work(order, &surroundings) => End::Worked(conclusion),
                };
                self.finish(end, &surroundings).await
            }
            Err(err) => {
                self.say(&format!("The work directory cannot be written: {err}"));
                Conclusion::Failure
            }
        };
        self.say(&format!("Job {} completed with result: {conclusion:?}", order.name));
        for _ in 0..REPORTS {
            match service.complete(order.job, conclusion).await {
                Err(Refused::Unavailable) => tokio::time::sleep(PAUSE).await,
                _ => return,
            }
        }
    }

    /// A started hook that fails is a job that failed, and nothing of it runs.
    async fn work(&self, order: &Order, surroundings: &Surroundings) -> Conclusion {
        if !self.run_hook(STARTED_HOOK, surroundings).await {
            return Conclusion::Failure;
        }
        if let Some(script) = &order.script
            && !surroundings.run_text(script).await
        {
            return Conclusion::Failure;
        }
        tokio::time::sleep(Duration::from_millis(order.runs_for_ms)).await;
        Conclusion::Success
    }

    /// The completed hook runs whatever became of the job, unless the runner itself is stopped; a stopped
    /// runner's job has failed, not been cancelled.
    async fn finish(&self, end: End, surroundings: &Surroundings) -> Conclusion {
        let conclusion = match end {
            End::Stopped => {
                self.say("The runner has received a shutdown signal.");
                return Conclusion::Failure;
            }
            End::Cancelled => Conclusion::Cancelled,
            End::Worked(conclusion) => conclusion,
        };
        let completed = self.run_hook(COMPLETED_HOOK, surroundings).await;
        if completed || conclusion == Conclusion::Cancelled {
            conclusion
        } else {
            Conclusion::Failure
        }
    }

    async fn run_hook(&self, variable: &str, surroundings: &Surroundings) -> bool {
        match self.env.get(variable).filter(|path| !path.is_empty()) {
            Some(path) => surroundings.run_file(&PathBuf::from(path)).await,
            None => true,
        }
    }

    fn surroundings(&self, order: &Order, settings: &Settings) -> std::io::Result<Surroundings> {
        let work = self.home.join(&settings.work_folder);
        let workspace = work.join(&order.directory).join(&order.directory);
        let temp = work.join("_temp");
        let diag = self.home.join("_diag");
        for directory in [&workspace, &temp, &diag] {
            std::fs::create_dir_all(directory)?;
        }
        let event = temp.join("event.json");
        std::fs::write(&event, "{}")?;
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let mut env: BTreeMap<String, String> = self.inherited();
        env.extend(order.environment.clone());
        env.extend(
            [
                ("CI", "true".to_owned()),
                ("GITHUB_ACTIONS", "true".to_owned()),
                ("GITHUB_EVENT_PATH", path(&event)),
                ("GITHUB_WORKSPACE", path(&workspace)),
                ("RUNNER_ARCH", machine_label().to_owned()),
                ("RUNNER_ENVIRONMENT", "self-hosted".to_owned()),
                ("RUNNER_NAME", settings.name.clone()),
                ("RUNNER_OS", "Linux".to_owned()),
                ("RUNNER_TEMP", path(&temp)),
                ("RUNNER_TOOL_CACHE", path(&work.join("_tool"))),
                ("RUNNER_WORKSPACE", path(&work.join(&order.directory))),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let started = Clock::of_this_machine().now().format("%Y%m%d-%H%M%S");
        let log = diag.join(format!("Worker_{started}-utc.log"));
        Ok(Surroundings { env, workspace, temp, log })
    }
}

/// Waits until the service says that a job was cancelled.
async fn cancellation(service: &Service, (session, mut after): (&str, u64), job: u64) {
    loop {
        match service.next_message(session, after).await {
            Ok(Some(envelope)) => {
                after = envelope.number;
                if matches!(envelope.message, Message::Cancel { job: cancelled } if cancelled == job)
                {
                    return;
                }
            }
            Ok(None) => {}
            // The job goes on without the service; its end is reported, or is not.
            Err(Refused::Gone | Refused::Deprecated) => return std::future::pending().await,
            Err(Refused::Unavailable | Refused::Conflict) => tokio::time::sleep(PAUSE).await,
        }
    }
}

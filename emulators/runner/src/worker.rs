//! `Runner.Worker`: runs one job.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Deserialize;
use tokio::sync::mpsc;

use emulator_core::clock::Clock;
use emulator_core::transport::{self, Transport};
use github_emulator::Conclusion;

use crate::messages::{JobMessage, WorkerInput, WorkerMessage};
use crate::runner_service::RunnerService;
use crate::{perf_counters, signals};

mod script;
mod steps;

use script::JobEnvironment;
use steps::StepsRunner;

/// The exit code of a Worker is this plus the job's result (`TaskResultUtil.cs`).
const RESULT_OFFSET: i32 = 100;

/// A Worker.
pub(crate) struct Worker {
    pub(crate) home: PathBuf,
    /// The listener's environment, which hooks and steps inherit.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) transport: Transport,
}

/// Runs the Worker program: reads its job from standard input, and then the listener's messages.
///
/// It ignores INT, which is sent to its whole process group: only the listener stops it. It ends with the listener.
pub(crate) async fn main(env: BTreeMap<String, String>, home: PathBuf) -> ExitCode {
    let ignored = signals::ignore_interrupt();
    perf_counters::write(&env, "Worker", "WorkerProcessStarted");
    let mut lines = read_lines();
    let input = lines.recv().await.and_then(|line| serde_json::from_str(&line).ok());
    let Some(input) = input else { return ExitCode::FAILURE };
    let worker = Worker { home, env, transport: transport::http() };
    let (sender, messages) = mpsc::unbounded_channel();
    let listener_ended = async {
        while let Some(line) = lines.recv().await {
            let is_cancel = line == "cancel";
            let message = if is_cancel {
                WorkerMessage::CancelRequest
            } else {
                WorkerMessage::RunnerShutdown
            };
            // An error means that the job has ended.
            let _ = sender.send(message);
        }
    };
    let code = tokio::select! {
        conclusion = worker.run(input, messages) => RESULT_OFFSET + result(conclusion),
        () = listener_ended => 1,
    };
    ignored.abort();
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// Reads lines in a thread; tokio's standard input would delay the end of the program.
fn read_lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn result(conclusion: Conclusion) -> i32 {
    match conclusion {
        Conclusion::Success => 0,
        Conclusion::Failure => 2,
        Conclusion::Cancelled => 3,
    }
}

/// Returns the conclusion in a Worker's exit code; `None` if the Worker died.
pub(crate) fn conclusion_of(code: i32) -> Option<Conclusion> {
    match code - RESULT_OFFSET {
        0 => Some(Conclusion::Success),
        2 => Some(Conclusion::Failure),
        3 => Some(Conclusion::Cancelled),
        _ => None,
    }
}

/// Returns the architecture's default label.
pub(crate) fn machine_label() -> &'static str {
    if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }
}

impl Worker {
    /// Runs a job, and reports its conclusion.
    pub(crate) async fn run(
        &self,
        input: WorkerInput,
        messages: mpsc::UnboundedReceiver<WorkerMessage>,
    ) -> Conclusion {
        let token = Some(input.token.clone());
        let service = RunnerService::with_token(&self.transport, &input.service, token);
        let Ok(job) = JobMessage::deserialize(&input.job_message) else {
            return Conclusion::Failure;
        };
        perf_counters::write(&self.env, "Worker", &format!("WorkerJobMessageReceived_{}", job.job));
        let mut steps = StepsRunner::new(messages);
        match self.set_up(&job, &input) {
            Ok(environment) => {
                let counter = format!("WorkerJobInitialized_{}", job.job);
                perf_counters::write(&self.env, "Worker", &counter);
                steps.run(&job, &environment).await;
                if steps.has_started_scripts {
                    environment.kill_orphans();
                }
            }
            Err(reason) => steps.fail_set_up(reason),
        }
        let report = steps.report();
        service.report(job.job, &report).await;
        report.conclusion
    }

    /// Runs "Set up job", which can fail.
    fn set_up(&self, job: &JobMessage, input: &WorkerInput) -> Result<JobEnvironment, String> {
        let environment = self.create_environment(job, input).map_err(|err| err.to_string())?;
        if job.set_up_fails {
            return Err("An action could not be found at the URI 'actions/missing'.".to_owned());
        }
        Ok(environment)
    }

    fn create_environment(
        &self,
        job: &JobMessage,
        input: &WorkerInput,
    ) -> std::io::Result<JobEnvironment> {
        let started = Clock::of_this_machine().now().format("%Y%m%d-%H%M%S");
        let diag = self.home.join("_diag");
        std::fs::create_dir_all(&diag)?;
        let log = diag.join(format!("Worker_{started}-utc.log"));
        std::fs::write(&log, format!("Job {}\n", job.job))?;
        let work = self.home.join(&input.work_folder);
        let workspace = work.join(&job.directory).join(&job.directory);
        let temp = work.join("_temp");
        for directory in [&workspace, &temp] {
            std::fs::create_dir_all(directory)?;
        }
        let event = temp.join("event.json");
        std::fs::write(&event, "{}")?;
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let tracking_id = format!("github_{}", uuid::Uuid::new_v4());
        let mut env = self.env.clone();
        env.extend(job.environment.clone());
        env.extend(
            [
                ("CI", "true".to_owned()),
                ("GITHUB_ACTIONS", "true".to_owned()),
                ("GITHUB_EVENT_PATH", path(&event)),
                ("GITHUB_WORKSPACE", path(&workspace)),
                ("RUNNER_ARCH", machine_label().to_owned()),
                ("RUNNER_ENVIRONMENT", "self-hosted".to_owned()),
                ("RUNNER_NAME", input.runner.clone()),
                ("RUNNER_OS", "Linux".to_owned()),
                ("RUNNER_TEMP", path(&temp)),
                ("RUNNER_TOOL_CACHE", path(&work.join("_tool"))),
                ("RUNNER_TRACKING_ID", tracking_id.clone()),
                ("RUNNER_WORKSPACE", path(&work.join(&job.directory))),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Ok(JobEnvironment { env, workspace, temp, log, tracking_id })
    }
}

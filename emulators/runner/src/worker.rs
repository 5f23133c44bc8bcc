//! Works on one job, as `Runner.Worker` does: the steps in their order, and what a cancellation or a shutdown does.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use emulator_core::transport::{self, Transport};
use github_emulator::Conclusion;

use super::configuring::machine_label;
use super::script::Surroundings;
use super::service::{Order, Service};
use super::steps::Run;
use super::{perf, report};

/// What a Worker's exit code says is added to this (`TaskResultUtil.cs`).
const RESULTS: i32 = 100;

/// What a Worker hears of while it works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Notice {
    /// The job was cancelled.
    Cancel,
    /// The runner shuts down.
    Shutdown,
}

/// What a Worker gets from the listener: the job, and access to the service.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Assignment {
    pub(super) order: Value,
    pub(super) runner: String,
    pub(super) work_folder: String,
    pub(super) service: String,
    pub(super) token: String,
}

/// A Worker.
pub(super) struct Worker {
    pub(super) home: PathBuf,
    /// The listener's environment, which hooks and steps inherit.
    pub(super) env: BTreeMap<String, String>,
    pub(super) transport: Transport,
}

impl Notice {
    pub(super) fn line(self) -> &'static str {
        match self {
            Self::Cancel => "cancel\n",
            Self::Shutdown => "shutdown\n",
        }
    }
}

/// Runs the Worker program: reads its job from the standard input, and what it must hear of after that.
///
/// It ignores INT, which its whole process group gets: only the listener ends it. It ends with the listener.
pub(super) async fn main(env: BTreeMap<String, String>, home: PathBuf) -> ExitCode {
    let ignored = super::ignore_interrupt();
    perf::write(&env, "Worker", "WorkerProcessStarted");
    let (mut lines, notices, teller) = read_input();
    let assignment = lines.recv().await.and_then(|line| serde_json::from_str(&line).ok());
    let Some(assignment) = assignment else { return ExitCode::FAILURE };
    let worker = Worker { home, env, transport: transport::http() };
    let orphaned = async {
        while let Some(line) = lines.recv().await {
            let notice = if line == "cancel" { Notice::Cancel } else { Notice::Shutdown };
            // An error says that the work has ended.
            let _ = teller.send(notice);
        }
    };
    let code = tokio::select! {
        conclusion = worker.work(assignment, notices) => RESULTS + result(conclusion),
        () = orphaned => 1,
    };
    ignored.abort();
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

type Lines = mpsc::UnboundedReceiver<String>;

/// Reads lines in a thread, which does not hold the end of the program up as tokio's would.
fn read_input() -> (Lines, mpsc::UnboundedReceiver<Notice>, mpsc::UnboundedSender<Notice>) {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let (teller, notices) = mpsc::unbounded_channel();
    (lines, notices, teller)
}

fn result(conclusion: Conclusion) -> i32 {
    match conclusion {
        Conclusion::Success => 0,
        Conclusion::Failure => 2,
        Conclusion::Cancelled => 3,
    }
}

/// Reads the exit code of a Worker; `None` where it says nothing of the job.
pub(super) fn conclusion_of(code: i32) -> Option<Conclusion> {
    match code - RESULTS {
        0 => Some(Conclusion::Success),
        2 => Some(Conclusion::Failure),
        3 => Some(Conclusion::Cancelled),
        _ => None,
    }
}

impl Worker {
    /// Works on a job until it is over, and reports what it came to.
    pub(super) async fn work(
        &self,
        assignment: Assignment,
        notices: mpsc::UnboundedReceiver<Notice>,
    ) -> Conclusion {
        let service = Service::with_token(
            &self.transport,
            &assignment.service,
            Some(assignment.token.clone()),
        );
        let Ok(order) = Order::deserialize(&assignment.order) else { return Conclusion::Failure };
        perf::write(&self.env, "Worker", &format!("WorkerJobMessageReceived_{}", order.job));
        let mut run = Run::new(notices);
        match self.set_up(&order, &assignment) {
            Ok(surroundings) => {
                perf::write(&self.env, "Worker", &format!("WorkerJobInitialized_{}", order.job));
                run.all(&order, &surroundings).await;
                if run.has_started {
                    surroundings.end_orphans();
                }
            }
            Err(reason) => run.fail_set_up(reason),
        }
        let done = run.report();
        report(&service, order.job, &done).await;
        done.conclusion
    }

    /// What "Set up job" does; it can fail.
    fn set_up(&self, order: &Order, of: &Assignment) -> Result<Surroundings, String> {
        let surroundings = self.surroundings(order, of).map_err(|err| err.to_string())?;
        if order.set_up_fails {
            return Err("An action could not be found at the URI 'actions/missing'.".to_owned());
        }
        Ok(surroundings)
    }

    fn surroundings(&self, order: &Order, of: &Assignment) -> std::io::Result<Surroundings> {
        let started = super::now().format("%Y%m%d-%H%M%S");
        let diag = self.home.join("_diag");
        std::fs::create_dir_all(&diag)?;
        let log = diag.join(format!("Worker_{started}-utc.log"));
        std::fs::write(&log, format!("Job {}\n", order.job))?;
        let work = self.home.join(&of.work_folder);
        let workspace = work.join(&order.directory).join(&order.directory);
        let temp = work.join("_temp");
        for directory in [&workspace, &temp] {
            std::fs::create_dir_all(directory)?;
        }
        let event = temp.join("event.json");
        std::fs::write(&event, "{}")?;
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let tracking = format!("github_{}", uuid::Uuid::new_v4());
        let mut env = self.env.clone();
        env.extend(order.environment.clone());
        env.extend(
            [
                ("CI", "true".to_owned()),
                ("GITHUB_ACTIONS", "true".to_owned()),
                ("GITHUB_EVENT_PATH", path(&event)),
                ("GITHUB_WORKSPACE", path(&workspace)),
                ("RUNNER_ARCH", machine_label().to_owned()),
                ("RUNNER_ENVIRONMENT", "self-hosted".to_owned()),
                ("RUNNER_NAME", of.runner.clone()),
                ("RUNNER_OS", "Linux".to_owned()),
                ("RUNNER_TEMP", path(&temp)),
                ("RUNNER_TOOL_CACHE", path(&work.join("_tool"))),
                ("RUNNER_TRACKING_ID", tracking.clone()),
                ("RUNNER_WORKSPACE", path(&work.join(&order.directory))),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Ok(Surroundings { env, workspace, temp, log, tracking })
    }
}

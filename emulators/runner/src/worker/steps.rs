//! The steps of a job, with their conditions.
//!
//! After a failed step, a failed job-started hook or a cancellation, only steps with `if: always()` run. After the
//! Worker received a shutdown, no step runs (`StepsRunner.cs`).

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use github_emulator::{Conclusion, Step};

use super::script::{JobEnvironment, Script};
use crate::messages::{JobMessage, Report, WorkerMessage};

const STARTED_HOOK: &str = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
const COMPLETED_HOOK: &str = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED";

const SHUTDOWN: &str = "The runner has received a shutdown signal. This can happen when the runner \
                        service is stopped, or a manually started runner is canceled.";

/// A planned step.
struct Planned {
    name: String,
    script: Option<Script>,
    duration: Duration,
    always: bool,
}

/// Runs the steps of one job.
pub(super) struct StepsRunner {
    messages: mpsc::UnboundedReceiver<WorkerMessage>,
    cancelled: bool,
    shutting_down: bool,
    failed: bool,
    /// Whether a script was started, which may have left processes behind.
    pub(super) has_started_scripts: bool,
    steps: Vec<Step>,
    annotations: Vec<String>,
}

impl Planned {
    fn new(name: &str, script: Option<Script>, always: bool) -> Self {
        Self { name: name.to_owned(), script, duration: Duration::ZERO, always }
    }
}

impl StepsRunner {
    pub(super) fn new(messages: mpsc::UnboundedReceiver<WorkerMessage>) -> Self {
        Self {
            messages,
            cancelled: false,
            shutting_down: false,
            failed: false,
            has_started_scripts: false,
            steps: Vec::new(),
            annotations: Vec::new(),
        }
    }

    /// Runs all steps after "Set up job".
    pub(super) async fn run(&mut self, job: &JobMessage, environment: &JobEnvironment) {
        self.record("Set up job", Some(Conclusion::Success));
        for step in plan(job, environment) {
            while let Ok(message) = self.messages.try_recv() {
                self.receive(message);
            }
            let runs = !self.shutting_down && (step.always || !self.failed && !self.cancelled);
            let conclusion =
                if runs { Some(self.run_step(&step, environment).await) } else { None };
            self.failed |= conclusion == Some(Conclusion::Failure);
            self.record(&step.name, conclusion);
        }
        self.record("Complete job", Some(Conclusion::Success));
    }

    /// Fails the job in "Set up job", before its hook.
    pub(super) fn fail_set_up(&mut self, reason: String) {
        self.failed = true;
        self.annotations.push(reason);
        self.record("Set up job", Some(Conclusion::Failure));
    }

    /// Returns the report. The job of a runner that shuts down fails; it is not cancelled.
    pub(super) fn report(self) -> Report {
        let conclusion = match (self.shutting_down, self.cancelled, self.failed) {
            (true, _, _) => Conclusion::Failure,
            (_, true, _) => Conclusion::Cancelled,
            (_, _, true) => Conclusion::Failure,
            _ => Conclusion::Success,
        };
        Report { conclusion, steps: self.steps, annotations: self.annotations }
    }

    fn record(&mut self, name: &str, conclusion: Option<Conclusion>) {
        self.steps.push(Step { name: name.to_owned(), conclusion });
    }

    fn receive(&mut self, message: WorkerMessage) {
        match message {
            WorkerMessage::CancelRequest => self.cancelled = true,
            WorkerMessage::RunnerShutdown => {
                self.shutting_down = true;
                self.annotations.push(SHUTDOWN.to_owned());
            }
        }
    }

    /// Waits until a step must stop: a shutdown stops every step, a cancellation those without `always()`.
    async fn stop_of(&mut self, step: &Planned) {
        loop {
            match self.messages.recv().await {
                Some(message) => self.receive(message),
                None => std::future::pending().await,
            }
            if self.shutting_down || !step.always {
                return;
            }
        }
    }

    async fn run_step(&mut self, step: &Planned, environment: &JobEnvironment) -> Conclusion {
        if let Some(script) = &step.script {
            let length = environment.log_length();
            let conclusion = self.run_script(step, script, environment).await;
            self.annotations.extend(environment.errors_after(length));
            if conclusion != Conclusion::Success {
                return conclusion;
            }
        }
        if step.duration.is_zero() {
            return Conclusion::Success;
        }
        tokio::select! {
            biased;
            () = self.stop_of(step) => self.cancel(),
            () = tokio::time::sleep(step.duration) => Conclusion::Success,
        }
    }

    async fn run_script(
        &mut self,
        step: &Planned,
        script: &Script,
        environment: &JobEnvironment,
    ) -> Conclusion {
        let Ok(mut running) = environment.start(script) else {
            self.annotations.push(format!("{} cannot be run", step.name));
            return Conclusion::Failure;
        };
        self.has_started_scripts = true;
        let code = tokio::select! {
            biased;
            () = self.stop_of(step) => None,
            code = running.ended() => Some(code),
        };
        match code {
            None => {
                running.stop().await;
                self.cancel()
            }
            Some(0) => Conclusion::Success,
            Some(code) => {
                let text = format!("Process completed with exit code {code}.");
                environment.append(&format!("##[error]{text}"));
                Conclusion::Failure
            }
        }
    }

    fn cancel(&mut self) -> Conclusion {
        self.annotations.push("The operation was canceled.".to_owned());
        Conclusion::Cancelled
    }
}

fn plan(job: &JobMessage, environment: &JobEnvironment) -> Vec<Planned> {
    let text = |text: &String| Some(Script::Text(text.clone()));
    let hook = |name: &str, variable: &str| {
        let path = environment.env.get(variable).filter(|path| !path.is_empty())?;
        Some(Planned::new(name, Some(Script::File(PathBuf::from(path))), true))
    };
    let pre = job.pre.iter().map(|pre| Planned::new("Pre Run action", text(pre), true));
    let main = Planned {
        duration: Duration::from_millis(job.runs_for_ms),
        ..Planned::new("Run script", job.script.as_ref().and_then(text), false)
    };
    let always = job.always.iter().zip(1..);
    let always = always
        .map(|(script, number)| Planned::new(&format!("Always {number}"), text(script), true));
    hook("Set up runner", STARTED_HOOK)
        .into_iter()
        .chain(pre)
        .chain([main])
        .chain(always)
        .chain(hook("Complete runner", COMPLETED_HOOK))
        .collect()
}

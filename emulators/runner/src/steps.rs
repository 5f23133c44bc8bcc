//! Runs the steps of a job in their order, under their conditions.
//!
//! After a failed step only those with `if: always()` run; so they do after a failed job-started hook, and after a
//! cancellation. Only a shutdown that the Worker knows of prevents them (`StepsRunner.cs`).

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use github_emulator::{Conclusion, Step};

use super::script::{Script, Surroundings};
use super::service::{Order, Report};
use super::worker::Notice;

const STARTED_HOOK: &str = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
const COMPLETED_HOOK: &str = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED";

const SHUTDOWN: &str = "The runner has received a shutdown signal. This can happen when the runner \
                        service is stopped, or a manually started runner is canceled.";

/// A step that is to run.
struct Planned {
    name: String,
    script: Option<Script>,
    takes: Duration,
    always: bool,
}

/// A job while it runs.
pub(super) struct Run {
    notices: mpsc::UnboundedReceiver<Notice>,
    cancelled: bool,
    shutting_down: bool,
    failed: bool,
    /// Whether a script was started, which may have left processes behind.
    pub(super) has_started: bool,
    steps: Vec<Step>,
    annotations: Vec<String>,
}

impl Planned {
    fn new(name: &str, script: Option<Script>, always: bool) -> Self {
        Self { name: name.to_owned(), script, takes: Duration::ZERO, always }
    }
}

impl Run {
    pub(super) fn new(notices: mpsc::UnboundedReceiver<Notice>) -> Self {
        Self {
            notices,
            cancelled: false,
            shutting_down: false,
            failed: false,
            has_started: false,
            steps: Vec::new(),
            annotations: Vec::new(),
        }
    }

    /// Runs all steps after "Set up job".
    pub(super) async fn all(&mut self, order: &Order, surroundings: &Surroundings) {
        self.enter("Set up job", Some(Conclusion::Success));
        for step in planned(order, surroundings) {
            while let Ok(notice) = self.notices.try_recv() {
                self.note(notice);
            }
            let runs = !self.shutting_down && (step.always || !self.failed && !self.cancelled);
            let conclusion = if runs { Some(self.step(&step, surroundings).await) } else { None };
            self.failed |= conclusion == Some(Conclusion::Failure);
            self.enter(&step.name, conclusion);
        }
        self.enter("Complete job", Some(Conclusion::Success));
    }

    /// Fails the job before its hook.
    pub(super) fn fail_set_up(&mut self, reason: String) {
        self.failed = true;
        self.annotations.push(reason);
        self.enter("Set up job", Some(Conclusion::Failure));
    }

    /// Returns what the job came to; that of a runner that shuts down has failed, not been cancelled.
    pub(super) fn report(self) -> Report {
        let conclusion = match (self.shutting_down, self.cancelled, self.failed) {
            (true, _, _) => Conclusion::Failure,
            (_, true, _) => Conclusion::Cancelled,
            (_, _, true) => Conclusion::Failure,
            _ => Conclusion::Success,
        };
        Report { conclusion, steps: self.steps, annotations: self.annotations }
    }

    fn enter(&mut self, name: &str, conclusion: Option<Conclusion>) {
        self.steps.push(Step { name: name.to_owned(), conclusion });
    }

    fn note(&mut self, notice: Notice) {
        match notice {
            Notice::Cancel => self.cancelled = true,
            Notice::Shutdown => {
                self.shutting_down = true;
                self.annotations.push(SHUTDOWN.to_owned());
            }
        }
    }

    /// Waits for a notice that ends a step: a shutdown ends each, a cancellation those without `always()`.
    async fn end_of(&mut self, step: &Planned) {
        loop {
            match self.notices.recv().await {
                Some(notice) => self.note(notice),
                None => std::future::pending().await,
            }
            if self.shutting_down || !step.always {
                return;
            }
        }
    }

    async fn step(&mut self, step: &Planned, surroundings: &Surroundings) -> Conclusion {
        if let Some(script) = &step.script {
            let begun = surroundings.log_length();
            let conclusion = self.script(step, script, surroundings).await;
            self.annotations.extend(surroundings.errors_since(begun));
            if conclusion != Conclusion::Success {
                return conclusion;
            }
        }
        if step.takes.is_zero() {
            return Conclusion::Success;
        }
        tokio::select! {
            biased;
            () = self.end_of(step) => self.cancel(),
            () = tokio::time::sleep(step.takes) => Conclusion::Success,
        }
    }

    async fn script(
        &mut self,
        step: &Planned,
        script: &Script,
        surroundings: &Surroundings,
    ) -> Conclusion {
        let Ok(mut running) = surroundings.start(script) else {
            self.annotations.push(format!("{} cannot be run", step.name));
            return Conclusion::Failure;
        };
        self.has_started = true;
        let code = tokio::select! {
            biased;
            () = self.end_of(step) => None,
            code = running.ended() => Some(code),
        };
        match code {
            None => {
                running.end().await;
                self.cancel()
            }
            Some(0) => Conclusion::Success,
            Some(code) => {
                let text = format!("Process completed with exit code {code}.");
                surroundings.note(&format!("##[error]{text}"));
                Conclusion::Failure
            }
        }
    }

    fn cancel(&mut self) -> Conclusion {
        self.annotations.push("The operation was canceled.".to_owned());
        Conclusion::Cancelled
    }
}

fn planned(order: &Order, surroundings: &Surroundings) -> Vec<Planned> {
    let text = |text: &String| Some(Script::Text(text.clone()));
    let hook = |name: &str, variable: &str| {
        let path = surroundings.env.get(variable).filter(|path| !path.is_empty())?;
        Some(Planned::new(name, Some(Script::File(PathBuf::from(path))), true))
    };
    let pre = order.pre.iter().map(|pre| Planned::new("Pre Run action", text(pre), true));
    let main = Planned {
        takes: Duration::from_millis(order.runs_for_ms),
        ..Planned::new("Run script", order.script.as_ref().and_then(text), false)
    };
    let always = order.always.iter().zip(1..);
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

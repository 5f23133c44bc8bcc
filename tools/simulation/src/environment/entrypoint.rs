//! Acts as the image's entrypoint: claims a configuration, runs a runner, and returns the exit code.

use std::sync::Arc;
use std::time::Duration;

use emulator_core::service::Service;
use emulator_core::transport::Transport;
use futures::FutureExt;
use github_emulator::GitHub;
use github_runner_emulator::{InMemoryRunner, JobOutcome, ServedJob};
use tokio::sync::watch;

use super::claim::{Claim, Claims};
use super::network::FaultyNetwork;
use super::nodes::Nodes;
use crate::faults::RunnerFault;
use crate::record::{Fault, Progress};

/// Time that a current image gives a runner to open its session.
pub(super) const SESSION_TIMEOUT: Duration = Duration::from_secs(600);

pub(super) const NO_SESSION: i32 = 68;
pub(super) const LISTENER_DIED: i32 = 70;
pub(super) const NO_JOB: i32 = 76;
const REFUSED: i32 = 77;
pub(super) const TERMINATED: i32 = 143;

/// A container of a task.
pub(super) struct Entrypoint {
    pub(super) network: Arc<FaultyNetwork>,
    pub(super) github: Arc<Service<GitHub>>,
    pub(super) claims: Claims,
    /// The repositories whose jobs it serves, separated by commas; empty for all.
    pub(super) allowed: String,
    pub(super) location: RunLocation,
    pub(super) fault: Option<RunnerFault>,
    /// Whether the image is one of an earlier release.
    pub(super) old_image: bool,
    /// Whether another process, and its job, read the ticket and replay it.
    pub(super) ticket_replays: bool,
}

/// The run, task and node of a container.
pub(super) struct RunLocation {
    pub(super) nodes: Arc<Nodes>,
    pub(super) node: String,
    pub(super) job: String,
    pub(super) task: String,
    pub(super) run: u32,
}

impl Entrypoint {
    /// Runs until it ends on its own, or shortly after it is asked to stop; returns the exit code.
    pub(super) async fn run(&self, mut stop: watch::Receiver<bool>) -> i32 {
        let nonce = self.claims.nonce();
        let claimed = tokio::select! {
            biased;
            _ = stop.wait_for(|&asked| asked) => return TERMINATED,
            claimed = self.claims.claim(&nonce) => claimed,
        };
        let (configuration, allowed) = match claimed {
            Claim::Configured { configuration, allowed } => (configuration, allowed),
            Claim::Ended(code) => return code,
        };
        if self.ticket_replays {
            self.claims.replay_ticket(&self.claims.nonce()).await;
        }
        let transport = to_github(&self.network, &self.github);
        let runner =
            InMemoryRunner::from_jit_config(&configuration, &transport, self.network.clock.clone());
        let runner = runner.expect("GitHub's configuration can be parsed");
        assert_eq!(runner.name(), self.claims.name, "a claim gives the task's own runner");
        // Time that the container needs to start.
        self.network.pass(self.network.draw(500..4000)).await;
        if let Some(code) = self.without_session(&mut stop).await {
            return code;
        }
        let allowed = allowed.filter(|_| !self.old_image);
        let (runner, begun) = self.with_hook(runner, allowed.as_ref().unwrap_or(&self.allowed));
        let served = tokio::select! {
            biased;
            code = self.interrupted(begun) => return self.outlive(code, &mut stop).await,
            served = runner.run(stop.clone()) => served,
        };
        let stopped = *stop.borrow();
        let code = self.ended(served, stopped, &nonce).await;
        if stopped || served.is_none() { code } else { self.outlive(code, &mut stop).await }
    }

    /// Returns the exit code, or keeps the container until its task is terminated.
    async fn outlive(&self, code: i32, stop: &mut watch::Receiver<bool>) -> i32 {
        if !matches!(self.fault, Some(RunnerFault::Outlives | RunnerFault::ListenerStops { .. })) {
            return code;
        }
        self.location.has_fault(Fault::Outlived);
        // The sender lives as long as the run.
        let _ = stop.wait_for(|&asked| asked).await;
        TERMINATED
    }

    /// Waits as long as no session can be opened; returns the exit code of a runner that ends because of it.
    async fn without_session(&self, stop: &mut watch::Receiver<bool>) -> Option<i32> {
        let until = self.location.nodes.broken_until(&self.location.node);
        let (hangs, never) = match (self.fault, until) {
            (Some(RunnerFault::Offline { hangs }), _) => (hangs, true),
            (_, Some(_)) => (self.old_image, false),
            (_, None) => return None,
        };
        self.location.has_fault(Fault::NoSession);
        let restored = async {
            if never {
                std::future::pending::<()>().await;
            }
            let now = self.network.recorder.second();
            let seconds = until.unwrap_or_default().saturating_sub(now);
            self.network.pass(Duration::from_secs(seconds)).await;
        };
        let timeout = async {
            if hangs {
                std::future::pending::<()>().await;
            }
            self.network.pass(SESSION_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|&asked| asked) => Some(TERMINATED),
            () = restored => None,
            () = timeout => Some(NO_SESSION),
        }
    }

    /// Installs the job-started hook; the receiver reports that a job has reached it.
    fn with_hook(
        &self,
        runner: InMemoryRunner,
        allowed: &str,
    ) -> (InMemoryRunner, watch::Receiver<bool>) {
        let (begins, begun) = watch::channel(false);
        let allowed: Vec<String> = allowed.split(',').map(str::to_ascii_lowercase).collect();
        let runner = runner.with_started_hook(move |repository| {
            begins.send_replace(true);
            let repository = repository.to_ascii_lowercase();
            let fits = |entry: &String| match entry.strip_suffix('*') {
                Some(begin) => repository.starts_with(begin),
                None => repository == *entry,
            };
            allowed == [""] || allowed.iter().any(fits)
        });
        (runner, begun)
    }

    /// Applies the fault of this run; returns only if the fault ends the runner.
    async fn interrupted(&self, mut begun: watch::Receiver<bool>) -> i32 {
        let location = &self.location;
        match self.fault {
            Some(RunnerFault::ListenerDies { after }) if job_began(&mut begun).await => {
                self.network.pass(after).await;
                location.has_fault(Fault::ListenerKilled);
                LISTENER_DIED
            }
            Some(RunnerFault::ListenerStops { after }) if job_began(&mut begun).await => {
                self.network.pass(after).await;
                TERMINATED
            }
            Some(RunnerFault::Terminated { after: None }) if job_began(&mut begun).await => {
                location.has_fault(Fault::Terminated);
                location.terminate().await;
                TERMINATED
            }
            Some(RunnerFault::Terminated { after: Some(after) }) => {
                self.network.pass(after).await;
                location.has_fault(Fault::Terminated);
                location.terminate().await;
                std::future::pending().await
            }
            _ => std::future::pending().await,
        }
    }

    /// Records the job's progress and returns the exit code.
    async fn ended(&self, served: Option<ServedJob>, stopped: bool, nonce: &str) -> i32 {
        let Some(ServedJob { job, outcome }) = served else {
            return if stopped { TERMINATED } else { NO_JOB };
        };
        let (progress, code) = match outcome {
            JobOutcome::StepsStarted => (Progress::Stepped, 0),
            JobOutcome::SetUpFailed if self.old_image => (Progress::SetUpFailed, NO_JOB),
            JobOutcome::SetUpFailed => (Progress::SetUpFailed, 0),
            JobOutcome::RejectedByHook => (Progress::Refused, REFUSED),
        };
        self.network.recorder.progressed(job, progress);
        if stopped {
            return TERMINATED;
        }
        if self.ticket_replays && outcome == JobOutcome::StepsStarted {
            self.claims.replay_ticket(nonce).await;
        }
        code
    }
}

impl RunLocation {
    pub(super) fn has_fault(&self, fault: Fault) {
        self.nodes.has_fault((&self.job, &self.task), self.run, fault);
    }

    /// Terminates the task, as an operator does.
    pub(super) async fn terminate(&self) {
        self.nodes.terminate(&self.job, &self.task).await;
    }
}

/// Waits until a job has reached the hook of a runner; returns `false` if the runner ended before.
async fn job_began(begun: &mut watch::Receiver<bool>) -> bool {
    begun.wait_for(|&begun| begun).await.is_ok()
}

/// Makes the transport of runners to GitHub, which has latency and no injected faults.
pub(super) fn to_github(network: &Arc<FaultyNetwork>, github: &Arc<Service<GitHub>>) -> Transport {
    let (network, github) = (Arc::clone(network), Arc::clone(github));
    Arc::new(move |request| {
        let (network, github) = (Arc::clone(&network), Arc::clone(&github));
        async move {
            network.pass(network.draw(5..80)).await;
            let answer = github.call(request).await;
            Ok(answer.expect("this transport loses nothing"))
        }
        .boxed()
    })
}

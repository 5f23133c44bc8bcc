//! Decides which fault a run of a runner has.

use std::time::Duration;

use super::FaultInjector;
use super::call_rng::CallRng;

/// A fault of one run of a runner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RunnerFault {
    /// The runner never opens a session with GitHub.
    Offline {
        /// Whether it stays forever: the image does not end a runner without a session, or cannot.
        hangs: bool,
    },
    /// The listener is killed while its job runs.
    ListenerDies {
        /// Time between the start of the job and the kill.
        after: Duration,
    },
    /// The container stays after its job: a process of the job keeps it.
    Outlives,
    /// The job stops the listener, which hears nothing any more, and the container stays.
    ListenerStops {
        /// Time between the start of the job and the stop.
        after: Duration,
    },
    /// An operator terminates the task.
    Terminated {
        /// Time between the start of the container and the termination; `None` if it happens as the job begins.
        after: Option<Duration>,
    },
}

/// The share of runners on a current image that hang although they never open a session.
const HANGS: f64 = 0.4;

impl FaultInjector {
    /// Returns the fault of a run of a task, counted from 1, if it has one.
    pub fn runner_fault(&self, task: &str, run: u32, at_second: u64) -> Option<RunnerFault> {
        let mut rng = CallRng::of(self.seed, &format!("runner {task} {run}"));
        if at_second >= self.faults_end_at {
            return None;
        }
        if rng.happens(self.fault_rates.offline_runners) {
            let hangs = rng.happens(HANGS) || self.has_old_image(task, run);
            return Some(RunnerFault::Offline { hangs });
        }
        if rng.happens(self.fault_rates.listener_kills) {
            return Some(RunnerFault::ListenerDies { after: rng.first_seconds() });
        }
        if rng.happens(self.fault_rates.terminations) {
            let after = rng.happens(0.5).then(|| rng.first_seconds());
            return Some(RunnerFault::Terminated { after });
        }
        if rng.happens(self.fault_rates.outliving_jobs) {
            return Some(RunnerFault::Outlives);
        }
        let stops = rng.happens(self.fault_rates.stopped_listeners);
        stops.then(|| RunnerFault::ListenerStops { after: rng.first_seconds() })
    }

    /// Returns whether a run of a task uses an image of an earlier release.
    pub fn has_old_image(&self, task: &str, run: u32) -> bool {
        CallRng::of(self.seed, &format!("image {task} {run}")).happens(self.fault_rates.old_images)
    }
}

//! Decides which faults a run of a runner has.

use std::time::Duration;

use super::Fates;
use super::drawn::Lot;

/// A fault of one run of a runner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RunnerFault {
    /// It never opens a session with GitHub.
    Offline {
        /// Whether it stays for ever: the image does not end a runner without a session, or cannot.
        hangs: bool,
    },
    /// Its listener is killed this long after its job has begun.
    ListenerDies {
        /// How long after.
        after: Duration,
    },
    /// An operator terminates its task this long after the container has started, or just as its job begins.
    Terminated {
        /// How long after; none: as the job begins.
        after: Option<Duration>,
    },
}

/// The share of runners on a current image that hang although they never open a session.
const HANGS: f64 = 0.4;

impl Fates {
    /// Decides which fault a run of a task, counted from 1, has.
    pub fn runner_fault(&self, task: &str, run: u32, at_second: u64) -> Option<RunnerFault> {
        let mut lot = Lot::of(self.seed, &format!("runner {task} {run}"));
        if at_second >= self.calm_at {
            return None;
        }
        if lot.falls(self.chances.offline) {
            let hangs = lot.falls(HANGS) || self.has_old_image(task, run);
            return Some(RunnerFault::Offline { hangs });
        }
        if lot.falls(self.chances.listener_deaths) {
            return Some(RunnerFault::ListenerDies { after: lot.first_seconds() });
        }
        let terminated = lot.falls(self.chances.terminations);
        let after = lot.falls(0.5).then(|| lot.first_seconds());
        terminated.then_some(RunnerFault::Terminated { after })
    }

    /// Decides whether a run of a task is on an image of an earlier release.
    pub fn has_old_image(&self, task: &str, run: u32) -> bool {
        Lot::of(self.seed, &format!("image {task} {run}")).falls(self.chances.old_images)
    }
}

//! Records the events of the emulators.

use emulator_core::events::{Event, EventKind};
use github_emulator::GitHub;

use super::{Recorder, timestamp};
use crate::record::Poisoned;
use crate::scenario::Stage;

impl Recorder {
    /// Records an event of Batch or Storage of a deployment.
    pub(in super::super) fn on_event(&self, deployment: usize, Event { at, kind: what }: &Event) {
        let now = self.since(*at);
        let mut state = self.state();
        match what {
            EventKind::TaskAdded { job, task } => {
                state.task(deployment, job, task, now);
                state.advance(&self.names[deployment], task, Stage::Submitted);
            }
            EventKind::TaskEnded { job, task, .. } => {
                state.task(deployment, job, task, now).ended_at = Some(now);
            }
            EventKind::MessagePut { queue, text } if queue.ends_with("-poison") => {
                let failed = state.failed.get(&(deployment, text.clone())).copied();
                let (message, failed) = (text.clone(), failed.unwrap_or_default());
                state.record.poisoned.push(Poisoned { deployment, at: now, message, failed });
            }
            EventKind::TaskStarted { .. } => {}
            _ => return,
        }
        state.last_activity = now;
        state.trace.push(format!("{} {what:?}", timestamp(now)));
    }

    /// Records an event of GitHub.
    pub(in super::super) fn on_github_event(
        &self,
        github: &GitHub,
        Event { at, kind: what }: &Event,
    ) {
        let now = self.since(*at);
        let registered = match what {
            EventKind::RunnerRegistered { runner } => {
                github.runners().into_iter().rev().find(|known| known.name == *runner)
            }
            _ => None,
        };
        let mut state = self.state();
        state.trace.push(format!("{} {what:?}", timestamp(now)));
        if !matches!(what, EventKind::Delivered { .. }) {
            state.last_activity = now;
        }
        match what {
            EventKind::RunnerRegistered { .. } => {
                registered
                    .into_iter()
                    .for_each(|runner| state.registered(&self.names, runner, now));
            }
            EventKind::RunnerOnline { runner } => {
                state.with_runner(runner, |runner| runner.online_at = Some(now));
            }
            EventKind::JobStarted { job, runner } => state.took(*job, runner, now),
            EventKind::JobDone { job, conclusion } => state.done(*job, conclusion, now),
            EventKind::RunnerGone { runner } => state.gone(runner, now),
            _ => {}
        }
    }
}

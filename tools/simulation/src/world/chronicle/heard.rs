//! Notes the events that the emulators tell.

use emulator_core::events::{Event, EventKind};
use github_emulator::GitHub;

use super::{Chronicle, moment};
use crate::plan::Stage;
use crate::record::Poisoned;

impl Chronicle {
    /// Notes what Batch and storage of a deployment tell.
    pub(in super::super) fn heard(&self, deployment: usize, Event { at, kind: what }: &Event) {
        let now = self.since(*at);
        let mut pages = self.pages();
        match what {
            EventKind::TaskAdded { job, task } => {
                pages.task(deployment, job, task, now);
                pages.advance(&self.names[deployment], task, Stage::Submitted);
            }
            EventKind::TaskEnded { job, task, .. } => {
                pages.task(deployment, job, task, now).ended_at = Some(now);
            }
            EventKind::MessagePut { queue, text } if queue.ends_with("-poison") => {
                let failed = pages.failed.get(&(deployment, text.clone())).copied();
                let (message, failed) = (text.clone(), failed.unwrap_or_default());
                pages.record.poisoned.push(Poisoned { deployment, at: now, message, failed });
            }
            EventKind::TaskStarted { .. } => {}
            _ => return,
        }
        pages.stirred = now;
        pages.trace.push(format!("{} {what:?}", moment(now)));
    }

    /// Notes what GitHub tells.
    pub(in super::super) fn heard_of_github(
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
        let mut pages = self.pages();
        pages.trace.push(format!("{} {what:?}", moment(now)));
        if !matches!(what, EventKind::Delivered { .. }) {
            pages.stirred = now;
        }
        match what {
            EventKind::RunnerRegistered { .. } => {
                registered
                    .into_iter()
                    .for_each(|runner| pages.registered(&self.names, runner, now));
            }
            EventKind::RunnerOnline { runner } => {
                pages.with_runner(runner, |runner| runner.online_at = Some(now));
            }
            EventKind::JobStarted { job, runner } => pages.took(*job, runner, now),
            EventKind::JobDone { job, conclusion } => pages.done(*job, conclusion, now),
            EventKind::RunnerGone { runner } => pages.gone(runner, now),
            _ => {}
        }
    }
}

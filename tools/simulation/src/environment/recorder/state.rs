//! The state of a recording, which finds the job, task or runner of an event.

use std::collections::{BTreeMap, BTreeSet};

use github_emulator::{Runner, Scope};
use tokio::sync::watch;

use crate::record::{Conclusion, End, Record, RunnerRecord, TaskRecord};
use crate::scenario::Callee;
use crate::scenario::{RENAMED, Stage};

/// The state of a recording.
#[derive(Default)]
pub(super) struct State {
    pub(super) trace: Vec<String>,
    pub(super) record: Record,
    pub(super) calls: BTreeMap<(Callee, String), (u64, u64, u64)>,
    pub(super) jobs: BTreeMap<u64, Watched>,
    pub(super) tasks: BTreeMap<(usize, String), usize>,
    /// How often the handler failed to process a message, by deployment and text.
    pub(super) failed: BTreeMap<(usize, String), u32>,
    /// The registered runners, by name.
    pub(super) runners: BTreeMap<String, usize>,
    /// The ids of registrations that the handler removed.
    pub(super) deregistered: Vec<u64>,
    /// The ids of runners that others registered.
    pub(super) others: BTreeSet<u64>,
    /// The profiles of the placeholders that were registered.
    pub(super) placeholders: BTreeSet<String>,
    /// The time of the last activity of a job, a task or a runner.
    pub(super) last_activity: u64,
}

/// A job and its progress.
pub(super) struct Watched {
    pub(super) place: usize,
    pub(super) stage: watch::Sender<Stage>,
}

impl State {
    pub(super) fn task(
        &mut self,
        deployment: usize,
        job: &str,
        task: &str,
        now: u64,
    ) -> &mut TaskRecord {
        let tasks = &mut self.record.tasks;
        let place = *self.tasks.entry((deployment, format!("{job}/{task}"))).or_insert_with(|| {
            tasks.push(TaskRecord {
                deployment,
                id: task.to_owned(),
                batch_job: job.to_owned(),
                added_at: now,
                runs: Vec::new(),
                ended_at: None,
            });
            tasks.len() - 1
        });
        &mut tasks[place]
    }

    /// Advances a job to a stage that its own task has reached.
    pub(super) fn advance(&mut self, name: &str, task: &str, stage: Stage) {
        let job = task.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')?.parse().ok());
        if let Some(job) = job.and_then(|job: u64| self.jobs.get(&job)) {
            job.stage.send_if_modified(|now| {
                let later = stage > *now;
                *now = stage.max(*now);
                later
            });
        }
    }

    pub(super) fn registered(&mut self, names: &[String], runner: Runner, now: u64) {
        let ours = |name: &&String| {
            let rest = runner.name.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        let deployment = names.iter().position(|name| ours(&name));
        let deployment = deployment.filter(|_| !self.others.contains(&runner.id));
        if let Some(deployment) = deployment {
            self.advance(&names[deployment], &runner.name, Stage::Claimed);
        }
        self.runners.insert(runner.name.clone(), self.record.runners.len());
        let repository = match &runner.scope {
            Scope::Repository(name) => Some(name.strip_suffix(RENAMED).unwrap_or(name).to_owned()),
            _ => None,
        };
        self.record.runners.push(RunnerRecord {
            id: runner.id,
            name: runner.name,
            deployment,
            persistent: !runner.ephemeral,
            repository,
            labels: runner.labels,
            registered_at: now,
            online_at: None,
            job: None,
            gone_at: None,
            end: None,
        });
    }

    pub(super) fn with_runner(&mut self, name: &str, change: impl FnOnce(&mut RunnerRecord)) {
        if let Some(&place) = self.runners.get(name) {
            change(&mut self.record.runners[place]);
        }
    }

    pub(super) fn took(&mut self, job: u64, runner: &str, now: u64) {
        self.with_runner(runner, |known| known.job = known.job.or(Some((now, job))));
        let Some(watched) = self.jobs.get(&job) else { return };
        watched.stage.send_replace(Stage::Started);
        let record = &mut self.record.jobs[watched.place];
        record.started_at = record.started_at.or(Some(now));
        record.runners.push(runner.to_owned());
    }

    pub(super) fn done(&mut self, job: u64, conclusion: &str, now: u64) {
        let Some(watched) = self.jobs.get(&job) else { return };
        let record = &mut self.record.jobs[watched.place];
        record.ended_at = Some(now);
        record.conclusion = Some(match conclusion {
            "success" => Conclusion::Success,
            "cancelled" => Conclusion::Cancelled,
            _ => Conclusion::Failure,
        });
    }

    pub(super) fn gone(&mut self, runner: &str, now: u64) {
        let Some(&place) = self.runners.get(runner) else { return };
        let record = &mut self.record.runners[place];
        record.gone_at = Some(now);
        let deregistered = self.deregistered.contains(&record.id);
        record.end = record.end.or(Some(match record.job {
            _ if deregistered => End::Deregistered,
            Some(_) => End::Served,
            None => End::Removed,
        }));
        self.runners.remove(runner);
    }
}

//! Decides about queued jobs: request another runner, cancel the run, or raise an alert.

use chrono::TimeDelta;

use super::assessment::Assessment;
use super::snapshot::{Ending, Failure, LedgerTask, ListedJob, Stage};
use super::state::{FirstSeen, ReconcileState};
use super::{Repair, Rules, WaitReason};
use crate::message::{MAX_WAIT, RunnerRequest};
use crate::profiles::{Match, Profile, match_profile};

/// How long a job may be uncovered before it gets a runner, if no runner of it is known to have failed: its delivery
/// and its message may still be under way.
const UNCOVERED_DELAY: TimeDelta = TimeDelta::minutes(2);
/// How long a job may be uncovered if the chain that resolves to it may be missing from the snapshot.
const MISSING_CHAIN_TIMEOUT: TimeDelta = TimeDelta::minutes(15);
/// How long a job counts as uncovered although no run reads it.
const UNREAD_JOB_TTL: TimeDelta = TimeDelta::minutes(30);
/// The number of runners of one job that may fail by causes on this deployment's side.
const MAX_FAILURES: usize = 5;

/// A queued job that this deployment serves.
pub(super) struct Demand<'a> {
    pub(super) id: u64,
    pub(super) listed: &'a ListedJob,
    /// `None` if no profile has all labels of the job.
    pub(super) profile: Option<&'a Profile>,
}

/// Decides about every queued job.
pub(super) fn plan(
    run: &Assessment<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
) -> Vec<Repair> {
    let demands: Vec<Demand<'_>> = Demand::all(run).collect();
    let uncovered = demands.iter().filter(|demand| run.coverage.covering(demand.id).is_none());
    let uncovered = uncovered.map(|demand| demand.id);
    // A job that this run did not read has not got a runner for that reason.
    let unread = previous.uncovered.no_longer_than(UNREAD_JOB_TTL, run.now).copied();
    let unread = unread.filter(|id| !run.snapshot.jobs.contains_key(id));
    next.uncovered = previous.uncovered.updated(uncovered.chain(unread), run.now);
    demands.iter().flat_map(|demand| demand.repairs(run, &next.uncovered)).collect()
}

impl<'a> Demand<'a> {
    /// Lists the queued jobs that this deployment serves.
    pub(super) fn all(run: &Assessment<'a>) -> impl Iterator<Item = Self> {
        let rules = run.rules;
        run.snapshot.jobs.iter().filter_map(move |(&id, listed)| Self::of(id, listed, rules))
    }

    fn of(id: u64, listed: &'a ListedJob, rules: &'a Rules) -> Option<Self> {
        let queued = listed.job.status == "queued";
        let allowed = rules.policy.allowed.allow(&listed.repository);
        let profile = match match_profile(&listed.job.labels, &rules.policy.profiles) {
            Match::Profile(profile) => Some(profile),
            Match::NoProfile { .. } => None,
            Match::GithubHosted | Match::NoLabels => return None,
        };
        (queued && allowed).then_some(Self { id, listed, profile })
    }

    fn repairs(&self, run: &Assessment<'_>, uncovered: &FirstSeen<u64>) -> Vec<Repair> {
        let mut repairs = Vec::new();
        let unservable = self.unservable(run);
        if unservable.is_none() && self.needs_runner(run, uncovered) {
            repairs.extend(self.request(run).map(Repair::Request));
        }
        if run.now - self.listed.created_at >= run.rules.no_capacity {
            let cancelled = unservable.clone().filter(|_| run.rules.cancel_unservable);
            repairs.extend(cancelled.map(|reason| self.cancel(reason)));
            let reason = unservable.unwrap_or_else(|| self.waits_for(run));
            let repository = self.listed.repository.clone();
            repairs.push(Repair::ReportWaiting { job: self.id, repository, reason });
        }
        repairs
    }

    /// Returns why another runner would not help, if that is so.
    pub(super) fn unservable(&self, run: &Assessment<'_>) -> Option<WaitReason> {
        if self.profile.is_none() {
            return Some(WaitReason::NoProfile);
        }
        if let Some(reason) = run.snapshot.barred.get(&self.id) {
            return Some(WaitReason::Group(reason.clone()));
        }
        let failures = self.failures(run);
        let abandoned = failures.len() >= MAX_FAILURES && run.coverage.covering(self.id).is_none();
        failures.last().filter(|_| abandoned).cloned().map(WaitReason::Failing)
    }

    fn failures(&self, run: &Assessment<'_>) -> Vec<Failure> {
        let failure = |task: &LedgerTask| match &task.stage {
            Stage::Ended { how: Ending::Failed(failure), .. } => Some(failure.clone()),
            _ => None,
        };
        run.coverage.made_for(self.id).filter_map(failure).collect()
    }

    /// Returns whether the job needs another runner now.
    fn needs_runner(&self, run: &Assessment<'_>, uncovered: &FirstSeen<u64>) -> bool {
        let too_old = run.now - self.listed.created_at >= MAX_WAIT;
        if too_old || run.coverage.covering(self.id).is_some() {
            return false;
        }
        // Some other run's jobs may never be read; this job must not wait for them for ever.
        let uncovered_for = |duration| uncovered.at_least(&self.id, duration, run.now);
        if self.chain_may_be_missing(run) && !uncovered_for(MISSING_CHAIN_TIMEOUT) {
            return false;
        }
        let ended = run.coverage.resolving_to(self.id).filter_map(|task| match &task.stage {
            Stage::Ended { at, how } => Some((*at, how)),
            _ => None,
        });
        match ended.max_by_key(|(at, _)| *at) {
            Some((_, Ending::Failed(_) | Ending::Node)) => true,
            Some((at, how @ (Ending::NoJob | Ending::Rejected))) => {
                run.now - at >= self.delay(run, how)
            }
            Some((_, Ending::Clean | Ending::Terminated)) | None => uncovered_for(UNCOVERED_DELAY),
        }
    }

    /// Returns whether a chain that the snapshot does not contain may resolve to the job: some run's jobs are missing,
    /// and a runner of this job has served another job, whose own runner is then free for this one.
    fn chain_may_be_missing(&self, run: &Assessment<'_>) -> bool {
        let served = |task: &LedgerTask| {
            matches!(task.stage, Stage::Ended { how: Ending::Clean, .. } | Stage::Started { .. })
        };
        run.snapshot.missing_runs && run.coverage.made_for(self.id).any(served)
    }

    /// Returns the delay before the next runner after runners that ended in the same way. After runners without a job
    /// it is twice as long each time, up to 63 minutes. Runners that rejected jobs were assigned a different job each:
    /// the delay after the fifth does not grow, so that any number of such jobs does not keep this one from a runner.
    fn delay(&self, run: &Assessment<'_>, how: &Ending) -> TimeDelta {
        let same =
            |task: &&LedgerTask| matches!(&task.stage, Stage::Ended { how: own, .. } if own == how);
        let times = run.coverage.made_for(self.id).filter(same).count();
        match how {
            Ending::Rejected if times <= MAX_FAILURES => TimeDelta::zero(),
            Ending::Rejected => UNCOVERED_DELAY,
            _ => TimeDelta::minutes(1 << times.min(6)) - TimeDelta::minutes(1),
        }
    }

    /// Returns the request for the job's next runner, which has the number after all earlier runners of the job.
    pub(super) fn request(&self, run: &Assessment<'_>) -> Option<RunnerRequest> {
        let profile = self.profile?;
        let numbers = run.coverage.made_for(self.id).map(|task| task.id.replacement);
        Some(RunnerRequest {
            job: self.id,
            run: self.listed.job.run,
            repository: self.listed.repository.clone(),
            profile: profile.name.clone(),
            pinned: profile.pinned(&self.listed.job.labels),
            generation: run.snapshot.generations.get(&profile.name).copied().unwrap_or(1),
            replacement: numbers.max().unwrap_or_default() + 1,
            requested_at: run.now,
        })
    }

    fn cancel(&self, reason: WaitReason) -> Repair {
        let (run, repository) = (self.listed.job.run, self.listed.repository.clone());
        Repair::Cancel { job: self.id, run, repository, reason }
    }
}

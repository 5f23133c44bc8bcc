//! Decides what waiting jobs need: another runner, patience, or a person.

use chrono::{DateTime, TimeDelta, Utc};

use super::coverage::Coverage;
use super::snapshot::{Ending, Failure, LedgerTask, ListedJob, Snapshot, Stage};
use super::state::{ReconcileState, Since};
use super::{Repair, Rules, WaitReason};
use crate::message::{MAX_WAIT, RunnerRequest};
use crate::profiles::{Match, Profile, match_profile};

/// How long a job may be uncovered before it gets a runner, where nothing says that one has failed: its
/// delivery and its message may still be on the road.
const UNCOVERED_FOR: TimeDelta = TimeDelta::minutes(2);
/// How long it may be uncovered where the walk that ends at it may not have been seen.
const UNREACHED_FOR: TimeDelta = TimeDelta::minutes(15);
/// How long it counts as uncovered though no run has reached it.
const UNSEEN_FOR: TimeDelta = TimeDelta::minutes(30);
/// How many runners of one job may fail by causes of our own.
const MAX_FAILURES: usize = 5;

/// A job that waits for a runner of ours.
pub(super) struct Waiting<'a> {
    pub(super) id: u64,
    pub(super) job: &'a ListedJob,
    /// `None` where no profile serves it.
    pub(super) profile: Option<&'a Profile>,
}

/// Decides for every waiting job.
pub(super) fn plan(
    seen: &Snapshot,
    coverage: &Coverage<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Repair> {
    let waiting: Vec<Waiting<'_>> =
        seen.jobs.iter().filter_map(|(&id, job)| Waiting::of(id, job, rules)).collect();
    let uncovered = waiting.iter().filter(|waiting| coverage.covering(waiting.id).is_none());
    let uncovered = uncovered.map(|waiting| waiting.id);
    // What was not reached this time has not got a runner for that.
    let unseen = previous.uncovered.younger(UNSEEN_FOR, now).copied();
    let unseen = unseen.filter(|id| !seen.jobs.contains_key(id));
    next.uncovered = previous.uncovered.renewed(uncovered.chain(unseen), now);
    let mut repairs = Vec::new();
    for waiting in &waiting {
        let hopeless = waiting.hopeless(seen, coverage);
        if hopeless.is_none() && waiting.is_due(seen, coverage, &next.uncovered, now) {
            repairs.extend(waiting.request(seen, coverage, now).map(Repair::Request));
        }
        if now - waiting.job.created_at >= rules.no_capacity {
            if let Some(why) = hopeless.clone().filter(|_| rules.cancel_unservable) {
                repairs.push(waiting.cancel(why));
            }
            repairs.push(waiting.report(hopeless, seen, coverage, now));
        }
    }
    repairs
}

impl<'a> Waiting<'a> {
    pub(super) fn of(id: u64, job: &'a ListedJob, rules: &'a Rules) -> Option<Self> {
        let allowed = job.seen.status == "queued" && rules.policy.allowed.allow(&job.repository);
        let profile = match match_profile(&job.seen.labels, &rules.policy.profiles) {
            Match::Profile(profile) => Some(profile),
            Match::Unserved { .. } => None,
            Match::GithubHosted | Match::NoLabels => return None,
        };
        allowed.then_some(Self { id, job, profile })
    }

    fn failures(&self, coverage: &Coverage<'_>) -> Vec<Failure> {
        let failure = |task: &LedgerTask| match &task.stage {
            Stage::Ended { how: Ending::Failed(why), .. } => Some(why.clone()),
            _ => None,
        };
        coverage.made_for(self.id).filter_map(failure).collect()
    }

    /// Why no further runner would help.
    pub(super) fn hopeless(&self, seen: &Snapshot, coverage: &Coverage<'_>) -> Option<WaitReason> {
        if self.profile.is_none() {
            return Some(WaitReason::NoProfile);
        }
        if let Some(why) = seen.barred.get(&self.id) {
            return Some(WaitReason::Group(why.clone()));
        }
        let failures = self.failures(coverage);
        let given_up = failures.len() >= MAX_FAILURES && coverage.covering(self.id).is_none();
        failures.last().filter(|_| given_up).cloned().map(WaitReason::Failing)
    }

    /// Tells whether the job needs another runner now.
    fn is_due(
        &self,
        seen: &Snapshot,
        coverage: &Coverage<'_>,
        uncovered: &Since<u64>,
        now: DateTime<Utc>,
    ) -> bool {
        if coverage.covering(self.id).is_some() || now - self.job.created_at >= MAX_WAIT {
            return false;
        }
        // Where a runner of this job has served another, the walk of that one's task may end here, and the
        // way there may be what was not reached; but what is never reached must not keep a job waiting.
        let served = |task: &LedgerTask| {
            matches!(task.stage, Stage::Ended { how: Ending::Clean, .. } | Stage::Started { .. })
        };
        let unreached = seen.partial && coverage.made_for(self.id).any(served);
        if unreached && !uncovered.lasted(&self.id, UNREACHED_FOR, now) {
            return false;
        }
        let last = coverage
            .owing(self.id)
            .filter_map(|task| match &task.stage {
                Stage::Ended { at, how } => Some((*at, how)),
                _ => None,
            })
            .max_by_key(|(at, _)| *at);
        match last {
            Some((_, Ending::Failed(_) | Ending::Node)) => true,
            Some((at, how @ (Ending::NoJob | Ending::Refused))) => {
                now - at >= self.delay(coverage, how)
            }
            Some((_, Ending::Clean | Ending::Terminated)) | None => {
                uncovered.lasted(&self.id, UNCOVERED_FOR, now)
            }
        }
    }

    /// Returns the delay before the next runner after those that ended in the same way: twice as long each time, up
    /// to 63 minutes. Five runners may refuse the jobs of others before it grows: each of these took a job of its
    /// own to refuse.
    fn delay(&self, coverage: &Coverage<'_>, how: &Ending) -> TimeDelta {
        let same =
            |task: &&LedgerTask| matches!(&task.stage, Stage::Ended { how: own, .. } if own == how);
        let times = coverage.made_for(self.id).filter(same).count();
        let free = if *how == Ending::Refused { MAX_FAILURES } else { 0 };
        TimeDelta::minutes(1 << times.saturating_sub(free).min(6)) - TimeDelta::minutes(1)
    }

    /// The request for the job's next runner: one number after all that it had.
    pub(super) fn request(
        &self,
        seen: &Snapshot,
        coverage: &Coverage<'_>,
        now: DateTime<Utc>,
    ) -> Option<RunnerRequest> {
        let made = coverage.made_for(self.id).map(|task| task.id.replacement);
        let last = made.max().unwrap_or_default();
        let pinned = self.profile?.pinned(&self.job.seen.labels);
        let profile = self.profile?.name.clone();
        Some(RunnerRequest {
            job: self.id,
            run: self.job.seen.run,
            repository: self.job.repository.clone(),
            generation: seen.generations.get(&profile).copied().unwrap_or(1),
            profile,
            pinned,
            replacement: last + 1,
            requested_at: now,
        })
    }

    fn cancel(&self, why: WaitReason) -> Repair {
        let (job, run, repository) = (self.id, self.job.seen.run, self.job.repository.clone());
        Repair::Cancel { job, run, repository, why }
    }

    fn report(
        &self,
        hopeless: Option<WaitReason>,
        seen: &Snapshot,
        coverage: &Coverage<'_>,
        now: DateTime<Utc>,
    ) -> Repair {
        let why = hopeless.unwrap_or_else(|| self.waits_for(seen, coverage, now));
        Repair::Report { job: self.id, repository: self.job.repository.clone(), why }
    }
}

//! Decides about queued jobs: request another runner, cancel the run, or raise an alert.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::assessment::Assessment;
use super::others::Elsewhere;
use super::probes::Probes;
use super::snapshot::{Ending, Failure, LedgerTask, ListedJob, Snapshot, Stage};
use super::state::{FirstSeen, ReconcileState, RequestedRunner};
use super::wait_reason::DelayCause;
use super::{JobAges, Repair, Rules, WaitReason};
use crate::json::shortened;
use crate::message::{MAX_REPLACEMENTS, MAX_WAIT, RunnerRequest};
use crate::polling::DemandSource;
use crate::profiles::{Match, Profile, first_unknown_label, is_list, match_profile};
use crate::task::TaskId;

/// How long a job may be uncovered before it gets another runner, if no runner of it is known to have failed: a message
/// may still be under way. A little less than the two minutes between runs of the default schedule: a run that begins some
/// milliseconds early would leave the job to the next one.
const UNCOVERED_DELAY: TimeDelta = TimeDelta::seconds(110);
/// The age at which a job gets its first runner if its delivery and its message are still under way. A message too many
/// does no harm: both name the same task. With a run every two minutes, a lost delivery costs 2.5 minutes at most.
const FIRST_DELAY: TimeDelta = TimeDelta::seconds(30);
/// The time after which a request is repeated if it has led to no task: the runs of the default schedule repeat it each
/// time.
const REPEAT_DELAY: TimeDelta = TimeDelta::seconds(110);
/// How long a job may be uncovered if the chain that resolves to it may be missing from the snapshot.
const MISSING_CHAIN_TIMEOUT: TimeDelta = TimeDelta::minutes(15);
/// How long a job counts as uncovered although no run reads it.
const UNREAD_JOB_TTL: TimeDelta = TimeDelta::minutes(30);
/// The number of runners of one job that may fail by causes on this deployment's side.
const MAX_FAILURES: usize = 5;
/// The delay before another runner after that many, the last of which got no answer to its claims, or no session.
const UNANSWERED_DELAY: TimeDelta = TimeDelta::minutes(30);

/// A queued job that this deployment serves.
pub(super) struct Demand<'a> {
    pub(super) id: u64,
    pub(super) listed: &'a ListedJob,
    /// `None` if no profile has all labels of the job.
    pub(super) profile: Option<&'a Profile>,
}

/// Since when the conditions of jobs have held, which no service records, and what follows for all jobs together.
pub(super) struct Times {
    uncovered: FirstSeen<u64>,
    requested: BTreeMap<u64, RequestedRunner>,
    ages: JobAges,
    probes: Probes,
}

impl Times {
    pub(super) fn new(run: &Assessment<'_>, uncovered: FirstSeen<u64>, ages: JobAges) -> Self {
        let (requested, probes) = (BTreeMap::new(), Probes::default());
        let mut times = Self { uncovered, requested, ages, probes };
        times.probes = Probes::find(run, &times);
        times
    }
}

/// Decides about every queued job.
pub(super) fn plan(
    run: &Assessment<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
) -> Vec<Repair> {
    let demands: Vec<Demand<'_>> = Demand::all(run).collect();
    let uncovered = demands.iter().filter(|demand| demand.covering(run).is_none());
    let uncovered = uncovered.map(|demand| demand.id);
    // A job that this run did not read has not got a runner for that reason.
    let unread = previous.uncovered.no_longer_than(UNREAD_JOB_TTL, run.now).copied();
    let unread = unread.filter(|id| !run.snapshot.jobs.contains_key(id));
    let uncovered = previous.uncovered.updated(uncovered.chain(unread), run.now);
    let mut times = Times::new(run, uncovered, previous.ages.updated(run.snapshot, run.now));
    let recent = |(job, request): &(&u64, &RequestedRunner)| {
        times.uncovered.contains(job) && run.now - request.at < REPEAT_DELAY
    };
    let requested = previous.requested.iter().filter(recent);
    times.requested = requested.map(|(&job, &request)| (job, request)).collect();
    let repairs = demands.iter().flat_map(|demand| demand.repairs(run, &mut times)).collect();
    (next.uncovered, next.requested, next.ages) = (times.uncovered, times.requested, times.ages);
    repairs
}

impl<'a> Demand<'a> {
    /// Lists the queued jobs that this deployment serves.
    pub(super) fn all(run: &Assessment<'a>) -> impl Iterator<Item = Self> {
        Self::of_snapshot(run.snapshot, run.rules)
    }

    /// Lists the queued jobs of a snapshot that this deployment serves.
    pub(super) fn of_snapshot(
        snapshot: &'a Snapshot,
        rules: &'a Rules,
    ) -> impl Iterator<Item = Self> {
        let (public, jobs) = (&snapshot.public, snapshot.jobs.iter());
        let served = jobs.filter(|(_, listed)| !public.contains(&listed.repository));
        served.filter_map(move |(&id, listed)| Self::of(id, listed, rules))
    }

    fn of(id: u64, listed: &'a ListedJob, rules: &'a Rules) -> Option<Self> {
        if listed.job.status != "queued" || !rules.policy.allowed.allow(&listed.repository) {
            return None;
        }
        let profile = match match_profile(&listed.job.labels, &rules.policy.profiles) {
            Match::Profile(profile) => Some(profile),
            Match::NoProfile { .. } | Match::NoLabels => None,
            Match::GithubHosted | Match::OtherLabels => return None,
        };
        Some(Self { id, listed, profile })
    }

    fn repairs(&self, run: &Assessment<'_>, times: &mut Times) -> Vec<Repair> {
        let mut repairs = Vec::new();
        if self.paused(run).is_some() {
            return repairs;
        }
        let unservable = self.unservable(run, times);
        let again = unservable.as_ref().is_some_and(|reason| self.may_try_again(run, reason));
        let wanted = unservable.is_none() || again;
        if wanted && self.due(run, times).is_some_and(|(at, _)| at <= run.now) {
            repairs.extend(self.new_request(run, times).map(Repair::Request));
        }
        if run.now - self.waits_since(run, times) < run.rules.no_capacity {
            return repairs;
        }
        let report = match &unservable {
            // Whose runners serve a job without labels is not known.
            Some(WaitReason::NoLabels | WaitReason::LeftToOthers(_)) => return repairs,
            Some(WaitReason::LeftBehind) => times.ages.report(self.id),
            _ => true,
        };
        let cancels =
            run.rules.cancel_unservable && run.elsewhere(self.listed) == Elsewhere::NoRunner;
        let cancelled = unservable.clone().filter(|reason| cancels && is_cancelled(reason));
        repairs.extend(cancelled.map(|reason| self.cancel(reason)));
        let reason = unservable.unwrap_or_else(|| self.waits_for(run, times));
        let repository = self.listed.repository.clone();
        let report = report.then_some(Repair::ReportWaiting { job: self.id, repository, reason });
        repairs.extend(report);
        repairs
    }

    /// Returns the latest time at which the job can have become ready for a runner.
    fn queued_since(&self, run: &Assessment<'_>, times: &Times) -> DateTime<Utc> {
        times.ages.queued_since(self.id, self.listed, run.snapshot, run.now)
    }

    /// Returns since when the job has waited without a pause of its profile.
    fn waits_since(&self, run: &Assessment<'_>, times: &Times) -> DateTime<Utc> {
        let pause = self.profile.and_then(|profile| run.snapshot.pauses.get(&profile.name));
        let resumed = pause.and_then(|pause| pause.resumed);
        self.queued_since(run, times).max(resumed.unwrap_or(DateTime::UNIX_EPOCH))
    }

    /// Returns the live task whose chain resolves to the job. A task that waits for the end of a pause covers no job of
    /// another profile.
    pub(super) fn covering(&self, run: &Assessment<'a>) -> Option<&'a LedgerTask> {
        let task = run.coverage.covering(self.id)?;
        let waits =
            task.stage == Stage::Waiting && run.snapshot.pauses.paused(&task.profile).is_some();
        let own = self.profile.is_some_and(|profile| profile.name == task.profile);
        (!waits || own).then_some(task)
    }

    /// Returns that the job waits for the end of a pause, if it does: its profile is paused, and no runner of it has
    /// started.
    pub(super) fn paused(&self, run: &Assessment<'_>) -> Option<WaitReason> {
        let profile = &self.profile?.name;
        let pause = run.snapshot.pauses.paused(profile)?;
        let started = self.covering(run).is_some_and(|task| task.stage != Stage::Waiting);
        let (profile, pause) = (profile.clone(), pause.description());
        (!started).then_some(WaitReason::Paused { profile, pause })
    }

    /// Returns why no runner of this deployment can serve the job, if that is so.
    pub(super) fn obstacle(&self, run: &Assessment<'_>) -> Option<WaitReason> {
        let labels = &self.listed.job.labels;
        if let Some(list) = labels.iter().find(|label| is_list(label)) {
            return Some(WaitReason::ListInLabel(shortened(list)));
        }
        if self.profile.is_none() {
            let unknown = first_unknown_label(labels, &run.rules.policy.profiles).map(shortened);
            let none = labels.is_empty();
            return Some(if none { WaitReason::NoLabels } else { WaitReason::NoProfile(unknown) });
        }
        if run.snapshot.runs.of_users.contains(&self.listed.repository) {
            return Some(WaitReason::OfUser);
        }
        run.snapshot.barred.get(&self.id).cloned().map(WaitReason::Group)
    }

    /// Returns why another runner would not help, if that is so.
    pub(super) fn unservable(&self, run: &Assessment<'_>, times: &Times) -> Option<WaitReason> {
        if let Some(obstacle) = self.obstacle(run) {
            return Some(match run.elsewhere(self.listed) {
                Elsewhere::Served(other) => WaitReason::LeftToOthers(other),
                Elsewhere::NoRunner | Elsewhere::Unread => obstacle,
            });
        }
        if self.covering(run).is_some() {
            return None;
        }
        if let Some(reason) = self.exhausted(run, times).or_else(|| self.refused(run, times)) {
            return Some(reason);
        }
        let failures = self.failures(run);
        let last = failures.last().filter(|_| failures.len() >= MAX_FAILURES)?;
        let causes = &run.snapshot.claim_failures;
        let cause = failures.iter().rev().find_map(|(task, _)| causes.cause(&task.to_string()));
        Some(match cause.filter(|_| last.1.is_unclaimed()) {
            Some(cause) => WaitReason::Unclaimed(cause.to_owned()),
            None => WaitReason::Failing(last.1.clone()),
        })
    }

    /// Returns why no further runner is requested for the job, whatever the cause of its wait is.
    pub(super) fn exhausted(&self, run: &Assessment<'_>, times: &Times) -> Option<WaitReason> {
        if run.now - self.queued_since(run, times) >= MAX_WAIT {
            return Some(WaitReason::LeftBehind);
        }
        (self.last_replacement(run) >= MAX_REPLACEMENTS).then_some(WaitReason::TooManyRunners)
    }

    /// Returns whether another runner may get an answer to its claim, and a session with GitHub: the last one got none,
    /// some time ago. What does not answer may be down for hours, and nothing but a runner finds out that it is back.
    fn may_try_again(&self, run: &Assessment<'_>, reason: &WaitReason) -> bool {
        if !matches!(reason, WaitReason::Failing(_) | WaitReason::Unclaimed(_)) {
            return false;
        }
        let ended = run.coverage.made_for(self.id).filter_map(|task| match &task.stage {
            Stage::Ended { how, at } => Some((*at, how)),
            _ => None,
        });
        ended.max_by_key(|(at, _)| *at).is_some_and(|(at, how)| {
            let unanswered = matches!(how, Ending::Failed(failure) if failure.is_unanswered());
            unanswered && run.now - at >= UNANSWERED_DELAY
        })
    }

    /// Returns why the claim of another runner would be refused. From time to time one runner of the account, or of the
    /// repository that alone is refused, tries in each pool.
    fn refused(&self, run: &Assessment<'_>, times: &Times) -> Option<WaitReason> {
        let (_, period) = run.snapshot.refused_claims.present(&self.listed.repository)?;
        (!times.probes.contains(self.id)).then(|| WaitReason::Refused(period.text.clone()))
    }

    /// Lists the failures of the job's runners, without those whose claims were refused because of the credential.
    fn failures<'r>(&self, run: &'r Assessment<'_>) -> Vec<(&'r TaskId, &'r Failure)> {
        let repository = &self.listed.repository;
        let refused = &run.snapshot.refused_claims;
        let failure = |task: &'r LedgerTask| match &task.stage {
            Stage::Ended { how: Ending::Failed(failure), at }
                if failure.is_unclaimed() && refused.explain(repository, *at) =>
            {
                None
            }
            Stage::Ended { how: Ending::Failed(failure), .. } => Some((&task.id, failure)),
            _ => None,
        };
        run.coverage.made_for(self.id).filter_map(failure).collect()
    }

    /// Returns when the job's next runner is requested, and why not before, if the delay has a cause of its own; `None`
    /// if a live task covers the job.
    pub(super) fn due(
        &self,
        run: &Assessment<'_>,
        times: &Times,
    ) -> Option<(DateTime<Utc>, Option<DelayCause>)> {
        if self.covering(run).is_some() {
            return None;
        }
        let uncovered = times.uncovered.since(&self.id).unwrap_or(run.now);
        let ended = run.coverage.resolving_to(self.id).filter_map(|task| match &task.stage {
            Stage::Ended { at, how } => Some((*at, how)),
            _ => None,
        });
        let (at, cause) = match ended.max_by_key(|(at, _)| *at) {
            Some((at, Ending::Failed(_) | Ending::Node)) => (at, None),
            Some((at, how @ Ending::NoJob)) => (at + self.delay(run, how), Some(DelayCause::NoJob)),
            Some((at, how @ Ending::Rejected)) => {
                (at + self.delay(run, how), Some(DelayCause::Rejected))
            }
            None if run.coverage.made_for(self.id).next().is_none() => {
                (self.first_request_at(run.rules, uncovered), None)
            }
            Some((_, Ending::Clean | Ending::Terminated)) | None => {
                (uncovered + uncovered_delay(run.rules), None)
            }
        };
        // Some other run's jobs may never be read; this job must not wait for them for ever.
        let others = uncovered + MISSING_CHAIN_TIMEOUT;
        if self.chain_may_be_missing(run) && others > at {
            return Some((others, Some(DelayCause::MissingRuns)));
        }
        Some((at, cause))
    }

    /// Returns when a job that has had no runner gets the first.
    fn first_request_at(&self, rules: &Rules, uncovered: DateTime<Utc>) -> DateTime<Utc> {
        match rules.demand {
            DemandSource::Webhook => self.listed.created_at + FIRST_DELAY,
            // There is no delivery to wait for.
            DemandSource::Polling => uncovered,
        }
    }

    /// Returns whether a chain that the snapshot does not contain may resolve to the job: some run's jobs are missing,
    /// and a runner of this job has served another job, whose own runner is then free for this one.
    fn chain_may_be_missing(&self, run: &Assessment<'_>) -> bool {
        let served = |task: &LedgerTask| {
            matches!(task.stage, Stage::Ended { how: Ending::Clean, .. } | Stage::Started { .. })
        };
        let owner = self.listed.repository.owner().to_ascii_lowercase();
        let missing = run.snapshot.missing_runs || run.snapshot.missing_accounts.contains(&owner);
        missing && run.coverage.made_for(self.id).any(served)
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

    /// Returns the request for the job's next runner, unless its message was queued a short time ago.
    fn new_request(&self, run: &Assessment<'_>, times: &mut Times) -> Option<RunnerRequest> {
        let request = self.request(run)?;
        let requested = RequestedRunner { replacement: request.replacement, at: run.now };
        let last = times.requested.get(&self.id).map(|last| last.replacement);
        if last == Some(request.replacement) {
            return None;
        }
        times.requested.insert(self.id, requested);
        Some(request)
    }

    /// Returns the request for the job's next runner, which has the number after all earlier runners of the job.
    pub(super) fn request(&self, run: &Assessment<'_>) -> Option<RunnerRequest> {
        let profile = self.profile?;
        Some(RunnerRequest {
            job: self.id,
            run: self.listed.job.run,
            repository: self.listed.repository.clone(),
            profile: profile.name.clone(),
            pinned: profile.pinned(&self.listed.job.labels),
            generation: run.snapshot.generations.get(&profile.name).copied().unwrap_or(1),
            replacement: self.last_replacement(run) + 1,
            requested_at: run.now,
        })
    }

    /// Returns the highest number of the job's runners; 0 if it has had none.
    fn last_replacement(&self, run: &Assessment<'_>) -> u32 {
        let numbers = run.coverage.made_for(self.id).map(|task| task.id.replacement);
        numbers.max().unwrap_or_default()
    }

    fn cancel(&self, reason: WaitReason) -> Repair {
        let (run, repository) = (self.listed.job.run, self.listed.repository.clone());
        Repair::Cancel { job: self.id, run, repository, reason }
    }
}

/// Returns how long a job may be uncovered before it gets another runner. Without webhooks no message but those of
/// reconciliation is under way, but its tasks were read before the jobs: the next run confirms it.
fn uncovered_delay(rules: &Rules) -> TimeDelta {
    match rules.demand {
        DemandSource::Webhook => UNCOVERED_DELAY,
        DemandSource::Polling => rules.period / 2,
    }
}

/// Returns whether the run of a job is cancelled for this reason. GitHub cancels no run that it has left behind,
/// runners of the user may serve a user's repository, and a credential may be accepted again.
fn is_cancelled(reason: &WaitReason) -> bool {
    match reason {
        WaitReason::LeftBehind
        | WaitReason::OfUser
        | WaitReason::Unclaimed(_)
        | WaitReason::Refused(_) => false,
        WaitReason::Failing(failure) => !failure.is_unclaimed(),
        _ => true,
    }
}

//! A model of everything around the rule of coverage: jobs, tasks and runners, and all that may befall them.
//!
//! The decisions are the handler's own ([`handler::claim::step`], [`handler::reconcile::plan`]); only what acts
//! on them is modelled. Each call of [`World::happen`] does one of the things that may happen now.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use handler::admission::Policy;
use handler::claim::SeenJob;
use handler::profiles::{Profile, parse_profiles};
use handler::reconcile::snapshot::{Ending, LedgerTask, ListedJob, SeenRunner, Snapshot, Stage};
use handler::reconcile::{ReconcileState, Repair, Rules, plan};
use handler::repository::{AllowedRepositories, Repository};
use handler::task::TaskId;

mod claims;
mod chances;

pub(crate) use chances::Chance;

/// What kinds of mischief a world knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mischief {
    /// Deliveries are lost.
    pub losses: bool,
    /// Nodes die, and tasks fail.
    pub deaths: bool,
    /// GitHub removes idle runners.
    pub removals: bool,
    /// Some profiles' runners can serve each other's jobs, and some cannot.
    pub profiles: bool,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Job {
    /// Behind a gate.
    Gated,
    /// It waits for a runner.
    Queued,
    /// It runs on the runner of this task.
    Running(usize),
    /// It ended, on the runner of this task or on none.
    Done(Option<usize>),
}

/// A job, and what is known of its way to us.
#[derive(Clone, Debug)]
pub(crate) struct AJob {
    /// Where it stands.
    pub state: Job,
    repository: Repository,
    labels: Vec<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// Where a task stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// It waits for a node.
    Waiting,
    /// It runs, and has not claimed.
    Started(DateTime<Utc>),
    /// Its runner waits for a job.
    Idle(DateTime<Utc>),
    /// Its runner has this job.
    Busy(DateTime<Utc>, u64),
    /// It ended.
    Ended(DateTime<Utc>, Ending),
}

/// A task, and the profile that it was made for.
#[derive(Clone, Debug)]
pub(crate) struct ATask {
    /// Its id.
    pub id: TaskId,
    /// Where it stands.
    pub phase: Phase,
    profile: usize,
    repository: Repository,
}

impl ATask {
    /// Tells whether it takes a node.
    fn works(&self) -> bool {
        !matches!(self.phase, Phase::Waiting | Phase::Ended(..))
    }
}

/// Jobs, tasks and runners, and the memory of reconciliation.
pub(crate) struct World {
    /// The jobs, by their ids.
    pub jobs: BTreeMap<u64, AJob>,
    /// The tasks, in the order in which they were added.
    pub tasks: Vec<ATask>,
    /// Runners that reconciliation took off the list because nobody needed them.
    pub surplus: usize,
    /// How many more jobs than free runners there were, at most, after two runs of reconciliation.
    pub short: usize,
    /// Jobs that were cancelled while a runner waited for them.
    pub cancelled_after_claim: usize,
    mischief: Mischief,
    rules: Rules,
    memory: ReconcileState,
    now: DateTime<Utc>,
}

const PROFILES: &str = r#"[
  {"name":"small","labels":["self-hosted","a"],"pool":"p","image":"i"},
  {"name":"large","labels":["self-hosted","a","b"],"pool":"p","image":"i"}]"#;

impl World {
    /// Makes an empty world.
    pub(crate) fn new(mischief: Mischief) -> Self {
        let policy = Policy {
            profiles: parse_profiles(PROFILES).expect("profiles"),
            allowed: AllowedRepositories::default(),
            public_repositories: false,
        };
        let rules = Rules {
            deployment: "gh".parse().expect("a name"),
            policy,
            idle: TimeDelta::minutes(10),
            no_capacity: TimeDelta::minutes(30),
            keep_ended: TimeDelta::hours(48),
            cancel_unservable: false,
        };
        Self {
            jobs: BTreeMap::new(),
            tasks: Vec::new(),
            surplus: 0,
            short: 0,
            cancelled_after_claim: 0,
            mischief,
            rules,
            memory: ReconcileState::default(),
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn profile(&self, number: usize) -> &Profile {
        &self.rules.policy.profiles[number]
    }

    /// A job comes to be, queued or behind a gate; its delivery arrives or is lost.
    fn add_job(&mut self, chance: &mut Chance<'_>) {
        let id = 1 + self.jobs.len() as u64;
        let profile = if self.mischief.profiles { chance.below(2) } else { 0 };
        let labels = [&["a"][..], &["a", "b"]][profile].iter().map(|&label| label.to_owned());
        let labels = std::iter::once("self-hosted".to_owned()).chain(labels).collect();
        let gated = chance.below(5) == 0;
        let repository = format!("octo/{}", ["app", "web"][chance.below(2)]);
        let repository = Repository::try_from(repository.as_str()).expect("a name");
        let state = if gated { Job::Gated } else { Job::Queued };
        let (created_at, ended_at) = (self.now, None);
        self.jobs.insert(id, AJob { state, repository, labels, created_at, ended_at });
        if !(gated || self.mischief.losses && chance.below(4) == 0) {
            self.submit(id, profile, 1);
        }
    }

    /// What SubmitRunnerTask does with a message.
    fn submit(&mut self, job: u64, profile: usize, mut replacement: u32) {
        loop {
            let id = self.rules.deployment.task(job, replacement);
            match self.tasks.iter().find(|task| task.id == id) {
                None => {
                    let repository = self.jobs[&job].repository.clone();
                    self.tasks.push(ATask { id, phase: Phase::Waiting, profile, repository });
                    return;
                }
                Some(ATask { phase: Phase::Ended(..), .. })
                    if self.jobs[&job].state == Job::Queued =>
                {
                    replacement += 1;
                }
                Some(_) => return,
            }
        }
    }

    fn fits(&self, job: &AJob, task: &ATask) -> bool {
        self.profile(task.profile).serves(&job.labels)
    }

    fn end(&mut self, task: usize, how: Ending) {
        if let Phase::Busy(_, job) = self.tasks[task].phase {
            let job = self.jobs.get_mut(&job).expect("a runner has a job that exists");
            (job.state, job.ended_at) = (Job::Done(Some(task)), Some(self.now));
        }
        self.tasks[task].phase = Phase::Ended(self.now, how);
    }

    /// Reconciliation runs once, on the truth.
    pub(crate) fn reconcile(&mut self) -> Vec<Repair> {
        let (repairs, memory) = plan(&self.seen(), &self.memory, &self.rules, self.now);
        self.memory = memory;
        for repair in &repairs {
            self.carry_out(repair);
        }
        repairs
    }

    fn carry_out(&mut self, repair: &Repair) {
        let place = |name: &TaskId| self.tasks.iter().position(|task| task.id == *name);
        match repair {
            Repair::Request(request) => {
                let profile = self.rules.policy.profiles.iter();
                let profile =
                    profile.map(|profile| &profile.name).position(|name| *name == request.profile);
                self.submit(request.job, profile.expect("a profile"), request.replacement);
            }
            Repair::Terminate { task, .. } => {
                let task = place(task).expect("a task");
                self.end(task, Ending::Terminated);
            }
            Repair::Deregister { name, .. } => {
                let task = place(name).expect("a task");
                self.surplus += 1;
                self.end(task, Ending::NoJob);
            }
            Repair::DeleteTask { task, .. } => {
                let task = place(task).expect("a task");
                self.tasks.remove(task);
            }
            Repair::Report { .. } | Repair::Alarm { name: "group", .. } => {}
            other => panic!("nothing in this world asks for {other:?}"),
        }
    }

    /// What a run of reconciliation sees.
    fn seen(&self) -> Snapshot {
        let runner = |(id, task): (usize, &ATask)| {
            let busy = match task.phase {
                Phase::Idle(_) => false,
                Phase::Busy(..) => true,
                _ => return None,
            };
            let (name, repository) = (task.id.clone(), task.repository.clone());
            Some(SeenRunner { id: id as u64, name, repository, online: true, busy, version: None })
        };
        Snapshot {
            runners: Some(self.tasks.iter().enumerate().filter_map(runner).collect()),
            tasks: self.tasks.iter().map(|task| self.ledger(task)).collect(),
            jobs: self.jobs.iter().map(|(&id, job)| (id, self.listed(job))).collect(),
            ..Snapshot::default()
        }
    }

    fn ledger(&self, task: &ATask) -> LedgerTask {
        let stage = match &task.phase {
            Phase::Waiting => Stage::Waiting,
            Phase::Started(at) | Phase::Idle(at) | Phase::Busy(at, _) => {
                Stage::Started { at: Some(*at) }
            }
            Phase::Ended(at, how) => Stage::Ended { at: *at, how: how.clone() },
        };
        let profile = self.profile(task.profile).name.clone();
        LedgerTask {
            id: task.id.clone(),
            batch_job: format!("runners-{profile}"),
            profile,
            pinned: Vec::new(),
            repository: task.repository.clone(),
            stage,
        }
    }

    fn listed(&self, job: &AJob) -> ListedJob {
        let (status, runner) = match job.state {
            Job::Gated => ("waiting", None),
            Job::Queued => ("queued", None),
            Job::Running(task) => ("in_progress", Some(task)),
            Job::Done(task) => ("completed", task),
        };
        let seen = SeenJob {
            run: 1,
            status: status.to_owned(),
            runner: runner.map(|task| self.tasks[task].id.to_string()),
            labels: job.labels.clone(),
        };
        let (repository, created_at) = (job.repository.clone(), job.created_at);
        ListedJob { repository, created_at, ended_at: job.ended_at, seen }
    }
}

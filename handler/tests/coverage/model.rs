//! A model of everything around the rule of coverage: jobs, tasks, runners, and the events that change them.
//!
//! The decisions are those of the handler ([`handler::assignment::decide`], [`handler::reconcile::plan`]). The model
//! executes them. Each event is one change that is possible at that time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use handler::admission::Policy;
use handler::assignment::{Job, JobDetails, ListedJob};
use handler::polling::DemandSource;
use handler::profiles::{Profile, parse_profiles};
use handler::reconcile::snapshot::{
    Ending, LedgerTask, Level, RegisteredRunner, Runners, Snapshot, Stage, StoredClaim,
};
use handler::reconcile::{ReconcileState, Repair, Rules, plan};
use handler::repository::{AllowedRepositories, Repository};
use handler::scope::Scope;
use handler::task::TaskId;

mod claims;
mod events;

pub(crate) use events::Choices;

/// Which disturbances a model contains.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Disturbances {
    /// Deliveries are lost.
    pub losses: bool,
    /// Nodes and tasks fail.
    pub failures: bool,
    /// GitHub removes idle runners.
    pub removals: bool,
    /// There are two profiles: the runners of one can serve the jobs of both, the others cannot.
    pub profiles: bool,
    /// So many runners of a job reject other jobs that its next runner is delayed.
    pub delays: bool,
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State {
    /// Behind a gate.
    Gated,
    /// It waits for a runner.
    Queued,
    /// It runs on the runner of this task.
    Running(usize),
    /// It ended, on the runner of this task or on none.
    Done(Option<usize>),
}

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct ModelJob {
    /// Its state.
    pub state: State,
    repository: Repository,
    labels: Vec<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// The phase of a task's life.
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

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct ModelTask {
    /// Its id.
    pub id: TaskId,
    /// The phase of its life.
    pub phase: Phase,
    profile: usize,
    repository: Repository,
}

impl ModelTask {
    /// Returns whether it occupies a node.
    fn has_node(&self) -> bool {
        !matches!(self.phase, Phase::Waiting | Phase::Ended(..))
    }
}

/// Jobs, tasks and runners, and the state of reconciliation.
pub(crate) struct Model {
    /// The jobs, by their ids.
    pub jobs: BTreeMap<u64, ModelJob>,
    /// The tasks, in the order in which they were added.
    pub tasks: Vec<ModelTask>,
    /// The number of runners that reconciliation removed because no job needed them.
    pub unneeded: usize,
    /// The largest number of queued jobs without a free runner after two runs of reconciliation.
    pub short: usize,
    /// The number of jobs that were cancelled while a runner waited for them.
    pub cancelled_after_claim: usize,
    disturbances: Disturbances,
    rules: Rules,
    state: ReconcileState,
    now: DateTime<Utc>,
}

const PROFILES: &str = r#"[
  {"name":"small","labels":["self-hosted","a"],"pool":"p","image":"i"},
  {"name":"large","labels":["self-hosted","a","b"],"pool":"p","image":"i"}]"#;

impl Model {
    /// Creates a model without jobs and tasks.
    pub(crate) fn new(disturbances: Disturbances) -> Self {
        let policy = Policy {
            profiles: parse_profiles(PROFILES).expect("profiles"),
            allowed: AllowedRepositories::parse("*/*").expect("a pattern"),
            public_repositories: false,
        };
        let rules = Rules {
            deployment: "gh".parse().expect("a name"),
            scope: Scope::Repository,
            policy,
            demand: DemandSource::Webhook,
            period: TimeDelta::minutes(2),
            idle: TimeDelta::minutes(10),
            no_capacity: TimeDelta::minutes(30),
            keep_ended: TimeDelta::hours(48),
            cancel_unservable: false,
            registers_by_token: false,
            registrations: 180,
        };
        Self {
            jobs: BTreeMap::new(),
            tasks: Vec::new(),
            unneeded: 0,
            short: 0,
            cancelled_after_claim: 0,
            disturbances,
            rules,
            state: ReconcileState::default(),
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn profile(&self, number: usize) -> &Profile {
        &self.rules.policy.profiles[number]
    }

    /// A job is created, queued or behind a gate. Its delivery arrives or is lost.
    fn add_job(&mut self, choices: &mut Choices<'_>) {
        let id = 1 + self.jobs.len() as u64;
        let profile = if self.disturbances.profiles { choices.below(2) } else { 0 };
        let labels = [&["a"][..], &["a", "b"]][profile].iter().map(|&label| label.to_owned());
        let labels = std::iter::once("self-hosted".to_owned()).chain(labels).collect();
        let gated = choices.below(5) == 0;
        let repository = format!("octo/{}", ["app", "web"][choices.below(2)]);
        let repository = Repository::try_from(repository.as_str()).expect("a name");
        let state = if gated { State::Gated } else { State::Queued };
        let (created_at, ended_at) = (self.now, None);
        self.jobs.insert(id, ModelJob { state, repository, labels, created_at, ended_at });
        if !(gated || self.disturbances.losses && choices.below(4) == 0) {
            self.submit(id, profile, 1);
        }
    }

    /// Adds the task of a message, as SubmitRunnerTask does.
    fn submit(&mut self, job: u64, profile: usize, mut replacement: u32) {
        loop {
            let id = self.rules.deployment.task(job, replacement);
            match self.tasks.iter().find(|task| task.id == id) {
                None => {
                    let repository = self.jobs[&job].repository.clone();
                    self.tasks.push(ModelTask { id, phase: Phase::Waiting, profile, repository });
                    return;
                }
                Some(ModelTask { phase: Phase::Ended(..), .. })
                    if self.jobs[&job].state == State::Queued =>
                {
                    replacement += 1;
                }
                Some(_) => return,
            }
        }
    }

    fn fits(&self, job: &ModelJob, task: &ModelTask) -> bool {
        self.profile(task.profile).serves(&job.labels)
    }

    fn end(&mut self, task: usize, how: Ending) {
        if let Phase::Busy(_, job) = self.tasks[task].phase {
            let job = self.jobs.get_mut(&job).expect("a runner has a job that exists");
            (job.state, job.ended_at) = (State::Done(Some(task)), Some(self.now));
        }
        self.tasks[task].phase = Phase::Ended(self.now, how);
    }

    /// Runs reconciliation once, on a complete snapshot.
    pub(crate) fn reconcile(&mut self) -> Vec<Repair> {
        let (repairs, state) = plan(&self.snapshot(), &self.state, &self.rules, self.now);
        self.state = state;
        for repair in &repairs {
            self.execute(repair);
        }
        repairs
    }

    fn execute(&mut self, repair: &Repair) {
        let index = |name: &TaskId| self.tasks.iter().position(|task| task.id == *name);
        match repair {
            Repair::Request(request) => {
                let profile = self.rules.policy.profiles.iter();
                let profile =
                    profile.map(|profile| &profile.name).position(|name| *name == request.profile);
                self.submit(request.job, profile.expect("a profile"), request.replacement);
            }
            Repair::Terminate { task, .. } => {
                let task = index(task).expect("a task");
                self.end(task, Ending::Terminated);
            }
            Repair::Deregister { name, .. } => {
                let task = index(name).expect("a task");
                self.unneeded += 1;
                self.end(task, Ending::NoJob);
            }
            Repair::DeleteClaims { .. } => {}
            Repair::DeleteTask { task, .. } => {
                let task = index(task).expect("a task");
                self.tasks.remove(task);
            }
            Repair::ReportWaiting { .. } | Repair::Alert { name: "group", .. } => {}
            other => panic!("this model gives no reason for {other:?}"),
        }
    }

    /// Returns the snapshot of a run of reconciliation.
    fn snapshot(&self) -> Snapshot {
        let runner = |(id, task): (usize, &ModelTask)| {
            let busy = match task.phase {
                Phase::Idle(_) => false,
                Phase::Busy(..) => true,
                _ => return None,
            };
            let (name, repository) = (task.id.clone(), task.repository.clone());
            Some(RegisteredRunner {
                id: id as u64,
                name,
                repository,
                online: true,
                busy,
                version: None,
                ephemeral: true,
                labels: Vec::new(),
                group: None,
            })
        };
        let claim = |task: &ModelTask| {
            let registered = matches!(task.phase, Phase::Idle(_) | Phase::Busy(..));
            let (name, blob) = (task.id.to_string(), format!("claims/{}/1", task.id));
            registered.then_some(StoredClaim {
                task: name,
                blob,
                runner: None,
                minted: None,
                level: None,
            })
        };
        let level = |task: &ModelTask| Level::of(&Scope::Repository, &task.repository);
        Snapshot {
            runners: Runners {
                named: self.tasks.iter().enumerate().filter_map(runner).collect(),
                read: self.tasks.iter().map(level).collect(),
                ..Runners::default()
            },
            claims: Some(self.tasks.iter().filter_map(claim).collect()),
            tasks: self.tasks.iter().map(|task| self.ledger(task)).collect(),
            jobs: self.jobs.iter().map(|(&id, job)| (id, self.listed(job))).collect(),
            ..Snapshot::default()
        }
    }

    fn ledger(&self, task: &ModelTask) -> LedgerTask {
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

    fn listed(&self, job: &ModelJob) -> ListedJob {
        let (status, runner) = match job.state {
            State::Gated => ("waiting", None),
            State::Queued => ("queued", None),
            State::Running(task) => ("in_progress", Some(task)),
            State::Done(task) => ("completed", task),
        };
        let details = Job {
            run: 1,
            status: status.to_owned(),
            runner: runner.map(|task| self.tasks[task].id.to_string()),
            labels: job.labels.clone(),
        };
        let (repository, created_at) = (job.repository.clone(), job.created_at);
        let ended_at = job.ended_at;
        ListedJob {
            repository,
            created_at,
            ended_at,
            runner_id: None,
            job: details,
            details: JobDetails::default(),
        }
    }
}

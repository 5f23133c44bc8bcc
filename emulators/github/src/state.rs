//! The state of GitHub. Every change is one synchronous step under one lock.
//!
//! A step collects the events that it caused, and the delivery queues that it started. State never waits,
//! never reads a clock, and uses no randomness except its own seeded generators.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use emulator_core::events::EventKind;

use crate::error::RunnerError;
use crate::model::app::{App, Installation, InstallationToken};
use crate::model::group::Group;
use crate::model::hook::{Delivery, Hook};
use crate::model::job::Job;
use crate::model::refusal::Refusal;
use crate::model::repository::Repository;
use crate::model::runner::{Registration, RegistrationToken};
use crate::options::Options;

mod apps;
mod assignment;
mod conditions;
mod deliveries;
mod hooks;
pub(crate) mod hidden;
mod hosted;
mod jobs;
pub(crate) mod rate_limits;
pub(crate) mod registrations;
pub(crate) mod repositories;
pub(crate) mod secondary_limits;
pub(crate) mod sessions;
mod time;
mod timers;

use hidden::RepositoryRefusal;
use rate_limits::Limits;
use secondary_limits::SecondaryLimits;
use timers::Timer;

/// The state of GitHub.
pub(crate) struct State {
    pub(crate) options: Arc<Options>,
    /// By full name in lower case.
    pub(crate) repositories: BTreeMap<String, Repository>,
    /// The ids of repositories by their former names, in lower case.
    moved: BTreeMap<String, u64>,
    /// The organizations that have had repositories which were transferred.
    organizations: BTreeSet<String>,
    /// The rules by which requests are refused.
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) repository_refusals: Vec<RepositoryRefusal>,
    /// Items that lists contain in addition, by the operation.
    pub(crate) odd_items: Vec<(String, Value)>,
    pub(crate) groups: Vec<Group>,
    /// The groups that organizations inherit from the enterprise.
    pub(crate) inherited_groups: BTreeSet<u64>,
    /// The workflows to which groups are restricted.
    pub(crate) group_workflows: BTreeMap<u64, BTreeSet<String>>,
    pub(crate) jobs: BTreeMap<u64, Job>,
    pub(crate) registrations: BTreeMap<u64, Registration>,
    pub(crate) hooks: BTreeMap<u64, Hook>,
    pub(crate) deliveries: BTreeMap<u64, Delivery>,
    pub(crate) apps: Vec<App>,
    pub(crate) installations: BTreeMap<u64, Installation>,
    pub(crate) installation_tokens: BTreeMap<String, InstallationToken>,
    /// The releases of the runner with their times, oldest first.
    pub(crate) releases: Vec<(String, DateTime<Utc>)>,
    /// The source ranges of webhooks in `GET /meta`.
    pub(crate) hook_ranges: Vec<String>,
    /// By [`Caller::rate_limit_key`](crate::auth::Caller::rate_limit_key).
    limits: BTreeMap<String, Limits>,
    /// By the same key.
    secondary_limits: BTreeMap<String, SecondaryLimits>,
    /// Events that were not emitted yet.
    pub(crate) events: Vec<EventKind>,
    /// Delivery queues that have no sender yet.
    pub(crate) started_queues: Vec<u64>,
    /// Deliveries in order, by job; by webhook for a `ping`.
    delivery_queues: BTreeMap<u64, VecDeque<u64>>,
    registration_tokens: BTreeMap<String, RegistrationToken>,
    /// Runners by their client ids.
    runners_by_client: BTreeMap<String, u64>,
    /// Runners by their access tokens.
    access_tokens: BTreeMap<String, u64>,
    /// Rejections of the next polls for messages.
    pub(crate) rejections: VecDeque<RunnerError>,
    jobs_by_run: BTreeMap<u64, Vec<u64>>,
    /// Queued jobs that are not assigned to a runner.
    unassigned: BTreeSet<u64>,
    /// Jobs that are assigned but not accepted, with their runners.
    offered: BTreeMap<u64, u64>,
    /// Online runners without a job.
    idle: BTreeSet<u64>,
    assigning: bool,
    timers: BTreeSet<(DateTime<Utc>, Timer)>,
    ids: LastIds,
    rng: StdRng,
    /// Generates access tokens. It is separate, so that a seed assigns jobs in the same way no matter how often
    /// runners request a token.
    token_rng: StdRng,
}

/// The last id of each kind.
///
/// Ids of jobs, runs and deliveries exceed 32 bits, as on github.com. Those of deliveries there exceed 53 bits as
/// well; not here, because the JavaScript programs that check the API cannot represent them.
struct LastIds {
    job: u64,
    run: u64,
    runner: u64,
    hook: u64,
    delivery: u64,
    repository: u64,
    owner: u64,
    group: u64,
    request: u64,
    installation: u64,
}

impl LastIds {
    fn new() -> Self {
        Self {
            job: 52_000_000_000,
            run: 18_000_000_000,
            runner: 20,
            hook: 600_000_000,
            delivery: 3_842_091_948_768_772,
            repository: 800_000_000,
            owner: 9_000_000,
            group: Group::DEFAULT,
            request: 0,
            installation: 51_000_000,
        }
    }
}

impl State {
    pub(crate) fn new(options: Arc<Options>) -> Self {
        let rng = StdRng::seed_from_u64(options.seed);
        let token_rng = StdRng::seed_from_u64(!options.seed);
        Self {
            apps: Vec::new(),
            installations: BTreeMap::new(),
            installation_tokens: BTreeMap::new(),
            releases: Vec::new(),
            hook_ranges: options.hook_ranges.clone(),
            limits: BTreeMap::new(),
            secondary_limits: BTreeMap::new(),
            options,
            repositories: BTreeMap::new(),
            moved: BTreeMap::new(),
            organizations: BTreeSet::new(),
            refusals: Vec::new(),
            repository_refusals: Vec::new(),
            odd_items: Vec::new(),
            groups: Vec::new(),
            inherited_groups: BTreeSet::new(),
            group_workflows: BTreeMap::new(),
            jobs: BTreeMap::new(),
            registrations: BTreeMap::new(),
            hooks: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            events: Vec::new(),
            started_queues: Vec::new(),
            delivery_queues: BTreeMap::new(),
            registration_tokens: BTreeMap::new(),
            runners_by_client: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            rejections: VecDeque::new(),
            jobs_by_run: BTreeMap::new(),
            unassigned: BTreeSet::new(),
            offered: BTreeMap::new(),
            idle: BTreeSet::new(),
            assigning: true,
            timers: BTreeSet::new(),
            ids: LastIds::new(),
            token_rng,
            rng,
        }
    }

    /// Returns the rate limits of a caller.
    pub(crate) fn limits_of(&mut self, caller: &str) -> &mut Limits {
        let hourly = self.options.rate_limit;
        self.limits.entry(caller.to_owned()).or_insert_with(|| Limits::new(hourly))
    }

    /// Returns the secondary rate limits of a caller; `None` if they are switched off.
    pub(crate) fn secondary_limits_of(&mut self, caller: &str) -> Option<&mut SecondaryLimits> {
        let enabled = self.options.secondary_limits;
        enabled.then(|| self.secondary_limits.entry(caller.to_owned()).or_default())
    }

    /// Generates the id of an API request.
    pub(crate) fn request_id(&mut self) -> String {
        let number = next(&mut self.ids.request);
        format!("{:04X}:{number:06X}", self.rng.random::<u16>())
    }

    fn guid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid().to_string()
    }

    fn secret(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        (0..length).map(|_| char::from(LETTERS[self.rng.random_range(0..32)])).collect()
    }

    /// Chooses one item at random; `None` of an empty list.
    fn choose(&mut self, from: &[u64]) -> Option<u64> {
        let count = from.len();
        (count > 0).then(|| from[self.rng.random_range(0..count)])
    }
}

/// Increments a last id and returns it.
fn next(id: &mut u64) -> u64 {
    *id += 1;
    *id
}

//! Keeps what GitHub knows. Every change is one synchronous step, under one lock.
//!
//! A step leaves behind what happened, for the timeline, and what is to be delivered, for the courier.
//! Nothing in here waits, reads a clock or draws from any chance but its own seeded one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use emulator_core::events::EventKind;

use super::Options;
use super::app::{App, Installation, InstallationToken};
use super::group::Group;
use super::hook::{Delivery, Hook};
use super::job::Job;
use super::rate::Limits;
use super::refusals::RunnerError;
use super::registration::Registration;
use super::repository::{Repository, Visibility};
use super::scope::Scope;

mod time;
mod jobs;
mod assignment;
mod registry;
mod sessions;
mod announcing;
mod apps;

pub(super) use announcing::Parcel;
pub(super) use registry::{NotRegistered, Token};
pub(super) use sessions::{Heard, NoSession};
use time::Timer;

/// All that GitHub knows.
pub(super) struct State {
    pub(super) options: Arc<Options>,
    /// By their full names in lower case.
    pub(super) repositories: BTreeMap<String, Repository>,
    pub(super) groups: Vec<Group>,
    pub(super) jobs: BTreeMap<u64, Job>,
    pub(super) registrations: BTreeMap<u64, Registration>,
    pub(super) hooks: BTreeMap<u64, Hook>,
    pub(super) deliveries: BTreeMap<u64, Delivery>,
    pub(super) apps: Vec<App>,
    pub(super) installations: BTreeMap<u64, Installation>,
    pub(super) installation_tokens: BTreeMap<String, InstallationToken>,
    /// Every JWT that was taken: none is taken twice.
    pub(super) seen_jwts: BTreeSet<String>,
    /// The releases of GitHub's runner, with their times; the oldest first.
    pub(super) releases: Vec<(String, DateTime<Utc>)>,
    /// Where `GET /meta` says that hooks come from.
    pub(super) hook_ranges: Vec<String>,
    /// By whose they are.
    limits: BTreeMap<String, Limits>,
    /// What the steps so far left for the timeline.
    pub(super) happened: Vec<EventKind>,
    /// The chains of deliveries that the steps so far left for the courier to begin.
    pub(super) started_chains: Vec<u64>,
    /// Deliveries that wait for the earlier ones of the same job or hook.
    chains: BTreeMap<u64, VecDeque<u64>>,
    tokens: BTreeMap<String, Token>,
    /// Runners by their client ids.
    clients: BTreeMap<String, u64>,
    access_tokens: BTreeMap<String, u64>,
    /// What the next requests for a message are rejected with.
    pub(super) rejections: VecDeque<RunnerError>,
    jobs_by_run: BTreeMap<u64, Vec<u64>>,
    /// Queued jobs that no runner was given.
    unassigned: BTreeSet<u64>,
    /// Jobs that a runner was given but has not accepted, with that runner.
    offered: BTreeMap<u64, u64>,
    /// Online runners without a job.
    idle: BTreeSet<u64>,
    assigning: bool,
    timers: BTreeSet<(DateTime<Utc>, Timer)>,
    numbers: Numbers,
    dice: StdRng,
    /// What access tokens are drawn from: apart, so that a seed assigns jobs alike however often runners ask for one.
    credentials: StdRng,
}

/// The next number of each kind.
///
/// Jobs, runs and deliveries are beyond 32 bits, as on github.com. Deliveries there are beyond 53 bits as
/// well; these are not, because programs in JavaScript, which check the API, cannot read them.
struct Numbers {
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

impl State {
    pub(super) fn new(options: Arc<Options>) -> Self {
        let dice = StdRng::seed_from_u64(options.seed);
        let credentials = StdRng::seed_from_u64(!options.seed);
        Self {
            apps: Vec::new(),
            installations: BTreeMap::new(),
            installation_tokens: BTreeMap::new(),
            seen_jwts: BTreeSet::new(),
            releases: Vec::new(),
            hook_ranges: options.hook_ranges.clone(),
            limits: BTreeMap::new(),
            options,
            repositories: BTreeMap::new(),
            groups: Vec::new(),
            jobs: BTreeMap::new(),
            registrations: BTreeMap::new(),
            hooks: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            happened: Vec::new(),
            started_chains: Vec::new(),
            chains: BTreeMap::new(),
            tokens: BTreeMap::new(),
            clients: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            rejections: VecDeque::new(),
            jobs_by_run: BTreeMap::new(),
            unassigned: BTreeSet::new(),
            offered: BTreeMap::new(),
            idle: BTreeSet::new(),
            assigning: true,
            timers: BTreeSet::new(),
            numbers: Numbers {
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
            },
            credentials,
            dice,
        }
    }

    /// Finds a repository by its full name, in whatever case.
    pub(super) fn repository(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.get(&full_name.to_ascii_lowercase())
    }

    /// Makes a repository where there is none of that name, and gives its name as first spelt.
    pub(super) fn add_repository(
        &mut self,
        full_name: &str,
        visibility: Visibility,
        now: DateTime<Utc>,
    ) -> String {
        if let Some(known) = self.repository(full_name) {
            return known.full_name.clone();
        }
        let owner = full_name.split('/').next().unwrap_or_default();
        let same_owner = |known: &&Repository| known.owner().eq_ignore_ascii_case(owner);
        let owner_id = match self.repositories.values().find(same_owner) {
            Some(known) => known.owner_id,
            None => next(&mut self.numbers.owner),
        };
        let repository = Repository {
            id: next(&mut self.numbers.repository),
            full_name: full_name.to_owned(),
            owner_id,
            organization: !self.options.personal_accounts.contains(owner),
            visibility,
            created_at: now,
        };
        self.repositories.insert(full_name.to_ascii_lowercase(), repository);
        full_name.to_owned()
    }

    /// Finds a scope, and spells it as GitHub does; `None` where GitHub knows none of that name.
    pub(super) fn known(&self, scope: &Scope) -> Option<Scope> {
        match scope {
            Scope::Repository(name) => {
                Some(Scope::Repository(self.repository(name)?.full_name.clone()))
            }
            Scope::Organization(name) => {
                let of_it = |known: &&Repository| {
                    known.organization && known.owner().eq_ignore_ascii_case(name)
                };
                let known = self.repositories.values().find(of_it)?;
                Some(Scope::Organization(known.owner().to_owned()))
            }
            Scope::Enterprise(slug) => {
                let known = self.options.enterprise.as_ref()?;
                known.eq_ignore_ascii_case(slug).then(|| Scope::Enterprise(known.clone()))
            }
        }
    }

    /// Adds a runner group to an organization or an enterprise, and gives its number.
    pub(super) fn add_group(&mut self, mut group: Group) -> u64 {
        group.id = next(&mut self.numbers.group);
        self.groups.push(group);
        self.numbers.group
    }

    /// Lists the runner groups of a scope, the default group first.
    pub(super) fn groups_of(&self, scope: &Scope) -> Vec<Group> {
        let own = self.groups.iter().filter(|group| group.scope == *scope).cloned();
        std::iter::once(Group::default_of(scope)).chain(own).collect()
    }

    /// Finds a runner group of a scope.
    pub(super) fn group(&self, scope: &Scope, id: u64) -> Option<Group> {
        self.groups_of(scope).into_iter().find(|group| group.id == id)
    }

    /// Looks at what is left to a caller.
    pub(super) fn limits_of(&mut self, caller: &str) -> &mut Limits {
        let hourly = self.options.rate_limit;
        self.limits.entry(caller.to_owned()).or_insert_with(|| Limits::new(hourly))
    }

    /// Draws the id of an API request.
    pub(super) fn request_id(&mut self) -> String {
        let number = next(&mut self.numbers.request);
        format!("{:04X}:{number:06X}", self.dice.random::<u16>())
    }

    fn guid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.dice.random()).into_uuid().to_string()
    }

    fn secret(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        (0..length).map(|_| char::from(LETTERS[self.dice.random_range(0..32)])).collect()
    }

    /// Chooses one of several, as a die would.
    fn choose(&mut self, from: &[u64]) -> Option<u64> {
        let sides = from.len();
        (sides > 0).then(|| from[self.dice.random_range(0..sides)])
    }
}

fn next(number: &mut u64) -> u64 {
    *number += 1;
    *number
}

//! The state of the emulated organization. It changes in synchronous steps.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use emulator_core::events::{EventKind, PipelinesEvent};

use crate::model::agent::Registration;
use crate::model::pool::Pool;
use crate::model::request::JobRequest;
use crate::model::run::{Project, Run};
use crate::model::server_task::ServerTask;
use crate::model::subscription::{DeliveryFault, Notification, Subscription};
use crate::options::{Options, PersonalToken};

pub(crate) mod agents;
pub(crate) mod assignment;
pub(crate) mod hooks;
pub(crate) mod job_events;
pub(crate) mod jobs;
pub(crate) mod matching;
pub(crate) mod plan_events;
pub(crate) mod pools;
pub(crate) mod sessions;
pub(crate) mod timers;
pub(crate) mod usage;

use timers::Timer;
use usage::Usage;

/// All that the organization has.
pub(crate) struct State {
    pub(crate) options: Arc<Options>,
    rng: StdRng,
    pub(crate) instance_id: String,
    pub(crate) tokens: Vec<PersonalToken>,
    pub(crate) parallel_jobs: u64,
    pub(crate) pools: BTreeMap<u64, Pool>,
    pub(crate) agents: BTreeMap<u64, Registration>,
    pub(crate) requests: BTreeMap<u64, JobRequest>,
    pub(crate) runs: BTreeMap<u64, Run>,
    /// By the name in lower case.
    pub(crate) projects: BTreeMap<String, Project>,
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    pub(crate) notifications: BTreeMap<u64, Notification>,
    /// The notifications that are to be sent now.
    pub(crate) outbox: Vec<u64>,
    pub(crate) delivery_faults: VecDeque<DeliveryFault>,
    pub(crate) server_tasks: BTreeMap<String, ServerTask>,
    /// The consumption of each identity.
    pub(crate) usage: BTreeMap<String, Usage>,
    /// Access tokens that the service issued, with their holders and ends.
    pub(crate) issued: BTreeMap<String, (Holder, DateTime<Utc>)>,
    pub(crate) assigning: bool,
    timers: BTreeSet<(DateTime<Utc>, Timer)>,
    /// The events of this step.
    pub(crate) events: Vec<EventKind>,
    ids: Ids,
}

/// The holder of a token that the service issued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holder {
    /// An agent, by its id.
    Agent(u64),
    /// A job, by the id of its request.
    Job(u64),
    /// The plan of a run.
    Plan(u64),
}

/// The ids that were given last.
struct Ids {
    pool: u64,
    agent: u64,
    request: u64,
    run: u64,
    pipeline: u64,
    message: u64,
    notification: u64,
}

impl State {
    pub(crate) fn new(options: Arc<Options>) -> Self {
        let mut rng = StdRng::seed_from_u64(options.seed);
        let instance_id = guid(&mut rng);
        Self {
            tokens: options.tokens.clone(),
            parallel_jobs: options.parallel_jobs,
            options,
            rng,
            instance_id,
            pools: BTreeMap::new(),
            agents: BTreeMap::new(),
            requests: BTreeMap::new(),
            runs: BTreeMap::new(),
            projects: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            notifications: BTreeMap::new(),
            outbox: Vec::new(),
            delivery_faults: VecDeque::new(),
            server_tasks: BTreeMap::new(),
            usage: BTreeMap::new(),
            issued: BTreeMap::new(),
            assigning: true,
            timers: BTreeSet::new(),
            events: Vec::new(),
            ids: Ids {
                pool: 0,
                agent: 0,
                request: 890_000,
                run: 673_000,
                pipeline: 3_000,
                message: 0,
                notification: 0,
            },
        }
    }

    pub(crate) fn emit(&mut self, event: PipelinesEvent) {
        self.events.push(EventKind::Pipelines(event));
    }

    /// Makes a random id.
    pub(crate) fn guid(&mut self) -> String {
        guid(&mut self.rng)
    }

    /// Issues an access token.
    pub(crate) fn issue(&mut self, holder: Holder, expires_at: DateTime<Utc>) -> String {
        let token = format!("{}{}", self.guid(), self.guid()).replace('-', "");
        self.issued.insert(token.clone(), (holder, expires_at));
        token
    }

    /// Chooses one item at random; `None` of an empty list.
    fn choose(&mut self, from: &[u64]) -> Option<u64> {
        let count = from.len();
        (count > 0).then(|| from[self.rng.random_range(0..count)])
    }
}

fn guid(rng: &mut StdRng) -> String {
    uuid::Builder::from_random_bytes(rng.random()).into_uuid().to_string()
}

/// Returns the next id.
fn next(last: &mut u64) -> u64 {
    *last += 1;
    *last
}

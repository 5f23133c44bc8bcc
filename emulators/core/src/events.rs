//! Events of the emulators, for timelines and tests.

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use crate::clock::Clock;

/// The events that a slow subscriber can fall behind before it loses some.
const MAX_UNREAD_EVENTS: usize = 65_536;

/// An event and its time.
#[derive(Clone, Debug)]
pub struct Event {
    /// The time by the emulators' clock.
    pub at: DateTime<Utc>,
    /// The event itself.
    pub kind: EventKind,
}

/// The kinds of events: one variant for each step of the request flow.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields repeat the words of their variant")]
pub enum EventKind {
    /// GitHub delivered a `workflow_job` webhook, and the receiver responded with this status and body.
    Delivered { job: u64, action: &'static str, status: u16, body: Vec<u8> },
    /// A message was added to a storage queue; the text is as sent, base64 if the sender encoded it.
    MessagePut { queue: String, text: String },
    /// A task was added to a Batch job.
    TaskAdded { job: String, task: String },
    /// A node started a task.
    TaskStarted { job: String, task: String, node: String },
    /// A task's program ended.
    TaskEnded { job: String, task: String, exit_code: i32 },
    /// The Functions host received a function's response; the status is the handler's.
    Invoked { function: String, status: u16 },
    /// A runner was registered, by a JIT configuration or with a registration token.
    RunnerRegistered { runner: String },
    /// A runner opened its session and now waits for a job.
    RunnerOnline { runner: String },
    /// A job started on a runner.
    JobStarted { job: u64, runner: String },
    /// A job ended.
    JobDone { job: u64, conclusion: &'static str },
    /// A runner's registration was removed.
    RunnerGone { runner: String },
    /// An event of Azure Pipelines.
    Pipelines(PipelinesEvent),
}

/// The kinds of events of Azure Pipelines. A request is the id of a job request, an agent the name of an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields repeat the words of their variant")]
pub enum PipelinesEvent {
    /// A service hook delivered the state of a job (`waiting`, `inProgress`, `completed`) of a run, and the receiver
    /// responded with this status; 0 means that there was no response.
    Delivered { run: u64, job: String, state: &'static str, status: u16 },
    /// A subscription has another status: `enabled`, `onProbation`, `disabledBySystem` …
    SubscriptionChanged { subscription: String, status: &'static str },
    /// A job waits for an agent.
    Queued { request: u64 },
    /// An agent was registered.
    AgentRegistered { agent: String },
    /// An agent opened a session.
    AgentOnline { agent: String },
    /// A session of an agent ended or expired.
    AgentOffline { agent: String },
    /// An agent's registration was removed.
    AgentRemoved { agent: String },
    /// The service reserved an agent for a job.
    Assigned { request: u64, agent: String },
    /// An agent acknowledged its job.
    Started { request: u64, agent: String },
    /// The reservation of an agent that acknowledged no job expired, so the job waits again.
    Requeued { request: u64, agent: String },
    /// A job request has a result: `succeeded`, `failed`, `canceled`, `abandoned` …
    Done { request: u64, result: &'static str },
    /// A task without an agent completed.
    TaskCompleted { task: String, result: &'static str },
}

/// The clock and the event subscribers that all emulators of one run share.
#[derive(Clone, Debug)]
pub struct EventContext {
    /// The shared clock.
    pub clock: Clock,
    subscribers: broadcast::Sender<Event>,
}

impl EventContext {
    /// Creates a context without subscribers.
    pub fn new(clock: Clock) -> Self {
        Self { clock, subscribers: broadcast::Sender::new(MAX_UNREAD_EVENTS) }
    }

    /// Sends an event of the current time to all subscribers.
    pub fn emit(&self, kind: EventKind) {
        self.emit_at(self.clock.now(), kind);
    }

    /// Sends an event of an earlier time to all subscribers.
    pub fn emit_at(&self, at: DateTime<Utc>, kind: EventKind) {
        tracing::debug!(?kind);
        // The only error is the absence of subscribers.
        let _ = self.subscribers.send(Event { at, kind });
    }

    /// Subscribes to all events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.subscribers.subscribe()
    }
}

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

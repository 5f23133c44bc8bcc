//! What the emulators saw happen, for a timeline.

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use crate::clock::Clock;

/// One thing that happened, and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, by the emulators' clock.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: EventKind,
}

/// What an emulator saw happen; one variant a step of the road.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields repeat the words of their variant")]
pub enum EventKind {
    /// GitHub delivered a `workflow_job` webhook and was answered with this status.
    Delivered { job: u64, action: &'static str, status: u16 },
    /// A message came to lie on a storage queue; the text is as sent, base64 if the sender encoded it.
    MessagePut { queue: String, text: String },
    /// A task was added to a Batch job.
    TaskAdded { job: String, task: String },
    /// A node started to run a task.
    TaskStarted { job: String, task: String, node: String },
    /// A task's program ended.
    TaskEnded { job: String, task: String, exit_code: i32 },
    /// The Functions host got a function's answer; the status is the handler's.
    Invoked { function: String, status: u16 },
    /// A runner was registered: by a JIT configuration, or with a registration token.
    RunnerRegistered { runner: String },
    /// A runner opened its session and waits for a job.
    RunnerOnline { runner: String },
    /// A job started on a runner.
    JobStarted { job: u64, runner: String },
    /// A job ended.
    JobDone { job: u64, conclusion: &'static str },
    /// A runner's registration ended.
    RunnerGone { runner: String },
}

/// The surroundings that all emulators of one run share: the time, and whoever listens.
#[derive(Clone, Debug)]
pub struct EventContext {
    /// The shared clock.
    pub clock: Clock,
    listeners: broadcast::Sender<Event>,
}

impl EventContext {
    /// Makes surroundings around a clock.
    pub fn new(clock: Clock) -> Self {
        Self { clock, listeners: broadcast::Sender::new(65_536) }
    }

    /// Tells the listeners, if any, what happened just now.
    pub fn emit(&self, kind: EventKind) {
        self.emit_at(self.clock.now(), kind);
    }

    /// Tells the listeners, if any, what happened at a moment that has passed.
    pub fn emit_at(&self, at: DateTime<Utc>, kind: EventKind) {
        tracing::debug!(?kind);
        // An error only says that nobody listens.
        let _ = self.listeners.send(Event { at, kind });
    }

    /// Listens to all that happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.listeners.subscribe()
    }
}

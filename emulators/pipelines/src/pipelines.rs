//! The emulated organization: its state and its timers.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use emulator_core::events::EventContext;
use emulator_core::timers;

use crate::hooks;
use crate::options::Options;
use crate::state::State;

/// An emulated organization of Azure DevOps, with its pools, agents, job requests and service hooks.
pub struct Pipelines {
    pub(crate) options: Arc<Options>,
    pub(crate) context: EventContext,
    state: Mutex<State>,
    /// Wakes waiters after an event, in the order in which they began to wait.
    pub(crate) changed: Notify,
    /// Wakes the timer task when the next timer is due at another time.
    timers_changed: Arc<Notify>,
    pub(crate) weak_self: Weak<Self>,
    _timer_task: JoinSet<()>,
}

impl Pipelines {
    /// Makes an organization without pools, projects or subscriptions.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(options: Options, context: EventContext) -> Arc<Self> {
        let options = Arc::new(options);
        let timers_changed = Arc::new(Notify::new());
        let made = Arc::new_cyclic(|weak_self| {
            let mut timer_task = JoinSet::new();
            let (clock, changed) = (context.clock.clone(), Arc::clone(&timers_changed));
            let fire = |made: &Self| made.step(|state, _| state.next_due());
            timer_task.spawn(timers::run(Weak::clone(weak_self), clock, changed, fire));
            Self {
                state: Mutex::new(State::new(Arc::clone(&options))),
                options,
                context,
                changed: Notify::new(),
                timers_changed,
                weak_self: Weak::clone(weak_self),
                _timer_task: timer_task,
            }
        });
        made.timers_changed.notify_one();
        made
    }

    /// Changes the state in one step: due timers fire, then the change is made, then events are emitted and
    /// notifications are sent.
    pub(crate) fn step<T>(&self, change: impl FnOnce(&mut State, DateTime<Utc>) -> T) -> T {
        let mut state = self.state();
        let now = self.context.clock.now();
        let due = state.next_due();
        state.pass_time(now);
        let result = change(&mut state, now);
        let events = std::mem::take(&mut state.events);
        let has_events = !events.is_empty();
        for event in events {
            self.context.emit(event);
        }
        for notification in std::mem::take(&mut state.outbox) {
            if let Some(service) = self.weak_self.upgrade() {
                tokio::spawn(service.send_notification(notification));
            }
        }
        if state.next_due() != due {
            self.timers_changed.notify_one();
        }
        drop(state);
        if has_events {
            self.changed.notify_waiters();
        }
        result
    }

    /// Sends a notification once. Notifications are sent independently of each other: the service promises no order.
    async fn send_notification(self: Arc<Self>, id: u64) {
        let Some(delivery) = self.step(|state, _| state.delivery(id)) else { return };
        let status = hooks::send(&self.options.transport, delivery).await;
        self.step(|state, now| state.record_attempt(id, status, now));
    }

    /// Locks the state without firing due timers.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    pub(crate) async fn sleep_until(&self, instant: DateTime<Utc>) {
        self.context.clock.sleep_until(instant).await;
    }

    /// Delays a request by this many seconds.
    pub(crate) async fn delay(&self, seconds: f64) {
        let milliseconds = TimeDelta::milliseconds((seconds * 1000.0) as i64);
        self.sleep_until(self.now() + milliseconds).await;
    }
}

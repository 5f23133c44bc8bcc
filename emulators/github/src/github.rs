//! The emulated GitHub: its state, its timers, and its webhook deliveries.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use emulator_core::events::EventContext;
use emulator_core::timers;
use emulator_core::transport::Transport;

use crate::options::Options;
use crate::state::State;
use crate::under_way::RequestsUnderWay;
use crate::webhooks;

/// An emulated GitHub.
pub struct GitHub {
    pub(crate) options: Arc<Options>,
    pub(crate) context: EventContext,
    transport: Transport,
    state: Mutex<State>,
    /// Wakes waiters after an event, in the order in which they began to wait; a `watch` would wake them in
    /// random order.
    pub(crate) changed: Notify,
    pub(crate) under_way: RequestsUnderWay,
    /// Wakes the timer task when the next timer is due at another time.
    timers_changed: Arc<Notify>,
    /// Limits concurrent deliveries.
    delivery_permits: Semaphore,
    weak_self: Weak<Self>,
    _timer_task: JoinSet<()>,
}

impl GitHub {
    /// Makes an emulated GitHub without repositories, webhooks or runners.
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
                transport: Arc::clone(&options.transport),
                options,
                context,
                changed: Notify::new(),
                under_way: RequestsUnderWay::default(),
                timers_changed,
                delivery_permits: Semaphore::new(webhooks::MAX_CONCURRENT_DELIVERIES),
                weak_self: Weak::clone(weak_self),
                _timer_task: timer_task,
            }
        });
        made.timers_changed.notify_one();
        made
    }

    /// Changes the state in one step: due timers fire, then the change is made, then events are emitted and
    /// delivery queues get their senders.
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
        for queue in std::mem::take(&mut state.started_queues) {
            if let Some(github) = self.weak_self.upgrade() {
                tokio::spawn(github.send_queue(queue));
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

    /// Locks the state without firing due timers.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }

    /// Sends the deliveries of one queue in order, until it is empty.
    async fn send_queue(self: Arc<Self>, queue: u64) {
        while let Some(delivery) = self.step(|state, _| state.next_delivery(queue)) {
            let id = delivery.id;
            let outcome = {
                let _permit = self.delivery_permits.acquire().await;
                webhooks::send(&self.transport, &self.context.clock, delivery).await
            };
            self.step(|state, now| state.record_outcome(id, outcome, now));
            // The outcome of a `ping` is not an event, but a caller may wait for it.
            self.changed.notify_waiters();
        }
    }
}

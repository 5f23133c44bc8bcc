//! The state of a group's process, which invocations wait for.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

/// The state of a group's process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    /// It does not respond yet.
    Starting,
    /// It responds on this port.
    Ready { port: u16, pid: u32 },
    /// It is a function of this process, and responds.
    InProcess { number: u16 },
    /// It exited with code 0, and the host does not start it again.
    Exited,
    /// The host is ending or has ended, and the platform starts it again.
    Ended,
    /// The host has shut down, or its first process failed to start.
    Stopped,
}

/// A state with waiting tasks, which wake in the order in which they began to wait, so that a simulation is
/// deterministic. Rejected: `watch`, which wakes its receivers in no fixed order.
#[derive(Debug)]
pub(super) struct SharedState {
    state: Mutex<State>,
    changed: Notify,
}

impl SharedState {
    pub(super) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    pub(super) fn get(&self) -> State {
        *self.lock()
    }

    pub(super) fn set(&self, state: State) {
        *self.lock() = state;
        self.changed.notify_waiters();
    }

    /// Sets a state if the present one matches a predicate, and returns whether it did.
    pub(super) fn set_if(&self, matches: impl FnOnce(State) -> bool, state: State) -> bool {
        let mut present = self.lock();
        let does = matches(*present);
        if does {
            *present = state;
            self.changed.notify_waiters();
        }
        does
    }

    /// Waits until the state matches a predicate, and returns it.
    pub(super) async fn wait_for(&self, matches: impl Fn(State) -> bool) -> State {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let state = self.get();
            if matches(state) {
                return state;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

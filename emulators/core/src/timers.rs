//! The timers of an emulator: a task fires them when they are due, and tests wait for what they change.

use std::pin::pin;
use std::sync::{Arc, Weak};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::clock::Clock;

/// Fires timers when they are due, as long as their owner exists. `fire` fires those that are due, and returns when the next
/// one is.
///
/// It begins when `changed` is notified for the first time, which the owner does once it exists: on another thread, this
/// task may run while the owner is still being made, when its weak pointer has no target yet. Later notifications mean
/// that the next timer is due at another time.
pub async fn run<T>(
    owner: Weak<T>,
    clock: Clock,
    changed: Arc<Notify>,
    fire: impl Fn(&T) -> Option<DateTime<Utc>>,
) {
    changed.notified().await;
    loop {
        let Some(due) = owner.upgrade().map(|owner| fire(&owner)) else { return };
        let until_due = async {
            match due {
                Some(due) => clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        // Biased, so that a simulation is reproducible.
        tokio::select! {
            biased;
            () = until_due => {}
            () = changed.notified() => {}
        }
    }
}

/// Waits until `check`, which is called after each notification of all waiters, returns a value.
pub async fn until<T>(changed: &Notify, check: impl Fn() -> Option<T>) -> T {
    loop {
        let mut next = pin!(changed.notified());
        next.as_mut().enable();
        if let Some(found) = check() {
            return found;
        }
        next.await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// An owner whose only timer was due long ago.
    struct Owner {
        fired: Mutex<bool>,
        changed: Notify,
    }

    /// The test itself runs beside the only worker, which polls tasks in the order in which they were spawned.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn timers_wait_for_an_owner_that_is_still_being_made() {
        let clock = Clock::of_this_machine();
        let started = Arc::new(Notify::new());
        let owner = Arc::new_cyclic(|weak| {
            let timers = run(Weak::clone(weak), clock, Arc::clone(&started), |owner: &Owner| {
                *owner.fired.lock().expect("no panic") = true;
                owner.changed.notify_waiters();
                None
            });
            let task = tokio::spawn(timers);
            let (polled, wait) = std::sync::mpsc::channel();
            tokio::spawn(async move { polled.send(()) });
            wait.recv().expect("the worker has polled both");
            assert!(!task.is_finished(), "it has not looked for its owner yet");
            Owner { fired: Mutex::default(), changed: Notify::new() }
        });
        started.notify_one();
        until(&owner.changed, || owner.fired.lock().expect("no panic").then_some(())).await;
    }
}

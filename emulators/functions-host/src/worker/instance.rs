//! The invocations that a group's host has in work, and what ends them together.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use emulator_core::clock::Clock;

/// The time that a host gives its invocations to end when it shuts down.
///
/// Seen with the real host 4.1037: calls of 5 s ended, calls of 50 s were cut after 33 s.
const DRAIN_TIMEOUT: TimeDelta = TimeDelta::seconds(30);
/// The distance of two time-outs that end the host.
///
/// The second kill of a process that is being killed throws, and the exception ends the host
/// (`WorkerProcess.Dispose`). Seen with the real host 4.1037 for two at the same time.
const SIMULTANEOUS: TimeDelta = TimeDelta::milliseconds(100);

/// The invocations in work at the host of a group.
#[derive(Debug, Default)]
pub(crate) struct Instance {
    /// Wakes the invocations of a lost instance in the order of their start, so that a simulation is
    /// deterministic.
    lost: Notify,
    in_work: Mutex<usize>,
    idle: Notify,
    last_kill: Mutex<Option<DateTime<Utc>>>,
}

/// An invocation in work; dropping it ends it.
#[derive(Debug)]
pub(crate) struct InWork<'a>(&'a Instance);

impl Instance {
    /// Begins an invocation.
    pub(crate) fn begin(&self) -> InWork<'_> {
        *self.count() += 1;
        InWork(self)
    }

    /// Returns a future that is ready when the instance is lost.
    pub(crate) fn lost(&self) -> Notified<'_> {
        self.lost.notified()
    }

    /// Ends all invocations without any further action of the host.
    pub(crate) fn lose(&self) {
        self.lost.notify_waiters();
    }

    /// Records a kill for a time-out; returns whether another was at the same time.
    pub(super) fn coincides(&self, at: DateTime<Utc>) -> bool {
        let mut last = self.last_kill.lock().expect("no holder of this lock can panic");
        let coincides = last.is_some_and(|last| (at - last).abs() <= SIMULTANEOUS);
        *last = Some(at);
        coincides
    }

    /// Waits until no invocation is in work, for the time of a shutdown at most.
    pub(super) async fn drained(&self, clock: &Clock) {
        let deadline = clock.sleep_until(clock.now() + DRAIN_TIMEOUT);
        tokio::select! {
            biased;
            () = self.idle() => {}
            () = deadline => {}
        }
    }

    async fn idle(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            idle.as_mut().enable();
            if *self.count() == 0 {
                return;
            }
            idle.await;
        }
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        self.in_work.lock().expect("no holder of this lock can panic")
    }
}

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        let mut count = self.0.count();
        *count -= 1;
        if *count == 0 {
            self.0.idle.notify_waiters();
        }
    }
}

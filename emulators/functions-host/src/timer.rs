//! Fires a function by its schedule.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use super::definitions::{Function, TimerTrigger};
use super::envelope::{self, Firing, ScheduleStatus};
use super::invoke::{Core, Failure};

mod ncrontab;

/// How long it takes until another instance stands in for one that was lost.
const NEXT_INSTANCE: TimeDelta = TimeDelta::seconds(3);

pub use ncrontab::BadSchedule;
pub(super) use ncrontab::Schedule;

/// A timer, and the function that it fires.
pub(super) struct Timer {
    core: Arc<Core>,
    function: Function,
    binding: String,
    schedule: Schedule,
    run_on_startup: bool,
    started: DateTime<Utc>,
    /// `None` for a schedule of more than one time a minute, whose times the host does not note.
    status: Mutex<Option<ScheduleStatus>>,
}

impl Timer {
    /// Makes a timer, which has never fired.
    pub(super) fn new(
        core: Arc<Core>,
        function: Function,
        trigger: &TimerTrigger,
        schedule: Schedule,
    ) -> Arc<Self> {
        let started = core.site.clock.now();
        let status = schedule.after(started).and_then(|next| {
            let second = schedule.after(next)?;
            let noted = second - started > TimeDelta::minutes(1);
            noted.then_some(ScheduleStatus { last: None, next, noted: None })
        });
        let (binding, run_on_startup) = (trigger.binding.clone(), trigger.run_on_startup);
        let status = Mutex::new(status);
        Arc::new(Self { core, function, binding, schedule, run_on_startup, started, status })
    }

    /// Fires until the schedule has no further time; what the clock skipped is made up for once.
    pub(super) async fn run(self: Arc<Self>) {
        let clock = &self.core.site.clock;
        let mut fired = self.started;
        if self.run_on_startup {
            self.fire_by_schedule(fired).await;
        }
        while let Some(next) = self.schedule.after(fired) {
            clock.sleep_until(next).await;
            fired = clock.now();
            self.fire_by_schedule(fired).await;
        }
    }

    /// Fires now, by hand; the schedule does not notice.
    pub(super) async fn fire(&self) -> Result<(), Failure> {
        self.invoke(Firing::ByHand).await
    }

    async fn invoke(&self, firing: Firing) -> Result<(), Failure> {
        let status = *self.status();
        let sys = self.core.sys(&self.function);
        let payload = envelope::of_timer(&self.binding, firing, status, &sys);
        self.core.invoke(&self.function, &payload).await.map(drop)
    }

    async fn fire_by_schedule(&self, at: DateTime<Utc>) {
        // A failed run is told and logged where it failed; the schedule goes on. A run that was lost with its
        // instance was not noted, so that the next instance finds it overdue.
        while let Err(Failure::InstanceLost) = self.invoke(Firing::OnTime).await {
            let clock = &self.core.site.clock;
            clock.sleep_until(clock.now() + NEXT_INSTANCE).await;
        }
        if let (Some(status), Some(next)) = (&mut *self.status(), self.schedule.after(at)) {
            *status = ScheduleStatus { last: Some(at), next, noted: Some(at) };
        }
    }

    fn status(&self) -> std::sync::MutexGuard<'_, Option<ScheduleStatus>> {
        self.status.lock().expect("no holder of this lock can panic")
    }
}

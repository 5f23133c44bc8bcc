//! The timer trigger: fires a function by its schedule.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use crate::definitions::{Function, TimerTrigger};
use crate::dto::payload::{self, Firing, ScheduleStatus};
use crate::error::InvocationError;
use crate::invoker::Invoker;

pub(crate) mod ncrontab;

pub(super) use ncrontab::Schedule;

/// The time until another instance fires the timers of one that was lost: the lock of the timers must expire.
///
/// Seen with the real host 4.1037 after the owner of the lock was killed.
const LOCK_TAKEOVER_DELAY: TimeDelta = TimeDelta::seconds(71);

/// A timer, and the function that it fires.
pub(super) struct Timer {
    invoker: Arc<Invoker>,
    function: Function,
    binding: String,
    schedule: Schedule,
    run_on_startup: bool,
    started: DateTime<Utc>,
    /// `None` for a schedule that fires more than once a minute, whose status the host does not record.
    status: Mutex<Option<ScheduleStatus>>,
}

impl Timer {
    /// Creates a timer that has never fired.
    pub(super) fn new(
        invoker: Arc<Invoker>,
        function: Function,
        trigger: &TimerTrigger,
        schedule: Schedule,
    ) -> Arc<Self> {
        let started = invoker.events.clock.now();
        let status = schedule.after(started).and_then(|next| {
            let second = schedule.after(next)?;
            let is_recorded = second - started > TimeDelta::minutes(1);
            is_recorded.then_some(ScheduleStatus { last: None, next, last_updated: None })
        });
        let (binding, run_on_startup) = (trigger.binding.clone(), trigger.run_on_startup);
        let status = Mutex::new(status);
        Arc::new(Self { invoker, function, binding, schedule, run_on_startup, started, status })
    }

    /// Fires until the schedule has no next time. Times that the clock skipped cause one firing together.
    pub(super) async fn run(self: Arc<Self>) {
        let clock = &self.invoker.events.clock;
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

    /// Fires now; the schedule is unaffected.
    pub(super) async fn fire_manually(&self, input: &str) -> Result<(), InvocationError> {
        self.invoke(Firing::Manual(input)).await
    }

    async fn invoke(&self, firing: Firing<'_>) -> Result<(), InvocationError> {
        let status = *self.status();
        let sys = self.invoker.sys(&self.function);
        let payload = payload::of_timer(&self.binding, firing, status, &sys);
        self.invoker.invoke(&self.function, &payload).await.map(drop)
    }

    async fn fire_by_schedule(&self, at: DateTime<Utc>) {
        // The invoker emits and logs a failure, and the schedule continues. A run that was lost with its instance
        // was not recorded, so that it is overdue for the next instance.
        let mut firing = Firing::OnTime;
        while let Err(error) = self.invoke(firing).await
            && error.is_loss()
        {
            if !self.invoker.worker(&self.function).until_running().await {
                return;
            }
            if matches!(error, InvocationError::InstanceLost) {
                let clock = &self.invoker.events.clock;
                clock.sleep_until(clock.now() + LOCK_TAKEOVER_DELAY).await;
            }
            firing = Firing::PastDue;
        }
        if let (Some(status), Some(next)) = (&mut *self.status(), self.schedule.after(at)) {
            *status = ScheduleStatus { last: Some(at), next, last_updated: Some(at) };
        }
    }

    fn status(&self) -> std::sync::MutexGuard<'_, Option<ScheduleStatus>> {
        self.status.lock().expect("no holder of this lock can panic")
    }
}

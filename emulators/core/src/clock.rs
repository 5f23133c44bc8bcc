//! The time that the emulators share.
//!
//! It runs with tokio's clock, so that a paused runtime gives virtual time, and can be set forward to
//! let a visibility timeout or an idle limit pass without waiting for it.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Tells the time to every emulator that holds a copy of it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: DateTime<Utc>,
    started: Instant,
    pace: Pace,
    set_forward: Mutex<TimeDelta>,
    /// Where other processes read how far it is set forward, in milliseconds.
    shown_at: Option<PathBuf>,
    moved: Notify,
}

/// How a clock runs by itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pace {
    /// As time does.
    #[default]
    Real,
    /// As time does, and whoever has nothing to do may set it forward to what comes next.
    AutoAdvance,
    /// So many times as fast.
    Scaled(u32),
    /// Not at all: it is set forward by hand.
    Manual,
}

impl Pace {
    fn factor(self) -> u32 {
        match self {
            Self::Real | Self::AutoAdvance => 1,
            Self::Scaled(factor) => factor,
            Self::Manual => 0,
        }
    }
}

impl Clock {
    /// Starts a clock at `origin`; it then runs with tokio's clock.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn starting_at(origin: DateTime<Utc>) -> Self {
        Self::new(origin, Pace::Real, None)
    }

    /// Starts a clock at `origin` that runs at a pace of its own.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn with_pace(origin: DateTime<Utc>, pace: Pace) -> Self {
        Self::new(origin, pace, None)
    }

    /// Starts a clock at the machine's time, which other processes can follow: the file tells by how many
    /// milliseconds it is set forward, before anybody here is woken.
    pub fn shared_at(file: PathBuf) -> Self {
        Self::new(Self::of_this_machine().now(), Pace::Real, Some(file))
    }

    fn new(origin: DateTime<Utc>, pace: Pace, shown_at: Option<PathBuf>) -> Self {
        let set_forward = Mutex::new(TimeDelta::zero());
        let (started, moved) = (Instant::now(), Notify::new());
        Self(Arc::new(Shared { origin, started, pace, set_forward, shown_at, moved }))
    }

    /// Starts a clock at the machine's time.
    pub fn of_this_machine() -> Self {
        Self::of_this_machine_at(Pace::Real)
    }

    /// Starts a clock at the machine's time that runs at a pace of its own.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where an emulator reads wall time"
    )]
    pub fn of_this_machine_at(pace: Pace) -> Self {
        Self::with_pace(Utc::now(), pace)
    }

    /// Tells where other processes follow it, if they can.
    pub fn shared_file(&self) -> Option<&Path> {
        self.0.shown_at.as_deref()
    }

    /// Tells the time.
    pub fn now(&self) -> DateTime<Utc> {
        let elapsed = self.0.started.elapsed().saturating_mul(self.0.pace.factor());
        self.after(elapsed) + *self.set_forward()
    }

    /// Tells the time as it is for whoever does not know that this clock was set forward, or runs at a
    /// pace of its own.
    pub fn without_advances(&self) -> DateTime<Utc> {
        self.after(self.0.started.elapsed())
    }

    /// Tells whether idle time may be skipped.
    pub fn auto_advances(&self) -> bool {
        self.0.pace == Pace::AutoAdvance
    }

    /// Sets the clock forward, and wakes whoever waits in [`Clock::sleep_until`].
    ///
    /// # Panics
    /// The file that other processes follow cannot be written.
    pub fn advance(&self, by: Duration) {
        let mut set_forward = self.set_forward();
        *set_forward += TimeDelta::from_std(by).unwrap_or(TimeDelta::zero());
        if let Some(file) = &self.0.shown_at {
            show(file, *set_forward).expect("the folder of a run is there as long as its clock");
        }
        drop(set_forward);
        self.0.moved.notify_waiters();
    }

    /// Sets the clock forward to a moment, unless it has passed.
    pub fn advance_to(&self, moment: DateTime<Utc>) {
        self.advance((moment - self.now()).to_std().unwrap_or_default());
    }

    /// Waits until the clock shows `instant`, by running or by being set forward.
    pub async fn sleep_until(&self, instant: DateTime<Utc>) {
        loop {
            let mut moved = pin!(self.0.moved.notified());
            moved.as_mut().enable();
            let missing = (instant - self.now()).to_std().unwrap_or_default();
            if missing.is_zero() {
                return;
            }
            // In a fixed order, so that a simulation repeats itself; so does a `Notify` wake, and a `watch` not.
            tokio::select! {
                biased;
                () = self.runs_for(missing) => {}
                () = moved => {}
            }
        }
    }

    async fn runs_for(&self, time: Duration) {
        match self.0.pace.factor() {
            0 => std::future::pending().await,
            factor => tokio::time::sleep(time / factor).await,
        }
    }

    fn after(&self, elapsed: Duration) -> DateTime<Utc> {
        self.0.origin + TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX)
    }

    fn set_forward(&self) -> std::sync::MutexGuard<'_, TimeDelta> {
        self.0.set_forward.lock().expect("no holder of this lock can panic")
    }
}

/// Puts the file in place in one step: a reader finds all of it or none.
fn show(file: &Path, set_forward: TimeDelta) -> std::io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, set_forward.num_milliseconds().to_string())?;
    std::fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_clock_is_set_forward() {
        for pace in [Pace::Real, Pace::AutoAdvance, Pace::Scaled(60), Pace::Manual] {
            let clock = Clock::with_pace(DateTime::UNIX_EPOCH, pace);
            let noon = DateTime::UNIX_EPOCH + TimeDelta::hours(12);
            let waiter = tokio::spawn({
                let clock = clock.clone();
                async move { clock.sleep_until(noon).await }
            });
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(12 * 3600));
            waiter.await.expect("the waiter ends");
            assert_eq!(clock.now(), noon);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_runs_at_its_pace() {
        let paces = [Pace::Real, Pace::AutoAdvance, Pace::Scaled(60), Pace::Manual];
        let clocks = paces.map(|pace| Clock::with_pace(DateTime::UNIX_EPOCH, pace));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(clocks.clone().map(|clock| clock.now().timestamp()), [10, 10, 600, 0]);
        assert_eq!(clocks.map(|clock| clock.without_advances().timestamp()), [10; 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_on_a_fast_clock_is_shorter() {
        let clock = Clock::with_pace(DateTime::UNIX_EPOCH, Pace::Scaled(60));
        let begin = Instant::now();
        clock.sleep_until(DateTime::UNIX_EPOCH + TimeDelta::minutes(10)).await;
        assert_eq!(begin.elapsed(), Duration::from_secs(10));
    }
}

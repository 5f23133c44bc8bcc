//! The clock that the emulators share.
//!
//! It runs with tokio's clock, so that a paused runtime gives virtual time. It can be advanced to let a
//! visibility timeout or an idle limit pass without waiting for it.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

/// A clock; its clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: DateTime<Utc>,
    started: Instant,
    pace: Pace,
    advanced_by: Mutex<TimeDelta>,
    /// The file in which other processes read the sum of all advances, in milliseconds.
    shared_file: Option<PathBuf>,
    advanced: Notify,
}

/// The speed of a clock between advances.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pace {
    /// The speed of tokio's clock.
    #[default]
    Real,
    /// The speed of tokio's clock; an idle emulator may also advance it to its next timer.
    AutoAdvance,
    /// This many times the speed of tokio's clock.
    Scaled(u32),
    /// Stopped: the clock moves only when it is advanced.
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
    /// Starts a clock at `origin` that runs with tokio's clock.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn starting_at(origin: DateTime<Utc>) -> Self {
        Self::new(origin, Pace::Real, None)
    }

    /// Starts a clock at `origin` that runs at `pace`.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn with_pace(origin: DateTime<Utc>, pace: Pace) -> Self {
        Self::new(origin, pace, None)
    }

    /// Starts a clock at the machine's time that other processes can follow. The file contains the sum of
    /// all advances in milliseconds; an advance writes it before any waiting task is woken.
    pub fn shared_at(file: PathBuf) -> Self {
        Self::new(Self::of_this_machine().now(), Pace::Real, Some(file))
    }

    fn new(origin: DateTime<Utc>, pace: Pace, shared_file: Option<PathBuf>) -> Self {
        let advanced_by = Mutex::new(TimeDelta::zero());
        let (started, advanced) = (Instant::now(), Notify::new());
        Self(Arc::new(Shared { origin, started, pace, advanced_by, shared_file, advanced }))
    }

    /// Starts a clock at the machine's time.
    pub fn of_this_machine() -> Self {
        Self::of_this_machine_at(Pace::Real)
    }

    /// Starts a clock at the machine's time that runs at `pace`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where an emulator reads wall time"
    )]
    pub fn of_this_machine_at(pace: Pace) -> Self {
        Self::with_pace(Utc::now(), pace)
    }

    /// Returns the file from which other processes follow this clock, if there is one.
    pub fn shared_file(&self) -> Option<&Path> {
        self.0.shared_file.as_deref()
    }

    /// Returns the current time.
    pub fn now(&self) -> DateTime<Utc> {
        let elapsed = self.0.started.elapsed().saturating_mul(self.0.pace.factor());
        self.after(elapsed) + *self.advanced_by()
    }

    /// Returns the time without advances and pace: the time of a process that does not follow this clock.
    pub fn without_advances(&self) -> DateTime<Utc> {
        self.after(self.0.started.elapsed())
    }

    /// Returns whether an idle emulator may advance this clock.
    pub fn auto_advances(&self) -> bool {
        self.0.pace == Pace::AutoAdvance
    }

    /// Advances the clock, and wakes every [`Clock::sleep_until`].
    ///
    /// # Panics
    /// If the file that other processes follow cannot be written.
    pub fn advance(&self, by: Duration) {
        let mut advanced_by = self.advanced_by();
        *advanced_by += TimeDelta::from_std(by).unwrap_or(TimeDelta::zero());
        if let Some(file) = &self.0.shared_file {
            write_atomically(file, *advanced_by)
                .expect("the folder of a run exists as long as its clock");
        }
        drop(advanced_by);
        self.0.advanced.notify_waiters();
    }

    /// Advances the clock to `instant`, unless that has passed.
    pub fn advance_to(&self, instant: DateTime<Utc>) {
        self.advance((instant - self.now()).to_std().unwrap_or_default());
    }

    /// Waits until the clock reaches `instant`, by its pace or by an advance.
    pub async fn sleep_until(&self, instant: DateTime<Utc>) {
        loop {
            let mut advanced = pin!(self.0.advanced.notified());
            advanced.as_mut().enable();
            let remaining = (instant - self.now()).to_std().unwrap_or_default();
            if remaining.is_zero() {
                return;
            }
            // `biased` polls in a fixed order and `Notify` wakes in a fixed order, so that a simulation is
            // deterministic. Rejected: `watch`, which wakes its receivers in no fixed order.
            tokio::select! {
                biased;
                () = self.sleep_at_pace(remaining) => {}
                () = advanced => {}
            }
        }
    }

    async fn sleep_at_pace(&self, duration: Duration) {
        match self.0.pace.factor() {
            0 => std::future::pending().await,
            factor => tokio::time::sleep(duration / factor).await,
        }
    }

    fn after(&self, elapsed: Duration) -> DateTime<Utc> {
        self.0.origin + TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX)
    }

    fn advanced_by(&self) -> std::sync::MutexGuard<'_, TimeDelta> {
        self.0.advanced_by.lock().expect("no holder of this lock can panic")
    }
}

/// Replaces the file by a rename: a reader finds the old content or the new, never a part.
fn write_atomically(file: &Path, advanced_by: TimeDelta) -> std::io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, advanced_by.num_milliseconds().to_string())?;
    std::fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sleep_until_ends_when_the_clock_is_advanced() {
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
    async fn sleep_until_is_shorter_on_a_fast_clock() {
        let clock = Clock::with_pace(DateTime::UNIX_EPOCH, Pace::Scaled(60));
        let begin = Instant::now();
        clock.sleep_until(DateTime::UNIX_EPOCH + TimeDelta::minutes(10)).await;
        assert_eq!(begin.elapsed(), Duration::from_secs(10));
    }
}

//! The time that the emulators share.
//!
//! It runs with tokio's clock, so that a paused runtime gives virtual time, and can be set forward to
//! let a visibility timeout or an idle limit pass without waiting for it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

/// Tells the time to every emulator that holds a copy of it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: DateTime<Utc>,
    started: Instant,
    set_forward: Mutex<TimeDelta>,
    /// Where other processes read how far it is set forward, in milliseconds.
    shown_at: Option<PathBuf>,
    moved: watch::Sender<()>,
}

impl Clock {
    /// Starts a clock at `origin`; it then runs with tokio's clock.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn starting_at(origin: DateTime<Utc>) -> Self {
        Self::new(origin, None)
    }

    /// Starts a clock at the machine's time, which other processes can follow: the file tells by how many
    /// milliseconds it is set forward, before anybody here is woken.
    pub fn followed_at(file: PathBuf) -> Self {
        Self::new(Self::of_this_machine().now(), Some(file))
    }

    fn new(origin: DateTime<Utc>, shown_at: Option<PathBuf>) -> Self {
        let set_forward = Mutex::new(TimeDelta::zero());
        let moved = watch::Sender::new(());
        Self(Arc::new(Shared { origin, started: Instant::now(), set_forward, shown_at, moved }))
    }

    /// Starts a clock at the machine's time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where an emulator reads wall time"
    )]
    pub fn of_this_machine() -> Self {
        Self::starting_at(Utc::now())
    }

    /// Tells the time.
    pub fn now(&self) -> DateTime<Utc> {
        let elapsed = TimeDelta::from_std(self.0.started.elapsed()).unwrap_or(TimeDelta::MAX);
        self.0.origin + elapsed + *self.set_forward()
    }

    /// Sets the clock forward, and wakes whoever waits in [`Clock::reaches`].
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
        self.0.moved.send_replace(());
    }

    /// Waits until the clock shows `instant`, by running or by being set forward.
    pub async fn reaches(&self, instant: DateTime<Utc>) {
        let mut moved = self.0.moved.subscribe();
        while let Ok(missing) = (instant - self.now()).to_std()
            && !missing.is_zero()
        {
            tokio::select! {
                () = tokio::time::sleep(missing) => {}
                _ = moved.changed() => {}
            }
        }
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
        let clock = Clock::starting_at(DateTime::UNIX_EPOCH);
        let noon = DateTime::UNIX_EPOCH + TimeDelta::hours(12);
        let waiter = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reaches(noon).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(12 * 3600));
        waiter.await.expect("the waiter ends");
        assert_eq!(clock.now(), noon);
    }
}

//! The clock of the edges. Modules that decide take the time as an argument.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// A source of the present time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// Returns the clock of the machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the handler reads wall time"
    )]
    pub fn system() -> Self {
        Self::from_fn(Utc::now)
    }

    /// Returns a clock that reads the time from `now`, such as a virtual time.
    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the present time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

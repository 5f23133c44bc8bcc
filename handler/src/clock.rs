//! Tells the time to the edges; the deciding modules take it as an argument.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// A source of the present time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// Tells the machine's time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the handler reads wall time"
    )]
    pub fn of_this_machine() -> Self {
        Self::telling(Utc::now)
    }

    /// Tells whatever `now` tells, such as a virtual time.
    pub fn telling(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Tells the present time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

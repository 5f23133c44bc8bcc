//! States with the times at which they were entered.

use crate::dto::Timestamp;

/// The state that something is in, since when, and which it was in before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase<S> {
    pub(crate) state: S,
    pub(crate) since: Timestamp,
    pub(crate) previous: Option<(S, Timestamp)>,
}

impl<S: Copy> Phase<S> {
    /// Starts in a state.
    pub(crate) fn starting(state: S, at: Timestamp) -> Self {
        Self { state, since: at, previous: None }
    }

    /// Enters a state.
    pub(crate) fn enter(&mut self, state: S, at: Timestamp) {
        *self = Self { state, since: at, previous: Some((self.state, self.since)) };
    }
}

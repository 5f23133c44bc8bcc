//! States and their transition times.

use crate::dto::Timestamp;

/// A state, the time of its start, and the previous state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase<S> {
    pub(crate) state: S,
    pub(crate) since: Timestamp,
    pub(crate) previous: Option<(S, Timestamp)>,
}

impl<S: Copy> Phase<S> {
    /// Creates a phase without a previous state.
    pub(crate) fn starting(state: S, at: Timestamp) -> Self {
        Self { state, since: at, previous: None }
    }

    /// Enters a state.
    pub(crate) fn enter(&mut self, state: S, at: Timestamp) {
        *self = Self { state, since: at, previous: Some((self.state, self.since)) };
    }
}

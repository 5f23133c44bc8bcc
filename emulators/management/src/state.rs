//! The state of the app: its access restrictions, and the number of writes.

pub(crate) mod restrictions;

use restrictions::Restrictions;

/// The state of the app.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) restrictions: Restrictions,
    /// The number of writes over the API.
    pub(crate) writes: u64,
}

//! The API: its options and its state.

use std::sync::{Arc, Mutex, MutexGuard};

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::token_key::TokenKey;

use crate::state::State;

/// The Function App that the API manages.
#[derive(Clone, Debug)]
pub struct Options {
    /// The resource id of the Function App.
    pub app: String,
    /// The audience that a token must have; by default the address of each request.
    pub audience: Option<String>,
    /// The key of the only endpoint whose tokens are accepted; by default no signature is verified.
    pub token_key: Option<TokenKey>,
}

/// The management API of one Function App.
#[derive(Debug)]
pub struct Management {
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
}

impl Management {
    /// Creates the API of an app without access restrictions.
    pub fn new(options: Options, events: EventContext) -> Arc<Self> {
        Arc::new(Self { options, clock: events.clock, state: Mutex::default() })
    }

    /// Returns the state, under its lock.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

//! The endpoint: its options and its state.

use std::sync::{Arc, Mutex, MutexGuard};

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;

use crate::state::{FederatedCredential, TokenCache};

/// The managed identities of an app, and the secret of its endpoint.
#[derive(Clone, Debug)]
pub struct Options {
    /// The value of `IDENTITY_HEADER`, which is also the secret of the key that signs tokens.
    pub header: String,
    /// The client id of the system-assigned identity, if there is one.
    pub system_assigned: Option<String>,
    /// The client ids of the user-assigned identities.
    pub user_assigned: Vec<String>,
    /// The token that Entra accepts in place of a secret of any of the identities.
    pub federated: FederatedCredential,
}

/// The token endpoints of one app: that of its managed identities, and that of Microsoft Entra ID.
#[derive(Debug)]
pub struct Identity {
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) tokens: Mutex<TokenCache>,
}

impl Identity {
    /// Creates the token endpoint of an app.
    pub fn new(options: Options, events: EventContext) -> Arc<Self> {
        let tokens = Mutex::new(TokenCache::new(&options.header));
        Arc::new(Self { options, clock: events.clock, tokens })
    }

    /// Returns the tokens, under their lock.
    pub(crate) fn tokens(&self) -> MutexGuard<'_, TokenCache> {
        self.tokens.lock().expect("no holder of this lock can panic")
    }
}

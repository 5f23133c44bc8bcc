//! An emulator of the token endpoint of a function app's managed identities.
//!
//! The platform names the endpoint in two environment variables, `IDENTITY_ENDPOINT` and
//! `IDENTITY_HEADER`; an app gets a token with one GET. Written from "How to use managed identities for App
//! Service and Azure Functions", protocol version 2019-08-01. The older version (`secret`, `clientid`),
//! identities named by principal id or resource id, and continuous access evaluation (`bypass_cache`) are
//! not modelled.
//!
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>

use std::sync::{Arc, Mutex, MutexGuard};

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

mod auth;
mod routes;
mod handlers;
mod state;
mod error;
mod test_api;
#[cfg(test)]
mod tests;

pub use routes::{Operation, PATH};
pub use state::TokenRequest;

use error::IdentityError;
use state::TokenCache;

/// The managed identities of an app, and the secret of its endpoint.
#[derive(Clone, Debug)]
pub struct Options {
    /// The value of `IDENTITY_HEADER`.
    pub header: String,
    /// The client id of the system-assigned identity, if there is one.
    pub system_assigned: Option<String>,
    /// The client ids of the user-assigned identities.
    pub user_assigned: Vec<String>,
}

/// The token endpoint of one app.
#[derive(Debug)]
pub struct Identity {
    options: Options,
    clock: Clock,
    tokens: Mutex<TokenCache>,
}

impl Identity {
    /// Creates the token endpoint of an app.
    pub fn new(options: Options, events: EventContext) -> Arc<Self> {
        let tokens = Mutex::new(TokenCache::new(&options.header));
        Arc::new(Self { options, clock: events.clock, tokens })
    }

    fn tokens(&self) -> MutexGuard<'_, TokenCache> {
        self.tokens.lock().expect("no holder of this lock can panic")
    }
}

impl Emulator for Identity {
    const NAME: &'static str = "identity";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        Operation::of(request)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let result =
            auth::authorize(&request, &self.options.header).and_then(|()| match operation {
                Operation::GetToken => self.get_token(&request),
            });
        result.unwrap_or_else(IdentityError::into_response)
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        IdentityError::new(status, message.to_owned()).into_response()
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

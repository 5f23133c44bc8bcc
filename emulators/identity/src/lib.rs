//! An emulator of two token endpoints: that of a function app's managed identities, and that of Microsoft Entra ID for
//! workloads with a federated token.
//!
//! The platform names the first endpoint in two environment variables, `IDENTITY_ENDPOINT` and
//! `IDENTITY_HEADER`; an app gets a token with one GET. Written from "How to use managed identities for App
//! Service and Azure Functions", protocol version 2019-08-01. The older version (`secret`, `clientid`),
//! identities named by principal id or resource id, and continuous access evaluation (`bypass_cache`) are
//! not modelled.
//!
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>
//!
//! At the second endpoint a client presents a federated token in place of a secret. Of its flows, only client
//! credentials with a federated token are modelled.
//!
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential>

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Request, Response};

mod identity;
mod auth;
mod routes;
mod handlers;
mod state;
mod error;
mod entra_error;
mod test_api;
#[cfg(test)]
mod tests;

pub use identity::{Identity, Options};
pub use routes::{Operation, PATH};
pub use state::{FederatedCredential, TENANT, TokenRequest};

use error::IdentityError;

impl Emulator for Identity {
    const NAME: &'static str = "identity";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        Operation::of(request)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let result = match operation {
            Operation::GetToken => self.get_managed_token(&request),
            Operation::RequestToken => {
                return self
                    .request_token(&request)
                    .unwrap_or_else(|error| error.into_response(&request, self.clock.now()));
            }
            Operation::GetOpenIdConfiguration => {
                return self
                    .openid_configuration(&request)
                    .unwrap_or_else(|error| error.into_response(&request, self.clock.now()));
            }
            Operation::DiscoverInstance => Ok(handlers::discover_instance(&request)),
        };
        result.unwrap_or_else(IdentityError::into_response)
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        IdentityError::new(status, message.to_owned()).into_response()
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

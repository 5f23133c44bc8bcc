//! An emulator of Azure's management API for the access restrictions of one Function App.
//!
//! Written from the public description of `Microsoft.Web` and from recorded responses of the service. The
//! configuration can be read as a whole; of the writable properties, only the access restrictions of the
//! app itself are modelled. Roles are not modelled: any token for the API grants all permissions.
//!
//! <https://learn.microsoft.com/rest/api/appservice/web-apps/get-configuration>
//! <https://learn.microsoft.com/rest/api/appservice/web-apps/update-configuration>

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::service::{Action, Emulator, Request, Response};

mod management;
mod auth;
mod routes;
mod handlers;
mod dto;
mod state;
mod error;
mod test_api;
#[cfg(test)]
mod tests;

pub use management::{Management, Options};
pub use routes::Operation;

use error::ManagementError;

impl Emulator for Management {
    const NAME: &'static str = "management";
    const ACTIONS: &'static [Action] = test_api::ACTIONS;
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        routes::operation_of(request)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        self.handle(operation, &request).unwrap_or_else(ManagementError::into_response)
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        ManagementError::new(status, message).into_response()
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.handle_control(&request)
    }
}

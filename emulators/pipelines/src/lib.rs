//! An emulated Azure DevOps organization: the parts that a provider of ephemeral agents, and its agents, use.
//!
//! ```text
//! queue_job ─▶ state ─▶ job requests       GET …/jobrequests?completedRequestCount=0
//!                ▲  └─▶ messages           an agent's long poll
//!                ├─▶ hooks                 a job's state, to the receiver of a subscription
//!                ├── handlers              pools, agents, sessions, messages, job requests, resource usage
//!                └── test_api              queue and cancel jobs, faults of the service
//! ```
//!
//! `routes` is the table of all modelled operations. `state` contains everything and changes in synchronous steps; `dto`
//! writes the JSON. A job goes to a random idle agent of its pool that meets its demands: no agent is bound to a job, as in
//! Azure DevOps.
//!
//! It is written from Microsoft's documentation, from the sources of its public clients and of the agent, and from reports
//! of what the service sent. What rests on inference is marked so where it is.

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::service::{Action, Emulator, Request, Response};

mod auth;
mod dto;
mod error;
mod function_task;
mod handlers;
mod hooks;
mod model;
mod options;
mod pipelines;
mod routes;
mod state;
mod test_api;

#[cfg(test)]
mod tests;

use error::ApiError;

pub use dto::hook::subscription_to_jobs;
pub use model::agent::Agent;
pub use model::pool::Pool;
pub use model::request::{JobRequestView, JobState, TaskResult, Work};
pub use model::run::{NewJob, Queued};
pub use model::server_task::{Completion, FunctionTask, ServerTask};
pub use model::subscription::{
    DeliveryFault, NotificationView, SubscriptionStatus, SubscriptionView,
};
pub use options::{AccessLevel, ENTRA_AUDIENCE, Options, PersonalToken, Unacknowledged};
pub use pipelines::Pipelines;
pub use routes::Operation;

impl Emulator for Pipelines {
    const NAME: &'static str = "pipelines";
    const ACTIONS: &'static [Action] = test_api::control_port::ACTIONS;
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        self.find(request).map(|found| found.route.operation)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        match self.find(&request) {
            Some(found) => handlers::handle(self, &found, &request).await,
            None => self.failure(StatusCode::NOT_IMPLEMENTED, &format!("{operation:?}")),
        }
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        ApiError::new(status, "VssServiceException", message).into_response()
    }

    fn clock(&self) -> &Clock {
        &self.context.clock
    }

    async fn control(&self, request: Request) -> Response {
        test_api::control_port::handle(self, &request)
    }
}

impl Pipelines {
    fn find(&self, request: &Request) -> Option<routes::Match> {
        let (method, path) = (request.method().as_str(), request.uri().path());
        routes::find(&self.options.organization, method, path)
    }
}

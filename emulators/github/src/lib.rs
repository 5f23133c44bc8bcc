//! An emulated GitHub: its REST API, its webhooks, and the service that its runners talk to.
//!
//! ```text
//! queue_job ─▶ state ──webhooks──▶ hooks           each delivery once, signed, in the job's order
//!                ▲
//!                ├── handlers                  GET jobs, POST generate-jitconfig, DELETE runners …
//!                └── handlers/runner_service   a runner registers, polls, accepts, completes
//! ```
//!
//! `routes` is the table of all modelled operations. `state` contains everything and changes in synchronous
//! steps; `dto` writes GitHub's JSON. A job is assigned to a random runner that has its labels: no runner is
//! bound to a job, as on GitHub.

use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::faults::SecondaryLimit;
use emulator_core::service::{Action, Emulator, Request, Response};

mod auth;
mod dto;
mod error;
mod github;
mod handlers;
mod model;
mod options;
mod routes;
mod state;
mod test_api;
mod under_way;
mod webhooks;

#[cfg(test)]
mod tests;

use error::ApiError;

pub use error::RunnerError;
pub use github::GitHub;
pub use model::app::App;
pub use model::group::Group;
pub use model::hook::{Delivery, Outcome};
pub use model::job::{Conclusion, Gate, Job, JobStatus, NewJob, ServingRunner, Step};
pub use model::refusal::{Refusal, RefusalReason};
pub use model::repository::{Repository, Visibility};
pub use model::runner::{NewRunner, Runner};
pub use model::runner_keys;
pub use model::scope::Scope;
pub use options::{Options, VersionCheck};
pub use routes::Operation;
pub use webhooks::signature::{signature_1, signature_256};

impl Emulator for GitHub {
    const NAME: &'static str = "github";
    const ACTIONS: &'static [Action] = test_api::control_port::ACTIONS;
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        let found = routes::find(request.method().as_str(), request.uri().path())?;
        Some(Operation::of(&found))
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        match routes::find(request.method().as_str(), request.uri().path()) {
            Some(found) => handlers::handle(self, &found, &request).await,
            None => self.failure(StatusCode::NOT_IMPLEMENTED, &format!("{operation:?}")),
        }
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        ApiError::new(status, message).into_response()
    }

    fn secondary_limit(
        &self,
        request: &Request,
        form: SecondaryLimit,
        retry_after: Option<u32>,
    ) -> Response {
        let limit = ApiError::secondary_limit(form, retry_after);
        match routes::find(request.method().as_str(), request.uri().path()) {
            Some(matched) => handlers::secondary_limit(self, &matched, request, limit),
            None => limit.into_response(),
        }
    }

    fn clock(&self) -> &Clock {
        &self.context.clock
    }

    async fn control(&self, request: Request) -> Response {
        test_api::control_port::handle(self, &request)
    }
}

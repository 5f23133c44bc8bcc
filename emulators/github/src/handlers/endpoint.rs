//! The description of an operation, and a request that matched its route.

use std::pin::Pin;

use emulator_core::service::{Request, Response};

use super::request::{ApiRequest, Params};
use super::response::ApiResult;
use crate::auth::permissions::Access;
use crate::github::GitHub;
use crate::model::scope::Scope;
use crate::state::State;
use crate::state::rate_limits::Resource;

/// An operation: one row of the table in `routes`.
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    /// The path template, as `matchit` matches it.
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) handler: Handler,
}

/// The function that handles an operation.
pub(crate) enum Handler {
    /// An operation of the API: one step of the state.
    Api(fn(&mut State, &ApiRequest<'_>) -> ApiResult),
    /// An operation of the runner service that needs no access token.
    RunnerSetup(fn(&GitHub, &Request) -> Response),
    /// An operation of the runner service.
    Runner(for<'a> fn(RunnerCall<'a>) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>>),
}

/// A call of a registered runner to the runner service.
#[derive(Clone, Copy)]
pub(crate) struct RunnerCall<'a> {
    pub(crate) github: &'a GitHub,
    pub(crate) runner: u64,
    pub(crate) params: &'a Params,
    pub(crate) request: &'a Request,
}

/// A route that matched a request.
pub(crate) struct Match {
    pub(crate) endpoint: &'static Endpoint,
    /// The scope that the path names.
    pub(crate) scope: Option<Scope>,
    pub(crate) params: Params,
}

impl Endpoint {
    /// Returns the resource whose rate limit applies.
    pub(crate) fn resource(&self) -> Resource {
        let registers =
            ["/actions/runners/registration-token", "/actions/runners/generate-jitconfig"];
        if registers.iter().any(|end| self.path.ends_with(end)) {
            Resource::RunnerRegistration
        } else {
            Resource::Core
        }
    }

    /// Returns whether the operation is not counted: reading the rate limits is free.
    pub(crate) fn is_free(&self) -> bool {
        self.path == "/rate_limit"
    }
}

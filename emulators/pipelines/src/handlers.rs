//! Handlers of the operations, and the steps that all share: version, authentication, consumption, headers.

use chrono::{DateTime, Utc};
use emulator_core::service::{Request, Response};

use crate::auth::{self, Caller};
use crate::error::{ApiError, ApiResult};
use crate::pipelines::Pipelines;
use crate::routes::{Match, Operation};
use crate::state::State;

mod agents;
mod builds;
mod call;
mod headers;
mod hooks;
mod locations;
mod messages;
mod plans;
mod pools;
mod requests;
mod resources;
mod sessions;
mod tokens;
mod versions;

pub(crate) use call::Call;

/// Handles a request that matched a route.
pub(crate) async fn handle(service: &Pipelines, matched: &Match, request: &Request) -> Response {
    let activity = service.step(|state, _| state.guid());
    let mut response = answer(service, matched, request).await;
    headers::add(request, &activity, &mut response);
    response
}

async fn answer(service: &Pipelines, matched: &Match, request: &Request) -> Response {
    use Operation as Op;
    let base = service.options.base(request);
    match matched.route.operation {
        Op::ListLocations | Op::ListLocationsOfArea => return locations::list(matched),
        Op::RequestAgentToken => return tokens::request(service, &base, request),
        _ => {}
    }
    if let Err(error) = versions::check(matched.route, request) {
        return error.into_response();
    }
    let caller = service.step(|state, now| auth::authenticate(state, request, now));
    let caller = match caller {
        Ok(caller) => caller,
        Err(rejection) => return auth::reject(rejection, request),
    };
    let cost = service.options.call_cost;
    let key = caller.usage_key();
    let quota =
        service.step(|state, now| state.usage.entry(key.clone()).or_default().spend(cost, now));
    let is_rejected = quota.is_some_and(|quota| quota.is_rejected);
    if let Some(quota) = quota.filter(|quota| quota.delay > 0.0 && !quota.is_rejected) {
        service.delay(quota.delay).await;
    }
    let result = match is_rejected {
        true => Err(ApiError::too_many()),
        false => execute(service, matched, request, base, caller).await,
    };
    let mut response = result.unwrap_or_else(ApiError::into_response);
    if let Some(quota) = quota {
        headers::add_quota(&quota, service.now(), &mut response);
    }
    response
}

async fn execute(
    service: &Pipelines,
    matched: &Match,
    request: &Request,
    base: String,
    caller: Caller,
) -> ApiResult {
    let call = Call::new(matched, request, base, caller)?;
    match matched.route.operation {
        Operation::GetMessage => messages::get(service, &call).await,
        operation => service.step(|state, now| dispatch(state, operation, &call, now)),
    }
}

/// Executes an operation that is one step of the state.
fn dispatch(
    state: &mut State,
    operation: Operation,
    call: &Call<'_>,
    now: DateTime<Utc>,
) -> ApiResult {
    use Operation as Op;
    match operation {
        Op::GetConnectionData => Ok(locations::connection_data(state, call)),
        Op::ListResourceAreas => Ok(locations::resource_areas(call)),
        Op::ListPools => pools::list(state, call),
        Op::GetPool => pools::get(state, call),
        Op::UpdatePool => pools::update(state, call),
        Op::ListAgents => agents::list(state, call),
        Op::GetAgent => agents::get(state, call),
        Op::AddAgent => agents::add(state, call, now),
        Op::ReplaceAgent => agents::replace(state, call, now),
        Op::UpdateAgent => agents::update(state, call, now),
        Op::DeleteAgent => agents::delete(state, call, now),
        Op::UpdateUserCapabilities => agents::update_user_capabilities(state, call, now),
        Op::ReportUpdateState => agents::report_update(state, call),
        Op::CreateSession => sessions::create(state, call, now),
        Op::DeleteSession => sessions::delete(state, call, now),
        Op::DeleteMessage => messages::delete(state, call),
        Op::ListJobRequests => requests::list(state, call, now),
        Op::GetJobRequest => requests::get(state, call),
        Op::UpdateJobRequest => requests::update(state, call, now),
        Op::ListPackages | Op::ListPackagesOfPlatform => resources::packages(state, call),
        Op::GetResourceUsage => resources::usage(state, call),
        Op::ListResourceLimits => Ok(resources::limits(state)),
        Op::ListSubscriptions => hooks::list(state, call),
        Op::CreateSubscription => hooks::create(state, call, now),
        Op::GetSubscription => hooks::get(state, call),
        Op::ReplaceSubscription => hooks::replace(state, call, now),
        Op::DeleteSubscription => hooks::delete(state, call),
        Op::ListNotifications => hooks::list_notifications(state, call),
        Op::GetNotification => hooks::get_notification(state, call),
        Op::PostPlanEvent => plans::post_event(state, call, now),
        Op::GetBuild | Op::GetBuildOfOrganization => builds::get(state, call),
        // They are answered before, each in its own way.
        Op::ListLocations | Op::ListLocationsOfArea | Op::RequestAgentToken | Op::GetMessage => {
            Err(ApiError::not_modelled(&format!("{operation:?} as a step of the state")))
        }
    }
}

//! What clients ask first: locations, connection data and resource areas.

use serde_json::json;

use emulator_core::service::Response;

use super::call::{self, Call};
use crate::auth::Caller;
use crate::routes::{LOCATIONS, Match};
use crate::state::State;

/// The ids of resource areas in Microsoft's clients.
const AREAS: [(&str, &str); 2] = [
    ("a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd", "distributedtask"),
    ("965220d5-5bb9-42cf-8d67-9b146df2a5a4", "build"),
];

/// Lists the locations, or those of an area. No authentication is needed; inferred.
pub(super) fn list(matched: &Match) -> Response {
    let area = matched.params.get("area");
    let of_area = |known: &&&crate::routes::Location| {
        area.is_none_or(|area| known.area.eq_ignore_ascii_case(area))
    };
    call::list(LOCATIONS.iter().filter(of_area).map(|location| location.to_json()).collect())
}

/// <https://learn.microsoft.com/javascript/api/azure-devops-extension-api/connectiondata>
pub(super) fn connection_data(state: &State, call: &Call<'_>) -> Response {
    let name = match &call.caller {
        Caller::Agent(id) => state.agent_name(*id),
        other => other.usage_key(),
    };
    let user = json!({ "id": state.instance_id, "providerDisplayName": name, "isActive": true });
    call::object(&json!({
        "authenticatedUser": user,
        "authorizedUser": user,
        "instanceId": state.instance_id,
        "deploymentId": state.instance_id,
        "deploymentType": "hosted",
        "locationServiceData": { "clientCacheFresh": false, "clientCacheTimeToLive": 3600 },
    }))
}

pub(super) fn resource_areas(call: &Call<'_>) -> Response {
    let write =
        |(id, name)| json!({ "id": id, "name": name, "locationUrl": format!("{}/", call.base) });
    call::list(AREAS.into_iter().map(write).collect())
}

//! The locations of resources: their ids, route templates and versions.
//!
//! The ids are those in the sources of `azure-devops-node-api` and `azure-devops`. Inferred: the templates, as far as the
//! documented paths do not show them, and which resources are released. A client that finds a location without a
//! released version must ask for a preview version.

use serde_json::{Value, json};

/// A resource of the service.
#[derive(Debug)]
pub(crate) struct Location {
    pub(crate) id: &'static str,
    pub(crate) area: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) template: &'static str,
    /// Whether version 7.1 is released, or a preview.
    pub(crate) is_released: bool,
    pub(crate) resource_version: u32,
}

/// The latest version of the API.
pub(crate) const MAX_VERSION: &str = "7.2";
/// The latest released version.
pub(crate) const RELEASED_VERSION: &str = "7.1";

const TASK: &str = "distributedtask";

pub(super) const CONNECTION_DATA: Location = Location {
    id: "00d9565f-ed9c-4a06-9a50-00e7896ccab4",
    area: "Location",
    resource: "ConnectionData",
    template: "_apis/{resource}",
    is_released: false,
    resource_version: 1,
};
pub(super) const RESOURCE_AREAS: Location = Location {
    id: "e81700f7-3be2-46de-8624-2eb35882fcaa",
    resource: "ResourceAreas",
    template: "_apis/{resource}/{areaId}",
    ..CONNECTION_DATA
};
pub(super) const POOLS: Location = Location {
    id: "a8c47e17-4d56-4a56-92bb-de7ea7dc65be",
    area: TASK,
    resource: "pools",
    template: "_apis/{area}/{resource}/{poolId}",
    is_released: true,
    resource_version: 1,
};
pub(super) const AGENTS: Location = Location {
    id: "e298ef32-5878-4cab-993c-043836571f42",
    resource: "agents",
    template: "_apis/{area}/pools/{poolId}/{resource}/{agentId}",
    ..POOLS
};
pub(super) const USER_CAPABILITIES: Location = Location {
    id: "30ba3ada-fedf-4da8-bbb5-dacf2f82e176",
    resource: "usercapabilities",
    template: "_apis/{area}/pools/{poolId}/agents/{agentId}/{resource}",
    ..UNRELEASED
};
pub(super) const UPDATES: Location = Location {
    id: "8cc1b02b-ae49-4516-b5ad-4f9b29967c30",
    resource: "updates",
    template: "_apis/{area}/pools/{poolId}/agents/{agentId}/{resource}",
    ..UNRELEASED
};
pub(super) const SESSIONS: Location = Location {
    id: "134e239e-2df3-4794-a6f6-24f1f19ec8dc",
    resource: "sessions",
    template: "_apis/{area}/pools/{poolId}/{resource}/{sessionId}",
    ..UNRELEASED
};
pub(super) const MESSAGES: Location = Location {
    id: "c3a054f6-7a8a-49c0-944e-3a8e5d7adfd7",
    resource: "messages",
    template: "_apis/{area}/pools/{poolId}/{resource}/{messageId}",
    ..UNRELEASED
};
pub(super) const JOB_REQUESTS: Location = Location {
    id: "fc825784-c92a-4299-9221-998a02d1b54f",
    resource: "jobrequests",
    template: "_apis/{area}/pools/{poolId}/{resource}/{requestId}",
    ..UNRELEASED
};
pub(super) const PACKAGES: Location = Location {
    id: "8ffcd551-079c-493a-9c02-54346299d144",
    resource: "packages",
    template: "_apis/{area}/{resource}/{packageType}/{platform}/{version}",
    resource_version: 2,
    ..UNRELEASED
};
pub(super) const RESOURCE_USAGE: Location = Location {
    id: "eae1d376-a8b1-4475-9041-1dfdbe8f0143",
    resource: "resourceusage",
    template: "_apis/{area}/{resource}",
    resource_version: 2,
    ..UNRELEASED
};
pub(super) const RESOURCE_LIMITS: Location = Location {
    id: "1f1f0557-c445-42a6-b4a0-0df605a3a0f8",
    resource: "resourcelimits",
    template: "_apis/{area}/{resource}",
    ..UNRELEASED
};
pub(super) const BUILDS: Location = Location {
    id: "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
    area: "build",
    resource: "builds",
    template: "{project}/_apis/{area}/{resource}/{buildId}",
    resource_version: 7,
    ..POOLS
};
pub(super) const PLAN_EVENTS: Location = Location {
    id: "557624af-b29e-4c20-8ab0-0399d2204f3f",
    resource: "events",
    template: "{scopeIdentifier}/_apis/{area}/hubs/{hubName}/plans/{planId}/{resource}",
    ..UNRELEASED
};
pub(super) const SUBSCRIPTIONS: Location = Location {
    id: "fc50d02a-849f-41fb-8af1-0a5216103269",
    area: "hooks",
    resource: "subscriptions",
    template: "_apis/{area}/{resource}/{subscriptionId}",
    ..POOLS
};
pub(super) const NOTIFICATIONS: Location = Location {
    id: "0c62d343-21b0-4732-997b-017fde84dc28",
    resource: "notifications",
    template: "_apis/{area}/subscriptions/{subscriptionId}/{resource}/{notificationId}",
    ..SUBSCRIPTIONS
};
const UNRELEASED: Location = Location { is_released: false, ..POOLS };

/// All locations.
pub(crate) const LOCATIONS: &[&Location] = &[
    &CONNECTION_DATA,
    &RESOURCE_AREAS,
    &POOLS,
    &AGENTS,
    &USER_CAPABILITIES,
    &UPDATES,
    &SESSIONS,
    &MESSAGES,
    &JOB_REQUESTS,
    &PACKAGES,
    &RESOURCE_USAGE,
    &RESOURCE_LIMITS,
    &BUILDS,
    &PLAN_EVENTS,
    &SUBSCRIPTIONS,
    &NOTIFICATIONS,
];

impl Location {
    /// Writes the location as `OPTIONS` answers it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "area": self.area,
            "resourceName": self.resource,
            "routeTemplate": self.template,
            "resourceVersion": self.resource_version,
            "minVersion": "1.0",
            "maxVersion": MAX_VERSION,
            "releasedVersion": if self.is_released { RELEASED_VERSION } else { "0.0" },
        })
    }
}

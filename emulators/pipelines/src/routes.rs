//! The operation table: every modelled operation with the location under which clients find it.
//!
//! Clients do not know paths: they ask `OPTIONS` for the route template of a location id. The ids are those of Microsoft's
//! clients, `azure-devops-node-api` (npm) and `azure-devops` (PyPI). The names of the operations are this emulator's.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use matchit::Router;

mod locations;

use locations::{
    AGENTS, BUILDS, CONNECTION_DATA, JOB_REQUESTS, MESSAGES, NOTIFICATIONS, PACKAGES, PLAN_EVENTS,
    POOLS, RESOURCE_AREAS, RESOURCE_LIMITS, RESOURCE_USAGE, SESSIONS, SUBSCRIPTIONS, UPDATES,
    USER_CAPABILITIES,
};
pub(crate) use locations::{LOCATIONS, Location};

/// A row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// The path below the organization, as `matchit` matches it, in lower case.
    pub(crate) path: &'static str,
    pub(crate) operation: Operation,
    /// `None` for what clients find without a location.
    pub(crate) location: Option<&'static Location>,
}

/// A route that matched a request, with the parameters of its path in lower case.
pub(crate) struct Match {
    pub(crate) route: &'static Route,
    pub(crate) params: BTreeMap<&'static str, String>,
}

macro_rules! routes {
    ($($method:ident $path:literal => $name:ident @ $location:expr;)*) => {
        /// An operation of the service; its `Debug` form is its name.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[expect(missing_docs, reason = "the table says which request each is")]
        pub enum Operation { $($name),* }

        static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            operation: Operation::$name,
            location: $location,
        }),*];
    };
}

routes! {
    OPTIONS "/_apis" => ListLocations @ None;
    OPTIONS "/_apis/{area}" => ListLocationsOfArea @ None;
    GET "/_apis/connectiondata" => GetConnectionData @ Some(&CONNECTION_DATA);
    GET "/_apis/resourceareas" => ListResourceAreas @ Some(&RESOURCE_AREAS);
    POST "/_apis/oauth2/token/{instance}" => RequestAgentToken @ None;

    GET "/_apis/distributedtask/pools" => ListPools @ Some(&POOLS);
    GET "/_apis/distributedtask/pools/{pool}" => GetPool @ Some(&POOLS);
    PATCH "/_apis/distributedtask/pools/{pool}" => UpdatePool @ Some(&POOLS);
    GET "/_apis/distributedtask/pools/{pool}/agents" => ListAgents @ Some(&AGENTS);
    POST "/_apis/distributedtask/pools/{pool}/agents" => AddAgent @ Some(&AGENTS);
    GET "/_apis/distributedtask/pools/{pool}/agents/{agent}" => GetAgent @ Some(&AGENTS);
    PUT "/_apis/distributedtask/pools/{pool}/agents/{agent}" => ReplaceAgent @ Some(&AGENTS);
    PATCH "/_apis/distributedtask/pools/{pool}/agents/{agent}" => UpdateAgent @ Some(&AGENTS);
    DELETE "/_apis/distributedtask/pools/{pool}/agents/{agent}" => DeleteAgent @ Some(&AGENTS);
    PUT "/_apis/distributedtask/pools/{pool}/agents/{agent}/usercapabilities" => UpdateUserCapabilities @ Some(&USER_CAPABILITIES);
    PUT "/_apis/distributedtask/pools/{pool}/agents/{agent}/updates" => ReportUpdateState @ Some(&UPDATES);

    POST "/_apis/distributedtask/pools/{pool}/sessions" => CreateSession @ Some(&SESSIONS);
    DELETE "/_apis/distributedtask/pools/{pool}/sessions/{session}" => DeleteSession @ Some(&SESSIONS);
    GET "/_apis/distributedtask/pools/{pool}/messages" => GetMessage @ Some(&MESSAGES);
    DELETE "/_apis/distributedtask/pools/{pool}/messages/{message}" => DeleteMessage @ Some(&MESSAGES);

    GET "/_apis/distributedtask/pools/{pool}/jobrequests" => ListJobRequests @ Some(&JOB_REQUESTS);
    GET "/_apis/distributedtask/pools/{pool}/jobrequests/{request}" => GetJobRequest @ Some(&JOB_REQUESTS);
    PATCH "/_apis/distributedtask/pools/{pool}/jobrequests/{request}" => UpdateJobRequest @ Some(&JOB_REQUESTS);

    GET "/_apis/distributedtask/packages/{type}" => ListPackages @ Some(&PACKAGES);
    GET "/_apis/distributedtask/packages/{type}/{platform}" => ListPackagesOfPlatform @ Some(&PACKAGES);
    GET "/_apis/distributedtask/resourceusage" => GetResourceUsage @ Some(&RESOURCE_USAGE);
    GET "/_apis/distributedtask/resourcelimits" => ListResourceLimits @ Some(&RESOURCE_LIMITS);
    POST "/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/events" => PostPlanEvent @ Some(&PLAN_EVENTS);

    GET "/_apis/hooks/subscriptions" => ListSubscriptions @ Some(&SUBSCRIPTIONS);
    POST "/_apis/hooks/subscriptions" => CreateSubscription @ Some(&SUBSCRIPTIONS);
    GET "/_apis/hooks/subscriptions/{subscription}" => GetSubscription @ Some(&SUBSCRIPTIONS);
    PUT "/_apis/hooks/subscriptions/{subscription}" => ReplaceSubscription @ Some(&SUBSCRIPTIONS);
    DELETE "/_apis/hooks/subscriptions/{subscription}" => DeleteSubscription @ Some(&SUBSCRIPTIONS);
    GET "/_apis/hooks/subscriptions/{subscription}/notifications" => ListNotifications @ Some(&NOTIFICATIONS);
    GET "/_apis/hooks/subscriptions/{subscription}/notifications/{notification}" => GetNotification @ Some(&NOTIFICATIONS);

    GET "/{project}/_apis/build/builds/{build}" => GetBuild @ Some(&BUILDS);
    GET "/_apis/build/builds/{build}" => GetBuildOfOrganization @ Some(&BUILDS);
}

fn table() -> &'static BTreeMap<&'static str, Router<&'static Route>> {
    static TABLE: OnceLock<BTreeMap<&'static str, Router<&'static Route>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: BTreeMap<&'static str, Router<_>> = BTreeMap::new();
        for route in ROUTES {
            let router = table.entry(route.method).or_default();
            router.insert(route.path, route).expect("the paths of the table do not conflict");
        }
        table
    })
}

/// Finds the route of a request to an organization. Paths are compared without regard to case.
pub(crate) fn find(organization: &str, method: &str, path: &str) -> Option<Match> {
    let (first, _) = path.strip_prefix('/')?.split_once('/')?;
    if !first.eq_ignore_ascii_case(organization) {
        return None;
    }
    let rest = path.get(1 + first.len()..)?.trim_end_matches('/').to_lowercase();
    let found = table().get(method)?.at(&rest).ok()?;
    let names = ["area", "instance", "pool", "agent", "session", "message", "request", "type"];
    let names = names.into_iter().chain(["project", "build", "hub", "plan", "subscription"]);
    let names = names.chain(["notification", "platform"]);
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let params = names.filter_map(|name| Some((name, decode(found.params.get(name)?)))).collect();
    Some(Match { route: found.value, params })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str) -> Option<Operation> {
        find("contoso", method, path).map(|found| found.route.operation)
    }

    #[test]
    fn a_path_is_found_without_regard_to_case_and_below_its_organization_only() {
        let found = find("contoso", "GET", "/Contoso/_apis/distributedTask/Pools/4/jobRequests");
        let found = found.unwrap();
        assert_eq!(found.route.operation, Operation::ListJobRequests);
        assert_eq!(found.params["pool"], "4");
        assert_eq!(operation("OPTIONS", "/contoso/_apis/"), Some(Operation::ListLocations));
        let build = operation("GET", "/contoso/My%20Shop/_apis/build/Builds/7");
        assert_eq!(build, Some(Operation::GetBuild));
        assert_eq!(operation("GET", "/fabrikam/_apis/distributedtask/pools"), None);
        assert_eq!(operation("DELETE", "/contoso/_apis/distributedtask/pools/4"), None);
    }

    #[test]
    fn every_location_of_the_table_is_offered() {
        for location in ROUTES.iter().filter_map(|route| route.location) {
            assert!(LOCATIONS.iter().any(|offered| offered.id == location.id), "{}", location.id);
        }
    }
}

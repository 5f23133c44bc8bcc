//! Finds the operation that a request asks for: the one table of what is modelled.

use super::operation::Operation;
use super::scope::{Level, Scope};

/// An operation with what its path names.
#[derive(Clone, Debug)]
pub(super) struct Route<'a> {
    pub(super) operation: Operation,
    pub(super) scope: Option<Scope>,
    /// The variable segments after the scope.
    pub(super) names: Vec<&'a str>,
}

impl Route<'_> {
    /// Reads a variable segment as a number; what is none is the number of nothing.
    pub(super) fn number(&self, place: usize) -> u64 {
        self.names.get(place).and_then(|name| name.parse().ok()).unwrap_or_default()
    }
}

/// Finds the operation of a method and path; on GitHub Enterprise Server the API is at `/api/v3`.
pub(super) fn route<'a>(method: &str, path: &'a str) -> Option<Route<'a>> {
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let tables = [of_jobs, of_runners, of_hooks_and_apps, of_services];
    tables.iter().find_map(|table| table(method, &segments))
}

fn of_jobs<'a>(method: &str, segments: &[&'a str]) -> Option<Route<'a>> {
    use Operation as Op;
    match (method, segments) {
        ("GET", ["meta"]) => found(Op::MetaGet, &[]),
        ("GET", ["rate_limit"]) => found(Op::RateLimitGet, &[]),
        ("GET", ["user", "repos"]) => found(Op::ReposListForAuthenticatedUser, &[]),
        ("GET", [scope @ .., "repos"]) if scope.first() == Some(&"orgs") => {
            scoped(|_| Op::ReposListForOrg, scope, &[])
        }
        ("GET", ["repos", "actions", "runner", "releases"]) => found(Op::ReposListReleases, &[]),
        ("GET", scope @ ["repos", _, _]) => scoped(|_| Op::ReposGet, scope, &[]),

        ("GET", [scope @ .., "actions", "jobs", job]) if is_repository(scope) => {
            scoped(|_| Op::GetJobForWorkflowRun, scope, &[job])
        }
        ("GET", [scope @ .., "actions", "runs", run, "jobs"]) if is_repository(scope) => {
            scoped(|_| Op::ListJobsForWorkflowRun, scope, &[run])
        }
        ("GET", [scope @ .., "actions", "runs"]) if is_repository(scope) => {
            scoped(|_| Op::ListWorkflowRunsForRepo, scope, &[])
        }
        ("GET", [scope @ .., "actions", "runs", run]) if is_repository(scope) => {
            scoped(|_| Op::GetWorkflowRun, scope, &[run])
        }
        ("POST", [scope @ .., "actions", "runs", run, "cancel"]) if is_repository(scope) => {
            scoped(|_| Op::CancelWorkflowRun, scope, &[run])
        }
        _ => None,
    }
}

fn of_runners<'a>(method: &str, segments: &[&'a str]) -> Option<Route<'a>> {
    use Operation as Op;
    match (method, segments) {
        ("POST", [scope @ .., "actions", "runners", "registration-token"]) => {
            scoped(Op::CreateRegistrationToken, scope, &[])
        }
        ("POST", [scope @ .., "actions", "runners", "generate-jitconfig"]) => {
            scoped(Op::GenerateRunnerJitconfig, scope, &[])
        }
        ("GET", [scope @ .., "actions", "runners"]) => {
            scoped(Op::ListSelfHostedRunners, scope, &[])
        }
        ("GET", [scope @ .., "actions", "runners", runner]) if is_number(runner) => {
            scoped(Op::GetSelfHostedRunner, scope, &[runner])
        }
        ("DELETE", [scope @ .., "actions", "runners", runner]) if is_number(runner) => {
            scoped(Op::DeleteSelfHostedRunner, scope, &[runner])
        }
        ("GET", [scope @ .., "actions", "runner-groups"]) if !is_repository(scope) => {
            scoped(Op::ListSelfHostedRunnerGroups, scope, &[])
        }

        ("GET", ["orgs", org, "actions", "runner-groups", group, "repositories"]) => {
            scoped(Op::ListGroupAccess, &["orgs", org], &[group])
        }
        ("GET", ["enterprises", slug, "actions", "runner-groups", group, "organizations"]) => {
            scoped(Op::ListGroupAccess, &["enterprises", slug], &[group])
        }
        _ => None,
    }
}

fn of_hooks_and_apps<'a>(method: &str, segments: &[&'a str]) -> Option<Route<'a>> {
    use Operation as Op;
    match (method, segments) {
        ("GET", [scope @ .., "installation"]) if has_hooks(scope) => {
            scoped(Op::GetInstallation, scope, &[])
        }
        ("GET", ["app", "installations"]) => found(Op::ListInstallations, &[]),
        ("GET", ["installation", "repositories"]) => {
            found(Op::ListReposAccessibleToInstallation, &[])
        }
        ("POST", ["app", "installations", installation, "access_tokens"]) => {
            found(Op::CreateInstallationAccessToken, &[installation])
        }

        ("GET", ["app", "hook", "config"]) => found(Op::GetWebhookConfigForApp, &[]),
        ("GET", ["app", "hook", "deliveries"]) => found(Op::ListAppsDeliveries, &[]),
        ("GET", ["app", "hook", "deliveries", id]) => found(Op::GetAppsDelivery, &[id]),
        ("POST", ["app", "hook", "deliveries", id, "attempts"]) => {
            found(Op::RedeliverAppsDelivery, &[id])
        }

        ("GET", [scope @ .., "hooks"]) if has_hooks(scope) => scoped(Op::ListWebhooks, scope, &[]),
        ("GET", [scope @ .., "hooks", hook, "deliveries"]) if has_hooks(scope) => {
            scoped(Op::ListWebhookDeliveries, scope, &[hook])
        }
        ("GET", [scope @ .., "hooks", hook, "deliveries", id]) if has_hooks(scope) => {
            scoped(Op::GetWebhookDelivery, scope, &[hook, id])
        }
        ("POST", [scope @ .., "hooks", hook, "deliveries", id, "attempts"]) if has_hooks(scope) => {
            scoped(Op::RedeliverWebhookDelivery, scope, &[hook, id])
        }
        _ => None,
    }
}

fn of_services<'a>(method: &str, segments: &[&'a str]) -> Option<Route<'a>> {
    use Operation as Op;
    match (method, segments) {
        ("POST", ["_services", "token"]) => found(Op::ExchangeToken, &[]),
        ("POST", ["_services", "jobs", job, "acknowledgement"]) => {
            found(Op::AcknowledgeJob, &[job])
        }
        ("POST", ["_services", "jobs", job, "renewal"]) => found(Op::RenewJob, &[job]),
        ("POST", ["_services", "runners"]) => found(Op::RegisterRunner, &[]),
        ("POST", ["_services", "sessions"]) => found(Op::OpenSession, &[]),
        ("GET", ["_services", "sessions", session, "message"]) => {
            found(Op::NextMessage, &[session])
        }
        ("DELETE", ["_services", "sessions", session]) => found(Op::CloseSession, &[session]),
        ("POST", ["_services", "jobs", job, "acceptance"]) => found(Op::AcceptJob, &[job]),
        ("POST", ["_services", "jobs", job, "completion"]) => found(Op::CompleteJob, &[job]),
        _ => None,
    }
}

fn found<'a>(operation: Operation, names: &[&'a str]) -> Option<Route<'a>> {
    Some(Route { operation, scope: None, names: names.to_vec() })
}

fn scoped<'a>(
    operation: impl FnOnce(Level) -> Operation,
    scope: &[&str],
    names: &[&&'a str],
) -> Option<Route<'a>> {
    let scope = Scope::of_api_path(scope)?;
    let names = names.iter().map(|name| **name).collect();
    Some(Route { operation: operation(scope.level()), scope: Some(scope), names })
}

fn is_repository(scope: &[&str]) -> bool {
    scope.first() == Some(&"repos")
}

fn has_hooks(scope: &[&str]) -> bool {
    scope.first() != Some(&"enterprises")
}

fn is_number(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, operation: &str) {
        let found = route(method, path).map(|route| format!("{:?}", route.operation));
        assert_eq!(found.as_deref().unwrap_or("not modelled"), operation);
    }

    #[test]
    fn operations_have_githubs_names() {
        check("GET", "/repos/octo/app", "ReposGet");
        check("GET", "/orgs/octo/repos", "ReposListForOrg");
        check("GET", "/user/repos", "ReposListForAuthenticatedUser");
        check("GET", "/api/v3/repos/octo/app/actions/jobs/7", "GetJobForWorkflowRun");
        check("GET", "/repos/octo/app/actions/runs/7/jobs", "ListJobsForWorkflowRun");
        check(
            "POST",
            "/orgs/octo/actions/runners/generate-jitconfig",
            "GenerateRunnerJitconfigForOrg",
        );
        check("DELETE", "/repos/octo/app/actions/runners/7", "DeleteSelfHostedRunnerFromRepo");
        check("GET", "/enterprises/acme/actions/runners", "ListSelfHostedRunnersForEnterprise");
        check("GET", "/orgs/octo/hooks/1/deliveries", "OrgsListWebhookDeliveries");
        check("GET", "/app/hook/config", "GetWebhookConfigForApp");
        check("POST", "/app/hook/deliveries/7/attempts", "RedeliverWebhookDelivery");
        check("GET", "/_services/sessions/s/message", "NextMessage");
    }

    #[test]
    fn what_github_has_and_is_not_modelled_is_not_found() {
        check("GET", "/orgs/octo/actions/runs", "not modelled");
        check("GET", "/repos/octo/app/actions/runners/downloads", "not modelled");
        check("GET", "/enterprises/acme/hooks", "not modelled");
        check("PUT", "/repos/octo/app", "not modelled");
        check("GET", "/a/b/c/actions/runners", "not modelled");
    }
}

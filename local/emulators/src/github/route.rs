//! Names the operation that a request asks for: the one table of what is modelled.
//!
//! The names are GitHub's `operationId`s in camel case, without `actions/` and `enterprise-admin/`;
//! those of the runner service, which is not public, are our own.

use std::fmt;

use super::scope::{Level, Scope};

/// An operation of the API or of the runner service.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Operation {
    /// What GitHub is: here, the addresses that its hooks come from.
    MetaGet,
    /// What is left of the limits.
    RateLimitGet,
    /// One repository.
    ReposGet,
    /// The repositories of an organization.
    ReposListForOrg,
    /// The repositories that the token opens.
    ReposListForAuthenticatedUser,
    /// One job.
    GetJobForWorkflowRun,
    /// The jobs of a run.
    ListJobsForWorkflowRun,
    /// The runs of a repository.
    ListWorkflowRunsForRepo,
    /// One run.
    GetWorkflowRun,
    /// Cancel a run.
    CancelWorkflowRun,
    /// A token to register runners with.
    CreateRegistrationToken(Level),
    /// The configuration of one runner for one job.
    GenerateRunnerJitconfig(Level),
    /// The runners.
    ListSelfHostedRunners(Level),
    /// One runner.
    GetSelfHostedRunner(Level),
    /// Remove a runner.
    DeleteSelfHostedRunner(Level),
    /// The runner groups.
    ListSelfHostedRunnerGroups(Level),
    /// The hooks.
    ListWebhooks(Level),
    /// What was delivered to a hook.
    ListWebhookDeliveries(Level),
    /// One delivery.
    GetWebhookDelivery(Level),
    /// Deliver again.
    RedeliverWebhookDelivery(Level),
    /// A runner configures itself with a token.
    RegisterRunner,
    /// A runner begins to listen.
    OpenSession,
    /// A runner waits for a message.
    NextMessage,
    /// A runner takes a job.
    AcceptJob,
    /// A runner tells how a job ended.
    CompleteJob,
    /// A runner ceases to listen.
    CloseSession,
}

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
    use Operation as Op;
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (method, &segments[..]) {
        ("GET", ["meta"]) => found(Op::MetaGet, &[]),
        ("GET", ["rate_limit"]) => found(Op::RateLimitGet, &[]),
        ("GET", ["user", "repos"]) => found(Op::ReposListForAuthenticatedUser, &[]),
        ("GET", [scope @ .., "repos"]) if scope.first() == Some(&"orgs") => {
            scoped(|_| Op::ReposListForOrg, scope, &[])
        }
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

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MetaGet => formatter.write_str("MetaGet"),
            Self::RateLimitGet => formatter.write_str("RateLimitGet"),
            Self::ReposGet => formatter.write_str("ReposGet"),
            Self::ReposListForOrg => formatter.write_str("ReposListForOrg"),
            Self::ReposListForAuthenticatedUser => {
                formatter.write_str("ReposListForAuthenticatedUser")
            }
            Self::GetJobForWorkflowRun => formatter.write_str("GetJobForWorkflowRun"),
            Self::ListJobsForWorkflowRun => formatter.write_str("ListJobsForWorkflowRun"),
            Self::ListWorkflowRunsForRepo => formatter.write_str("ListWorkflowRunsForRepo"),
            Self::GetWorkflowRun => formatter.write_str("GetWorkflowRun"),
            Self::CancelWorkflowRun => formatter.write_str("CancelWorkflowRun"),
            Self::CreateRegistrationToken(level) => {
                write!(formatter, "CreateRegistrationTokenFor{level:?}")
            }
            Self::GenerateRunnerJitconfig(level) => {
                write!(formatter, "GenerateRunnerJitconfigFor{level:?}")
            }
            Self::ListSelfHostedRunners(level) => {
                write!(formatter, "ListSelfHostedRunnersFor{level:?}")
            }
            Self::GetSelfHostedRunner(level) => {
                write!(formatter, "GetSelfHostedRunnerFor{level:?}")
            }
            Self::DeleteSelfHostedRunner(level) => {
                write!(formatter, "DeleteSelfHostedRunnerFrom{level:?}")
            }
            Self::ListSelfHostedRunnerGroups(level) => {
                write!(formatter, "ListSelfHostedRunnerGroupsFor{level:?}")
            }
            Self::ListWebhooks(level) => write!(formatter, "{level:?}sListWebhooks"),
            Self::ListWebhookDeliveries(level) => {
                write!(formatter, "{level:?}sListWebhookDeliveries")
            }
            Self::GetWebhookDelivery(level) => write!(formatter, "{level:?}sGetWebhookDelivery"),
            Self::RedeliverWebhookDelivery(level) => {
                write!(formatter, "{level:?}sRedeliverWebhookDelivery")
            }
            Self::RegisterRunner => formatter.write_str("RegisterRunner"),
            Self::OpenSession => formatter.write_str("OpenSession"),
            Self::NextMessage => formatter.write_str("NextMessage"),
            Self::AcceptJob => formatter.write_str("AcceptJob"),
            Self::CompleteJob => formatter.write_str("CompleteJob"),
            Self::CloseSession => formatter.write_str("CloseSession"),
        }
    }
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

//! The operation table: every operation of the API and of the runner service.
//!
//! Names are GitHub's `operationId`s in camel case, without `actions/`, `apps/` and `enterprise-admin/`. The
//! runner service is not public; the names of its operations are this emulator's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use matchit::Router;

use crate::auth::permissions::Access::{AppJwt, Installation, Public, Runner, User};
use crate::auth::permissions::{
    ACTIONS_READ, ACTIONS_WRITE, METADATA, ORG_HOOKS_READ, ORG_HOOKS_WRITE, ORG_RUNNERS_READ,
    ORG_RUNNERS_WRITE, REPO_HOOKS_READ, REPO_HOOKS_WRITE, REPO_RUNNERS_READ, REPO_RUNNERS_WRITE,
};
use crate::handlers::endpoint::{Endpoint, Handler, Match};
use crate::handlers::request::Params;
use crate::handlers::runner_service::{jobs as runner_jobs, registration, sessions};
use crate::handlers::{
    SERVER_PREFIX, access_tokens, apps, hooks, jobs, meta, repositories, runner_service, runners,
};
use crate::model::scope::Scope;
use crate::state::repositories::BY_ID;

/// An operation of the API or of the runner service; its `Debug` form is its name.
#[derive(Clone, Copy)]
pub struct Operation(&'static Endpoint);

/// Makes a table of rows `METHOD path => Name, access, kind handler;`, where kind is a variant of [`Handler`].
macro_rules! endpoints {
    ($($method:ident $path:literal => $name:ident, $access:expr, $kind:ident $($function:ident)::+;)*) => {
        &[$(Endpoint {
            method: stringify!($method),
            path: $path,
            name: stringify!($name),
            access: $access,
            handler: endpoints!(@$kind $($function)::+),
        }),*]
    };
    (@api $($function:ident)::+) => { Handler::Api(|state, request| $($function)::+(state, request)) };
    (@setup $($function:ident)::+) => { Handler::RunnerSetup($($function)::+) };
    (@runner $($function:ident)::+) => { Handler::Runner(|call| Box::pin($($function)::+(call))) };
}

static ENDPOINTS: &[Endpoint] = endpoints! {
    GET "/meta" => MetaGet, Public, api meta::meta;
    GET "/versions" => MetaGetAllVersions, Public, api meta::versions;
    GET "/rate_limit" => RateLimitGet, Public, api meta::rate_limit;
    GET "/repos/actions/runner/releases" => ReposListReleases, METADATA, api meta::releases;
    GET "/repos/actions/runner/releases/latest" => ReposGetLatestRelease, METADATA, api meta::latest_release;

    GET "/user" => UsersGetAuthenticated, User, api meta::user;
    GET "/user/repos" => ReposListForAuthenticatedUser, User, api repositories::list_for_user;
    GET "/orgs/{org}/repos" => ReposListForOrg, METADATA, api repositories::list_for_org;
    GET "/repos/{owner}/{repo}" => ReposGet, METADATA, api repositories::get;

    GET "/repos/{owner}/{repo}/actions/jobs/{job_id}" => GetJobForWorkflowRun, ACTIONS_READ, api jobs::get;
    GET "/repos/{owner}/{repo}/actions/runs" => ListWorkflowRunsForRepo, ACTIONS_READ, api jobs::list_runs;
    GET "/repos/{owner}/{repo}/actions/runs/{run_id}" => GetWorkflowRun, ACTIONS_READ, api jobs::get_run;
    GET "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs" => ListJobsForWorkflowRun, ACTIONS_READ, api jobs::list_for_run;
    GET "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}" => GetWorkflowRunAttempt, ACTIONS_READ, api jobs::get_attempt;
    GET "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs" => ListJobsForWorkflowRunAttempt, ACTIONS_READ, api jobs::list_for_attempt;
    POST "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel" => CancelWorkflowRun, ACTIONS_WRITE, api jobs::cancel_run;

    POST "/repos/{owner}/{repo}/actions/runners/registration-token" => CreateRegistrationTokenForRepo, REPO_RUNNERS_WRITE, api runners::create_registration_token;
    POST "/repos/{owner}/{repo}/actions/runners/generate-jitconfig" => GenerateRunnerJitconfigForRepo, REPO_RUNNERS_WRITE, api runners::create_jit_config;
    GET "/repos/{owner}/{repo}/actions/runners" => ListSelfHostedRunnersForRepo, REPO_RUNNERS_READ, api runners::list;
    GET "/repos/{owner}/{repo}/actions/runners/downloads" => ListRunnerApplicationsForRepo, REPO_RUNNERS_READ, api meta::downloads;
    GET "/repos/{owner}/{repo}/actions/runners/{runner_id}" => GetSelfHostedRunnerForRepo, REPO_RUNNERS_READ, api runners::get;
    DELETE "/repos/{owner}/{repo}/actions/runners/{runner_id}" => DeleteSelfHostedRunnerFromRepo, REPO_RUNNERS_WRITE, api runners::delete;

    POST "/orgs/{org}/actions/runners/registration-token" => CreateRegistrationTokenForOrg, ORG_RUNNERS_WRITE, api runners::create_registration_token;
    POST "/orgs/{org}/actions/runners/generate-jitconfig" => GenerateRunnerJitconfigForOrg, ORG_RUNNERS_WRITE, api runners::create_jit_config;
    GET "/orgs/{org}/actions/runners" => ListSelfHostedRunnersForOrg, ORG_RUNNERS_READ, api runners::list;
    GET "/orgs/{org}/actions/runners/downloads" => ListRunnerApplicationsForOrg, ORG_RUNNERS_READ, api meta::downloads;
    GET "/orgs/{org}/actions/runners/{runner_id}" => GetSelfHostedRunnerForOrg, ORG_RUNNERS_READ, api runners::get;
    DELETE "/orgs/{org}/actions/runners/{runner_id}" => DeleteSelfHostedRunnerFromOrg, ORG_RUNNERS_WRITE, api runners::delete;
    GET "/orgs/{org}/actions/runner-groups" => ListSelfHostedRunnerGroupsForOrg, ORG_RUNNERS_READ, api runners::list_groups;
    GET "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories" => ListRepoAccessToSelfHostedRunnerGroupInOrg, ORG_RUNNERS_READ, api runners::list_group_access;
    GET "/orgs/{org}/actions/runner-groups/{runner_group_id}/runners" => ListSelfHostedRunnersInGroupForOrg, ORG_RUNNERS_READ, api runners::list_of_group;

    POST "/enterprises/{enterprise}/actions/runners/registration-token" => CreateRegistrationTokenForEnterprise, User, api runners::create_registration_token;
    POST "/enterprises/{enterprise}/actions/runners/generate-jitconfig" => GenerateRunnerJitconfigForEnterprise, User, api runners::create_jit_config;
    GET "/enterprises/{enterprise}/actions/runners" => ListSelfHostedRunnersForEnterprise, User, api runners::list;
    GET "/enterprises/{enterprise}/actions/runners/downloads" => ListRunnerApplicationsForEnterprise, User, api meta::downloads;
    GET "/enterprises/{enterprise}/actions/runners/{runner_id}" => GetSelfHostedRunnerForEnterprise, User, api runners::get;
    DELETE "/enterprises/{enterprise}/actions/runners/{runner_id}" => DeleteSelfHostedRunnerFromEnterprise, User, api runners::delete;
    GET "/enterprises/{enterprise}/actions/runner-groups" => ListSelfHostedRunnerGroupsForEnterprise, User, api runners::list_groups;
    GET "/enterprises/{enterprise}/actions/runner-groups/{runner_group_id}/organizations" => ListOrgAccessToSelfHostedRunnerGroupInEnterprise, User, api runners::list_group_access;
    GET "/enterprises/{enterprise}/actions/runner-groups/{runner_group_id}/runners" => ListSelfHostedRunnersInGroupForEnterprise, User, api runners::list_of_group;

    GET "/repos/{owner}/{repo}/hooks" => ReposListWebhooks, REPO_HOOKS_READ, api hooks::list;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries" => ReposListWebhookDeliveries, REPO_HOOKS_READ, api hooks::list_deliveries;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}" => ReposGetWebhookDelivery, REPO_HOOKS_READ, api hooks::get_delivery;
    POST "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts" => ReposRedeliverWebhookDelivery, REPO_HOOKS_WRITE, api hooks::redeliver;
    GET "/orgs/{org}/hooks" => OrgsListWebhooks, ORG_HOOKS_READ, api hooks::list;
    GET "/orgs/{org}/hooks/{hook_id}/deliveries" => OrgsListWebhookDeliveries, ORG_HOOKS_READ, api hooks::list_deliveries;
    GET "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}" => OrgsGetWebhookDelivery, ORG_HOOKS_READ, api hooks::get_delivery;
    POST "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts" => OrgsRedeliverWebhookDelivery, ORG_HOOKS_WRITE, api hooks::redeliver;

    GET "/installation/repositories" => ListReposAccessibleToInstallation, METADATA, api apps::list_repositories;
    GET "/repos/{owner}/{repo}/installation" => GetRepoInstallation, AppJwt, api apps::get_installation_on;
    GET "/orgs/{org}/installation" => GetOrgInstallation, AppJwt, api apps::get_installation_on;
    GET "/users/{username}/installation" => GetUserInstallation, AppJwt, api apps::get_installation_on;
    GET "/app" => GetAuthenticated, AppJwt, api apps::get;
    GET "/app/installations" => ListInstallations, AppJwt, api apps::list_installations;
    GET "/app/installations/{installation_id}" => GetInstallation, AppJwt, api apps::get_installation;
    POST "/app/installations/{installation_id}/access_tokens" => CreateInstallationAccessToken, AppJwt, api access_tokens::create;
    DELETE "/installation/token" => RevokeInstallationAccessToken, Installation, api access_tokens::revoke;
    GET "/app/hook/config" => GetWebhookConfigForApp, AppJwt, api hooks::get_app_config;
    PATCH "/app/hook/config" => UpdateWebhookConfigForApp, AppJwt, api hooks::update_app_config;
    GET "/app/hook/deliveries" => ListWebhookDeliveries, AppJwt, api hooks::list_deliveries;
    GET "/app/hook/deliveries/{delivery_id}" => GetWebhookDelivery, AppJwt, api hooks::get_delivery;
    POST "/app/hook/deliveries/{delivery_id}/attempts" => RedeliverWebhookDelivery, AppJwt, api hooks::redeliver;

    POST "/_services/token" => ExchangeToken, Runner, setup runner_service::exchange_token;
    POST "/_services/runners" => RegisterRunner, Runner, setup registration::register;
    POST "/_services/sessions" => OpenSession, Runner, runner sessions::open;
    GET "/_services/sessions/{session_id}/message" => NextMessage, Runner, runner sessions::next_message;
    DELETE "/_services/sessions/{session_id}" => CloseSession, Runner, runner sessions::close;
    POST "/_services/jobs/{job_id}/acknowledgement" => AcknowledgeJob, Runner, runner runner_jobs::acknowledge;
    POST "/_services/jobs/{job_id}/acceptance" => AcceptJob, Runner, runner runner_jobs::accept;
    POST "/_services/jobs/{job_id}/renewal" => RenewJob, Runner, runner runner_jobs::renew;
    POST "/_services/jobs/{job_id}/completion" => CompleteJob, Runner, runner runner_jobs::complete;
};

impl Operation {
    pub(crate) fn of(matched: &Match) -> Self {
        Self(matched.endpoint)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.name)
    }
}

/// Finds the operation of a request; `None` if it is not modelled.
///
/// On GitHub Enterprise Server the API is at `/api/v3`.
/// A HEAD is answered as a GET without its body.
pub(crate) fn find(method: &str, path: &str) -> Option<Match> {
    static ROUTERS: OnceLock<BTreeMap<&str, Router<&Endpoint>>> = OnceLock::new();
    let read = if method == "HEAD" { "GET" } else { method };
    let router = ROUTERS.get_or_init(routers).get(read)?;
    let path = path.strip_prefix(SERVER_PREFIX).unwrap_or(path);
    // A repository has a second path, by its id, to which its former names redirect.
    let by_id = path.strip_prefix("/repositories/").map(|rest| format!("/repos/{BY_ID}{rest}"));
    let found = router.at(by_id.as_deref().unwrap_or(path)).ok()?;
    let endpoint: &'static Endpoint = found.value;
    if method == "HEAD" && !matches!(endpoint.handler, Handler::Api(_)) {
        return None;
    }
    let params = params(endpoint, &found.params);
    // Other operations have words in place of a runner's id.
    let is_number = |id: &String| id.bytes().all(|byte| byte.is_ascii_digit());
    if !params.0.get("runner_id").is_none_or(is_number) {
        return None;
    }
    Some(Match { endpoint, scope: scope(&params), params })
}

fn routers() -> BTreeMap<&'static str, Router<&'static Endpoint>> {
    let mut routers: BTreeMap<&str, Router<&Endpoint>> = BTreeMap::new();
    for endpoint in ENDPOINTS {
        let router = routers.entry(endpoint.method).or_default();
        router.insert(endpoint.path, endpoint).expect("no two templates conflict");
    }
    routers
}

fn params(endpoint: &'static Endpoint, found: &matchit::Params<'_, '_>) -> Params {
    let names = endpoint.path.split(['{', '}']).skip(1).step_by(2);
    Params(names.filter_map(|name| Some((name, found.get(name)?.to_owned()))).collect())
}

fn scope(params: &Params) -> Option<Scope> {
    let get = |name| params.0.get(name).cloned();
    if let Some((owner, repo)) = get("owner").zip(get("repo")) {
        return Some(Scope::Repository(format!("{owner}/{repo}")));
    }
    get("org").map(Scope::Organization).or(get("enterprise").map(Scope::Enterprise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, operation: &str) {
        let found = find(method, path).map(|found| format!("{:?}", Operation::of(&found)));
        assert_eq!(found.as_deref().unwrap_or("not modelled"), operation);
    }

    #[test]
    fn operations_have_githubs_names() {
        check("GET", "/repos/octo/app", "ReposGet");
        check("GET", "/repos/actions/runner", "ReposGet");
        check("GET", "/repos/actions/runner/releases", "ReposListReleases");
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
        check("HEAD", "/repos/octo/app", "ReposGet");
        check("GET", "/orgs/octo/actions/runners/downloads", "ListRunnerApplicationsForOrg");
        check("GET", "/repos/actions/runner/releases/latest", "ReposGetLatestRelease");
        check("GET", "/repositories/7", "ReposGet");
        check("GET", "/api/v3/repositories/7/actions/jobs/7", "GetJobForWorkflowRun");
    }

    #[test]
    fn operations_that_are_not_modelled_are_not_found() {
        check("GET", "/orgs/octo/actions/runs", "not modelled");
        check("GET", "/repos/octo/app/actions/runners/labels", "not modelled");
        check("HEAD", "/_services/sessions/s/message", "not modelled");
        check("GET", "/enterprises/acme/hooks", "not modelled");
        check("PUT", "/repos/octo/app", "not modelled");
        check("GET", "/a/b/c/actions/runners", "not modelled");
    }

    #[test]
    fn a_path_names_its_scope_and_parameters() {
        let found = find("GET", "/repos/octo/app/hooks/1/deliveries/2").unwrap();
        assert_eq!(found.scope, Some(Scope::Repository("octo/app".to_owned())));
        assert_eq!((found.params.id("hook_id"), found.params.id("delivery_id")), (1, 2));
    }
}

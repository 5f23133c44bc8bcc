//! Names the operations of the API and of the runner service.
//!
//! The names are GitHub's `operationId`s in camel case, without `actions/`, `apps/` and `enterprise-admin/`;
//! those of the runner service, which is not public, are our own.

use std::fmt;

use super::scope::Level;

/// An operation of the API or of the runner service.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Operation {
    /// What GitHub is: here, the addresses that its hooks come from.
    MetaGet,
    /// What is left of the limits.
    RateLimitGet,
    /// The releases of GitHub's runner.
    ReposListReleases,
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
    /// What may use a runner group: repositories of an organization, organizations of an enterprise.
    ListGroupAccess(Level),
    /// Where the calling App is installed.
    ListInstallations,
    /// The repositories of the calling installation.
    ListReposAccessibleToInstallation,
    /// The installation of the calling App.
    GetInstallation(Level),
    /// A token of an installation.
    CreateInstallationAccessToken,
    /// The hooks.
    ListWebhooks(Level),
    /// What was delivered to a hook.
    ListWebhookDeliveries(Level),
    /// One delivery.
    GetWebhookDelivery(Level),
    /// Deliver again.
    RedeliverWebhookDelivery(Level),
    /// Where the calling App's hook delivers to.
    GetWebhookConfigForApp,
    /// What was delivered to the calling App's hook.
    ListAppsDeliveries,
    /// One delivery to the calling App's hook.
    GetAppsDelivery,
    /// Deliver to the calling App's hook again.
    RedeliverAppsDelivery,
    /// A runner gets an access token for its registration.
    ExchangeToken,
    /// A runner acknowledges that it heard of a job.
    AcknowledgeJob,
    /// A runner renews its lock on a job.
    RenewJob,
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

impl Operation {
    /// Tells whether an App itself is asked for, in place of one of its installations.
    pub(super) fn is_the_apps_own(self) -> bool {
        matches!(
            self,
            Self::ListInstallations
                | Self::GetInstallation(_)
                | Self::CreateInstallationAccessToken
                | Self::GetWebhookConfigForApp
                | Self::ListAppsDeliveries
                | Self::GetAppsDelivery
                | Self::RedeliverAppsDelivery
        )
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, level, after) = self.name();
        formatter.write_str(before)?;
        if let Some(level) = level {
            write!(formatter, "{level:?}")?;
        }
        formatter.write_str(after)
    }
}

impl Operation {
    /// The name, around that of a level where it has one.
    fn name(&self) -> (&'static str, Option<Level>, &'static str) {
        let level = |before, level: &Level, after| (before, Some(*level), after);
        let plain = match self {
            Self::MetaGet => "MetaGet",
            Self::RateLimitGet => "RateLimitGet",
            Self::ReposListReleases => "ReposListReleases",
            Self::ReposGet => "ReposGet",
            Self::ReposListForOrg => "ReposListForOrg",
            Self::ReposListForAuthenticatedUser => "ReposListForAuthenticatedUser",
            Self::GetJobForWorkflowRun => "GetJobForWorkflowRun",
            Self::ListJobsForWorkflowRun => "ListJobsForWorkflowRun",
            Self::ListWorkflowRunsForRepo => "ListWorkflowRunsForRepo",
            Self::GetWorkflowRun => "GetWorkflowRun",
            Self::CancelWorkflowRun => "CancelWorkflowRun",
            Self::ListInstallations => "ListInstallations",
            Self::ListReposAccessibleToInstallation => "ListReposAccessibleToInstallation",
            Self::CreateInstallationAccessToken => "CreateInstallationAccessToken",
            Self::GetWebhookConfigForApp => "GetWebhookConfigForApp",
            Self::ListAppsDeliveries => "ListWebhookDeliveries",
            Self::GetAppsDelivery => "GetWebhookDelivery",
            Self::RedeliverAppsDelivery => "RedeliverWebhookDelivery",
            Self::ExchangeToken => "ExchangeToken",
            Self::AcknowledgeJob => "AcknowledgeJob",
            Self::RenewJob => "RenewJob",
            Self::RegisterRunner => "RegisterRunner",
            Self::OpenSession => "OpenSession",
            Self::NextMessage => "NextMessage",
            Self::AcceptJob => "AcceptJob",
            Self::CompleteJob => "CompleteJob",
            Self::CloseSession => "CloseSession",
            Self::CreateRegistrationToken(of) => {
                return level("CreateRegistrationTokenFor", of, "");
            }
            Self::GenerateRunnerJitconfig(of) => {
                return level("GenerateRunnerJitconfigFor", of, "");
            }
            Self::ListSelfHostedRunners(of) => return level("ListSelfHostedRunnersFor", of, ""),
            Self::GetSelfHostedRunner(of) => return level("GetSelfHostedRunnerFor", of, ""),
            Self::DeleteSelfHostedRunner(of) => return level("DeleteSelfHostedRunnerFrom", of, ""),
            Self::ListSelfHostedRunnerGroups(of) => {
                return level("ListSelfHostedRunnerGroupsFor", of, "");
            }
            Self::ListGroupAccess(Level::Enterprise) => {
                "ListOrgAccessToSelfHostedRunnerGroupInEnterprise"
            }
            Self::ListGroupAccess(_) => "ListRepoAccessToSelfHostedRunnerGroupInOrg",
            Self::GetInstallation(of) => return level("Get", of, "Installation"),
            Self::ListWebhooks(of) => return level("", of, "sListWebhooks"),
            Self::ListWebhookDeliveries(of) => return level("", of, "sListWebhookDeliveries"),
            Self::GetWebhookDelivery(of) => return level("", of, "sGetWebhookDelivery"),
            Self::RedeliverWebhookDelivery(of) => {
                return level("", of, "sRedeliverWebhookDelivery");
            }
        };
        (plain, None, "")
    }
}

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
        )
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MetaGet => formatter.write_str("MetaGet"),
            Self::RateLimitGet => formatter.write_str("RateLimitGet"),
            Self::ReposListReleases => formatter.write_str("ReposListReleases"),
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
            Self::ListGroupAccess(Level::Enterprise) => {
                formatter.write_str("ListOrgAccessToSelfHostedRunnerGroupInEnterprise")
            }
            Self::ListGroupAccess(_) => {
                formatter.write_str("ListRepoAccessToSelfHostedRunnerGroupInOrg")
            }
            Self::GetInstallation(level) => write!(formatter, "Get{level:?}Installation"),
            Self::ListInstallations => formatter.write_str("ListInstallations"),
            Self::ListReposAccessibleToInstallation => {
                formatter.write_str("ListReposAccessibleToInstallation")
            }
            Self::CreateInstallationAccessToken => {
                formatter.write_str("CreateInstallationAccessToken")
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

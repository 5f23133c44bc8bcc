//! Applies what others do, and what operators and owners change.

use std::sync::Arc;
use std::time::Duration;

use github_emulator::Visibility;
use handler::operation::PauseRequest;

use super::deployment::DeploymentRun;
use super::foreign_runner::ForeignRunner;
use super::like_ours;
use super::organization;
use super::setup::Environment;
use crate::scenario::{FaultKind, ScheduledFault};

/// The source of an operator's requests.
const OPERATOR: &str = "the simulation";

/// Applies such a fault, and waits until it is over; any other fault is ignored.
pub(super) async fn apply(environment: &Arc<Environment>, fault: &ScheduledFault, lasts: Duration) {
    match &fault.kind {
        FaultKind::ForeignRunner { deployment, repository, labels, jobs, .. } => {
            let name = (*deployment, repository.as_str());
            let runner = ForeignRunner::new(environment, name, labels, fault.at);
            runner.serve_for(lasts, *jobs).await;
        }
        kind @ FaultKind::NamedLikeOurs { .. } => {
            like_ours::serve(environment, kind, lasts).await;
        }
        FaultKind::RepositoryRenamed { repository, .. } => environment.rename(repository),
        FaultKind::MadePublic { repository, .. } => {
            let github = &environment.github.emulator;
            github.change_visibility(repository, Visibility::Public);
            environment.network.pass(lasts).await;
            github.change_visibility(repository, Visibility::Private);
        }
        FaultKind::SettingsNarrowed { deployment, repository, .. } => {
            narrow(environment, *deployment, repository, lasts).await;
        }
        FaultKind::ProfilePaused { deployment, profile, .. } => {
            pause(environment, &environment.deployments[*deployment], profile, lasts).await;
        }
        kind => organization::apply(environment, kind, lasts).await,
    }
}

/// Removes a repository from the settings of a deployment and from its runner group, and adds it again later.
async fn narrow(environment: &Environment, deployment: usize, repository: &str, lasts: Duration) {
    let deployment_run = &environment.deployments[deployment];
    let change_group = |allowed: bool| {
        environment.github.emulator.change_group(environment.groups[deployment], |group| {
            let Some(repositories) = &mut group.repositories else { return };
            if allowed {
                repositories.insert(repository.to_owned());
            } else {
                repositories.remove(repository);
            }
        });
    };
    change_group(false);
    deployment_run.configure_without(&environment.scenario, Some(repository));
    environment.network.pass(lasts).await;
    deployment_run.configure_without(&environment.scenario, None);
    change_group(true);
}

/// Pauses a profile with the command line's access to the deployment, and resumes it. An operator repeats what fails.
async fn pause(
    environment: &Environment,
    deployment_run: &DeploymentRun,
    profile: &str,
    lasts: Duration,
) {
    let minute = Duration::from_secs(60);
    let request = PauseRequest::new(profile, "a new image", Some("an operator"));
    let request = request.expect("plain texts");
    while deployment_run.groups.operator().pause(&request, OPERATOR).await.is_err() {
        environment.network.pass(minute).await;
    }
    environment.network.recorder.line(&format!("profile {profile} paused"));
    environment.network.pass(lasts).await;
    while deployment_run.groups.operator().resume(profile, OPERATOR).await.is_err() {
        environment.network.pass(minute).await;
    }
    environment.network.recorder.line(&format!("profile {profile} resumed"));
}

//! Applies what others do, and what operators and owners change.

use std::sync::Arc;
use std::time::Duration;

use github_emulator::Visibility;

use super::foreign_runner::ForeignRunner;
use super::like_ours;
use super::setup::Environment;
use crate::scenario::{FaultKind, ScheduledFault};

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
        _ => {}
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

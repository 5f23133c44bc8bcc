//! A runner that others registered under a name that a deployment could have given: a persistent one of a person, or
//! an ephemeral one of another deployment with the same name.

use std::sync::Arc;
use std::time::Duration;

use github_emulator::{JobStatus, NewRunner, Scope};
use github_runner_emulator::InMemoryRunner;
use tokio::sync::watch;

use super::entrypoint::to_github;
use super::setup::{Environment, ORGANIZATION};
use crate::scenario::{FaultKind, Level, LikeOurs};

/// Registers such a runner, lets it serve jobs, and waits until it is over. A persistent runner stays registered.
pub(super) async fn serve(environment: &Arc<Environment>, fault: &FaultKind, lasts: Duration) {
    let FaultKind::NamedLikeOurs { deployment, persistent, jobs, .. } = fault else { return };
    let Some((id, configuration)) = register(environment, fault) else { return };
    let network = &environment.network;
    network.recorder.line(&format!("others registered runner {id} in deployment {deployment}"));
    let (asker, stop) = watch::channel(false);
    let serves = async {
        for _ in 0..*jobs {
            let transport = to_github(network, &environment.github);
            let clock = network.clock.clone();
            let runner = InMemoryRunner::from_jit_config(&configuration, &transport, clock);
            let runner = runner.expect("GitHub's configuration can be parsed");
            if runner.run(stop.clone()).await.is_none() || !persistent {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let over = async {
        network.pass(lasts).await;
        asker.send_replace(true);
        // Time that the runner has to close its session.
        network.pass(Duration::from_secs(5)).await;
    };
    tokio::select! {
        biased;
        () = over => {}
        () = serves => {}
    }
    if !persistent {
        environment.github.emulator.remove_runner_by_id(id);
    }
}

fn register(environment: &Environment, fault: &FaultKind) -> Option<(u64, String)> {
    let FaultKind::NamedLikeOurs { deployment, repository, labels, name, persistent, .. } = fault
    else {
        return None;
    };
    let repository = environment.present_name(repository);
    let waiting = waiting_job(environment, &repository);
    let of_deployment = &environment.scenario.deployments[*deployment];
    let number = match name {
        LikeOurs::Numbered => Some(1),
        LikeOurs::OfWaitingJob => waiting,
        LikeOurs::OfNextJob => environment.github.emulator.jobs().last().map(|job| job.id + 1),
    };
    let scope = match of_deployment.level {
        Level::Repository => Scope::Repository(repository),
        Level::Organization => Scope::Organization(ORGANIZATION.to_owned()),
    };
    let new = NewRunner {
        name: format!("{}-{}", of_deployment.name, number?),
        scope,
        group: environment.groups[*deployment],
        labels: labels.clone(),
        ephemeral: !persistent,
    };
    let registered = environment.github.emulator.register_runner(new)?;
    environment.network.recorder.others_registered(registered.0);
    Some(registered)
}

/// Returns the latest job of a repository that waits for a runner of its own.
fn waiting_job(environment: &Environment, repository: &str) -> Option<u64> {
    let jobs = environment.github.emulator.jobs();
    let mut waiting = jobs.iter().rev().filter(|job| {
        job.status == JobStatus::Queued && job.repository == repository && !job.stuck
    });
    waiting.find(|job| job.hosted_after.is_none()).map(|job| job.id)
}

//! Generates the scheduled faults of a scenario.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::SPAN;
use crate::scenario::Callee;
use crate::scenario::{Deployment, FaultKind, Group, ResizeError, ScheduledFault};

/// Generates scheduled faults, ordered by time: more of them where there are more jobs.
pub(super) fn generated(
    jobs: u32,
    deployments: &[Deployment],
    rng: &mut StdRng,
) -> Vec<ScheduledFault> {
    let count = 4 + jobs / 25;
    let mut scheduled_faults: Vec<_> = (0..count.min(60))
        .map(|_| ScheduledFault { at: rng.random_range(0..SPAN), kind: kind(deployments, rng) })
        .collect();
    scheduled_faults.extend(long_fault(deployments, rng));
    scheduled_faults.sort_by_key(|scheduled_fault| scheduled_fault.at);
    scheduled_faults
}

/// Generates a fault that lasts for hours; a scenario has at most one.
fn long_fault(deployments: &[Deployment], rng: &mut StdRng) -> Option<ScheduledFault> {
    let at = rng.random_range(0..SPAN / 2);
    let what = match rng.random_range(0..10) {
        0..2 => {
            let (deployment, pool) = pool(deployments, rng);
            FaultKind::PoolFull { deployment, pool, seconds: rng.random_range(3600..=3 * 3600) }
        }
        2 => FaultKind::NoAssignment { seconds: 3600 },
        _ => return None,
    };
    Some(ScheduledFault { at, kind: what })
}

fn kind(deployments: &[Deployment], rng: &mut StdRng) -> FaultKind {
    let (deployment, pool) = pool(deployments, rng);
    let seconds = rng.random_range(30..=900);
    match rng.random_range(0..30) {
        0..6 => FaultKind::Kill { deployment, group: group(rng) },
        6..12 => FaultKind::LoseNode { deployment, pool, preempted: rng.random() },
        12..14 => FaultKind::PoolFull { deployment, pool, seconds },
        14..16 => FaultKind::NoNodes { deployment, pool, seconds },
        16 => FaultKind::ResizeFails { deployment, pool, error: error(rng) },
        17 => FaultKind::ScalingFails { deployment, pool, seconds },
        18..21 => foreign_runner(deployment, deployments, rng),
        21 => FaultKind::NoAssignment { seconds: seconds / 3 },
        22..24 => {
            let milliseconds = rng.random_range(-90_000..=90_000);
            FaultKind::ClockSkew { deployment, milliseconds, seconds: seconds * 4 }
        }
        24..26 => FaultKind::RateLimitBurst { retry_after: rng.random_range(1..=300), seconds },
        26..29 => FaultKind::Outage { callee: callee(rng), seconds },
        _ => FaultKind::JobDisabled { deployment, profile: profile(rng) },
    }
}

fn pool(deployments: &[Deployment], rng: &mut StdRng) -> (usize, String) {
    let deployment = rng.random_range(0..deployments.len());
    let pool = deployments[deployment].pools.choose(rng).expect("a deployment has pools");
    (deployment, pool.id.clone())
}

fn foreign_runner(deployment: usize, deployments: &[Deployment], rng: &mut StdRng) -> FaultKind {
    let repository = deployments[deployment].repositories.choose(rng);
    let labels =
        [&["self-hosted", "linux", "x64", "ubuntu-latest"][..], &["self-hosted", "windows-latest"]];
    let labels = labels.choose(rng).expect("there are two");
    FaultKind::ForeignRunner {
        deployment,
        repository: repository.expect("a deployment has repositories").clone(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        jobs: rng.random_range(1..=4),
        seconds: rng.random_range(300..=3600),
    }
}

fn group(rng: &mut StdRng) -> Group {
    *[Group::Http, Group::Submit, Group::Reconcile].choose(rng).expect("there are three")
}

fn error(rng: &mut StdRng) -> ResizeError {
    if rng.random() { ResizeError::Quota } else { ResizeError::Allocation }
}

fn callee(rng: &mut StdRng) -> Callee {
    use Callee::{Batch, Blobs, Claim, Github, Host, Queues};
    *[Github, Batch, Queues, Blobs, Host, Claim].choose(rng).expect("there are six")
}

fn profile(rng: &mut StdRng) -> String {
    let profiles = ["ubuntu", "ubuntu-2204", "windows", "windows-2019"];
    (*profiles.choose(rng).expect("there are four")).to_owned()
}

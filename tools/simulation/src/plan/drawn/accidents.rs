//! Draws the accidents of a plan.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::SPAN;
use crate::fate::Callee;
use crate::plan::{Accident, Deployment, Error, Group, Mishap};

/// Draws accidents, in the order of their times: more where there are more jobs.
pub(super) fn drawn(jobs: u32, deployments: &[Deployment], dice: &mut StdRng) -> Vec<Accident> {
    let count = 4 + jobs / 25;
    let mut accidents: Vec<_> = (0..count.min(60))
        .map(|_| Accident { at: dice.random_range(0..SPAN), what: mishap(deployments, dice) })
        .collect();
    accidents.extend(long_one(deployments, dice));
    accidents.sort_by_key(|accident| accident.at);
    accidents
}

/// What lasts for hours comes once in a storm at most.
fn long_one(deployments: &[Deployment], dice: &mut StdRng) -> Option<Accident> {
    let at = dice.random_range(0..SPAN / 2);
    let what = match dice.random_range(0..10) {
        0..2 => {
            let (deployment, pool) = pool(deployments, dice);
            Mishap::PoolFull { deployment, pool, seconds: dice.random_range(3600..=3 * 3600) }
        }
        2 => Mishap::NoAssignment { seconds: 3600 },
        _ => return None,
    };
    Some(Accident { at, what })
}

fn mishap(deployments: &[Deployment], dice: &mut StdRng) -> Mishap {
    let (deployment, pool) = pool(deployments, dice);
    let seconds = dice.random_range(30..=900);
    match dice.random_range(0..30) {
        0..6 => Mishap::Kill { deployment, group: group(dice) },
        6..12 => Mishap::LoseNode { deployment, pool, preempted: dice.random() },
        12..14 => Mishap::PoolFull { deployment, pool, seconds },
        14..16 => Mishap::NoNodes { deployment, pool, seconds },
        16 => Mishap::ResizeFails { deployment, pool, error: error(dice) },
        17 => Mishap::ScalingFails { deployment, pool, seconds },
        18..21 => foreign_runner(deployment, deployments, dice),
        21 => Mishap::NoAssignment { seconds: seconds / 3 },
        22..24 => {
            let milliseconds = dice.random_range(-90_000..=90_000);
            Mishap::ClockSkew { deployment, milliseconds, seconds: seconds * 4 }
        }
        24..26 => Mishap::RateStorm { retry_after: dice.random_range(1..=300), seconds },
        26..29 => Mishap::Outage { callee: callee(dice), seconds },
        _ => Mishap::JobDisabled { deployment, profile: profile(dice) },
    }
}

fn pool(deployments: &[Deployment], dice: &mut StdRng) -> (usize, String) {
    let deployment = dice.random_range(0..deployments.len());
    let pool = deployments[deployment].pools.choose(dice).expect("a deployment has pools");
    (deployment, pool.id.clone())
}

fn foreign_runner(deployment: usize, deployments: &[Deployment], dice: &mut StdRng) -> Mishap {
    let repository = deployments[deployment].repositories.choose(dice);
    let labels =
        [&["self-hosted", "linux", "x64", "ubuntu-latest"][..], &["self-hosted", "windows-latest"]];
    let labels = labels.choose(dice).expect("there are two");
    Mishap::ForeignRunner {
        deployment,
        repository: repository.expect("a deployment has repositories").clone(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        jobs: dice.random_range(1..=4),
        seconds: dice.random_range(300..=3600),
    }
}

fn group(dice: &mut StdRng) -> Group {
    *[Group::Http, Group::Submit, Group::Reconcile].choose(dice).expect("there are three")
}

fn error(dice: &mut StdRng) -> Error {
    if dice.random() { Error::Quota } else { Error::Allocation }
}

fn callee(dice: &mut StdRng) -> Callee {
    use Callee::{Batch, Blobs, Claim, Github, Host, Queues};
    *[Github, Batch, Queues, Blobs, Host, Claim].choose(dice).expect("there are six")
}

fn profile(dice: &mut StdRng) -> String {
    let profiles = ["ubuntu", "ubuntu-2204", "windows", "windows-2019"];
    (*profiles.choose(dice).expect("there are four")).to_owned()
}

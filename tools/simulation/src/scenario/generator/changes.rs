//! Generates what changes and what lasts: refused credentials, hidden repositories, narrowed settings, services that are
//! down for hours, approvals after more than a day, and odd data.
//!
//! It has its own random number generator, so that the rest of a scenario does not depend on it.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::SPAN;
use crate::scenario::{
    Callee, DeliveryOutcome, FaultKind, Gate, PlannedJob, Refusal, Scenario, ScheduledFault,
};

const HOUR: u64 = 3600;
/// The operations of GitHub that a refusal may concern alone.
const OPERATIONS: [&str; 8] = [
    "ListWorkflowRunsForRepo",
    "ListJobsForWorkflowRun",
    "GetJobForWorkflowRun",
    "GenerateRunnerJitconfigForRepo",
    "GenerateRunnerJitconfigForOrg",
    "ListSelfHostedRunnersForRepo",
    "ListSelfHostedRunnersForOrg",
    "OrgsListWebhookDeliveries",
];

/// Adds changes to a scenario: at most one of those that last for an hour or more.
pub(super) fn add(scenario: &mut Scenario) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0x0c4a_9e55);
    let (deployment, repository) = place(scenario, rng);
    let seconds = *[300, 1200, HOUR].choose(rng).expect("there are three");
    let seconds = rng.random_range(seconds / 3..=seconds);
    let kind = match rng.random_range(0..20) {
        0..4 => Some(refusal(deployment, seconds, rng)),
        4 => Some(FaultKind::RepositoryHidden { deployment, repository, seconds }),
        5..7 => Some(FaultKind::SettingsNarrowed { deployment, repository, seconds }),
        7..9 => Some(long_outage(rng)),
        9 => Some(FaultKind::MadePublic { deployment, repository, seconds }),
        10..12 => Some(FaultKind::RepositoryRenamed { deployment, repository }),
        _ => None,
    };
    let at = rng.random_range(0..SPAN / 2);
    scenario.scheduled_faults.extend(kind.map(|kind| ScheduledFault { at, kind }));
    scenario.scheduled_faults.sort_by_key(|scheduled_fault| scheduled_fault.at);
    if rng.random_bool(0.15) {
        delay_approvals(scenario, rng);
    }
    if rng.random_bool(0.2) {
        remove_payloads(scenario, rng);
    }
    if rng.random_bool(0.3) {
        delete_runs(scenario, rng);
    }
    scenario.fault_rates.odd_items = *[0.0, 0.0, 0.02].choose(rng).expect("there are three");
}

fn place(scenario: &Scenario, rng: &mut StdRng) -> (usize, String) {
    let deployment = rng.random_range(0..scenario.deployments.len());
    let repository = scenario.deployments[deployment].repositories.choose(rng);
    (deployment, repository.expect("a deployment has repositories").clone())
}

fn refusal(deployment: usize, seconds: u64, rng: &mut StdRng) -> FaultKind {
    use Refusal::{IpAllowList, Permission, SingleSignOn, Unauthorized};
    let refusals = [Unauthorized, SingleSignOn, IpAllowList, Permission];
    let operation = OPERATIONS.choose(rng).filter(|_| rng.random_bool(0.5));
    FaultKind::Refusal {
        deployment,
        operation: operation.map(|&name| name.to_owned()),
        refusal: *refusals.choose(rng).expect("there are four"),
        seconds,
    }
}

fn long_outage(rng: &mut StdRng) -> FaultKind {
    use Callee::{Batch, Blobs, Claim, Github, Host, Queues};
    let callee = [Github, Batch, Queues, Blobs, Host, Claim].choose(rng).expect("there are six");
    FaultKind::Outage { callee: *callee, seconds: rng.random_range(HOUR..=3 * HOUR) }
}

/// Delays the approval of some jobs by more than a day.
fn delay_approvals(scenario: &mut Scenario, rng: &mut StdRng) {
    let is_gated = |job: &&mut PlannedJob| {
        job.gate.is_some() && job.deployment.is_some() && job.cancellation.is_none()
    };
    let mut runs = BTreeSet::new();
    for job in scenario.jobs.iter_mut().filter(is_gated).take(3) {
        let approved_after = rng.random_range(25 * HOUR..40 * HOUR);
        job.gate = job.gate.map(|gate| Gate { approved_after, ..gate });
        runs.insert(job.run);
    }
    // A run can be run again only when all of its jobs have ended.
    let beside = scenario.jobs.iter_mut().filter(|job| runs.contains(&job.run));
    beside.for_each(|job| job.rerun_after = None);
}

/// Deletes runs with one job, some time after it was queued.
fn delete_runs(scenario: &mut Scenario, rng: &mut StdRng) {
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    scenario.jobs.iter().for_each(|job| *sizes.entry(job.run).or_default() += 1);
    let is_alone = |job: &&mut PlannedJob| {
        let plain = job.cancellation.is_none() && job.gate.is_none() && job.needs_runner();
        plain && sizes[&job.run] == 1 && job.deployment.is_some()
    };
    for job in scenario.jobs.iter_mut().filter(is_alone) {
        if rng.random_bool(0.15) {
            job.deleted_after = Some(rng.random_range(0..600));
            job.rerun_after = None;
        }
    }
}

fn remove_payloads(scenario: &mut Scenario, rng: &mut StdRng) {
    for job in &mut scenario.jobs {
        if rng.random_bool(0.03) {
            job.queued = DeliveryOutcome::WithoutJob;
        }
        if rng.random_bool(0.03) {
            job.later = DeliveryOutcome::WithoutJob;
        }
    }
}

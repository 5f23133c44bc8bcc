//! Generates the faults of runners and their jobs: no session with GitHub, failed set-ups, jobs of other repositories.
//!
//! They have their own random number generator, so that the rest of a scenario does not depend on them.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::SPAN;
use crate::scenario::{
    Cancellation, FaultKind, Level, PlannedJob, Scenario, ScheduledFault, Stage,
};

/// A repository to which some deployments' runner groups are open, and which no deployment serves.
const NEIGHBOUR: &str = "octo/neighbour";
/// The share of jobs whose set-up fails.
const SET_UP_FAILURES: f64 = 0.02;
/// Seconds for which a group is open to the neighbour.
const OPEN_SECONDS: u64 = 3600;
/// The minimum number of jobs for jobs of other repositories.
const MIN_JOBS: usize = 40;

/// Adds these faults to a scenario that has none of them.
pub(super) fn add(scenario: &mut Scenario) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0x0ff1_1e00);
    scenario.fault_rates.offline_runners = *[0.0, 0.01, 0.03].choose(rng).expect("there are three");
    scenario.fault_rates.listener_kills = 0.01;
    scenario.fault_rates.terminations = 0.01;
    scenario.fault_rates.outliving_jobs = 0.005;
    scenario.fault_rates.stopped_listeners = 0.005;
    scenario.fault_rates.old_images = *[0.0, 0.5].choose(rng).expect("there are two");
    for job in scenario.jobs.iter_mut().filter(|job| job.deployment.is_some()) {
        job.setup_fails = rng.random_bool(SET_UP_FAILURES);
    }
    for _ in 0..rng.random_range(0..=2) {
        let broken = broken_route(scenario, rng);
        scenario.scheduled_faults.push(broken);
    }
    if scenario.jobs.len() >= MIN_JOBS {
        (0..scenario.deployments.len()).for_each(|place| add_neighbour(scenario, place, rng));
    }
    scenario.scheduled_faults.sort_by_key(|scheduled_fault| scheduled_fault.at);
    scenario.jobs.sort_by_key(|job| job.at);
}

/// At most four runners of one job fail in a row because of it, each after ten minutes.
fn broken_route(scenario: &Scenario, rng: &mut StdRng) -> ScheduledFault {
    let deployment = rng.random_range(0..scenario.deployments.len());
    let pool = scenario.deployments[deployment].pools.choose(rng).expect("a deployment has pools");
    let (pool, seconds) = (pool.id.clone(), rng.random_range(300..=1800));
    ScheduledFault {
        at: rng.random_range(0..SPAN),
        kind: FaultKind::RouteBroken { deployment, pool, seconds },
    }
}

/// Opens a deployment's group to the neighbour at times, and queues a crowd of the neighbour's jobs with the labels of
/// one of the deployment's jobs: more than the number of failures allowed for one job's runners.
fn add_neighbour(scenario: &mut Scenario, place: usize, rng: &mut StdRng) {
    if scenario.deployments[place].level != Level::Organization || rng.random_bool(0.5) {
        return;
    }
    let own =
        scenario.jobs.iter().filter(|job| job.deployment == Some(place) && job.gate.is_none());
    let own: Vec<&PlannedJob> = own.collect();
    let Some(beside) = own.choose(rng).copied().cloned() else { return };
    scenario.deployments[place].neighbours = vec![NEIGHBOUR.to_owned()];
    let at = beside.at.saturating_sub(10);
    let what = FaultKind::GroupOpened { deployment: place, seconds: OPEN_SECONDS };
    scenario.scheduled_faults.push(ScheduledFault { at, kind: what });
    let run = scenario.jobs.iter().map(|job| job.run).max().unwrap_or_default() + 1;
    let crowd: Vec<PlannedJob> = (0..rng.random_range(8..=20))
        .map(|_| PlannedJob { at: at + rng.random_range(0..=20), run, ..another(&beside, rng) })
        .collect();
    scenario.jobs.extend(crowd);
}

/// Makes a job of the neighbour, which is refused, or cancelled while the group is still open.
fn another(beside: &PlannedJob, rng: &mut StdRng) -> PlannedJob {
    let after = rng.random_range(OPEN_SECONDS / 2..OPEN_SECONDS);
    PlannedJob {
        deployment: None,
        repository: NEIGHBOUR.to_owned(),
        setup_fails: false,
        cancellation: Some(Cancellation { stage: Stage::Queued, after }),
        rerun_after: None,
        ..beside.clone()
    }
}

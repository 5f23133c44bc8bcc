//! Draws what runners and their jobs suffer: no session with GitHub, failed set-ups, jobs of other repositories.
//!
//! These draws have a generator of their own, so that all else in a plan is drawn as it was without them.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::SPAN;
use crate::plan::{Accident, Cancellation, Level, Mishap, Plan, PlannedJob, Stage};

/// A repository that some deployments' runner groups are open to, and that no deployment serves.
const NEIGHBOUR: &str = "octo/neighbour";
/// The share of jobs whose set-up fails.
const SET_UP_FAILURES: f64 = 0.02;
/// For how many seconds a group is opened to the neighbour.
const OPEN_SECONDS: u64 = 3600;
/// With fewer jobs a plan has none of other repositories.
const ENOUGH_JOBS: usize = 40;

/// Adds the conditions to a plan that has none of them.
pub(super) fn add(plan: &mut Plan) {
    let rng = &mut StdRng::seed_from_u64(plan.seed ^ 0x0ff1_1e00);
    plan.chances.offline = *[0.0, 0.01, 0.03].choose(rng).expect("there are three");
    plan.chances.listener_deaths = 0.01;
    plan.chances.terminations = 0.01;
    plan.chances.old_images = *[0.0, 0.5].choose(rng).expect("there are two");
    for job in plan.jobs.iter_mut().filter(|job| job.deployment.is_some()) {
        job.set_up_fails = rng.random_bool(SET_UP_FAILURES);
    }
    for _ in 0..rng.random_range(0..=2) {
        let broken = broken_route(plan, rng);
        plan.accidents.push(broken);
    }
    if plan.jobs.len() >= ENOUGH_JOBS {
        (0..plan.deployments.len()).for_each(|place| add_neighbour(plan, place, rng));
    }
    plan.accidents.sort_by_key(|accident| accident.at);
    plan.jobs.sort_by_key(|job| job.at);
}

/// Four runners of one job at most fail in a row by it, each after ten minutes.
fn broken_route(plan: &Plan, rng: &mut StdRng) -> Accident {
    let deployment = rng.random_range(0..plan.deployments.len());
    let pool = plan.deployments[deployment].pools.choose(rng).expect("a deployment has pools");
    let (pool, seconds) = (pool.id.clone(), rng.random_range(300..=1800));
    Accident {
        at: rng.random_range(0..SPAN),
        what: Mishap::RouteBroken { deployment, pool, seconds },
    }
}

/// Opens a deployment's group to the neighbour at times, and queues a crowd of its jobs beside a job of the
/// deployment, which ask for the same: more than may fail of one job's runners.
fn add_neighbour(plan: &mut Plan, place: usize, rng: &mut StdRng) {
    if plan.deployments[place].level != Level::Organization || rng.random_bool(0.5) {
        return;
    }
    let own = plan.jobs.iter().filter(|job| job.deployment == Some(place) && job.gate.is_none());
    let own: Vec<&PlannedJob> = own.collect();
    let Some(beside) = own.choose(rng).copied().cloned() else { return };
    plan.deployments[place].neighbours = vec![NEIGHBOUR.to_owned()];
    let at = beside.at.saturating_sub(10);
    let what = Mishap::GroupOpened { deployment: place, seconds: OPEN_SECONDS };
    plan.accidents.push(Accident { at, what });
    let run = plan.jobs.iter().map(|job| job.run).max().unwrap_or_default() + 1;
    let crowd: Vec<PlannedJob> = (0..rng.random_range(8..=20))
        .map(|_| PlannedJob { at: at + rng.random_range(0..=20), run, ..another(&beside, rng) })
        .collect();
    plan.jobs.extend(crowd);
}

/// A job of the neighbour, which ends by being refused, or is cancelled while the group is still opened.
fn another(beside: &PlannedJob, rng: &mut StdRng) -> PlannedJob {
    let after = rng.random_range(OPEN_SECONDS / 2..OPEN_SECONDS);
    PlannedJob {
        deployment: None,
        repository: NEIGHBOUR.to_owned(),
        set_up_fails: false,
        cancellation: Some(Cancellation { stage: Stage::Queued, after }),
        rerun_after: None,
        ..beside.clone()
    }
}

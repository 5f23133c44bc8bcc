//! Generates what others do: runners whose names look like ours, jobs for GitHub's own runners that ours are given, and
//! jobs that GitHub has lost track of.
//!
//! It has its own random number generator, so that the rest of a scenario does not depend on it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::SPAN;
use crate::scenario::{FaultKind, LikeOurs, PlannedJob, Scenario, ScheduledFault};

/// Labels of jobs for GitHub's own runners, which the default profiles have, too.
const HOSTED_LABELS: [&[&str]; 3] = [&["ubuntu-latest"], &["ubuntu-22.04"], &["windows-latest"]];
/// The minimum number of jobs in a scenario with jobs of others.
const MIN_JOBS: usize = 40;
const DAY: u64 = 86_400;

/// Adds what others do to a scenario.
pub(super) fn add(scenario: &mut Scenario) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0x07_4e25);
    if scenario.jobs.len() >= MIN_JOBS {
        if rng.random_bool(0.3) {
            add_hosted(scenario, rng);
        }
        if rng.random_bool(0.2) {
            add_stuck(scenario, rng);
        }
        if rng.random_bool(0.4) {
            for _ in 0..rng.random_range(1..=3) {
                let runner = named_like_ours(scenario, rng);
                scenario.scheduled_faults.push(runner);
            }
        }
    }
    scenario.scheduled_faults.sort_by_key(|scheduled_fault| scheduled_fault.at);
    scenario.jobs.sort_by_key(|job| job.at);
}

/// Adds jobs for GitHub's own runners, each shortly before a job of its repository for which a runner is started.
fn add_hosted(scenario: &mut Scenario, rng: &mut StdRng) {
    let own: Vec<PlannedJob> = scenario.jobs.iter().filter(|job| is_plain(job)).cloned().collect();
    for _ in 0..2 + scenario.jobs.len() / 25 {
        let Some(beside) = own.choose(rng) else { return };
        let labels = HOSTED_LABELS.choose(rng).expect("there are three");
        let hosted = PlannedJob {
            at: beside.at.saturating_sub(rng.random_range(0..60)),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            run: next_run(scenario),
            hosted_after: Some(rng.random_range(20..600)),
            ..like(beside)
        };
        scenario.jobs.push(hosted);
    }
}

/// Adds jobs that GitHub left in the queue days or weeks ago.
fn add_stuck(scenario: &mut Scenario, rng: &mut StdRng) {
    let own: Vec<PlannedJob> = scenario.jobs.iter().filter(|job| is_plain(job)).cloned().collect();
    for _ in 0..rng.random_range(1..=3) {
        let Some(beside) = own.choose(rng) else { return };
        let stuck = PlannedJob {
            at: 0,
            deployment: None,
            run: next_run(scenario),
            stuck_for: Some(rng.random_range(2 * DAY..40 * DAY)),
            ..like(beside)
        };
        scenario.jobs.push(stuck);
    }
}

fn is_plain(job: &PlannedJob) -> bool {
    job.deployment.is_some() && job.gate.is_none() && job.needs_runner()
}

/// Returns a job like another one, without what happens to that one.
fn like(beside: &PlannedJob) -> PlannedJob {
    PlannedJob {
        cancellation: None,
        deleted_after: None,
        rerun_after: None,
        setup_fails: false,
        ..beside.clone()
    }
}

fn next_run(scenario: &Scenario) -> u64 {
    scenario.jobs.iter().map(|job| job.run).max().unwrap_or_default() + 1
}

fn named_like_ours(scenario: &Scenario, rng: &mut StdRng) -> ScheduledFault {
    let deployment = rng.random_range(0..scenario.deployments.len());
    let repository = scenario.deployments[deployment].repositories.choose(rng);
    let profiles = handler::profiles::default_profiles("ubuntu", "windows");
    let profile = profiles.choose(rng).expect("there are default profiles");
    let names = [LikeOurs::Numbered, LikeOurs::OfWaitingJob, LikeOurs::OfNextJob];
    ScheduledFault {
        at: rng.random_range(0..SPAN),
        kind: FaultKind::NamedLikeOurs {
            deployment,
            repository: repository.expect("a deployment has repositories").clone(),
            labels: profile.labels.clone(),
            name: *names.choose(rng).expect("there are three"),
            persistent: rng.random_bool(0.7),
            jobs: rng.random_range(0..=3),
            seconds: rng.random_range(300..=7200),
        },
    }
}

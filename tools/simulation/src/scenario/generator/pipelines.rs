//! Generates the part of a scenario that is about Azure Pipelines.
//!
//! It has its own random number generator, and fits into the time of the rest, so that the rest of a scenario does not
//! depend on it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::{JOBS_PER_NODE, SPAN, Service, Size};
use crate::scenario::pipelines::{
    AGENTS, AgentFaultRates, AgentProfile, EarlyEnd, EventOutcome, Organization, PipelinesJob,
    ServiceRules,
};
use crate::scenario::{Callee, FaultKind, Group, Pool, Scenario, ScheduledFault};

/// The share of simulations with an organization, unless the options decide.
const SHARE: f64 = 1.0 / 3.0;
/// The jobs of GitHub for one job of Azure Pipelines, if both services are served.
const JOBS_PER_JOB: u32 = 2;
/// Seconds between the last job and the end of the faults.
const MARGIN: u64 = 60;

/// Adds an organization if the size wants one, or the seed decides so.
pub(super) fn add(scenario: &mut Scenario, size: &Size) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0xa2d0_9519);
    let drawn = rng.random_bool(SHARE);
    let jobs = match size.service {
        Some(Service::Github) => return,
        None if !drawn => return,
        Some(Service::Both) | None => size.jobs.div_ceil(JOBS_PER_JOB),
        Some(Service::Pipelines) => size.jobs,
    };
    let until = scenario.faults_end_at.saturating_sub(MARGIN).clamp(1, SPAN);
    scenario.pipelines = Some(organization(scenario, jobs, until, rng));
}

fn organization(scenario: &Scenario, jobs: u32, until: u64, rng: &mut StdRng) -> Organization {
    let all: Vec<usize> = (0..scenario.deployments.len()).collect();
    let deployments = if rng.random_bool(0.3) { all } else { vec![0] };
    let nodes = (jobs / JOBS_PER_NODE).max(2) + rng.random_range(0..=2);
    let parallel_jobs = u64::from(nodes) * deployments.len() as u64 + rng.random_range(0..=2);
    let pool =
        Pool { id: AGENTS.to_owned(), nodes, scaled: rng.random_bool(0.3), node_per_job: false };
    Organization {
        pool,
        hooks: rng.random_bool(0.8),
        parallel_jobs,
        rules: rules(rng),
        jobs: self::jobs(jobs, until, rng),
        fault_rates: fault_rates(rng),
        scheduled_faults: scheduled_faults(&deployments, jobs, until, rng),
        deployments,
    }
}

fn rules(rng: &mut StdRng) -> ServiceRules {
    ServiceRules {
        requeues: rng.random_bool(0.7),
        matches_all_flag: rng.random(),
        heeds_shutting_down: rng.random_bool(0.7),
        refused_deletion_status: *[400, 409, 500].choose(rng).expect("there are three"),
    }
}

fn fault_rates(rng: &mut StdRng) -> AgentFaultRates {
    let mut rate = || *[0.0, 0.01, 0.03].choose(rng).expect("there are three");
    AgentFaultRates {
        early_exits: rate(),
        hangs: rate(),
        worker_crashes: rate(),
        deaths: rate(),
        lingering: rate() * 4.0,
        updates: rate(),
        revoked_tokens: rate(),
        terminations: rate(),
    }
}

/// Generates single jobs and bursts.
fn jobs(count: u32, until: u64, rng: &mut StdRng) -> Vec<PipelinesJob> {
    let mut jobs = Vec::new();
    while jobs.len() < count as usize {
        let at = rng.random_range(0..until);
        let burst = if rng.random_bool(0.15) { rng.random_range(2..=12) } else { 1 };
        let left = count as usize - jobs.len();
        jobs.extend((0..burst.min(left)).map(|_| job(at, rng)));
    }
    jobs.sort_by_key(|job| job.at);
    jobs
}

fn job(at: u64, rng: &mut StdRng) -> PipelinesJob {
    let demands = match rng.random_range(0..10) {
        0..5 => None,
        5..8 => Some(AgentProfile::Java),
        _ => Some(AgentProfile::Gpu),
    };
    let longest = *[30, 600, 3600].choose(rng).expect("there are three");
    PipelinesJob {
        at,
        demands,
        runs_for: rng.random_range(1..=longest),
        fails: rng.random_bool(0.1),
        old_plan: rng.random_bool(0.2),
        end: early_end(rng),
        events: (0..2).filter_map(|_| event(rng)).collect(),
    }
}

fn early_end(rng: &mut StdRng) -> Option<EarlyEnd> {
    let soon = rng.random_range(0..=30);
    let after = if rng.random() { soon } else { rng.random_range(0..=900) };
    match rng.random_range(0..100) {
        0..5 => Some(EarlyEnd::Cancelled { after }),
        5..9 => Some(EarlyEnd::CancelledRunning { after }),
        9..11 => Some(EarlyEnd::Orphaned { after }),
        _ => None,
    }
}

fn event(rng: &mut StdRng) -> Option<EventOutcome> {
    match rng.random_range(0..20) {
        0 => Some(EventOutcome::Lost),
        1 => Some(EventOutcome::Doubled),
        2 => Some(EventOutcome::Late { by: rng.random_range(1..=600) }),
        _ => None,
    }
}

fn scheduled_faults(
    deployments: &[usize],
    jobs: u32,
    until: u64,
    rng: &mut StdRng,
) -> Vec<ScheduledFault> {
    let count = 2 + jobs / 20;
    let mut faults: Vec<_> =
        (0..count.min(12)).map(|_| scheduled_fault(deployments, until, rng)).collect();
    faults.sort_by_key(|fault| fault.at);
    faults
}

/// Generates a fault that is over when the faults of the scenario end.
fn scheduled_fault(deployments: &[usize], until: u64, rng: &mut StdRng) -> ScheduledFault {
    let deployment = *deployments.choose(rng).expect("a deployment serves the pool");
    let pool = AGENTS.to_owned();
    let at = rng.random_range(0..until);
    let seconds = rng.random_range(60..=1200).min(until - at);
    let groups = [Group::Http, Group::Submit, Group::Reconcile];
    let kind = match rng.random_range(0..11) {
        0 => FaultKind::Outage { callee: Callee::Pipelines, seconds },
        1 => FaultKind::PipelinesThrottled { retry_after: rng.random_range(1..=90), seconds },
        2 => FaultKind::TokenExpired { seconds },
        3 => FaultKind::NoAgentAssignment { seconds },
        4 | 5 => FaultKind::LoseNode { deployment, pool, preempted: rng.random() },
        6 => FaultKind::PoolFull { deployment, pool, seconds },
        7 => FaultKind::NoNodes { deployment, pool, seconds },
        8 => FaultKind::JobDisabled { deployment, profile: AgentProfile::Java.name().to_owned() },
        9 => FaultKind::HooksDisabled { seconds },
        _ => FaultKind::Kill { deployment, group: *groups.choose(rng).expect("there are three") },
    };
    ScheduledFault { at, kind }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(seed: u64, service: Option<Service>) -> Scenario {
        Scenario::generated(seed, &Size { jobs: 60, fault_rate: None, service })
    }

    #[test]
    fn the_rest_of_a_scenario_does_not_depend_on_the_organization() {
        for seed in 0..100 {
            let both = of(seed, Some(Service::Both));
            let plan = both.pipelines.clone().expect("an organization");
            assert_eq!(plan.jobs.len(), 30);
            assert!(both.earliest_faults_end() <= both.faults_end_at, "seed {seed}");
            assert_eq!(Scenario { pipelines: None, ..both }, of(seed, Some(Service::Github)));
            let alone = of(seed, Some(Service::Pipelines));
            let jobs = alone.pipelines.expect("an organization").jobs.len();
            assert_eq!((alone.jobs.len(), jobs), (0, 60));
        }
    }

    #[test]
    fn a_third_of_the_seeds_has_an_organization() {
        let with = (0..300).filter(|&seed| of(seed, None).pipelines.is_some()).count();
        assert!((70..130).contains(&with), "{with}");
    }

    #[test]
    fn a_scenario_with_an_organization_survives_a_round_trip_through_json() {
        let scenario = of(3, Some(Service::Both));
        let text = serde_json::to_string(&scenario).expect("a scenario is plain");
        assert_eq!(serde_json::from_str::<Scenario>(&text).expect("it was just written"), scenario);
    }

    #[test]
    fn every_fault_of_agents_occurs() {
        let name = |variant: &dyn std::fmt::Debug| -> String {
            format!("{variant:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
        };
        let (mut kinds, mut courses) = (BTreeSet::new(), BTreeSet::new());
        for plan in (0..100).filter_map(|seed| of(seed, Some(Service::Both)).pipelines) {
            kinds.extend(plan.scheduled_faults.iter().map(|fault| name(&fault.kind)));
            courses.extend(plan.jobs.iter().filter_map(|job| Some(name(&job.end?))));
            courses.extend(plan.jobs.iter().flat_map(|job| &job.events).map(|one| name(one)));
        }
        let text = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(" ");
        insta::assert_snapshot!(text(kinds), @"HooksDisabled JobDisabled Kill LoseNode NoAgentAssignment NoNodes Outage PipelinesThrottled PoolFull TokenExpired");
        insta::assert_snapshot!(text(courses), @"Cancelled CancelledRunning Doubled Late Lost Orphaned");
    }
}

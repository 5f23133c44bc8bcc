//! Generates a scenario from a seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::{Deployment, Level, Pool, Scenario};
use crate::scenario::FaultRates;

mod faults;
mod host_faults;
mod runner_faults;
mod others;
mod changes;
mod isolation;
mod pauses;
mod wakes;
mod polling;
mod jobs;
mod pipelines;

/// Seconds within which all jobs are queued.
const SPAN: u64 = 4 * 3600;
/// Jobs per node of a pool: some hours of work at the durations that jobs have.
const JOBS_PER_NODE: u32 = 16;

/// The size of a simulation and its fault rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// The number of jobs, not counting re-runs.
    pub jobs: u32,
    /// The share of faulty calls; chosen by the seed if `None`.
    pub fault_rate: Option<f64>,
    /// The services whose jobs there are; chosen by the seed if `None`: GitHub, and Azure Pipelines in a third of the
    /// simulations.
    pub service: Option<Service>,
}

/// The services whose jobs are simulated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Service {
    /// Only GitHub Actions
    Github,
    /// Only Azure Pipelines
    Pipelines,
    /// GitHub Actions, and half as many jobs of Azure Pipelines
    Both,
}

impl Scenario {
    /// Generates the scenario of a seed: the same one for the same size, on every machine.
    pub fn generated(seed: u64, size: &Size) -> Self {
        let rng = &mut StdRng::seed_from_u64(seed);
        let deployments = deployments(size.jobs, rng);
        let jobs = jobs::generated(size.jobs, &deployments, rng);
        let scheduled_faults = faults::generated(size.jobs, &deployments, rng);
        let mut scenario = Self {
            seed,
            deployments,
            jobs,
            scheduled_faults,
            fault_rates: fault_rates(size.fault_rate, rng),
            faults_end_at: 0,
            idle_removal: rng.random_bool(0.5).then_some(300),
            // The smallest and the largest limit of an App's installation.
            rate_limit: if size.jobs > 1000 { 15_000 } else { 5_000 },
            pipelines: None,
        };
        runner_faults::add(&mut scenario);
        host_faults::add(&mut scenario);
        others::add(&mut scenario);
        changes::add(&mut scenario);
        isolation::add(&mut scenario);
        polling::choose(&mut scenario);
        pauses::add(&mut scenario);
        wakes::choose(&mut scenario);
        scenario.faults_end_at = scenario.earliest_faults_end();
        pipelines::add(&mut scenario, size);
        if size.service == Some(Service::Pipelines) {
            scenario.jobs.clear();
        }
        scenario
    }

    /// Returns the earliest end of fault injection: the last job is queued and the last scheduled fault is over.
    pub fn earliest_faults_end(&self) -> u64 {
        let jobs = self.jobs.iter().map(|job| job.at);
        let of_pipelines = self.pipelines.iter().flat_map(|plan| &plan.jobs).map(|job| job.at);
        let scheduled_faults = self.all_scheduled_faults().map(super::ScheduledFault::ends_at);
        jobs.chain(of_pipelines).chain(scheduled_faults).max().unwrap_or_default() + 60
    }
}

fn fault_rates(fault_rate: Option<f64>, rng: &mut StdRng) -> FaultRates {
    let generated = *[0.0, 0.01, 0.05, 0.1, 0.2].choose(rng).expect("there are five");
    FaultRates {
        faulty_calls: fault_rate.unwrap_or(generated),
        slow_calls: *[0.0, 0.02, 0.1].choose(rng).expect("there are three"),
        invocation_kills: *[0.0, 0.005, 0.02].choose(rng).expect("there are three"),
        node_losses: 0.01,
        ticket_replays: 0.2,
        ..FaultRates::default()
    }
}

fn deployments(jobs: u32, rng: &mut StdRng) -> Vec<Deployment> {
    let mut deployment = |name: &str, repositories: &[&str], share: u32| Deployment {
        name: name.to_owned(),
        level: if rng.random() { Level::Repository } else { Level::Organization },
        repositories: repositories.iter().map(|&name| name.to_owned()).collect(),
        neighbours: Vec::new(),
        pools: ["ubuntu", "windows"].map(|id| pool(id, jobs / JOBS_PER_NODE / share, rng)).to_vec(),
        max_job_hours: 2,
        polls: false,
        wakes: None,
    };
    vec![
        deployment("gh", &["octo/app", "octo/web", "octo/lib"], 1),
        deployment("two", &["octo/site", "octo/docs"], 2),
    ]
}

fn pool(id: &str, nodes: u32, rng: &mut StdRng) -> Pool {
    let nodes = if id == "ubuntu" { nodes } else { nodes / 3 };
    Pool {
        id: id.to_owned(),
        nodes: nodes.max(2) + rng.random_range(0..=2),
        scaled: rng.random(),
        node_per_job: false,
    }
}

#[cfg(test)]
mod tests;

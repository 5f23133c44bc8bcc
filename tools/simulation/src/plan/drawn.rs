//! Draws a plan from a seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::{Deployment, Level, Plan, Pool};
use crate::fate::Chances;

mod accidents;
mod conditions;
mod jobs;

/// Within how many seconds all jobs are queued.
const SPAN: u64 = 4 * 3600;
/// How many jobs of the plan a node has to do: with the lengths that jobs have, some hours of work.
const JOBS_A_NODE: u32 = 16;

/// How large a storm is, and how wild.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// How many jobs there are; those that are run again are not counted.
    pub jobs: u32,
    /// Which share of calls is faulty; drawn as well, where it is not said.
    pub faulty: Option<f64>,
}

impl Plan {
    /// Draws the plan of a seed: the same one for the same size, on every machine.
    pub fn drawn(seed: u64, size: &Size) -> Self {
        let dice = &mut StdRng::seed_from_u64(seed);
        let deployments = deployments(size.jobs, dice);
        let jobs = jobs::drawn(size.jobs, &deployments, dice);
        let accidents = accidents::drawn(size.jobs, &deployments, dice);
        let mut plan = Self {
            seed,
            deployments,
            jobs,
            accidents,
            chances: chances(size.faulty, dice),
            calm_at: 0,
            idle_removal: dice.random_bool(0.5).then_some(300),
            // What an App's installation gets at least, and what it gets at most.
            rate_limit: if size.jobs > 1000 { 15_000 } else { 5_000 },
        };
        conditions::add(&mut plan);
        plan.calm_at = plan.earliest_calm();
        plan
    }

    /// Tells when it may be calm: the last job is queued, and the last accident is over.
    pub fn earliest_calm(&self) -> u64 {
        let jobs = self.jobs.iter().map(|job| job.at);
        let accidents = self.accidents.iter().map(super::Accident::ends_at);
        jobs.chain(accidents).max().unwrap_or_default() + 60
    }
}

fn chances(faulty: Option<f64>, dice: &mut StdRng) -> Chances {
    let drawn = *[0.0, 0.01, 0.05, 0.1, 0.2].choose(dice).expect("there are five");
    Chances {
        faulty: faulty.unwrap_or(drawn),
        slow: *[0.0, 0.02, 0.1].choose(dice).expect("there are three"),
        deaths: *[0.0, 0.005, 0.02].choose(dice).expect("there are three"),
        losses: 0.01,
        thieves: 0.2,
        ..Chances::default()
    }
}

fn deployments(jobs: u32, dice: &mut StdRng) -> Vec<Deployment> {
    let mut deployment = |name: &str, repositories: &[&str], share: u32| Deployment {
        name: name.to_owned(),
        level: if dice.random() { Level::Repository } else { Level::Organization },
        repositories: repositories.iter().map(|&name| name.to_owned()).collect(),
        neighbours: Vec::new(),
        pools: ["ubuntu", "windows"].map(|id| pool(id, jobs / JOBS_A_NODE / share, dice)).to_vec(),
        max_job_hours: 2,
    };
    vec![
        deployment("gh", &["octo/app", "octo/web", "octo/lib"], 1),
        deployment("two", &["octo/site", "octo/docs"], 2),
    ]
}

fn pool(id: &str, nodes: u32, dice: &mut StdRng) -> Pool {
    let nodes = if id == "ubuntu" { nodes } else { nodes / 3 };
    Pool {
        id: id.to_owned(),
        nodes: nodes.max(2) + dice.random_range(0..=2),
        scaled: dice.random(),
    }
}

#[cfg(test)]
mod tests;

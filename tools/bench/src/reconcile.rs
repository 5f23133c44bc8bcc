//! Reconciliation of many live tasks, all of whose jobs are queued.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use emulator_core::faults::Faults;
use github_emulator::NewJob;
use serde::Serialize;
use tokio::time::Instant;

use crate::process::{cpu_seconds, resident_megabytes};
use crate::progress;
use crate::world::{Distances, World};

/// The jobs of a workflow run.
const JOBS_OF_RUN: u64 = 100;
/// The runs that are measured. The budget of GitHub's requests suffices for a few without a pause.
const RUNS: usize = 3;
const FUNCTION: &str = "ReconcileRunners";
const GROUP: &str = "function:ReconcileRunners";

/// A run of reconciliation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    /// The number of live tasks.
    pub(crate) tasks: u64,
    /// How far off Batch and GitHub are, in milliseconds.
    pub(crate) distance_ms: u64,
    /// The run of this process, from 0: the first one knows nothing.
    pub(crate) number: usize,
    /// Its duration in seconds.
    pub(crate) seconds: f64,
    /// Its processor time in seconds.
    pub(crate) cpu_s: f64,
    /// The requests to Batch.
    pub(crate) batch_calls: u64,
    /// The requests to GitHub.
    pub(crate) github_calls: u64,
    /// The memory of the process afterwards, in megabytes.
    pub(crate) memory_mb: f64,
}

/// Measures runs with this number of live tasks.
///
/// # Errors
/// The tasks are not added, or a run fails.
pub(crate) async fn measure(
    package: &Path,
    tasks: u64,
    distance_ms: u64,
) -> anyhow::Result<Vec<Run>> {
    progress(format_args!("reconciliation: {tasks} tasks, {distance_ms} ms"));
    let distance = Duration::from_millis(distance_ms);
    let distances = Distances { batch: distance, github: distance, ..Distances::default() };
    let world = World::start(package, distances).await?;
    for number in 0..tasks {
        let mut job = NewJob::new("octo/app", &["self-hosted", "ubuntu-latest"]);
        job.run = Some(7000 + number / JOBS_OF_RUN);
        world.deployment.github.emulator.queue_job(job);
    }
    world.until_tasks(tasks).await?;
    let mut runs = Vec::new();
    for number in 0..RUNS {
        runs.push(run(&world, (tasks, distance_ms, number)).await?);
    }
    world.deployment.shutdown().await;
    Ok(runs)
}

async fn run(
    world: &World,
    (tasks, distance_ms, number): (u64, u64, usize),
) -> anyhow::Result<Run> {
    let deployment = &world.deployment;
    let calls = |faults: &Faults| faults.calls().values().sum::<u64>();
    let pid = world.pid(GROUP)?;
    let before =
        (calls(&deployment.batch.faults), calls(&deployment.github.faults), cpu_seconds(pid)?);
    let began = Instant::now();
    deployment.functions.emulator.trigger(FUNCTION).await.context("run reconciliation")?;
    Ok(Run {
        tasks,
        distance_ms,
        number,
        seconds: began.elapsed().as_secs_f64(),
        cpu_s: cpu_seconds(pid)? - before.2,
        batch_calls: calls(&deployment.batch.faults) - before.0,
        github_calls: calls(&deployment.github.faults) - before.1,
        memory_mb: resident_megabytes(pid)?,
    })
}

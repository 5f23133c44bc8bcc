//! Bursts: from the first webhook to the last task, through the Functions host and the queue.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use functions_host_emulator::MESSAGE_COST;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::load::{Target, Until};
use crate::payload::deliveries;
use crate::process::resident_megabytes;
use crate::progress;
use crate::world::{Distances, World};

/// The connections over which the webhooks come.
const CONNECTIONS: usize = 32;
/// The pause before a burst, after which the host polls the empty queue as rarely as it may.
const IDLE: Duration = Duration::from_secs(3);
const SUBMIT: &str = "function:SubmitRunnerTask";

/// A burst.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Burst {
    /// The number of jobs.
    pub(crate) jobs: u64,
    /// How far off Batch is, in milliseconds.
    pub(crate) batch_ms: u64,
    /// How far off the queue is, in milliseconds.
    pub(crate) queue_ms: u64,
    /// Whether the host spends on each message what the real one does.
    pub(crate) host_cost: bool,
    /// From the first webhook to the last response, in seconds.
    pub(crate) accepted_s: f64,
    /// From the first webhook to the last task, in seconds.
    pub(crate) done_s: f64,
    /// The memory of the process of SubmitRunnerTask at the end, in megabytes.
    pub(crate) memory_mb: f64,
}

/// What a burst is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The numbers of jobs, one burst after another.
    pub(crate) sizes: &'static [u64],
    /// How far off Batch is, in milliseconds.
    pub(crate) batch_ms: u64,
    /// How far off the queue is, in milliseconds.
    pub(crate) queue_ms: u64,
    /// Whether the host spends on each message what the real one does.
    pub(crate) host_cost: bool,
}

/// Measures bursts in one deployment. Its Batch job exists before the first one.
///
/// # Errors
/// A delivery is rejected, or a task is missing at the end.
pub(crate) async fn measure(package: &Path, plan: Plan) -> anyhow::Result<Vec<Burst>> {
    let millis = Duration::from_millis;
    let distances = Distances {
        batch: millis(plan.batch_ms),
        queue: millis(plan.queue_ms),
        github: Duration::ZERO,
        message_cost: if plan.host_cost { MESSAGE_COST } else { Duration::ZERO },
    };
    let world = World::start(package, distances).await?;
    let url: Url = world.deployment.webhook_url.parse()?;
    let target = Target::at(&url).await?;
    target.load(&deliveries(1, 1), 1, Until::AllSent).await?;
    world.until_tasks(1).await?;
    let (mut all, mut known) = (Vec::new(), 1);
    for &jobs in plan.sizes {
        progress(format_args!("burst: {jobs} jobs, {plan:?}"));
        let burst = deliveries(known + 1, jobs);
        sleep(IDLE).await;
        let began = Instant::now();
        let sent = async {
            let responses = target.load(&burst, CONNECTIONS, Until::AllSent).await?;
            ensure!(
                responses.errors == 0,
                "deliver {jobs} jobs: {} were rejected",
                responses.errors
            );
            anyhow::Ok(began.elapsed())
        };
        let done = async {
            world.until_tasks(known + jobs).await?;
            anyhow::Ok(began.elapsed())
        };
        let (accepted, done) = tokio::try_join!(sent, done)?;
        known += jobs;
        all.push(Burst {
            jobs,
            batch_ms: plan.batch_ms,
            queue_ms: plan.queue_ms,
            host_cost: plan.host_cost,
            accepted_s: accepted.as_secs_f64(),
            done_s: done.as_secs_f64(),
            memory_mb: resident_megabytes(world.pid(SUBMIT)?)?,
        });
    }
    world.deployment.shutdown().await;
    Ok(all)
}

//! Queues the planned jobs, opens their gates, cancels them and runs them again.

use std::sync::Arc;
use std::time::Duration;

use github_emulator::{self as github, NewJob};
use tokio::sync::watch;

use super::sky::{Pending, Sky};
use crate::plan::{Cancellation, PlannedJob, Stage};

/// Begins to lead every job, each at its time.
pub(super) fn queue(sky: &Arc<Sky>) {
    for place in 0..sky.plan.jobs.len() {
        let (pending, sky) = (sky.expect(), Arc::clone(sky));
        tokio::spawn(async move {
            sky.until(sky.plan.jobs[place].at).await;
            let job = start(&sky, place);
            follow(&sky, place, (job, 1));
            drop(pending);
        });
    }
}

/// Queues a job; tells its number.
fn start(sky: &Arc<Sky>, place: usize) -> u64 {
    let planned = &sky.plan.jobs[place];
    let mut runs = sky.runs.lock().expect("no holder of this lock can panic");
    let labels: Vec<&str> = planned.labels.iter().map(String::as_str).collect();
    let order = NewJob {
        gate: gate(planned),
        runs_for: Duration::from_secs(planned.runs_for),
        set_up_fails: planned.set_up_fails,
        run: runs.get(&planned.run).copied(),
        ..NewJob::new(&planned.repository, &labels)
    };
    let github = &sky.github.emulator;
    let id = github.queue_job(order);
    let run = github.job(id).expect("it was just queued").run;
    runs.insert(planned.run, run);
    id
}

fn gate(planned: &PlannedJob) -> github::Gate {
    match planned.gate {
        None => github::Gate::None,
        Some(gate) if gate.ahead => github::Gate::QueuedThenGated,
        Some(_) => github::Gate::WaitingFirst,
    }
}

/// Does to a job what is planned for it.
fn follow(sky: &Arc<Sky>, place: usize, (job, attempt): (u64, u32)) {
    let planned = &sky.plan.jobs[place];
    let ready = planned.gate.is_none();
    let staged = sky.weather.chronicle.queued(place, (job, attempt), ready);
    if let Some(gate) = planned.gate {
        tokio::spawn(approve(Arc::clone(sky), job, gate.approved_after, sky.expect()));
    }
    if attempt > 1 {
        return;
    }
    if let Some(cancellation) = planned.cancellation {
        tokio::spawn(cancel(Arc::clone(sky), job, cancellation, staged));
    }
    if let Some(after) = planned.rerun_after {
        tokio::spawn(rerun(Arc::clone(sky), place, job, after, sky.expect()));
    }
}

async fn approve(sky: Arc<Sky>, job: u64, after: u64, _pending: Pending) {
    sky.weather.pass(Duration::from_secs(after)).await;
    if sky.github.emulator.approve(job) {
        sky.weather.chronicle.approved(job);
    }
}

async fn cancel(
    sky: Arc<Sky>,
    job: u64,
    Cancellation { stage, after }: Cancellation,
    mut staged: watch::Receiver<Stage>,
) {
    if staged.wait_for(|reached| *reached >= stage).await.is_err() {
        return;
    }
    sky.weather.pass(Duration::from_secs(after)).await;
    if sky.github.emulator.cancel_job(job) {
        sky.weather.chronicle.cancelled(job);
    }
}

async fn rerun(sky: Arc<Sky>, place: usize, job: u64, after: u64, _pending: Pending) {
    sky.github.emulator.settled(job).await;
    sky.weather.pass(Duration::from_secs(after)).await;
    let again = loop {
        match sky.github.emulator.rerun(job) {
            Some(again) => break again,
            // Other jobs of its run go on.
            None => sky.weather.pass(Duration::from_secs(60)).await,
        }
    };
    follow(&sky, place, (again, 2));
}

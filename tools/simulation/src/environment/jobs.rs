//! Queues the planned jobs, approves them at their gates, cancels them and re-runs them.

use std::sync::Arc;
use std::time::Duration;

use github_emulator::{self as github, NewJob};
use tokio::sync::watch;

use super::setup::{Environment, Pending};
use crate::scenario::{Cancellation, PlannedJob, Stage};

/// An approval after more than this time is awaited without simulating the time before it.
const LATE_SECONDS: u64 = 12 * 3600;

/// Starts to queue every job at its time.
pub(super) fn queue(environment: &Arc<Environment>) {
    for place in 0..environment.scenario.jobs.len() {
        let (pending, environment) = (environment.expect(), Arc::clone(environment));
        tokio::spawn(async move {
            environment.until(environment.scenario.jobs[place].at).await;
            let job = start(&environment, place);
            follow(&environment, place, (job, 1));
            drop(pending);
        });
    }
}

/// Queues a job and returns its id.
fn start(environment: &Arc<Environment>, place: usize) -> u64 {
    let planned = &environment.scenario.jobs[place];
    let mut runs = environment.runs.lock().expect("no holder of this lock can panic");
    let labels: Vec<&str> = planned.labels.iter().map(String::as_str).collect();
    let order = NewJob {
        gate: gate(planned),
        runs_for: Duration::from_secs(planned.runs_for),
        set_up_fails: planned.setup_fails,
        run: runs.get(&planned.run).copied(),
        hosted_after: planned.hosted_after.map(Duration::from_secs),
        stuck_for: planned.stuck_for.map(Duration::from_secs),
        silent: planned.stuck_for.is_some(),
        ..NewJob::new(&environment.present_name(&planned.repository), &labels)
    };
    let github = &environment.github.emulator;
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

/// Starts what is planned for a queued job: approval, cancellation, re-run.
fn follow(environment: &Arc<Environment>, place: usize, (job, attempt): (u64, u32)) {
    let planned = &environment.scenario.jobs[place];
    let ready = planned.gate.is_none() && planned.stuck_for.is_none();
    let staged = environment.network.recorder.queued(place, (job, attempt), ready);
    if let Some(gate) = planned.gate {
        tokio::spawn(approve(
            Arc::clone(environment),
            job,
            gate.approved_after,
            environment.expect(),
        ));
    }
    if attempt > 1 {
        return;
    }
    if let Some(cancellation) = planned.cancellation {
        tokio::spawn(cancel(Arc::clone(environment), job, cancellation, staged));
    }
    if let Some(after) = planned.deleted_after {
        tokio::spawn(delete(Arc::clone(environment), job, after, environment.expect()));
    }
    if let Some(after) = planned.rerun_after {
        tokio::spawn(rerun(Arc::clone(environment), place, job, after, environment.expect()));
    }
}

async fn approve(environment: Arc<Environment>, job: u64, after: u64, _pending: Pending) {
    let due = environment.network.recorder.second() + after;
    let is_late = after > LATE_SECONDS;
    if is_late {
        environment.late_approvals().push(due);
    }
    environment.network.pass(Duration::from_secs(after)).await;
    if is_late {
        let mut late = environment.late_approvals();
        if let Some(place) = late.iter().position(|&other| other == due) {
            late.remove(place);
        }
    }
    if environment.github.emulator.approve(job) {
        environment.network.recorder.approved(job);
    }
}

async fn cancel(
    environment: Arc<Environment>,
    job: u64,
    Cancellation { stage, after }: Cancellation,
    mut staged: watch::Receiver<Stage>,
) {
    if staged.wait_for(|reached| *reached >= stage).await.is_err() {
        return;
    }
    environment.network.pass(Duration::from_secs(after)).await;
    if environment.github.emulator.cancel_job(job) {
        environment.network.recorder.cancelled(job);
    }
}

async fn delete(environment: Arc<Environment>, job: u64, after: u64, _pending: Pending) {
    environment.network.pass(Duration::from_secs(after)).await;
    let github = &environment.github.emulator;
    let waits = |job: &github::Job| job.status == github::JobStatus::Queued;
    let Some(run) = github.job(job).filter(waits).map(|job| job.run) else { return };
    if github.delete_run(run) {
        environment.network.recorder.deleted(job);
    }
}

async fn rerun(
    environment: Arc<Environment>,
    place: usize,
    job: u64,
    after: u64,
    _pending: Pending,
) {
    environment.github.emulator.until_completed(job).await;
    environment.network.pass(Duration::from_secs(after)).await;
    let again = loop {
        match environment.github.emulator.rerun(job) {
            Some(again) => break again,
            // Other jobs of its run are still running.
            None => environment.network.pass(Duration::from_secs(60)).await,
        }
    };
    follow(&environment, place, (again, 2));
}

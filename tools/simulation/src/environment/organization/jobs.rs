//! Queues the planned jobs of pipelines, and cancels their runs.

use std::sync::Arc;
use std::time::Duration;

use azure_pipelines_emulator::{DeliveryFault, JobState, NewJob, Queued, TaskResult, Work};

use super::{AGENT_POOL, PROJECT};
use crate::environment::setup::{Environment, Pending};
use crate::scenario::pipelines::{EarlyEnd, EventOutcome, PipelinesJob};

/// The delay after which a rejected job is queued again.
const RETRY_DELAY: Duration = Duration::from_secs(60);
/// The interval at which the state of a job is read that is cancelled after its start.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Starts to queue every job of the organization at its time.
pub(in crate::environment) fn queue(environment: &Arc<Environment>) {
    let Some(plan) = &environment.scenario.pipelines else { return };
    for (place, job) in plan.jobs.iter().enumerate() {
        let (pending, environment) = (environment.expect(), Arc::clone(environment));
        tokio::spawn(run(environment, place, job.clone(), pending));
    }
}

/// Queues a job, again and again while no agent of the pool meets its demands: before the placeholders are registered.
async fn run(environment: Arc<Environment>, place: usize, job: PipelinesJob, _pending: Pending) {
    environment.until(job.at).await;
    let (run, request) = loop {
        match queue_once(&environment, &job) {
            Queued::Waiting { run, request } => break (run, request),
            Queued::Rejected { .. } => environment.network.recorder.pipelines_rejected(),
            Queued::Invalid(text) => panic!("the service knows the pool and the demands: {text}"),
        }
        environment.network.pass(RETRY_DELAY).await;
    };
    environment.network.recorder.pipelines_queued(place, request);
    if let Some(end) = job.end {
        end_early(&environment, (run, request), end).await;
    }
}

fn queue_once(environment: &Environment, job: &PipelinesJob) -> Queued {
    let organization = environment.organization.as_ref().expect("its jobs are queued");
    let pipelines = &organization.service.emulator;
    for event in &job.events {
        let fault = match event {
            EventOutcome::Lost => DeliveryFault::Lost,
            EventOutcome::Doubled => DeliveryFault::Doubled,
            EventOutcome::Late { by } => DeliveryFault::Delayed { seconds: *by },
        };
        pipelines.inject_delivery_fault(fault, 1);
    }
    let demands: Vec<&str> = job.demands.map(|profile| profile.capability()).into_iter().collect();
    let mut new = NewJob::new(PROJECT, AGENT_POOL).with_demands(&demands);
    new.plan_version = if job.old_plan { 7 } else { 8 };
    let result = if job.fails { TaskResult::Failed } else { TaskResult::Succeeded };
    new.work = Work { runs_for_ms: job.runs_for * 1000, result };
    pipelines.queue_job(new)
}

async fn end_early(environment: &Environment, (run, request): (u64, u64), end: EarlyEnd) {
    let organization = environment.organization.as_ref().expect("its jobs are queued");
    let pipelines = &organization.service.emulator;
    let recorder = &environment.network.recorder;
    match end {
        EarlyEnd::Cancelled { after } => {
            environment.network.pass(Duration::from_secs(after)).await;
            if pipelines.cancel_run(run) {
                recorder.pipelines_cancelled(request, false);
            }
        }
        EarlyEnd::Orphaned { after } => {
            environment.network.pass(Duration::from_secs(after)).await;
            let state = pipelines.request(request);
            let waits = state.is_some_and(|one| one.result.is_none() && one.agent.is_none());
            if pipelines.orphan_run(run) {
                recorder.pipelines_cancelled(request, waits);
            }
        }
        EarlyEnd::CancelledRunning { after } => {
            let state = || pipelines.request(request).map(|known| known.state);
            while state() == Some(JobState::Waiting) {
                environment.network.pass(CHECK_INTERVAL).await;
            }
            environment.network.pass(Duration::from_secs(after)).await;
            if pipelines.cancel_run(run) {
                recorder.pipelines_cancelled(request, false);
            }
        }
    }
}

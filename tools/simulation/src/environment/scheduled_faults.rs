//! Applies the scheduled faults, each at its time, and ends those that last.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use azure_batch_emulator::{Loss, ResizeErrorCode};
use serde_json::json;

use super::changes;
use super::deployment::{DeploymentRun, formula};
use super::function_groups;
use super::open_groups::open_group;
use super::setup::Environment;
use crate::scenario::{FaultKind, Group, ResizeError, ScheduledFault};

/// A formula that needs more samples than there are.
const FAILING_FORMULA: &str =
    "$TargetDedicatedNodes = $PendingTasks.GetSample(TimeInterval_Year, 100);";
/// Attempts to set a formula until the pool accepts it.
const MAX_TRIES: u32 = 40;

/// Starts a timer for every scheduled fault.
pub(super) fn begin(environment: &Arc<Environment>) {
    for fault in environment.scenario.all_scheduled_faults() {
        let (pending, environment, fault) =
            (environment.expect(), Arc::clone(environment), fault.clone());
        tokio::spawn(async move {
            environment.until(fault.at).await;
            environment.network.recorder.line(&format!("fault: {:?}", fault.kind));
            apply(&environment, &fault).await;
            drop(pending);
        });
    }
}

async fn apply(environment: &Arc<Environment>, fault: &ScheduledFault) {
    let lasts = Duration::from_secs(fault.kind.lasts());
    match &fault.kind {
        FaultKind::Kill { deployment, group } => {
            environment.deployments[*deployment].groups.kill(*group)
        }
        FaultKind::HostRestart { deployment, group } => {
            restart_host(&environment.deployments[*deployment], *group);
        }
        FaultKind::Hang { deployment, group, .. } => {
            hang(environment, *deployment, *group, lasts).await;
        }
        FaultKind::LoseNode { deployment, pool, preempted } => {
            lose_node(&environment.deployments[*deployment], pool, *preempted);
        }
        FaultKind::PoolFull { deployment, pool, .. } => {
            fill_pool(environment, *deployment, pool, lasts).await;
        }
        FaultKind::NoNodes { deployment, pool, .. } => {
            freeze_pool(environment, *deployment, pool, lasts).await;
        }
        FaultKind::ResizeFails { deployment, pool, error } => {
            fail_resize(&environment.deployments[*deployment], pool, *error);
        }
        FaultKind::ScalingFails { deployment, pool, .. } => {
            fail_scaling(environment, &environment.deployments[*deployment], pool, lasts).await;
        }
        FaultKind::NoAssignment { .. } => {
            environment.github.emulator.pause_assignment(true);
            environment.network.pass(lasts).await;
            environment.github.emulator.pause_assignment(false);
        }
        FaultKind::ClockSkew { deployment, milliseconds, .. } => {
            skew_clock(environment, *deployment, *milliseconds, lasts).await;
        }
        FaultKind::GroupOpened { deployment, .. } => {
            open_group(environment, *deployment, lasts).await;
        }
        FaultKind::RouteBroken { deployment, pool, seconds } => {
            break_route(&environment.deployments[*deployment], pool, fault.at + seconds);
            environment.network.pass(lasts).await;
        }
        // The injector applies these to calls as long as they last.
        FaultKind::RateLimitBurst { .. }
        | FaultKind::Outage { .. }
        | FaultKind::Refusal { .. }
        | FaultKind::PipelinesThrottled { .. }
        | FaultKind::RepositoryHidden { .. } => environment.network.pass(lasts).await,
        FaultKind::JobDisabled { deployment, profile } => {
            disable(&environment.deployments[*deployment], profile).await;
        }
        _ => changes::apply(environment, fault, lasts).await,
    }
}

fn restart_host(deployment: &DeploymentRun, group: Group) {
    let host = &deployment.host.emulator;
    host.restart_host(function_groups::name(group)).expect("the host has these groups");
}

async fn skew_clock(
    environment: &Environment,
    deployment: usize,
    milliseconds: i64,
    lasts: Duration,
) {
    let skew = &environment.deployments[deployment].skew;
    skew.store(milliseconds, Ordering::Relaxed);
    environment.network.pass(lasts).await;
    skew.store(0, Ordering::Relaxed);
}

async fn hang(environment: &Environment, deployment: usize, group: Group, lasts: Duration) {
    let groups = &environment.deployments[deployment].groups;
    groups.hang(group, true);
    environment.network.pass(lasts).await;
    groups.hang(group, false);
}

async fn fill_pool(environment: &Environment, deployment: usize, pool: &str, lasts: Duration) {
    let batch = &environment.deployments[deployment].batch.emulator;
    batch.hold_scheduling(pool).expect("the scenario's pool");
    environment.network.pass(lasts).await;
    batch.release_scheduling(pool).expect("the scenario's pool");
}

async fn freeze_pool(environment: &Environment, deployment: usize, pool: &str, lasts: Duration) {
    let batch = &environment.deployments[deployment].batch.emulator;
    batch.freeze_allocation(pool).expect("the scenario's pool");
    environment.network.pass(lasts).await;
    batch.thaw_allocation(pool).expect("the scenario's pool");
}

fn fail_resize(deployment: &DeploymentRun, pool: &str, error: ResizeError) {
    let code = match error {
        ResizeError::Quota => ResizeErrorCode::AccountCoreQuotaReached,
        ResizeError::Allocation => ResizeErrorCode::AllocationFailed,
    };
    deployment.batch.emulator.fail_allocation(pool, code).expect("the scenario's pool");
}

fn lose_node(deployment_run: &DeploymentRun, pool: &str, preempted: bool) {
    let batch = &deployment_run.batch.emulator;
    let loss = if preempted { Loss::Preempted } else { Loss::Died };
    if let Some(node) = batch.nodes(pool).into_iter().find(|node| node.running > 0) {
        batch.lose_node(&node.id, loss).expect("it was just listed");
    }
}

/// Breaks the route to GitHub of a node that runs something, or else of the pool's first node.
fn break_route(deployment_run: &DeploymentRun, pool: &str, until_second: u64) {
    let nodes = deployment_run.batch.emulator.nodes(pool);
    let busy = nodes.iter().find(|node| node.running > 0);
    if let Some(node) = busy.or_else(|| nodes.first()) {
        deployment_run.nodes.break_route(&node.id, until_second);
    }
}

async fn fail_scaling(
    environment: &Arc<Environment>,
    deployment_run: &DeploymentRun,
    pool: &str,
    lasts: Duration,
) {
    let Some(pool) =
        deployment_run.deployment.pools.iter().find(|known| known.id == pool && known.scaled)
    else {
        return;
    };
    scale(environment, deployment_run, &pool.id, FAILING_FORMULA).await;
    environment.network.pass(lasts).await;
    scale(environment, deployment_run, &pool.id, &formula(pool)).await;
}

/// Sets a formula; a pool that is being resized rejects it.
async fn scale(
    environment: &Arc<Environment>,
    deployment_run: &DeploymentRun,
    pool: &str,
    formula: &str,
) {
    let body = json!({ "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M" });
    for _ in 0..MAX_TRIES {
        let answer =
            deployment_run.call_batch(&format!("/pools/{pool}/enableautoscale"), &body).await;
        if answer.status().is_success() {
            return;
        }
        environment.network.pass(Duration::from_secs(60)).await;
    }
    panic!("pool {pool} takes no formula");
}

/// Disables the last Batch job of a profile that accepts tasks.
async fn disable(deployment_run: &DeploymentRun, profile: &str) {
    let is_its = |id: &str| {
        let rest = id.strip_prefix("runners-").and_then(|rest| rest.strip_prefix(profile));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let jobs = deployment_run.batch.emulator.jobs();
    let mut open = jobs.iter().filter(|job| is_its(&job.id) && job.state == "active");
    if let Some(job) = open.next_back() {
        let body = json!({ "disableTasks": "requeue" });
        deployment_run.call_batch(&format!("/jobs/{}/disable", job.id), &body).await;
    }
}

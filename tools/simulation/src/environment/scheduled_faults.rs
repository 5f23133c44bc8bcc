//! Applies the scheduled faults, each at its time, and ends those that last.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use azure_batch_emulator::{Loss, ResizeErrorCode};
use github_runner_emulator::InMemoryRunner;
use http::header;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::deployment::{DeploymentRun, formula};
use super::entrypoint::to_github;
use super::open_groups::open_group;
use super::setup::{Environment, ORGANIZATION};
use crate::scenario::{FaultKind, Level, ResizeError, ScheduledFault};
use local_deployment::GITHUB_TOKEN;

/// A formula that needs more samples than there are.
const FAILING_FORMULA: &str =
    "$TargetDedicatedNodes = $PendingTasks.GetSample(TimeInterval_Year, 100);";
/// Attempts to set a formula until the pool accepts it.
const MAX_TRIES: u32 = 40;

/// Starts a timer for every scheduled fault.
pub(super) fn begin(environment: &Arc<Environment>) {
    for fault in &environment.scenario.scheduled_faults {
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
        FaultKind::ForeignRunner { deployment, repository, labels, jobs, .. } => {
            let runner = Foreign::new(environment, *deployment, repository, fault.at);
            Foreign { labels: labels.clone(), ..runner }.serve_for(lasts, *jobs).await;
        }
        FaultKind::NoAssignment { .. } => {
            environment.github.emulator.pause_assignment(true);
            environment.network.pass(lasts).await;
            environment.github.emulator.pause_assignment(false);
        }
        FaultKind::ClockSkew { deployment, milliseconds, .. } => {
            let skew = &environment.deployments[*deployment].skew;
            skew.store(*milliseconds, Ordering::Relaxed);
            environment.network.pass(lasts).await;
            skew.store(0, Ordering::Relaxed);
        }
        FaultKind::GroupOpened { deployment, .. } => {
            open_group(environment, *deployment, lasts).await;
        }
        FaultKind::RouteBroken { deployment, pool, seconds } => {
            break_route(&environment.deployments[*deployment], pool, fault.at + seconds);
            environment.network.pass(lasts).await;
        }
        // The injector applies these to calls as long as they last.
        FaultKind::RateLimitBurst { .. } | FaultKind::Outage { .. } => {
            environment.network.pass(lasts).await
        }
        FaultKind::JobDisabled { deployment, profile } => {
            disable(&environment.deployments[*deployment], profile).await;
        }
    }
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

/// A foreign runner, or several one after another: each accepts one job.
struct Foreign {
    environment: Arc<Environment>,
    /// The API path at which it is registered.
    place: String,
    group: u64,
    labels: Vec<String>,
    number: u64,
}

impl Foreign {
    fn new(
        environment: &Arc<Environment>,
        deployment: usize,
        repository: &str,
        number: u64,
    ) -> Self {
        let place = match environment.scenario.deployments[deployment].level {
            Level::Repository => format!("repos/{repository}"),
            Level::Organization => format!("orgs/{ORGANIZATION}"),
        };
        let group = environment.groups[deployment];
        Self { environment: Arc::clone(environment), place, group, labels: Vec::new(), number }
    }

    async fn serve_for(self, lasts: Duration, jobs: u32) {
        let network = Arc::clone(&self.environment.network);
        let (asker, stop) = watch::channel(false);
        let over = async {
            network.pass(lasts).await;
            asker.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = self.serve(jobs, stop) => {}
            () = over => {}
        }
    }

    async fn serve(&self, jobs: u32, stop: watch::Receiver<bool>) {
        let Self { environment, place, .. } = self;
        for job in 1..=jobs {
            let name = format!("foreign-{}-{job}", self.number);
            let body =
                json!({ "name": name, "runner_group_id": self.group, "labels": self.labels });
            let (id, configuration) = register(environment, place, &body).await;
            let transport = to_github(&environment.network, &environment.github);
            let runner = InMemoryRunner::from_jit_config(
                &configuration,
                &transport,
                environment.network.clock.clone(),
            );
            if runner.expect("a configuration").run(stop.clone()).await.is_none() {
                return remove(environment, place, id).await;
            }
        }
    }
}

async fn register(environment: &Environment, place: &str, body: &Value) -> (u64, String) {
    let path = format!("{place}/actions/runners/generate-jitconfig");
    let answer: Value = ask(environment, http::Method::POST, &path, body.to_string()).await;
    let configuration = answer["encoded_jit_config"].as_str().unwrap_or_default().to_owned();
    (answer["runner"]["id"].as_u64().unwrap_or_default(), configuration)
}

async fn remove(environment: &Environment, place: &str, id: u64) {
    let path = format!("{place}/actions/runners/{id}");
    ask(environment, http::Method::DELETE, &path, String::new()).await;
}

async fn ask(environment: &Environment, method: http::Method, path: &str, body: String) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://api.github.com/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {GITHUB_TOKEN}"))
        .header(header::USER_AGENT, "another-team")
        .body(body.into())
        .expect("a request");
    let answer = environment.github.call(request).await.expect("this transport loses nothing");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

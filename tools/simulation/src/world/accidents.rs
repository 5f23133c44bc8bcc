//! Lets the planned accidents happen, each at its moment, and ends those that last.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use azure_batch_emulator::{Loss, ResizeErrorCode};
use github_runner_emulator::Bare;
use http::header;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::entrypoint::to_github;
use super::neighbours::open_group;
use super::road::{Road, formula};
use super::sky::{ORGANIZATION, Sky};
use crate::plan::{Accident, Error, Level, Mishap};
use local_deployment::GITHUB_TOKEN;

/// A formula that asks for more samples than there are.
const FAILING: &str = "$TargetDedicatedNodes = $PendingTasks.GetSample(TimeInterval_Year, 100);";
/// How often a formula is handed in until the pool takes it.
const TRIES: u32 = 40;

/// Begins to wait for all accidents.
pub(super) fn begin(sky: &Arc<Sky>) {
    for accident in &sky.plan.accidents {
        let (pending, sky, accident) = (sky.expect(), Arc::clone(sky), accident.clone());
        tokio::spawn(async move {
            sky.until(accident.at).await;
            sky.weather.chronicle.line(&format!("accident: {:?}", accident.what));
            happen(&sky, &accident).await;
            drop(pending);
        });
    }
}

async fn happen(sky: &Arc<Sky>, accident: &Accident) {
    let lasts = Duration::from_secs(accident.what.lasts());
    match &accident.what {
        Mishap::Kill { deployment, group } => sky.roads[*deployment].groups.kill(*group),
        Mishap::LoseNode { deployment, pool, preempted } => {
            lose_node(&sky.roads[*deployment], pool, *preempted);
        }
        Mishap::PoolFull { deployment, pool, .. } => {
            let batch = &sky.roads[*deployment].batch.emulator;
            batch.hold_scheduling(pool).expect("the plan's pool");
            sky.weather.pass(lasts).await;
            batch.release_scheduling(pool).expect("the plan's pool");
        }
        Mishap::NoNodes { deployment, pool, .. } => {
            let batch = &sky.roads[*deployment].batch.emulator;
            batch.freeze_allocation(pool).expect("the plan's pool");
            sky.weather.pass(lasts).await;
            batch.thaw_allocation(pool).expect("the plan's pool");
        }
        Mishap::ResizeFails { deployment, pool, error } => {
            let code = match error {
                Error::Quota => ResizeErrorCode::AccountCoreQuotaReached,
                Error::Allocation => ResizeErrorCode::AllocationFailed,
            };
            let road = &sky.roads[*deployment];
            road.batch.emulator.fail_allocation(pool, code).expect("the plan's pool");
        }
        Mishap::ScalingFails { deployment, pool, .. } => {
            fail_scaling(sky, &sky.roads[*deployment], pool, lasts).await;
        }
        Mishap::ForeignRunner { deployment, repository, labels, jobs, .. } => {
            let runner = Foreign::new(sky, *deployment, repository, accident.at);
            Foreign { labels: labels.clone(), ..runner }.serve_for(lasts, *jobs).await;
        }
        Mishap::NoAssignment { .. } => {
            sky.github.emulator.pause_assignment(true);
            sky.weather.pass(lasts).await;
            sky.github.emulator.pause_assignment(false);
        }
        Mishap::ClockSkew { deployment, milliseconds, .. } => {
            let skew = &sky.roads[*deployment].skew;
            skew.store(*milliseconds, Ordering::Relaxed);
            sky.weather.pass(lasts).await;
            skew.store(0, Ordering::Relaxed);
        }
        Mishap::GroupOpened { deployment, .. } => {
            open_group(sky, *deployment, lasts).await;
        }
        Mishap::RouteBroken { deployment, pool, seconds } => {
            break_route(&sky.roads[*deployment], pool, accident.at + seconds);
            sky.weather.pass(lasts).await;
        }
        // These befall calls, as long as they last.
        Mishap::RateStorm { .. } | Mishap::Outage { .. } => sky.weather.pass(lasts).await,
        Mishap::JobDisabled { deployment, profile } => {
            disable(&sky.roads[*deployment], profile).await;
        }
    }
}

fn lose_node(road: &Road, pool: &str, preempted: bool) {
    let batch = &road.batch.emulator;
    let loss = if preempted { Loss::Preempted } else { Loss::Died };
    if let Some(node) = batch.nodes(pool).into_iter().find(|node| node.running > 0) {
        batch.lose_node(&node.id, loss).expect("it was just listed");
    }
}

/// Breaks the route to GitHub of a node that runs something, or else of any node of the pool.
fn break_route(road: &Road, pool: &str, until_second: u64) {
    let nodes = road.batch.emulator.nodes(pool);
    let busy = nodes.iter().find(|node| node.running > 0);
    if let Some(node) = busy.or_else(|| nodes.first()) {
        road.nodes.break_route(&node.id, until_second);
    }
}

async fn fail_scaling(sky: &Arc<Sky>, road: &Road, pool: &str, lasts: Duration) {
    let Some(pool) = road.deployment.pools.iter().find(|known| known.id == pool && known.scaled)
    else {
        return;
    };
    scale(sky, road, &pool.id, FAILING).await;
    sky.weather.pass(lasts).await;
    scale(sky, road, &pool.id, &formula(pool)).await;
}

/// Hands a formula in; a pool that is being resized takes none.
async fn scale(sky: &Arc<Sky>, road: &Road, pool: &str, formula: &str) {
    let body = json!({ "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M" });
    for _ in 0..TRIES {
        let answer = road.ask_batch(&format!("/pools/{pool}/enableautoscale"), &body).await;
        if answer.status().is_success() {
            return;
        }
        sky.weather.pass(Duration::from_secs(60)).await;
    }
    panic!("pool {pool} takes no formula");
}

/// Disables the last Batch job of a profile that takes tasks.
async fn disable(road: &Road, profile: &str) {
    let is_its = |id: &str| {
        let rest = id.strip_prefix("runners-").and_then(|rest| rest.strip_prefix(profile));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let jobs = road.batch.emulator.jobs();
    let mut open = jobs.iter().filter(|job| is_its(&job.id) && job.state == "active");
    if let Some(job) = open.next_back() {
        let body = json!({ "disableTasks": "requeue" });
        road.ask_batch(&format!("/jobs/{}/disable", job.id), &body).await;
    }
}

/// A runner that is none of ours, or several one after another: each takes one job.
struct Foreign {
    sky: Arc<Sky>,
    /// Where it registers, as a path of the API.
    place: String,
    group: u64,
    labels: Vec<String>,
    number: u64,
}

impl Foreign {
    fn new(sky: &Arc<Sky>, deployment: usize, repository: &str, number: u64) -> Self {
        let place = match sky.plan.deployments[deployment].level {
            Level::Repository => format!("repos/{repository}"),
            Level::Organization => format!("orgs/{ORGANIZATION}"),
        };
        let group = sky.groups[deployment];
        Self { sky: Arc::clone(sky), place, group, labels: Vec::new(), number }
    }

    async fn serve_for(self, lasts: Duration, jobs: u32) {
        let weather = Arc::clone(&self.sky.weather);
        let (asker, stop) = watch::channel(false);
        let over = async {
            weather.pass(lasts).await;
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
        let Self { sky, place, .. } = self;
        for job in 1..=jobs {
            let name = format!("foreign-{}-{job}", self.number);
            let body =
                json!({ "name": name, "runner_group_id": self.group, "labels": self.labels });
            let (id, configuration) = register(sky, place, &body).await;
            let wire = to_github(&sky.weather, &sky.github);
            let runner = Bare::configured(&configuration, &wire, sky.weather.clock.clone());
            if runner.expect("a configuration").run(stop.clone()).await.is_none() {
                return remove(sky, place, id).await;
            }
        }
    }
}

async fn register(sky: &Sky, place: &str, body: &Value) -> (u64, String) {
    let path = format!("{place}/actions/runners/generate-jitconfig");
    let answer: Value = ask(sky, http::Method::POST, &path, body.to_string()).await;
    let configuration = answer["encoded_jit_config"].as_str().unwrap_or_default().to_owned();
    (answer["runner"]["id"].as_u64().unwrap_or_default(), configuration)
}

async fn remove(sky: &Sky, place: &str, id: u64) {
    let path = format!("{place}/actions/runners/{id}");
    ask(sky, http::Method::DELETE, &path, String::new()).await;
}

async fn ask(sky: &Sky, method: http::Method, path: &str, body: String) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://api.github.com/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {GITHUB_TOKEN}"))
        .header(header::USER_AGENT, "somebody")
        .body(body.into())
        .expect("a request");
    let answer = sky.github.call(request).await.expect("nothing is lost on this way");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

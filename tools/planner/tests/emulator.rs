//! The model of a pool and the Batch emulator agree: the same nodes every five minutes, and the same wait of each job.
//!
//! The emulator is used as `mayfly autoscale simulate` uses it: over its REST API, in virtual time, with random durations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use azure_batch_emulator::launch::{Scripted, ScriptedOutcome};
use azure_batch_emulator::{Batch, Options};
use chrono::{DateTime, TimeDelta, Utc};
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;
use emulator_core::service::{Request, Service};
use planner::formula::{Settings, Warm, WarmWindow};
use planner::generators::Generator;
use planner::pool::{Pool, Scaler, Span, simulate};
use planner::table::WeeklyTable;
use planner::timings::Timings;
use planner::trace::{HOUR, Job, MINUTE};
use serde_json::{Value, json};

/// The nodes every five minutes, and the wait of each job in milliseconds.
type Result = (Vec<usize>, Vec<i64>);

const HOURS: i64 = 30;

struct Emulated {
    service: Arc<Service<Batch>>,
    clock: Clock,
}

impl Emulated {
    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{path}api-version=2025-06-01"))
            .header("authorization", "Bearer token")
            .header("content-type", "application/json; odata=minimalmetadata");
        let request: Request = request.body(body.to_string().into()).expect("a valid request");
        let response = self.service.call(request).await.expect("an answer");
        assert!(response.status().is_success(), "{path}: {:?}", response.body());
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    fn advance_to(&self, at: DateTime<Utc>) {
        self.clock.advance_to(at);
        self.service.emulator.settle();
    }
}

async fn emulated(formula: &str, jobs: &[Job], pool: Pool) -> Result {
    let clock = Clock::with_pace(pool.start, Pace::Manual);
    let durations: BTreeMap<String, Duration> = jobs
        .iter()
        .enumerate()
        .map(|(number, job)| (format!("t{number}"), Duration::from_millis(job.busy as u64)))
        .collect();
    let script =
        Scripted::new(move |run| ScriptedOutcome { duration: durations[run.task], exit_code: 0 });
    let mut account = Options::new("me", "", Arc::new(script), "unused".into());
    account.bearer = Some("token".to_owned());
    account.seed = pool.seed;
    account.rules.quota.dedicated_cores = u32::MAX;
    let batch = Batch::new(account, EventContext::new(clock.clone())).expect("valid options");
    let emulated = Emulated { service: Service::new(batch), clock };
    let image = json!({ "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" });
    let body = json!({
        "id": "pool", "vmSize": "Standard_D16s_v5", "taskSlotsPerNode": pool.slots,
        "virtualMachineConfiguration": { "imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04" },
        "enableAutoScale": true, "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M",
    });
    emulated.call("POST", "/pools?", &body).await;
    emulated
        .call("POST", "/jobs?", &json!({ "id": "jobs", "poolInfo": { "poolId": "pool" } }))
        .await;
    let (mut nodes, mut jobs_to_add) = (Vec::new(), jobs.iter().enumerate().peekable());
    for sample in 0..=HOURS * 12 {
        let at = sample * 5 * MINUTE;
        while let Some((number, job)) = jobs_to_add.next_if(|(_, job)| job.at <= at) {
            emulated.advance_to(pool.start + TimeDelta::milliseconds(job.at));
            let task = json!({ "id": format!("t{number}"), "commandLine": "x" });
            emulated.call("POST", "/jobs/jobs/tasks?", &task).await;
            // A free node starts it at once.
            emulated.service.emulator.settle();
        }
        emulated.advance_to(pool.start + TimeDelta::milliseconds(at));
        nodes.push(emulated.service.emulator.nodes("pool").len());
    }
    let mut waits = Vec::new();
    for (number, job) in jobs.iter().enumerate() {
        let path = format!("/jobs/jobs/tasks/t{number}?");
        let task = emulated.call("GET", &path, &Value::Null).await;
        let start =
            task["executionInfo"]["startTime"].as_str().map(|text| text.parse().expect("a time"));
        let start: DateTime<Utc> = start.expect("every job starts in time");
        waits.push((start - pool.start).num_milliseconds() - job.at);
    }
    (nodes, waits)
}

fn modelled(settings: &Settings, jobs: &[Job], pool: Pool) -> Result {
    let formula = settings.parsed();
    let span = Span { from: 0, measure: 0, to: HOURS * HOUR };
    let timeline = simulate(pool, jobs, Scaler::Formula(&formula), span);
    let compiled = simulate(pool, jobs, Scaler::Template(settings), span);
    assert_eq!((&timeline.samples, &timeline.waits), (&compiled.samples, &compiled.waits));
    let nodes = timeline.samples.iter().map(|sample| sample.nodes).collect();
    (nodes, timeline.waits.into_iter().map(Option::unwrap_or_default).collect())
}

fn settings(warm: Warm, calm_minutes: u32) -> Settings {
    Settings { max_nodes: 40, min_nodes: 0, calm_minutes, warm }
}

#[tokio::test]
async fn the_model_has_the_nodes_and_waits_of_the_emulator() {
    let window = WarmWindow { nodes: 6, from_hour: 6, to_hour: 17, from_weekday: 1, to_weekday: 5 };
    let table = WeeklyTable {
        hour_nodes: (0..168)
            .map(|hour| if (7..17).contains(&(hour % 24)) { 3 + hour % 24 } else { 0 })
            .collect(),
        spare_nodes: vec![2],
        start_nodes: (0..168).map(|hour| if hour % 24 == 2 { 20 } else { 0 }).collect(),
        trust: 2,
    };
    for (generator, settings, slots, seed) in [
        (Generator::Office, settings(Warm::None, 15), 1, 1),
        (Generator::Flat, settings(Warm::None, 5), 2, 2),
        (Generator::Nightly, settings(Warm::Window(window), 10), 1, 3),
        (Generator::Nightly, settings(Warm::Table(table.clone()), 5), 4, 4),
        (Generator::Office, settings(Warm::Table(table), 30), 1, 5),
    ] {
        let trace = generator.trace(seed);
        // Cancelled jobs are no figure of the model; the emulator knows none. All jobs start before the end.
        let jobs = trace.between(0, (HOURS - 2) * HOUR).iter().take(400);
        let jobs: Vec<Job> = jobs.map(|job| Job { cancelled: false, ..*job }).collect();
        let pool = Pool { start: trace.start, slots, timings: Timings::REPORTED, seed };
        let emulated = emulated(&settings.formula(), &jobs, pool).await;
        let modelled = modelled(&settings, &jobs, pool);
        assert!(emulated.0.iter().max() > Some(&3), "{generator:?} needs nodes");
        assert_eq!(emulated.0, modelled.0, "{generator:?}: nodes");
        // The emulator's times have ticks of 100 ns, and no two changes have the same time.
        let differ =
            emulated.1.iter().zip(&modelled.1).filter(|(one, other)| one.abs_diff(**other) > 1);
        assert_eq!(differ.count(), 0, "{generator:?}: waits");
    }
}

//! An account in virtual time that is called without a socket, with scripted tasks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::http_client::{ACCOUNT, KEY};
use crate::launch::{Scripted, ScriptedOutcome, ScriptedRun};
use crate::{Batch, DurationRange, Options, Timings};
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;
use emulator_core::service::Service;

pub(super) const NOON: DateTime<Utc> = DateTime::from_timestamp(1_795_262_400, 0).unwrap();

/// Allocation, pull and departure take one minute each; boot takes four.
const TIMINGS: Timings = Timings {
    allocation: DurationRange::seconds(60, 60),
    boot: DurationRange::seconds(240, 240),
    pull: DurationRange::seconds(60, 60),
    departure: DurationRange::seconds(60, 60),
};

/// An account, with a manual clock by default.
pub(super) struct Account {
    pub(super) service: Arc<Service<Batch>>,
    pub(super) clock: Clock,
}

impl Account {
    /// Creates an account whose tasks take ten minutes and succeed, unless their settings say
    /// otherwise.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Creates an account with changed options.
    pub(super) fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::at_pace(Pace::Manual, change)
    }

    /// Creates an account whose clock runs at this pace.
    pub(super) fn at_pace(pace: Pace, change: impl FnOnce(&mut Options)) -> Self {
        let clock = Clock::with_pace(NOON, pace);
        let launcher = Arc::new(Scripted::new(ten_minutes));
        let mut options = Options::new(ACCOUNT, KEY, launcher, "unused".into());
        options.bearer = Some("t".to_owned());
        options.rules.timings = TIMINGS;
        change(&mut options);
        let batch = Batch::new(options, EventContext::new(clock.clone())).unwrap();
        Self { service: Service::new(batch), clock }
    }

    pub(super) fn batch(&self) -> &Batch {
        &self.service.emulator
    }

    /// Calls an operation and returns the status with the error's code, and the body.
    pub(super) async fn call(&self, method: &str, path: &str, body: Value) -> (String, Value) {
        self.call_in("2025-06-01", method, path, body).await
    }

    /// Calls an operation of an API version.
    pub(super) async fn call_in(
        &self,
        version: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (String, Value) {
        let separator = if path.contains('?') { '&' } else { '?' };
        let uri = format!("{path}{separator}api-version={version}");
        self.request(method, &uri, "application/json; odata=minimalmetadata", body).await
    }

    /// Sends a request with its version and its content type.
    pub(super) async fn request(
        &self,
        method: &str,
        uri: &str,
        content_type: &str,
        body: Value,
    ) -> (String, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", "Bearer t")
            .header("content-type", content_type);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.service.call(request.body(body.into()).unwrap()).await.unwrap();
        let shown: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let code = shown["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
        (format!("{}{code}", answer.status().as_u16()), shown)
    }

    /// Posts a body and returns the status with the error's code.
    pub(super) async fn post(&self, path: &str, body: Value) -> String {
        self.call("POST", path, body).await.0
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.1
    }

    /// Adds the pool `p` of machines with two cores.
    pub(super) async fn add_pool(&self, more: Value) -> String {
        let mut pool = json!({
            "id": "p",
            "vmSize": "Standard_D2s_v5",
            "virtualMachineConfiguration": {
                "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
                "nodeAgentSKUId": "batch.node.ubuntu 24.04",
            },
        });
        pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/pools", pool).await
    }

    /// Adds the job `j` for the pool `p`, and `count` tasks from `t1`.
    pub(super) async fn add_tasks(&self, count: usize) {
        self.post("/jobs", json!({ "id": "j", "poolInfo": { "poolId": "p" } })).await;
        for number in 1..=count {
            let task = json!({ "id": format!("t{number}"), "commandLine": "x" });
            assert_eq!(self.post("/jobs/j/tasks", task).await, "201");
        }
    }

    /// Advances the clock.
    pub(super) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap());
    }

    /// Describes the pool `p`: allocation state, targets, node states and errors.
    pub(super) fn pool(&self) -> String {
        let Some(pool) = self.batch().pools().into_iter().find(|pool| pool.id == "p") else {
            return "absent".to_owned();
        };
        let nodes = self.batch().nodes("p");
        let mut states: Vec<&str> = nodes.iter().map(|node| node.state).collect();
        states.sort_unstable();
        let runs = states.chunk_by(|a, b| a == b);
        let counts: Vec<_> = runs.map(|run| format!(", {} {}", run.len(), run[0])).collect();
        let errors: String = pool.errors.iter().map(|code| format!(", {code}")).collect();
        let (dedicated, low_priority) = pool.targets;
        format!("{} to {dedicated}+{low_priority}{}{errors}", pool.allocation, counts.concat())
    }

    /// Returns the numbers of active, running, succeeded and failed tasks of the job `j`.
    pub(super) fn tasks(&self) -> [u64; 4] {
        let job = self.batch().jobs().into_iter().find(|job| job.id == "j").unwrap();
        [job.active, job.running, job.succeeded, job.failed]
    }
}

fn ten_minutes(act: &ScriptedRun<'_>) -> ScriptedOutcome {
    let said = |name: &str| act.settings.get(name).and_then(|text| text.parse().ok());
    let duration = Duration::from_secs(said("SECONDS").unwrap_or(600));
    ScriptedOutcome { duration, exit_code: said("EXIT_CODE").unwrap_or(0) as i32 }
}

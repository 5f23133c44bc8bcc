//! Measures a Batch job of 25,000, 50,000 and 100,000 tasks: adding, counting, listing, running.
//!
//! The cost per task should not depend on the number of tasks. `cargo bench -p azure-batch-emulator --bench tasks`.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_batch_emulator::launch::{Scripted, ScriptedOutcome};
use azure_batch_emulator::{Batch, Options, PoolOptions};
use chrono::DateTime;
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;
use emulator_core::service::Service;
use serde_json::{Value, json};

const NUMBERS: [usize; 3] = [25_000, 50_000, 100_000];

struct Account {
    service: Arc<Service<Batch>>,
    clock: Clock,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        for number in NUMBERS {
            measure(number).await;
        }
    });
}

async fn measure(number: usize) {
    let account = Account::new().await;
    let begin = Instant::now();
    account.add(number).await;
    report("add", number, begin.elapsed());
    let begin = Instant::now();
    for _ in 0..number {
        account.call("GET", "/jobs/j/taskcounts?", None).await;
    }
    report("count", number, begin.elapsed());
    let begin = Instant::now();
    let listed = account.list("/jobs/j/tasks?$select=id&").await;
    assert_eq!(listed, number);
    report("list", number, begin.elapsed());
    let begin = Instant::now();
    account.run(number);
    report("run", number, begin.elapsed());
}

fn report(what: &str, number: usize, took: Duration) {
    let each = took.as_secs_f64() * 1e6 / number as f64;
    let line = format!("{what:>5} {number:>6}: {:>6.2} s, {each:>5.1} µs each", took.as_secs_f64());
    writeln!(std::io::stdout(), "{line}").expect("stdout is open");
}

impl Account {
    async fn new() -> Self {
        let clock = Clock::with_pace(DateTime::UNIX_EPOCH, Pace::Manual);
        let minute = ScriptedOutcome { duration: Duration::from_secs(60), exit_code: 0 };
        let launcher = Arc::new(Scripted::new(move |_| minute));
        let mut options = Options::new("a", "", launcher, "unused".into());
        options.bearer = Some("t".to_owned());
        let (id, display) = ("p".to_owned(), "p".to_owned());
        options.pools = vec![PoolOptions { id, nodes: 100, slots: 4, containers: false, display }];
        let batch = Batch::new(options, EventContext::new(clock.clone())).expect("a key");
        let account = Self { service: Service::new(batch), clock };
        let job = json!({ "id": "j", "poolInfo": { "poolId": "p" } });
        account.service.emulator.hold_scheduling("p").expect("a pool");
        account.call("POST", "/jobs?", Some(job)).await;
        account
    }

    async fn add(&self, number: usize) {
        for hundred in 0..number / 100 {
            let task =
                |n| json!({ "id": format!("t{:06}", hundred * 100 + n), "commandLine": "x" });
            let tasks: Vec<_> = (0..100).map(task).collect();
            self.call("POST", "/jobs/j/addtaskcollection?", Some(json!({ "value": tasks }))).await;
        }
    }

    async fn list(&self, path: &str) -> usize {
        let (mut path, mut listed) = (path.to_owned(), 0);
        loop {
            let page = self.call("GET", &path, None).await;
            listed += page["value"].as_array().map_or(0, Vec::len);
            let Some(link) = page["odata.nextLink"].as_str() else { return listed };
            let link = link.trim_start_matches("http://localhost");
            path = link.replace("api-version=2025-06-01&", "") + "&";
        }
    }

    /// Runs everything, 400 tasks at a time.
    fn run(&self, number: usize) {
        let batch = &self.service.emulator;
        batch.release_scheduling("p").expect("a pool");
        batch.settle();
        self.clock.advance(Duration::from_secs(60 * (number as u64 / 400 + 1)));
        batch.settle();
        assert_eq!(batch.jobs()[0].succeeded, number as u64);
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{path}api-version=2025-06-01"))
            .header("authorization", "Bearer t")
            .header("content-type", "application/json; odata=minimalmetadata");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = self.service.call(request.body(body.into()).expect("a request")).await;
        let answer = answer.expect("no answer is lost");
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }
}

//! The cost of a pool with many nodes, in a pool that exists from the start and in one that a client
//! adds: `cargo bench -p azure-batch-emulator --bench nodes`.
//!
//! The time of each node does not grow with their number.

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

const NUMBERS: [usize; 4] = [5_000, 20_000, 40_000, 100_000];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        for number in NUMBERS {
            measure(number).await;
        }
    });
}

async fn measure(number: usize) {
    let account = Account::new();
    let batch = &account.service.emulator;
    let begin = Instant::now();
    batch.resize("fixed", number).expect("a pool");
    report("grow", number, begin.elapsed());
    assert_eq!(batch.nodes("fixed").len(), number);
    let begin = Instant::now();
    batch.resize("fixed", 0).expect("a pool");
    report("shrink", number, begin.elapsed());

    let begin = Instant::now();
    account.post("/pools", &pool(number)).await;
    account.clock.advance(Duration::from_secs(3_600));
    batch.settle();
    assert!(batch.nodes("p").iter().all(|node| node.state == "idle"));
    report("boot", number, begin.elapsed());
    let begin = Instant::now();
    account.post("/jobs", &json!({ "id": "j", "poolInfo": { "poolId": "p" } })).await;
    for hundred in 0..number / 100 {
        let task = |n| json!({ "id": format!("t{}", hundred * 100 + n), "commandLine": "x" });
        let tasks: Vec<_> = (0..100).map(task).collect();
        account.post("/jobs/j/addtaskcollection", &json!({ "value": tasks })).await;
    }
    batch.settle();
    assert_eq!(batch.jobs()[0].running, number as u64);
    report("tasks", number, begin.elapsed());
    let begin = Instant::now();
    account.post("/pools/p/resize", &json!({ "targetDedicatedNodes": 0 })).await;
    account.clock.advance(Duration::from_secs(3_600));
    batch.settle();
    assert!(batch.nodes("p").is_empty());
    report("leave", number, begin.elapsed());
}

fn report(what: &str, number: usize, took: Duration) {
    let each = took.as_secs_f64() * 1e6 / number as f64;
    let line = format!("{what:>6} {number:>6}: {:>6.2} s, {each:>5.1} µs each", took.as_secs_f64());
    writeln!(std::io::stdout(), "{line}").expect("stdout is open");
}

fn pool(nodes: usize) -> Value {
    json!({
        "id": "p",
        "vmSize": "Standard_D2s_v5",
        "targetDedicatedNodes": nodes,
        "virtualMachineConfiguration": {
            "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
            "nodeAgentSKUId": "batch.node.ubuntu 24.04",
        },
    })
}

struct Account {
    service: Arc<Service<Batch>>,
    clock: Clock,
}

impl Account {
    fn new() -> Self {
        let clock = Clock::with_pace(DateTime::UNIX_EPOCH, Pace::Manual);
        let day = ScriptedOutcome { duration: Duration::from_secs(86_400), exit_code: 0 };
        let launcher = Arc::new(Scripted::new(move |_| day));
        let mut options = Options::new("a", "", launcher, "unused".into());
        options.bearer = Some("t".to_owned());
        options.rules.quota.dedicated_cores = u32::MAX;
        let (id, display) = ("fixed".to_owned(), "fixed".to_owned());
        options.pools = vec![PoolOptions { id, nodes: 0, slots: 1, containers: false, display }];
        let batch = Batch::new(options, EventContext::new(clock.clone())).expect("a key");
        Self { service: Service::new(batch), clock }
    }

    async fn post(&self, path: &str, body: &Value) {
        let request = http::Request::post(format!("{path}?api-version=2025-06-01"))
            .header("authorization", "Bearer t")
            .header("content-type", "application/json; odata=minimalmetadata");
        let request = request.body(body.to_string().into()).expect("a request");
        let answer = self.service.call(request).await.expect("no answer is lost");
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

//! The agent against the emulated service, in virtual time.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_pipelines_emulator::{NewJob, Options, Pipelines, Pool};
use bytes::Bytes;
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::Service;
use emulator_core::transport::{self, Transport};
use github_emulator::runner_keys;
use http::header;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use crate::{Agent, Behaviour, Configuration, Outcome};

mod files;
mod fleet;
mod once;
mod process;
mod sessions;

const TOKEN: &str = "pat-of-tests";
/// The basic credential of the token.
const BASIC: &str = "Basic OnBhdC1vZi10ZXN0cw==";
const MINUTE: Duration = Duration::from_secs(60);

/// An emulated organization with a pool, in virtual time.
struct World {
    pipelines: Arc<Pipelines>,
    service: Arc<Service<Pipelines>>,
    clock: Clock,
    events: broadcast::Receiver<Event>,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let context =
            EventContext::new(Clock::starting_at("2026-11-29T11:20:20Z".parse().unwrap()));
        let (clock, events) = (context.clock.clone(), context.subscribe());
        let mut options = Options::new("contoso", TOKEN, 1);
        change(&mut options);
        let pipelines = Pipelines::new(options, context);
        // Updates are requested by the tests only.
        pipelines.add_pool(Pool { auto_update: false, ..Pool::named("linux") });
        let service = Service::new(Arc::clone(&pipelines));
        Self { pipelines, service, clock, events }
    }

    fn transport(&self) -> Transport {
        transport::to(Arc::clone(&self.service))
    }

    /// Registers an agent as a provider does; returns its files.
    async fn register(&self, name: &str) -> BTreeMap<&'static str, String> {
        let body = registration(name);
        let url = "http://devops.test/contoso/_apis/distributedtask/pools/1/agents?api-version=7.1";
        let request = http::Request::post(url)
            .header(header::AUTHORIZATION, BASIC)
            .body(Bytes::from(body.to_string()));
        let response = self.service.call(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        files(&serde_json::from_slice(response.body()).unwrap())
    }

    async fn agent(&self, name: &str, behaviour: Behaviour) -> Agent {
        let files = self.register(name).await;
        self.configured(&files).with_behaviour(behaviour)
    }

    fn configured(&self, files: &BTreeMap<&'static str, String>) -> Agent {
        let file = |name: &str| files.get(name).map(String::as_str);
        let configuration = Configuration::from_files(file).map_err(|error| error.problem).unwrap();
        Agent::new(configuration, &self.transport(), self.clock.clone())
    }

    fn queue(&self) -> u64 {
        self.pipelines.queue_job(job()).request()
    }

    /// Takes the events so far.
    fn events(&mut self) -> String {
        let mut lines = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let EventKind::Pipelines(event) = event.kind {
                lines.push(format!("{event:?}"));
            }
        }
        lines.join("\n")
    }
}

/// A job of a minute.
fn job() -> NewJob {
    let mut job = NewJob::new("shop", "linux");
    job.work.runs_for_ms = 60_000;
    job
}

fn registration(name: &str) -> Value {
    let key = runner_keys::key(1);
    json!({
        "name": name,
        "version": "4.274.1",
        "maxParallelism": 1,
        "provisioningState": "Provisioned",
        "authorization": { "publicKey": { "exponent": key.exponent, "modulus": key.modulus } },
        "systemCapabilities": {},
    })
}

/// Writes the files of a registered agent.
fn files(agent: &Value) -> BTreeMap<&'static str, String> {
    let settings = json!({
        "agentId": agent["id"],
        "agentName": agent["name"],
        "poolId": 1,
        "poolName": "linux",
        "serverUrl": agent["properties"]["ServerUrl"]["$value"],
        "workFolder": "_work",
    });
    let authorization = &agent["authorization"];
    let credentials = json!({
        "scheme": "OAuth",
        "data": {
            "clientId": authorization["clientId"],
            "authorizationUrl": authorization["authorizationUrl"],
            "oauthEndpointUrl": authorization["authorizationUrl"],
        },
    });
    let key = serde_json::to_string(runner_keys::key(1)).unwrap();
    BTreeMap::from([
        (".agent", settings.to_string()),
        (".credentials", credentials.to_string()),
        (".credentials_rsaparams", key),
    ])
}

/// Runs an agent that is not stopped.
async fn run(agent: &Agent) -> Outcome {
    let (_stop, stopped) = watch::channel(false);
    agent.run_once(stopped).await
}

/// Writes an outcome on one line.
fn line(outcome: &Outcome) -> String {
    let code = outcome.code.map_or("died".to_owned(), |code| code.code().to_string());
    let job = outcome.job.as_ref().map_or("no job", |job| &job.result);
    let update = outcome.updated_to.as_deref().map(|version| format!(", now {version}"));
    format!("{code}: {job}{}", update.unwrap_or_default())
}

/// A console that tests can read.
#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Console {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

//! GitHub and its runners in one process, without sockets, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::header;
use serde_json::{Value, json};

use tokio::sync::watch;

use super::{Program, ReturnCode};
use crate::tests::world::TOKEN;
use crate::{InMemoryRunner, JobOutcome};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Response, Service};
use emulator_core::transport::{self, Transport};
use github_emulator::{Conclusion, GitHub, NewJob, Options, Scope};

struct Simulation {
    context: EventContext,
    github: Arc<GitHub>,
    transport: Transport,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut options = Options::new(TOKEN, seed);
        options.transport = Arc::new(|_| async { Ok(Response::default()) }.boxed());
        let context =
            EventContext::new(Clock::starting_at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = GitHub::new(options, context.clone());
        let transport = transport::to(Service::new(Arc::clone(&github)));
        Self { context, github, transport }
    }

    async fn configuration(&self, name: &str) -> String {
        self.configuration_of("http://github.test/repos/octo/app", name).await
    }

    async fn configuration_of(&self, scope: &str, name: &str) -> String {
        let body = json!({ "name": name, "runner_group_id": 1, "labels": ["linux"] });
        let path = format!("{scope}/actions/runners/generate-jitconfig");
        let request = http::Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(header::USER_AGENT, "mayfly")
            .body(Bytes::from(body.to_string()));
        let response = (self.transport)(request.unwrap()).await.unwrap();
        let response: Value = serde_json::from_slice(response.body()).unwrap();
        response["encoded_jit_config"].as_str().unwrap().to_owned()
    }
}

/// Runs five jobs on five runners, and returns all events.
async fn events_of(seed: u64) -> String {
    let simulation = Simulation::new(seed);
    let mut events = simulation.context.subscribe();
    let scope = Scope::Organization("octo".to_owned());
    simulation.github.add_hook("http://hook.test/", "secret", scope);
    let mut new = NewJob::new("octo/app", &["linux"]);
    let mut running = Vec::new();
    for number in 1..=5 {
        new.runs_for = Duration::from_secs(600 * number);
        simulation.github.queue_job(new.clone());
        let config = simulation.configuration(&format!("gh-{number}")).await;
        let program = Program::new();
        let run = program.start_on(simulation.transport.clone(), &["run", "--jitconfig", &config]);
        running.push((program, run));
    }
    for (program, run) in running {
        assert_eq!(run.await.unwrap(), ReturnCode::Success, "{}", program.output());
    }
    let mut lines = String::new();
    while let Ok(event) = events.try_recv() {
        lines.push_str(&format!("{} {:?}\n", event.at, event.kind));
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_events_byte_for_byte() {
    let first = events_of(7).await;
    assert_eq!(first.matches("JobDone").count(), 5);
    assert_eq!(events_of(7).await, first);
    assert_ne!(events_of(8).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_second_listener_of_one_runner_gives_up() {
    let simulation = Simulation::new(1);
    simulation.github.add_repository("octo/app", github_emulator::Visibility::Private);
    let config = simulation.configuration("gh-1").await;
    let (first, second) = (Program::new(), Program::new());
    let args = ["run", "--jitconfig", config.as_str()];
    let running = first.start_on(simulation.transport.clone(), &args);
    first.wait_for_output("Listening for Jobs").await;
    let started = simulation.context.clock.now();
    let second_code = second.start_on(simulation.transport.clone(), &args).await.unwrap();
    assert_eq!(second_code, ReturnCode::SessionConflict);
    let duration = simulation.context.clock.now() - started;
    assert!((180..=240).contains(&duration.num_seconds()), "{duration}");
    first.stop.send_replace(true);
    assert_eq!(running.await.unwrap(), ReturnCode::Success);
}

async fn in_memory_runner(simulation: &Simulation, scope: &str, name: &str) -> InMemoryRunner {
    let config = simulation.configuration_of(scope, name).await;
    let clock = simulation.context.clock.clone();
    InMemoryRunner::from_jit_config(&config, &simulation.transport, clock).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_in_memory_runner_serves_fails_rejects_or_stays_offline() {
    let simulation = Simulation::new(1);
    let mut outcomes = Vec::new();
    for (name, set_up_fails, repository) in
        [("gh-1", false, "octo/app"), ("gh-2", true, "octo/app"), ("gh-3", false, "octo/evil")]
    {
        let scope = "http://github.test/orgs/octo";
        let mut new = NewJob::new(repository, &["linux"]);
        (new.set_up_fails, new.runs_for) = (set_up_fails, Duration::from_secs(60));
        let job = simulation.github.queue_job(new);
        let runner = in_memory_runner(&simulation, scope, name).await;
        let runner = runner.with_started_hook(|repository| repository == "octo/app");
        let served = runner.run(watch::Sender::new(false).subscribe()).await.unwrap();
        let ended = simulation.github.job(job).unwrap();
        let duration = ended.completed_at.unwrap() - ended.started_at.unwrap();
        assert_eq!(served.job, job);
        outcomes.push((served.outcome, ended.conclusion.unwrap(), duration.num_seconds()));
    }
    let expected = [
        (JobOutcome::StepsStarted, Conclusion::Success, 60),
        (JobOutcome::SetUpFailed, Conclusion::Failure, 0),
        (JobOutcome::RejectedByHook, Conclusion::Failure, 0),
    ];
    assert_eq!(outcomes, expected);

    let (sender, stop) = watch::channel(false);
    let offline =
        in_memory_runner(&simulation, "http://github.test/orgs/octo", "gh-4").await.never_online();
    let running = tokio::spawn(async move { offline.run(stop).await });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!simulation.github.runners()[0].online);
    sender.send_replace(true);
    assert_eq!(running.await.unwrap(), None);
}

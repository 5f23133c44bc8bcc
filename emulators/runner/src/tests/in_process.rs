//! Runs GitHub and its runners in one process, without a socket, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::header;
use serde_json::{Value, json};

use tokio::sync::watch;

use super::{Ending, Program};
use crate::tests::world::TOKEN;
use crate::{Bare, Course};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Response, Service};
use emulator_core::transport::{self, Transport};
use github_emulator::{Conclusion, GitHub, NewJob, Options, Scope};

struct Simulation {
    site: EventContext,
    github: Arc<GitHub>,
    transport: Transport,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut options = Options::new(TOKEN, seed);
        options.transport = Arc::new(|_| async { Ok(Response::default()) }.boxed());
        let site = EventContext::new(Clock::starting_at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = GitHub::new(options, site.clone());
        let transport = transport::to(Service::new(Arc::clone(&github)));
        Self { site, github, transport }
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
        let answer = (self.transport)(request.unwrap()).await.unwrap();
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        answer["encoded_jit_config"].as_str().unwrap().to_owned()
    }
}

/// Plays five jobs on five runners, and tells all that happened.
async fn story(seed: u64) -> String {
    let simulation = Simulation::new(seed);
    let mut events = simulation.site.subscribe();
    let scope = Scope::Organization("octo".to_owned());
    simulation.github.add_hook("http://hook.test/", "secret", scope);
    let mut order = NewJob::new("octo/app", &["linux"]);
    let mut running = Vec::new();
    for number in 1..=5 {
        order.runs_for = Duration::from_secs(600 * number);
        simulation.github.queue_job(order.clone());
        let config = simulation.configuration(&format!("gh-{number}")).await;
        let program = Program::new();
        let ending =
            program.start_on(simulation.transport.clone(), &["run", "--jitconfig", &config]);
        running.push((program, ending));
    }
    for (program, ending) in running {
        assert_eq!(ending.await.unwrap(), Ending::Success, "{}", program.said());
    }
    let mut told = String::new();
    while let Ok(event) = events.try_recv() {
        told.push_str(&format!("{} {:?}\n", event.at, event.kind));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_tells_the_same_story_to_the_letter() {
    let first = story(7).await;
    assert_eq!(first.matches("JobDone").count(), 5);
    assert_eq!(story(7).await, first);
    assert_ne!(story(8).await, first);
}

#[tokio::test(start_paused = true)]
async fn of_two_programs_with_one_configuration_the_second_gives_up() {
    let simulation = Simulation::new(1);
    simulation.github.add_repository("octo/app", github_emulator::Visibility::Private);
    let config = simulation.configuration("gh-1").await;
    let (first, second) = (Program::new(), Program::new());
    let args = ["run", "--jitconfig", config.as_str()];
    let running = first.start_on(simulation.transport.clone(), &args);
    first.says("Listening for Jobs").await;
    let began = simulation.site.clock.now();
    let given_up = second.start_on(simulation.transport.clone(), &args).await.unwrap();
    assert_eq!(given_up, Ending::SessionConflict);
    let took = simulation.site.clock.now() - began;
    assert!((180..=240).contains(&took.num_seconds()), "{took}");
    first.stop.send_replace(true);
    assert_eq!(running.await.unwrap(), Ending::Success);
}

async fn bare_of(simulation: &Simulation, scope: &str, name: &str) -> Bare {
    let config = simulation.configuration_of(scope, name).await;
    let clock = simulation.site.clock.clone();
    Bare::configured(&config, &simulation.transport, clock).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_bare_runner_serves_fails_in_set_up_refuses_or_stays_offline() {
    let simulation = Simulation::new(1);
    let mut courses = Vec::new();
    for (name, set_up_fails, repository) in
        [("gh-1", false, "octo/app"), ("gh-2", true, "octo/app"), ("gh-3", false, "octo/evil")]
    {
        let scope = "http://github.test/orgs/octo";
        let mut order = NewJob::new(repository, &["linux"]);
        (order.set_up_fails, order.runs_for) = (set_up_fails, Duration::from_secs(60));
        let job = simulation.github.queue_job(order);
        let runner = bare_of(&simulation, scope, name).await;
        let runner = runner.admitting(|repository| repository == "octo/app");
        let served = runner.run(watch::Sender::new(false).subscribe()).await.unwrap();
        let ended = simulation.github.job(job).unwrap();
        let took = ended.completed_at.unwrap() - ended.started_at.unwrap();
        assert_eq!(served.job, job);
        courses.push((served.course, ended.conclusion.unwrap(), took.num_seconds()));
    }
    let expected = [
        (Course::Worked, Conclusion::Success, 60),
        (Course::SetUpFailed, Conclusion::Failure, 0),
        (Course::Refused, Conclusion::Failure, 0),
    ];
    assert_eq!(courses, expected);

    let (asker, stop) = watch::channel(false);
    let offline = bare_of(&simulation, "http://github.test/orgs/octo", "gh-4").await.never_online();
    let running = tokio::spawn(async move { offline.run(stop).await });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!simulation.github.runners()[0].online);
    asker.send_replace(true);
    assert_eq!(running.await.unwrap(), None);
}

//! Runners that serve jobs, or end without one.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{Program, ReturnCode, World};
use crate::tests::world::TOKEN;
use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::{Conclusion, NewJob, Options};

const STARTED: &str = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
const COMPLETED: &str = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED";

fn line(event: &EventKind) -> String {
    match event {
        EventKind::RunnerRegistered { runner } => format!("{runner} registered"),
        EventKind::RunnerOnline { runner } => format!("{runner} online"),
        EventKind::JobStarted { runner, .. } => format!("job started on {runner}"),
        EventKind::JobDone { conclusion, .. } => format!("job done: {conclusion}"),
        EventKind::RunnerGone { runner } => format!("{runner} removed"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_jit_runner_serves_one_job_and_is_removed() {
    let mut world = World::start().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let program = Program::new();
    assert_eq!(program.run(&["run", "--jitconfig", &config]).await, ReturnCode::Success);
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Success));
    let events = world.wait_for(|event| matches!(event, EventKind::RunnerGone { .. })).await;
    let lines: Vec<String> = events.iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    gh-1 registered
    gh-1 online
    job started on gh-1
    job done: success
    gh-1 removed
    ");
    assert!(!program.has(".runner") && !program.has(".credentials"));
    assert_eq!(program.run(&["run", "--jitconfig", &config]).await, ReturnCode::TerminatedError);
}

#[tokio::test]
async fn a_token_configured_runner_adds_labels_and_hides_the_token() {
    let world = World::start().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["self-hosted", "gpu"]));
    let url = format!("{}/octo/app", world.listening.url);
    let path = "/repos/octo/app/actions/runners/registration-token";
    let token = world.api(Method::POST, path, Value::Null).await.into_body();
    let token = token["token"].as_str().unwrap();
    let program = Program::new();
    let args = ["configure", "--url", &url, "--token", token, "--name", "gh-1"];
    let options =
        ["--labels", "gpu, spaced ,GPU, ,x y", "--ephemeral", "--disableupdate", "--replace"];
    assert_eq!(program.run(&[&args[..], &options[..]].concat()).await, ReturnCode::Success);
    let labels = world.github.runners()[0].labels.join(",");
    assert!(labels.starts_with("self-hosted,Linux,"), "{labels}");
    assert!(labels.ends_with(",gpu, spaced ,x y"), "{labels}");
    let settings = program.read(".runner").replace(&world.listening.url, "http://github.test");
    insta::assert_snapshot!(settings.trim_start_matches('\u{feff}'), @r#"{"agentId":21,"agentName":"gh-1","disableUpdate":true,"ephemeral":true,"gitHubUrl":"http://github.test/octo/app","isHostedServer":false,"poolId":1,"poolName":"Default","serverUrl":"http://github.test/_services/","serverUrlV2":"http://github.test/_services/","useRunnerAdminFlow":true,"useV2Flow":true,"workFolder":"_work"}"#);
    assert!(settings.starts_with('\u{feff}'));
    for file in [".credentials", ".credentials_rsaparams", ".env", ".path", "svc.sh"] {
        assert!(program.has(file), "{file}");
    }
    assert_eq!(program.run(&["run"]).await, ReturnCode::Success);
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Success));
    assert!(!program.output().contains(token));
}

#[tokio::test]
async fn all_inputs_may_be_set_in_the_environment() {
    let world = World::start().await;
    world.github.add_repository("octo/app", github_emulator::Visibility::Private);
    let url = format!("{}/octo/app", world.listening.url);
    let path = "/repos/octo/app/actions/runners/registration-token";
    let token = world.api(Method::POST, path, Value::Null).await.into_body();
    let token = token["token"].as_str().unwrap();
    let mut program = Program::new();
    let inputs = [
        ("URL", url.as_str()),
        ("TOKEN", token),
        ("NAME", "gh-1"),
        ("LABELS", "--gpu,/a b"),
        ("NO-DEFAULT-LABELS", "true"),
        ("EPHEMERAL", "true"),
        ("REPLACE", "false"),
    ];
    let inputs =
        inputs.map(|(name, value)| (format!("ACTIONS_RUNNER_INPUT_{name}"), value.to_owned()));
    program.env.extend(inputs);
    assert_eq!(program.run(&["configure"]).await, ReturnCode::Success);
    let runner = &world.github.runners()[0];
    assert_eq!((runner.labels.join("|").as_str(), runner.ephemeral), ("--gpu|/a b", true));
    let second = Program { env: program.env.clone(), ..Program::new() };
    assert_eq!(second.run(&["configure"]).await, ReturnCode::TerminatedError);
    assert!(second.output().contains("A runner exists with the same name"), "{}", second.output());
}

#[tokio::test]
async fn an_expired_or_foreign_token_does_not_configure() {
    let world = World::start().await;
    world.github.add_repository("octo/app", github_emulator::Visibility::Private);
    world.github.add_repository("octo/lib", github_emulator::Visibility::Private);
    let path = "/repos/octo/app/actions/runners/registration-token";
    let token = world.api(Method::POST, path, Value::Null).await.into_body();
    let token = token["token"].as_str().unwrap().to_owned();
    let program = Program::new();
    let foreign = format!("{}/octo/lib", world.listening.url);
    let own = format!("{}/octo/app", world.listening.url);
    let args = ["configure", "--url", &foreign, "--token", &token];
    assert_eq!(program.run(&args).await, ReturnCode::TerminatedError);
    world.clock.advance(Duration::from_secs(3600));
    let args = ["configure", "--url", &own, "--token", &token];
    assert_eq!(program.run(&args).await, ReturnCode::TerminatedError);
    assert!(program.output().contains("404"));
    assert!(!program.has(".runner") && world.github.runners().is_empty());
    assert_eq!(program.run(&["run"]).await, ReturnCode::TerminatedError);
}

#[tokio::test]
async fn a_runner_removed_while_idle_ends_with_success() {
    let mut options = Options::new(TOKEN, 1);
    options.idle_removal = Some(Duration::from_secs(300));
    let mut world = World::with(options).await;
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let program = Program::new();
    let running = program.start(&["run", "--jitconfig", &config]);
    world.wait_for(|event| matches!(event, EventKind::RunnerOnline { .. })).await;
    assert_eq!(world.github.runners()[0].version.as_deref(), Some(crate::VERSION));
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.github.runners().len(), 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(running.await.unwrap(), ReturnCode::Success);
    assert!(world.github.runners().is_empty());
}

#[tokio::test]
async fn a_runner_stopped_while_idle_closes_its_session() {
    let world = World::start().await;
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let program = Program::new();
    let running = program.start(&["run", "--jitconfig", &config]);
    program.wait_for_output("Listening for Jobs").await;
    assert!(world.github.runners()[0].online);
    program.stop.send_replace(true);
    assert_eq!(running.await.unwrap(), ReturnCode::Success);
    assert!(!world.github.runners()[0].online);
}

#[tokio::test]
async fn a_runner_stopped_during_a_job_reports_failure() {
    let world = World::start().await;
    let mut program = Program::new();
    program.hook(COMPLETED, "touch \"$RUNNER_TEMP/completed\"");
    // A reader of the pipe gets its end when the script and all its processes have ended.
    let pipe = program.home.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut new = NewJob::new("octo/app", &["linux"]);
    new.script = Some(format!("exec 3>{}; echo running >&3; exec sleep 3600", pipe.display()));
    let job = world.github.queue_job(new);
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let running = program.start(&["run", "--jitconfig", &config]);
    let mut lines = BufReader::new(File::open(&pipe).await.unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("running"));
    program.stop.send_replace(true);
    assert_eq!(running.await.unwrap(), ReturnCode::Success);
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert!(program.has(".runner"), "only a served job deletes the configuration");
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Failure));
    assert!(!program.has("_work/_temp/completed"), "no hook runs after a shutdown");
    assert!(world.github.runners().is_empty());
}

#[tokio::test]
async fn a_cancelled_job_ends_and_its_completed_hook_runs() {
    let mut world = World::start().await;
    let mut program = Program::new();
    program.hook(COMPLETED, "touch \"$RUNNER_TEMP/completed\"");
    let mut new = NewJob::new("octo/app", &["linux"]);
    new.runs_for = Duration::from_secs(3600);
    let job = world.github.queue_job(new);
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let running = program.start(&["run", "--jitconfig", &config]);
    world.wait_for(|event| matches!(event, EventKind::JobStarted { .. })).await;
    assert!(world.github.cancel_job(job));
    assert_eq!(running.await.unwrap(), ReturnCode::Success);
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Cancelled));
    assert!(program.has("_work/_temp/completed"));
}

#[tokio::test]
async fn the_started_hook_has_the_jobs_environment_and_can_fail_it() {
    let world = World::start().await;
    let mut program = Program::new();
    let names = ["GITHUB_REPOSITORY", "GITHUB_JOB", "RUNNER_NAME", "MINE", "UNSET"];
    let echo = names.map(|name| format!("echo {name}=${{{name}-}}")).join("; ");
    program.hook(STARTED, &format!("{{ {echo}; }} > \"$RUNNER_TEMP/environment\"; false; true"));
    program.env.insert("MINE".to_owned(), "kept".to_owned());
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let (_, config) = world.register("gh-1", &["linux"]).await;
    program.env.insert("ACTIONS_RUNNER_INPUT_JITCONFIG".to_owned(), config);
    assert_eq!(program.run(&["run"]).await, ReturnCode::Success);
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Failure));
    insta::assert_snapshot!(program.read("_work/_temp/environment"), @"
    GITHUB_REPOSITORY=octo/app
    GITHUB_JOB=build
    RUNNER_NAME=gh-1
    MINE=kept
    UNSET=
    ");
}

#[tokio::test]
async fn requests_with_lost_responses_are_retried() {
    let world = World::start().await;
    for operation in ["NextMessage", "AcceptJob", "CompleteJob"] {
        world.service.faults.inject(operation, 1, Effect::DropResponse);
    }
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let program = Program::new();
    assert_eq!(program.run(&["run", "--jitconfig", &config]).await, ReturnCode::Success);
    let job = world.github.until_completed(job).await;
    assert_eq!((job.conclusion, job.assignments), (Some(Conclusion::Success), 1));
}

#[tokio::test]
async fn a_rejected_version_has_its_own_code_only_on_request() {
    let mut options = Options::new(TOKEN, 1);
    options.minimum_version = Some("2.1000.0".to_owned());
    let world = World::with(options).await;
    let (_, config) = world.register("gh-1", &["linux"]).await;
    let mut program = Program::new();
    let args = ["run", "--jitconfig", config.as_str()];
    assert_eq!(program.run(&args).await, ReturnCode::TerminatedError);
    program
        .env
        .insert("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE".to_owned(), "1".to_owned());
    assert_eq!(program.run(&args).await, ReturnCode::RunnerVersionDeprecated);
}

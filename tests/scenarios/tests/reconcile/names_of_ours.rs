//! Runners of persons that have the name of a task of this deployment: the job of the task is served, and theirs are
//! left alone.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use github_emulator::{NewJob, NewRunner, Scope};
use scenarios::TestEnvironment;
use scenarios::container::{claim, serve};

use crate::{UBUNTU, container};

const THEIRS: &[&str] = &["self-hosted", "theirs"];

/// Starts an environment with a task that waits for a node, and a person's runner of its name.
async fn start(scope: &str, labels: &[&str]) -> (TestEnvironment, u64, String) {
    let mut env = crate::start(&[("RunnerScope", scope)]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    let configuration = register(&env, &format!("gh-{job}"), scope, labels);
    (env, job, configuration)
}

/// Registers a person's runner, and returns its configuration.
fn register(env: &TestEnvironment, name: &str, scope: &str, labels: &[&str]) -> String {
    let scope = match scope {
        "organization" => Scope::Organization("octo".to_owned()),
        _ => Scope::Repository("octo/app".to_owned()),
    };
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    let new = NewRunner { name: name.to_owned(), scope, group: 1, labels, ephemeral: false };
    let (_, configuration) =
        env.deployment.github.emulator.register_runner(new).expect("a free name");
    at_emulator(env, &configuration)
}

/// Returns a configuration for the emulated GitHub in place of `github.com`.
fn at_emulator(env: &TestEnvironment, configuration: &str) -> String {
    let decoded = |text: &str| {
        String::from_utf8(BASE64_STANDARD.decode(text).expect("base64")).expect("a text")
    };
    let files: BTreeMap<String, String> =
        serde_json::from_str(&decoded(configuration)).expect("files");
    let url = &env.deployment.ports.github.url;
    let changed = files.into_iter().map(|(name, file)| {
        (name, BASE64_STANDARD.encode(decoded(&file).replace("https://github.com", url)))
    });
    let files: BTreeMap<String, String> = changed.collect();
    BASE64_STANDARD.encode(serde_json::to_string(&files).expect("JSON"))
}

async fn serve_theirs(env: &TestEnvironment, configuration: &str) -> u64 {
    env.deployment.github.emulator.pause_assignment(false);
    let served = serve(env, configuration).await;
    env.until_true("the end of a job", |env| env.jobs().contains("success")).await;
    served
}

/// Starts our tasks, and checks that nothing but the person's runner is left, and nothing to repair.
async fn assert_left_alone(mut env: TestEnvironment, jobs: &str, tasks: &str) {
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.until_true("the end of all jobs", |env| !env.jobs().contains("open")).await;
    let ended = |env: &TestEnvironment| env.tasks().lines().all(|task| task.contains("completed"));
    env.until_true("the end of all tasks", ended).await;
    assert_eq!(env.jobs(), jobs);
    assert_eq!(env.tasks(), tasks);
    for minutes in [0, 15, 15, 30] {
        env.advance_minutes(minutes);
        assert_eq!(env.reconcile().await, "nothing to repair");
    }
    let runners = env.deployment.github.emulator.runners();
    assert!(matches!(&runners[..], [theirs] if !theirs.ephemeral), "{runners:?}");
    env.end().await;
}

#[tokio::test]
async fn a_job_is_served_beside_a_persons_runner_of_its_name() {
    for scope in ["repository", "organization"] {
        let (env, _, configuration) = start(scope, THEIRS).await;
        let theirs = env.queue(NewJob::new("octo/app", THEIRS));
        assert_eq!(serve_theirs(&env, &configuration).await, theirs);
        let jobs = "<1> success on gh-1-2\n<2> success on gh-1";
        let tasks = "runners-ubuntu: gh-1 completed 0\nrunners-ubuntu: gh-1-2 completed 0";
        assert_left_alone(env, jobs, tasks).await;
    }
}

#[tokio::test]
async fn a_job_that_a_persons_runner_of_its_name_serves_gets_no_other() {
    for scope in ["repository", "organization"] {
        let (env, job, configuration) = start(scope, UBUNTU).await;
        assert_eq!(serve_theirs(&env, &configuration).await, job);
        assert_left_alone(env, "<1> success on gh-1", "runners-ubuntu: gh-1 completed 0").await;
    }
}

#[tokio::test]
async fn a_job_on_a_persons_runner_requests_none_for_the_task_of_that_name() {
    let (mut env, served) = container::start(&[]).await;
    let theirs = register(&env, &format!("gh-{}", served + 1), "organization", UBUNTU);
    assert_eq!(serve(&env, &theirs).await, served);
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    assert_eq!(env.queue_job(UBUNTU), served + 1);
    env.until_task_is_added(&format!("gh-{}", served + 1)).await;

    let answer = claim(&env, &format!("gh-{served}")).await;
    assert_eq!(
        answer.to_string(),
        r#"410 {"decision":"not-needed","reason":"the job was assigned to a runner outside this deployment"}"#
    );
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(env.tasks().lines().count(), 2);
    env.end().await;
}

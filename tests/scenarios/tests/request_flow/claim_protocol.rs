//! The claim protocol step by step: the test acts as the container of a task, and as a job that has read its secrets.

use azure_batch_emulator::Loss;
use emulator_core::faults::Effect;
use github_emulator::{NewJob, NewRunner, Scope};
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use scenarios::container::{self, claim, runner, serve, until_running};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{PROGRAM, UBUNTU};

const OPERATIONS: [&str; 2] = ["GenerateRunnerJitconfigForRepo", "DeleteSelfHostedRunnerFromRepo"];

/// Starts an environment, and returns it with the first of its jobs, whose task runs.
async fn start() -> (TestEnvironment, u64) {
    container::start(PROGRAM, UBUNTU, |_| {}).await
}

/// The signal that stops a runner, and the job that it serves.
type Listening = (watch::Sender<bool>, tokio::task::JoinHandle<Option<u64>>);

/// Starts a runner that listens until it is stopped, and waits until it is online.
async fn listen(env: &TestEnvironment, configuration: &str) -> Listening {
    let runner = runner(env, configuration);
    let (stop, stopped) = watch::channel(false);
    let listening = tokio::spawn(async move { runner.run(stopped).await.map(|served| served.job) });
    let online = |env: &TestEnvironment| {
        env.deployment.github.emulator.runners().iter().any(|runner| runner.online)
    };
    env.until_true("an online runner", online).await;
    (stop, listening)
}

/// Returns how many runners were registered and removed.
fn registrations(env: &TestEnvironment) -> [u64; 2] {
    OPERATIONS.map(|operation| env.deployment.github.faults.calls_of(operation))
}

/// Registers an ephemeral runner by GitHub's API, as an administrator of the repository can; returns its configuration.
async fn register_hostile(env: &TestEnvironment, name: &str) -> String {
    let client = handler::transport::http_client(None).expect("a client");
    let path = "repos/octo/app/actions/runners/generate-jitconfig";
    let url = format!("{}/{path}", env.deployment.ports.github.url);
    let body = json!({ "name": name, "runner_group_id": 1, "labels": ["other"] });
    let token = &env.deployment.settings["GithubToken"];
    let request = client.post(url).json(&body).bearer_auth(token).header("user-agent", "other");
    let response = request.send().await.expect("a response").error_for_status().expect("success");
    let response: Value = response.json().await.expect("JSON");
    response["encoded_jit_config"].as_str().expect("a configuration").to_owned()
}

/// Claims for a task whose name a foreign runner has, and serves the job with its replacement.
async fn serve_beside_foreign(env: &mut TestEnvironment, job: u64) {
    let task = format!("gh-{job}");
    let rejected = claim(env, &task).await;
    let reason = format!("job {job} needs a runner with another name, which is requested");
    assert!(rejected.status == 410 && rejected.body.contains(&reason), "{rejected}");
    env.until_logged("is not of this deployment").await;
    let alarm = format!("ERROR handler::functions::claim_runner::registration: runner {task} (id ");
    assert!(env.log().contains(&alarm), "{}", env.log());
    assert!(env.log().contains("alarm=\"deployment\""), "{}", env.log());
    let replacement = format!("{task}-2");
    env.until_task_is_added(&replacement).await;
    until_running(env, &replacement).await;
    let second = claim(env, &replacement).await;
    assert_eq!(serve(env, &second.body).await, job);
    assert_eq!(env.deployment.github.emulator.runners().len(), 1);
    assert_eq!(env.deployment.github.faults.calls_of(OPERATIONS[1]), 0);
}

#[tokio::test]
async fn a_claim_of_a_lost_node_leaves_the_runner_of_the_next_run() {
    let (env, job) = start().await;
    let task = format!("gh-{job}");
    env.deployment.github.faults.inject(OPERATIONS[0], 1, Effect::Hold);
    let next_run = async {
        env.until_called(&env.deployment.github.faults, OPERATIONS[0], 1).await;
        let node = env.deployment.batch.emulator.tasks("runners-ubuntu")[0].node.clone();
        let node = node.expect("a node");
        env.deployment.batch.emulator.lose_node(&node, Loss::Died).expect("the node");
        until_running(&env, &task).await;
        let claimed = claim(&env, &task).await;
        env.deployment.github.faults.release();
        claimed
    };
    let (late, claimed) = tokio::join!(claim(&env, &task), next_run);
    assert_snapshot!(late, @r#"410 {"decision":"not-needed","reason":"Batch runs the task again on another node"}"#);
    assert_snapshot!(claimed, @"200 a configuration");
    assert_eq!(registrations(&env), [2, 0]);
    assert_eq!(serve(&env, &claimed.body).await, job);
    env.end().await;
}

#[tokio::test]
async fn a_used_configuration_is_not_created_again() {
    let (env, victim) = start().await;
    let task = format!("gh-{victim}");
    let github = &env.deployment.github.emulator;
    github.pause_assignment(true);
    let first = claim(&env, &task).await;
    assert_snapshot!(first, @"200 a configuration");
    // GitHub gives the victim's runner to one of these jobs, while the victim waits.
    for _ in 0..20 {
        env.queue(NewJob { silent: true, ..NewJob::new("octo/app", UBUNTU) });
    }
    github.pause_assignment(false);
    assert_ne!(serve(&env, &first.body).await, victim);
    assert_eq!(github.runners().len(), 0);
    assert!(github.job(victim).is_some_and(|job| job.runner.is_none()));
    assert_snapshot!(claim(&env, &task).await, @r#"410 {"decision":"not-needed","reason":"the configuration of this runner was used or has expired"}"#);
    assert_eq!(registrations(&env), [1, 0]);
    env.end().await;
}

#[tokio::test]
async fn a_configuration_is_not_created_again_for_a_connected_runner() {
    let (env, job) = start().await;
    let task = format!("gh-{job}");
    env.deployment.github.emulator.pause_assignment(true);
    let first = claim(&env, &task).await;
    let (stop, listening) = listen(&env, &first.body).await;
    assert_eq!(claim(&env, &task).await.status, 410);
    stop.send_replace(true);
    listening.await.expect("the runner ends");
    // It is offline now, but has connected.
    assert_eq!(claim(&env, &task).await.status, 410);
    assert_eq!(registrations(&env), [1, 0]);
    env.end().await;
}

#[tokio::test]
async fn a_lost_configuration_is_created_again_for_ten_minutes() {
    let (env, job) = start().await;
    let task = format!("gh-{job}");
    let first = claim(&env, &task).await;
    env.advance_minutes(5);
    let second = claim(&env, &task).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.body, second.body);
    assert_eq!(env.deployment.github.emulator.runners().len(), 1);
    // The ten minutes begin with the first registration.
    env.advance_minutes(4);
    assert_eq!(claim(&env, &task).await.status, 200);
    env.advance_minutes(1);
    assert_snapshot!(claim(&env, &task).await, @r#"410 {"decision":"not-needed","reason":"the configuration of this runner was used or has expired"}"#);
    assert_eq!(registrations(&env), [3, 2]);
    env.end().await;
}

#[tokio::test]
async fn no_configuration_is_sent_before_its_runner_is_recorded() {
    let (env, job) = start().await;
    let task = format!("gh-{job}");
    for effect in [Effect::Fail { status: 403, retry_after: None }, Effect::DropResponse] {
        env.deployment.blobs.faults.inject("SetBlobMetadata", 1, effect);
    }
    let unrecorded = claim(&env, &task).await;
    assert_eq!(unrecorded.status, 503, "{unrecorded}");
    // The next claim removes that runner. Storage's client repeats the write whose response was lost.
    let recorded = claim(&env, &task).await;
    assert_eq!(recorded.status, 200, "{recorded}");
    assert_eq!(env.deployment.github.emulator.runners().len(), 1);
    assert_eq!(registrations(&env), [3, 1]);
    env.end().await;
}

#[tokio::test]
async fn a_persistent_runner_with_the_name_of_a_task_is_kept() {
    let (mut env, job) = start().await;
    let new = NewRunner {
        name: format!("gh-{job}"),
        scope: Scope::Repository("octo/app".to_owned()),
        group: 1,
        labels: vec!["other".to_owned()],
        ephemeral: false,
    };
    env.deployment.github.emulator.register_runner(new).expect("the name is free");
    serve_beside_foreign(&mut env, job).await;
    env.end().await;
}

#[tokio::test]
async fn a_hostile_runner_with_the_name_of_a_task_starves_no_job() {
    let (mut env, job) = start().await;
    let hostile = register_hostile(&env, &format!("gh-{job}")).await;
    let (stop, listening) = listen(&env, &hostile).await;
    serve_beside_foreign(&mut env, job).await;
    stop.send_replace(true);
    listening.await.expect("the runner ends");
    env.end().await;
}

#[tokio::test]
async fn the_configuration_comes_with_the_repositories_that_are_allowed_now() {
    let (env, job) = start().await;
    let allowed = [("AllowedRepositories", "octo/app, octo/web-*")];
    env.change_settings(&allowed).await;
    let answer = claim(&env, &format!("gh-{job}")).await;
    assert_eq!(answer.allowed.as_deref(), Some("octo/app,octo/web-*"));
    env.end().await;
}

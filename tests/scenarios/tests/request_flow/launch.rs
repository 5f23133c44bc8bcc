//! Nodes on which a script starts the runner's container, as on Windows.

use std::path::Path;
use std::time::Duration;

use azure_batch_emulator::launch::System;
use github_emulator::NewJob;
use insta::assert_snapshot;
use local_deployment::{Options, Pool, PoolKind};
use scenarios::TestEnvironment;
use tempfile::TempDir;

use crate::{PROGRAM, WINDOWS};

const ON_LINUX: &[&str] = &["self-hosted", "docker"];

#[tokio::test]
async fn a_windows_job_runs_in_a_container_started_by_a_script() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(WINDOWS);
    env.until_invoked("SubmitRunnerTask").await;
    let task = &env.deployment.batch.emulator.tasks("runners-windows")[0];
    // Releases name the image by its digest instead of its tag.
    let image = &task.environment["RUNNER_IMAGE"];
    assert!(
        image == "registry.localhost/githubactions-runner:windows-ltsc2022-2.338.0"
            || image.starts_with("registry.localhost/githubactions-runner@sha256:"),
        "{image}"
    );
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-windows: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn a_linux_job_runs_in_a_container_started_by_a_script() {
    let mut env = TestEnvironment::with(PROGRAM, add_linux_pool).await;
    env.queue_job(ON_LINUX);
    env.until_invoked("SubmitRunnerTask").await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-docker: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn a_profile_on_a_pool_of_another_kind_fails() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        let profiles = r#"[{"name":"docker","labels":["self-hosted","docker"],"pool":"windows","image":"i:1"}]"#;
        options.settings.insert("RunnerProfiles".to_owned(), profiles.to_owned());
    })
    .await;
    let job = env.queue_job(ON_LINUX);
    env.until_task_ends(&format!("gh-{job}")).await;
    let task = &env.deployment.batch.emulator.tasks("runners-docker")[0];
    assert_eq!(task.failure.as_deref(), Some("ContainerPoolNotSupported"));
    env.end().await;
}

#[tokio::test]
async fn the_next_launch_removes_an_orphaned_container() {
    let mut bearer = String::new();
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.nodes = 1;
        bearer = operator_token(options);
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (terminated, process) = start_job(&mut env, WINDOWS, &folder).await;
    terminate(&env, "runners-windows", terminated, &bearer).await;
    env.until_task_ends(&format!("gh-{terminated}")).await;
    assert!(is_running(&process), "a container outlives its client");
    let next = env.queue_job(WINDOWS);
    env.until_task_ends(&format!("gh-{next}")).await;
    assert!(!is_running(&process), "the next launch removes it");
    assert_snapshot!(env.tasks(), @r"
    runners-windows: gh-1 completed
    runners-windows: gh-2 completed 0
    ");
    env.end().await;
}

#[tokio::test]
async fn terminating_a_task_on_linux_ends_its_container() {
    let mut bearer = String::new();
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        add_linux_pool(options);
        bearer = operator_token(options);
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (job, process) = start_job(&mut env, ON_LINUX, &folder).await;
    terminate(&env, "runners-docker", job, &bearer).await;
    env.settle().await;
    assert!(!is_running(&process));
    assert_snapshot!(env.jobs(), @"<1> failure on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_deployment_that_ends_leaves_no_container() {
    let mut bearer = String::new();
    let mut env = TestEnvironment::with(PROGRAM, |options| bearer = operator_token(options)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (job, process) = start_job(&mut env, WINDOWS, &folder).await;
    terminate(&env, "runners-windows", job, &bearer).await;
    env.until_task_ends(&format!("gh-{job}")).await;
    env.end().await;
    assert!(!is_running(&process));
}

/// Adds a pool of Linux nodes without a container configuration, and a profile for it.
fn add_linux_pool(options: &mut Options) {
    let kind = PoolKind::Script(System::Linux);
    options.pools.push(Pool { id: "docker".to_owned(), display_name: "docker".to_owned(), kind });
    let profiles = r#"[{"name":"docker","labels":["self-hosted","docker"],"pool":"docker","image":"i:1",
        "launch":"docker-run","containerRunOptions":"--memory=4g"}]"#;
    options.settings.insert("RunnerProfiles".to_owned(), profiles.to_owned());
}

/// Returns the bearer token with which an operator can call Batch.
fn operator_token(options: &mut Options) -> String {
    options.batch_bearer.get_or_insert_with(|| "an-operator".to_owned()).clone()
}

/// Starts a job that does not end on its own; returns its id and its process id.
async fn start_job(env: &mut TestEnvironment, labels: &[&str], folder: &TempDir) -> (u64, String) {
    let file = folder.path().join("process");
    let mut job = NewJob::new("octo/app", labels);
    job.script = Some(format!("echo $$ >{0}.new\nmv {0}.new {0}\nexec sleep 1000", file.display()));
    let job = env.queue(job);
    env.until_job_starts(job).await;
    (job, written(&file).await)
}

async fn written(file: &Path) -> String {
    let search = async {
        loop {
            match std::fs::read_to_string(file) {
                Ok(text) => return text.trim().to_owned(),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), search).await.expect("the job's script runs")
}

async fn terminate(env: &TestEnvironment, batch_job: &str, job: u64, bearer: &str) {
    let batch = &env.deployment.ports.batch.url;
    let url = format!("{batch}/jobs/{batch_job}/tasks/gh-{job}/terminate?api-version=2025-06-01");
    let client = handler::transport::http_client(None).expect("a client");
    let response = client.post(url).bearer_auth(bearer).send().await.expect("Batch answers");
    assert_eq!(response.status(), 204);
}

/// Returns whether a process runs; a zombie does not.
fn is_running(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|text| !text.contains("State:\tZ"))
}

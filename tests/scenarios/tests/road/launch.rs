//! Nodes that start a runner's container by a script, as those of Windows do.

use std::path::Path;
use std::time::Duration;

use azure_batch_emulator::launch::System;
use emulator_core::events::EventKind;
use github_emulator::NewJob;
use insta::assert_snapshot;
use local_deployment::{Kind, Options, Pool};
use scenarios::World;
use tempfile::TempDir;

use crate::{PROGRAM, WINDOWS};

const ON_LINUX: &[&str] = &["self-hosted", "docker"];

#[tokio::test]
async fn a_windows_job_is_served_by_a_container_that_a_script_starts() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(WINDOWS);
    world.until_invoked("SubmitRunnerTask").await;
    let task = &world.cloud.batch.emulator.tasks("runners-windows")[0];
    // By its tag, and in a release by its digest.
    let image = &task.environment["RUNNER_IMAGE"];
    assert!(
        image == "registry.localhost/githubactions-runner:windows-ltsc2022-2.338.0"
            || image.starts_with("registry.localhost/githubactions-runner@sha256:"),
        "{image}"
    );
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-windows: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn a_linux_job_is_served_in_the_same_way() {
    let mut world = World::with(PROGRAM, have_linux_pool).await;
    world.queue_job(ON_LINUX);
    world.until_invoked("SubmitRunnerTask").await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-docker: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn a_profile_on_a_pool_of_the_other_kind_fails_by_name() {
    let mut world = World::with(PROGRAM, |options| {
        let profiles = r#"[{"name":"docker","labels":["self-hosted","docker"],"pool":"windows","image":"i:1"}]"#;
        options.settings.insert("RunnerProfiles".to_owned(), profiles.to_owned());
    })
    .await;
    let job = world.queue_job(ON_LINUX);
    world.until_task_ends(&format!("gh-{job}")).await;
    let task = &world.cloud.batch.emulator.tasks("runners-docker")[0];
    assert_eq!(task.failure.as_deref(), Some("ContainerPoolNotSupported"));
    world.end().await;
}

#[tokio::test]
async fn the_next_launch_removes_what_a_terminated_task_left() {
    let mut bearer = String::new();
    let mut world = World::with(PROGRAM, |options| {
        options.nodes = 1;
        bearer = operator(options);
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (left, process) = start_job(&mut world, WINDOWS, &folder).await;
    terminate(&world, "runners-windows", left, &bearer).await;
    world.until_task_ends(&format!("gh-{left}")).await;
    assert!(lives(&process), "a container outlives its client");
    let next = world.queue_job(WINDOWS);
    world.until_task_ends(&format!("gh-{next}")).await;
    assert!(!lives(&process), "the next launch removes it");
    assert_snapshot!(world.tasks(), @r"
    runners-windows: gh-1 completed
    runners-windows: gh-2 completed 0
    ");
    world.end().await;
}

#[tokio::test]
async fn a_terminated_task_of_a_linux_node_ends_its_container() {
    let mut bearer = String::new();
    let mut world = World::with(PROGRAM, |options| {
        have_linux_pool(options);
        bearer = operator(options);
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (job, process) = start_job(&mut world, ON_LINUX, &folder).await;
    terminate(&world, "runners-docker", job, &bearer).await;
    world.settle().await;
    assert!(!lives(&process));
    assert_snapshot!(world.jobs(), @"<1> failure on gh-1");
    world.end().await;
}

#[tokio::test]
async fn a_run_that_ends_leaves_no_container() {
    let mut bearer = String::new();
    let mut world = World::with(PROGRAM, |options| bearer = operator(options)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (job, process) = start_job(&mut world, WINDOWS, &folder).await;
    terminate(&world, "runners-windows", job, &bearer).await;
    world.until_task_ends(&format!("gh-{job}")).await;
    world.end().await;
    assert!(!lives(&process));
}

/// Adds a pool of Linux nodes without a container configuration, and a profile for it.
fn have_linux_pool(options: &mut Options) {
    let kind = Kind::Script(System::Linux);
    options.pools.push(Pool { id: "docker".to_owned(), display: "docker".to_owned(), kind });
    let profiles = r#"[{"name":"docker","labels":["self-hosted","docker"],"pool":"docker","image":"i:1",
        "launch":"docker-run","containerRunOptions":"--memory=4g"}]"#;
    options.settings.insert("RunnerProfiles".to_owned(), profiles.to_owned());
}

/// Tells the token by which somebody besides the handler may ask Batch.
fn operator(options: &mut Options) -> String {
    options.batch_bearer.get_or_insert_with(|| "an-operator".to_owned()).clone()
}

/// Starts a job that does not end by itself; tells its number, and that of its process.
async fn start_job(world: &mut World, labels: &[&str], folder: &TempDir) -> (u64, String) {
    let file = folder.path().join("process");
    let mut job = NewJob::new("octo/app", labels);
    job.script = Some(format!("echo $$ >{0}.new\nmv {0}.new {0}\nexec sleep 1000", file.display()));
    let job = world.queue(job);
    let started =
        |what: &EventKind| matches!(what, EventKind::JobStarted { job: one, .. } if *one == job);
    world.until("the start of the job", started).await;
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

async fn terminate(world: &World, batch_job: &str, job: u64, bearer: &str) {
    let batch = &world.cloud.ports.batch.url;
    let url = format!("{batch}/jobs/{batch_job}/tasks/gh-{job}/terminate?api-version=2025-06-01");
    let client = handler::transport::http_client(None).expect("a client");
    let answer = client.post(url).bearer_auth(bearer).send().await.expect("Batch answers");
    assert_eq!(answer.status(), 204);
}

/// Tells whether a process lives; one that has ended and was not waited for does not.
fn lives(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|text| !text.contains("State:\tZ"))
}

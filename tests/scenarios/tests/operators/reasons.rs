//! A job that cannot be served: status, log and alert state the reason, and its run is cancelled if the setting says so.
//!
//! A job that waits for nodes raises an alert but is not cancelled, because the pool may have free nodes later.

use std::pin::Pin;
use std::sync::Arc;

use azure_batch_emulator::ResizeErrorCode;
use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, TaskRun};
use emulator_core::faults::Effect;
use github_emulator::{Group, NewJob, Scope, Visibility};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

const CANCEL: (&str, &str) = ("CancelUnservable", "true");
const ORGANIZATION: [(&str, &str); 2] = [("RunnerScope", "organization"), ("RunnerGroup", "ours")];

/// Returns the status of the only job, its alert after half an hour, and the outcome of its run.
async fn outcome(env: &mut TestEnvironment) -> String {
    let phase = env.job_phases().await;
    env.advance_minutes(30);
    let logged = env.reconcile().await;
    let alarm = env.alarm("waiting").await;
    let cancelled = logged.lines().find(|line| line.starts_with("run "));
    let cancelled = cancelled.and_then(|line| line.split_once(" cancelled: "));
    let cancelled = cancelled.map_or("not cancelled", |(_, why)| why);
    // The next run has nothing else to do; it raises the alert again, or the job is completed.
    env.advance_minutes(1);
    let again = env.reconcile().await;
    assert!(!again.contains(" cancelled: "), "{again}");
    format!("{phase}\n{alarm}\n{cancelled}\n{}", env.jobs())
}

#[tokio::test]
async fn no_profile_has_the_labels() {
    let mut env = crate::start(&[CANCEL]).await;
    env.queue_job(&["self-hosted", "gpu"]);
    env.until_invoked("ProvideActionsRunner").await;
    assert_snapshot!(outcome(&mut env).await, @r#"
    1 unserved: no profile in setting RunnerProfiles has its label "gpu"
    job 1 of octo/app has waited too long: no profile in setting RunnerProfiles has its label "gpu"
    job 1 cannot be served: no profile in setting RunnerProfiles has its label "gpu"
    <1> cancelled on no runner
    "#);
    env.end().await;
}

fn own_group(repositories: Option<&[&str]>) -> Group {
    Group {
        id: 0,
        name: "ours".to_owned(),
        scope: Scope::Organization("octo".to_owned()),
        repositories: repositories.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        allows_public_repositories: false,
    }
}

async fn start_with_group(group: Group) -> TestEnvironment {
    let allowed = ("AllowedRepositories", "octo/app, octo/site");
    let settings = [ORGANIZATION.as_slice(), &[CANCEL, allowed]].concat();
    let mut env = crate::start(&settings).await;
    env.deployment.github.emulator.add_group(group);
    env.deployment.github.emulator.add_repository("octo/site", Visibility::Private);
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env
}

#[tokio::test]
async fn the_group_does_not_admit_the_repository() {
    let mut env = start_with_group(own_group(Some(&["octo/site"]))).await;
    assert_snapshot!(outcome(&mut env).await, @r#"
    1 unserved gh-1: runner group "ours" does not admit octo/app: admit it, or choose another group
    job 1 of octo/app has waited too long: runner group "ours" does not admit octo/app: admit it, or choose another group
    job 1 cannot be served: runner group "ours" does not admit octo/app: admit it, or choose another group
    <1> cancelled on no runner
    "#);
    env.end().await;
}

#[tokio::test]
async fn the_group_admits_more_than_the_settings_allow() {
    let mut env = start_with_group(own_group(None)).await;
    assert_snapshot!(outcome(&mut env).await, @r#"
    1 unserved gh-1: runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow: no runner registers in it until the group or the setting is changed
    job 1 of octo/app has waited too long: runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow: no runner registers in it until the group or the setting is changed
    job 1 cannot be served: runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow: no runner registers in it until the group or the setting is changed
    <1> cancelled on no runner
    "#);
    env.end().await;
}

/// A launcher that finds no image.
struct NoImage;

impl Launcher for NoImage {
    fn launch(&self, _: TaskRun, _: Stop) -> Pin<Box<dyn Future<Output = RunOutcome> + Send>> {
        let reason = "no such image".to_owned();
        Box::pin(async { RunOutcome::NotStarted { code: "ContainerInvalidImage", reason } })
    }
}

#[tokio::test]
async fn the_image_is_missing() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.launcher = Some(Arc::new(NoImage));
        options.settings.insert(CANCEL.0.to_owned(), CANCEL.1.to_owned());
    })
    .await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=5 {
        env.reconcile().await;
        env.until_task_ends(&format!("gh-{job}-{number}")).await;
    }
    assert_snapshot!(outcome(&mut env).await, @r"
    1 unserved: its runners fail (ContainerInvalidImage): check stderr.txt of their tasks, and the image
    job 1 of octo/app has waited too long: its runners fail (ContainerInvalidImage): check stderr.txt of their tasks, and the image
    job 1 cannot be served: its runners fail (ContainerInvalidImage): check stderr.txt of their tasks, and the image
    <1> cancelled on no runner
    ");
    env.end().await;
}

/// A launcher whose containers claim once, and end as an entrypoint does whose claims fail.
struct Unclaimed(reqwest::Client);

impl Launcher for Unclaimed {
    fn launch(&self, run: TaskRun, _: Stop) -> Pin<Box<dyn Future<Output = RunOutcome> + Send>> {
        let variable = |name: &str| run.settings.get(name).cloned().unwrap_or_default();
        let ticket = variable("RUNNER_CLAIM_TICKET");
        let claim = serde_json::json!({ "ticket": ticket, "nonce": "a1b2c3d4e5f6a7b8" });
        let claim = self.0.post(variable("RUNNER_CLAIM_URL")).body(claim.to_string()).send();
        Box::pin(async {
            let answer = claim.await.expect("a response").status().as_u16();
            RunOutcome::Exited(if answer == 503 { 75 } else { 1 })
        })
    }
}

#[tokio::test]
async fn no_runner_gets_a_credential() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        let client = handler::transport::http_client(None).expect("a client");
        options.launcher = Some(Arc::new(Unclaimed(client)));
        options.settings.insert(CANCEL.0.to_owned(), CANCEL.1.to_owned());
    })
    .await;
    let refused = Effect::Fail { status: 422, retry_after: None };
    env.deployment.github.faults.inject("GenerateRunnerJitconfigForRepo", 100, refused);
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=5 {
        env.reconcile().await;
        env.until_task_ends(&format!("gh-{job}-{number}")).await;
    }
    assert_snapshot!(outcome(&mut env).await, @r"
    1 unserved: its runners get no credential: registering a runner failed with 422: it is not possible in the present state
    job 1 of octo/app has waited too long: its runners get no credential: registering a runner failed with 422: it is not possible in the present state
    not cancelled
    <1> open on no runner
    ");
    env.deployment.github.faults.release();
    env.end().await;
}

#[tokio::test]
async fn the_quota_is_reached() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.nodes = 0;
        options.settings.insert(CANCEL.0.to_owned(), CANCEL.1.to_owned());
    })
    .await;
    let batch = &env.deployment.batch.emulator;
    batch.fail_allocation("ubuntu", ResizeErrorCode::AccountCoreQuotaReached).expect("a pool");
    batch.resize("ubuntu", 2).expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(outcome(&mut env).await, @r"
    1 waiting-for-node gh-1: pool ubuntu cannot grow (AccountCoreQuotaReached)
    job 1 of octo/app has waited too long: pool ubuntu cannot grow (AccountCoreQuotaReached)
    not cancelled
    <1> open on no runner
    ");
    env.end().await;
}

#[tokio::test]
async fn the_pool_is_at_its_maximum() {
    let mut env = crate::start(&[CANCEL]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(outcome(&mut env).await, @r"
    1 waiting-for-node gh-1: all nodes of pool ubuntu are in use: raise its maximum, or wait
    job 1 of octo/app has waited too long: all nodes of pool ubuntu are in use: raise its maximum, or wait
    not cancelled
    <1> open on no runner
    ");
    env.end().await;
}

/// A job whose runners are not this deployment's is reported with what is known, and raises no alert.
#[tokio::test]
async fn a_job_that_names_a_group_only_is_reported() {
    let mut env = crate::start(&[CANCEL]).await;
    let group = Some("large".to_owned());
    env.queue(NewJob { group, ..NewJob::new("octo/app", &[]) });
    env.queue_job(&["self-hosted, linux"]);
    env.queue_job(&["linux", "arm64"]);
    for _ in 0..3 {
        env.until_invoked("ProvideActionsRunner").await;
    }
    assert_snapshot!(env.job_phases().await, @r#"
    1 unserved: its runs-on names a runner group and no label, so no profile is selected: add the labels of a profile, unless other runners of that group serve it
    2 unserved: its label "self-hosted, linux" is one label, which no runner has: write runs-on as a list
    "#);
    env.advance_minutes(60);
    env.reconcile().await;
    let log = env.log();
    assert_eq!(log.matches("alarm=\"waiting\"").count(), 1, "{log}");
    assert!(log.contains("job 2 cannot be served") || log.contains("write runs-on as a list"));
    assert!(!log.contains("github-hosted"), "{log}");
    env.end().await;
}

#[tokio::test]
async fn a_group_that_is_not_ours_is_named_as_a_cause() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.idle_removal = Some(std::time::Duration::from_secs(120));
    })
    .await;
    let group = Some("large".to_owned());
    let job = env.queue(NewJob { group, ..NewJob::new("octo/app", UBUNTU) });
    env.until_runner_is_online().await;
    // This run finds the scope in which Status then lists the runners.
    env.reconcile().await;
    assert!(env.job_phases().await.contains("that runs-on names no other group"));
    env.advance_minutes(2);
    env.until_task_ends(&format!("gh-{job}")).await;
    let phases = env.job_phases().await;
    let expected = "1 requested: its last runner got no job from GitHub: check that the runner group allows the repository, and that runs-on names no other group; its next runner is requested at ";
    assert!(phases.starts_with(expected), "{phases}");
    env.end().await;
}

#[tokio::test]
async fn a_job_of_a_users_repository_is_reported_and_gets_no_runner() {
    let settings = [("RunnerScope", "organization"), ("AllowedRepositories", "octo/*,alice/app")];
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.personal_accounts.insert("alice".to_owned());
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await;
    env.queue(NewJob::new("alice/app", UBUNTU));
    env.reconcile().await;
    env.advance_minutes(5);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.job_phases().await, @"1 unserved: a user owns its repository, and runners of setting RunnerScope serve organizations only: move the repository to an organization, or use RunnerScope=repository");
    assert_eq!(env.tasks(), "");
    env.end().await;
}

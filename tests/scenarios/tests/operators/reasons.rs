//! A job that cannot be served: Status, the log and the alert say why, and its run is cancelled where that is wanted.
//!
//! A job that waits for nodes is told of and left: the pool may have room for it tomorrow.

use std::pin::Pin;
use std::sync::Arc;

use azure_batch_emulator::ResizeErrorCode;
use azure_batch_emulator::launch::{Ending, Launcher, Stop, TaskRun};
use github_emulator::{Group, Scope};
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

const CANCEL: (&str, &str) = ("CancelUnservable", "true");
const ORGANIZATION: [(&str, &str); 2] = [("RunnerScope", "organization"), ("RunnerGroup", "ours")];

/// Tells what Status says of the one job, what the log says of it after half an hour, and what becomes of its run.
async fn told(world: &mut World) -> String {
    let place = world.places().await;
    world.pass(30);
    let said = world.reconcile().await;
    let alarm = world.alarm("waiting").await;
    let cancelled = said.lines().find(|line| line.starts_with("run "));
    let cancelled = cancelled.and_then(|line| line.split_once(" is cancelled, "));
    let cancelled = cancelled.map_or("not cancelled", |(_, why)| why);
    // Whatever else there was to do is done; the job is told of once more, or is over.
    world.pass(1);
    let again = world.reconcile().await;
    assert!(!again.contains("is cancelled"), "{again}");
    format!("{place}\n{alarm}\n{cancelled}\n{}", world.jobs())
}

#[tokio::test]
async fn no_profile() {
    let mut world = crate::world(&[CANCEL]).await;
    world.queue_job(&["self-hosted", "gpu"]);
    world.until_invoked("ProvideActionsRunner").await;
    assert_snapshot!(told(&mut world).await, @r"
    1 unserved: no profile in setting RunnerProfiles carries all of its labels
    job 1 has waited too long: no profile in setting RunnerProfiles carries all of its labels
    because job 1 cannot be served: no profile in setting RunnerProfiles carries all of its labels
    <1> cancelled on no runner
    ");
    world.end().await;
}

fn ours(repositories: Option<&[&str]>) -> Group {
    Group {
        id: 0,
        name: "ours".to_owned(),
        scope: Scope::Organization("octo".to_owned()),
        repositories: repositories.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        allows_public_repositories: false,
    }
}

async fn grouped(group: Group) -> World {
    let allowed = ("AllowedRepositories", "octo/app, octo/site");
    let settings = [ORGANIZATION.as_slice(), &[CANCEL, allowed]].concat();
    let mut world = crate::world(&settings).await;
    world.cloud.github.emulator.add_group(group);
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world
}

#[tokio::test]
async fn a_group_that_does_not_admit_the_repository() {
    let mut world = grouped(ours(Some(&["octo/site"]))).await;
    assert_snapshot!(told(&mut world).await, @r#"
    1 unserved gh-1: runner group "ours" does not admit octo/app: let it, or name another group
    job 1 has waited too long: runner group "ours" does not admit octo/app: let it, or name another group
    because job 1 cannot be served: runner group "ours" does not admit octo/app: let it, or name another group
    <1> cancelled on no runner
    "#);
    world.end().await;
}

#[tokio::test]
async fn a_group_that_is_open_to_more_than_the_settings_allow() {
    let mut world = grouped(ours(None)).await;
    assert_snapshot!(told(&mut world).await, @r#"
    1 unserved gh-1: runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow: no runner joins it until the group or the setting changes
    job 1 has waited too long: runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow: no runner joins it until the group or the setting changes
    because job 1 cannot be served: runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow: no runner joins it until the group or the setting changes
    <1> cancelled on no runner
    "#);
    world.end().await;
}

/// Finds no image, whatever the node.
struct NoImage;

impl Launcher for NoImage {
    fn launch(&self, _: TaskRun, _: Stop) -> Pin<Box<dyn Future<Output = Ending> + Send>> {
        let reason = "no such image".to_owned();
        Box::pin(async { Ending::NotStarted { code: "ContainerInvalidImage", reason } })
    }
}

#[tokio::test]
async fn an_image_that_is_missing() {
    let mut world = World::with(PROGRAM, |options| {
        options.launcher = Some(Arc::new(NoImage));
        options.settings.insert(CANCEL.0.to_owned(), CANCEL.1.to_owned());
    })
    .await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=5 {
        world.reconcile().await;
        world.until_task_ends(&format!("gh-{job}-{number}")).await;
    }
    assert_snapshot!(told(&mut world).await, @r"
    1 unserved: its runners fail (ContainerInvalidImage): look at the tasks' stderr.txt and at the image
    job 1 has waited too long: its runners fail (ContainerInvalidImage): look at the tasks' stderr.txt and at the image
    because job 1 cannot be served: its runners fail (ContainerInvalidImage): look at the tasks' stderr.txt and at the image
    <1> cancelled on no runner
    ");
    world.end().await;
}

#[tokio::test]
async fn a_quota_that_is_reached() {
    let mut world = World::with(PROGRAM, |options| {
        options.nodes = 0;
        options.settings.insert(CANCEL.0.to_owned(), CANCEL.1.to_owned());
    })
    .await;
    let batch = &world.cloud.batch.emulator;
    batch.fail_allocation("ubuntu", ResizeErrorCode::AccountCoreQuotaReached).expect("a pool");
    batch.resize("ubuntu", 2).expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(told(&mut world).await, @r"
    1 waiting-for-node gh-1: pool ubuntu cannot grow (AccountCoreQuotaReached)
    job 1 has waited too long: pool ubuntu cannot grow (AccountCoreQuotaReached)
    not cancelled
    <1> open on no runner
    ");
    world.end().await;
}

#[tokio::test]
async fn a_pool_at_its_maximum() {
    let mut world = crate::world(&[CANCEL]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(told(&mut world).await, @r"
    1 waiting-for-node gh-1: every node of pool ubuntu is taken: raise its maximum, or wait
    job 1 has waited too long: every node of pool ubuntu is taken: raise its maximum, or wait
    not cancelled
    <1> open on no runner
    ");
    world.end().await;
}

//! Tasks that ended without serving a job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use azure_batch_emulator::Loss;
use azure_batch_emulator::launch::{Ask, Ending, Launcher, Stop, TaskRun};
use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// Ends every run in the same way, so many times; a further one goes on until it is told to end.
struct Doomed {
    ending: Ending,
    times: AtomicU32,
}

impl Launcher for Doomed {
    fn launch(
        &self,
        _run: TaskRun,
        mut stop: Stop,
    ) -> std::pin::Pin<Box<dyn Future<Output = Ending> + Send>> {
        let left =
            self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let ending = self.ending.clone();
        Box::pin(async move {
            if left.is_err() {
                stop.asked(Ask::End).await;
            }
            ending
        })
    }
}

async fn doomed(ending: Ending, times: u32) -> World {
    World::with(PROGRAM, |options| {
        options.launcher = Some(Arc::new(Doomed { ending, times: times.into() }));
    })
    .await
}

#[tokio::test]
async fn a_runner_whose_version_github_refuses_is_replaced_and_somebody_is_told() {
    let mut world = doomed(Ending::Exited(7), 1).await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.reconcile().await, @r"
    runner gh-1-2 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    assert_snapshot!(world.alarm("runner-version").await, @"task gh-1 ended with exit code 7: GitHub refuses the version of its runner, build or import the image again");
    world.until_task_is_added(&format!("gh-{job}-2")).await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed 7
    runners-ubuntu: gh-1-2 running
    ");
    world.end().await;
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_tried_five_times_and_then_told() {
    let image =
        Ending::NotStarted { code: "ContainerInvalidImage", reason: "no such image".to_owned() };
    let mut world = doomed(image, 5).await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=5 {
        let said = world.reconcile().await;
        assert!(
            said.starts_with(&format!("runner gh-1-{number} of ubuntu is asked for")),
            "{said}"
        );
        world.until_task_ends(&format!("gh-{job}-{number}")).await;
    }
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.alarm("image").await, @"task gh-1 could not be started (ContainerInvalidImage): look at its profile's image");
    world.pass(30);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.alarm("waiting").await, @"job 1 has waited too long: its runners fail (ContainerInvalidImage): look at the tasks' stderr.txt and at the image");
    world.end().await;
}

#[tokio::test]
async fn a_runner_that_claimed_in_vain_is_replaced_at_once() {
    let mut world = doomed(Ending::Exited(75), 1).await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.reconcile().await, @r"
    runner gh-1-2 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.until_task_is_added(&format!("gh-{job}-2")).await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn runners_that_github_removes_while_they_idle_are_replaced_ever_later() {
    let mut world = World::with(PROGRAM, |options| {
        options.idle_removal = Some(Duration::from_secs(300));
    })
    .await;
    world.cloud.github.emulator.pause_assignment(true);
    let job = world.queue_job(UBUNTU);
    let online = |what: &EventKind| matches!(what, EventKind::RunnerOnline { .. });
    world.until("an idle runner", online).await;
    world.pass(5);
    world.until_task_ends(&format!("gh-{job}")).await;
    // GitHub has taken the first runner away and not by our fault: the next one waits for a minute.
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.pass(1);
    assert_snapshot!(world.reconcile().await, @r"
    runner gh-1-2 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.until("another idle runner", online).await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.cloud.github.emulator.pause_assignment(false);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed 76
    runners-ubuntu: gh-1-2 completed 0
    ");
    world.end().await;
}

#[tokio::test]
async fn a_node_that_dies_under_an_idle_runner_gives_the_task_to_another() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.emulator.pause_assignment(true);
    let job = world.queue_job(UBUNTU);
    let online = |what: &EventKind| matches!(what, EventKind::RunnerOnline { .. });
    world.until("an idle runner", online).await;
    let node = world.cloud.batch.emulator.tasks("runners-ubuntu")[0].node.clone();
    world.cloud.batch.emulator.lose_node(&node.expect("a node"), Loss::Died).expect("the node");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    // GitHub notices after a while that the first runner is silent.
    world.pass(2);
    world.until("the same runner on another node", online).await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.cloud.github.emulator.pause_assignment(false);
    world.until_task_ends(&format!("gh-{job}")).await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_runner_that_never_connects_is_replaced_after_fifteen_minutes() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.faults.inject("OpenSession", 1, Effect::Hold);
    let job = world.queue_job(UBUNTU);
    world.until_called(&world.cloud.github.faults, "OpenSession", 1).await;
    // The first run finds where its tasks' runners are registered, the second one the runner.
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.reconcile_after(5).await, @"nothing to repair");
    assert_snapshot!(world.places().await, @"1 starting gh-1: its runner on pool ubuntu has not connected to GitHub, and is replaced after 15 minutes: check the pool's route to GitHub");
    assert_snapshot!(world.reconcile_after(9).await, @"nothing to repair");
    world.pass(1);
    assert_snapshot!(world.reconcile().await, @"
    runner gh-1 is removed: it has been offline for 15 minutes: check the pool's route to GitHub
    repaired 1
    ");
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.reconcile_after(2).await, @"
    runner gh-1-2 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.cloud.github.faults.release();
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn refused_jobs_of_another_repository_are_never_counted_against_the_job_that_waits() {
    let mut world = doomed(Ending::Exited(77), 6).await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=7 {
        // The first five are replaced at once.
        world.pass(if number == 7 { 1 } else { 0 });
        let said = world.reconcile().await;
        assert!(
            said.starts_with(&format!("runner gh-1-{number} of ubuntu is asked for")),
            "{said}"
        );
        let task = format!("gh-{job}-{number}");
        if number < 7 {
            world.until_task_ends(&task).await;
        } else {
            world.until_task_is_added(&task).await;
        }
    }
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.alarm("group").await, @"task gh-1 refused the job that its runner was given: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the job's log says which");
    world.end().await;
}

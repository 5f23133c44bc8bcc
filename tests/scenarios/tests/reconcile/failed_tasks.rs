//! Tasks that ended without serving a job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use azure_batch_emulator::Loss;
use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// A launcher whose first runs end with the same outcome; later runs continue until they are terminated.
struct FailingLauncher {
    outcome: RunOutcome,
    remaining: AtomicU32,
}

impl Launcher for FailingLauncher {
    fn launch(
        &self,
        _run: TaskRun,
        mut stop: Stop,
    ) -> std::pin::Pin<Box<dyn Future<Output = RunOutcome> + Send>> {
        let failure =
            self.remaining.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let outcome = self.outcome.clone();
        Box::pin(async move {
            if failure.is_err() {
                stop.requested(StopRequest::Terminate).await;
            }
            outcome
        })
    }
}

async fn start_with_failures(outcome: RunOutcome, count: u32) -> TestEnvironment {
    TestEnvironment::with(PROGRAM, |options| {
        options.launcher = Some(Arc::new(FailingLauncher { outcome, remaining: count.into() }));
    })
    .await
}

#[tokio::test]
async fn a_rejected_runner_version_is_replaced_and_raises_an_alert() {
    let mut env = start_with_failures(RunOutcome::Exited(7), 1).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    assert_snapshot!(env.alarm("runner-version").await, @"task gh-1 ended with exit code 7: GitHub rejects the version of its runner, build or import the image again");
    env.until_task_is_added(&format!("gh-{job}-2")).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 7
    runners-ubuntu: gh-1-2 running
    ");
    env.end().await;
}

#[tokio::test]
async fn a_missing_image_is_tried_five_times_and_raises_an_alert() {
    let image = RunOutcome::NotStarted {
        code: "ContainerInvalidImage",
        reason: "no such image".to_owned(),
    };
    let mut env = start_with_failures(image, 5).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=5 {
        let logged = env.reconcile().await;
        assert!(
            logged.starts_with(&format!("runner gh-1-{number} of profile ubuntu requested")),
            "{logged}"
        );
        env.until_task_ends(&format!("gh-{job}-{number}")).await;
    }
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("image").await, @"task gh-1 could not start (ContainerInvalidImage): check the image of its profile");
    env.advance_minutes(30);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("waiting").await, @"job 1 of octo/app has waited too long: its runners fail (ContainerInvalidImage): check stderr.txt of their tasks, and the image");
    env.end().await;
}

#[tokio::test]
async fn a_runner_whose_claim_failed_is_replaced_immediately() {
    let mut env = start_with_failures(RunOutcome::Exited(75), 1).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.until_task_is_added(&format!("gh-{job}-2")).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_job_whose_claims_got_no_answer_is_tried_again() {
    let mut env = start_with_failures(RunOutcome::Exited(75), 6).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=5 {
        let logged = env.reconcile().await;
        assert!(logged.starts_with(&format!("runner gh-1-{number} ")), "{logged}");
        env.until_task_ends(&format!("gh-{job}-{number}")).await;
    }
    // The handler may not have answered for hours, which only the claim of another runner finds out.
    for number in 6..=7 {
        assert_eq!(env.reconcile_after(29).await, "nothing to repair");
        let logged = env.reconcile_after(2).await;
        assert_eq!(
            logged,
            format!(
                "runner gh-1-{number} of profile ubuntu requested for octo/app\n1 repairs done"
            )
        );
        let task = format!("gh-{job}-{number}");
        match number {
            6 => env.until_task_ends(&task).await,
            _ => env.until_task_is_added(&task).await,
        }
    }
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn idle_runners_that_github_removes_are_replaced_with_a_delay() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.idle_removal = Some(Duration::from_secs(300));
    })
    .await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.advance_minutes(5);
    env.until_task_ends(&format!("gh-{job}")).await;
    // GitHub removed the first runner without a failure of the task: the replacement is delayed by a minute.
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.advance_minutes(1);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.until_runner_is_online().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.deployment.github.emulator.pause_assignment(false);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 76
    runners-ubuntu: gh-1-2 completed 0
    ");
    env.end().await;
}

#[tokio::test]
async fn the_task_of_a_lost_node_runs_on_another_node() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    let node = env.deployment.batch.emulator.tasks("runners-ubuntu")[0].node.clone();
    env.deployment.batch.emulator.lose_node(&node.expect("a node"), Loss::Died).expect("the node");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    // GitHub needs some time to mark the first runner offline.
    env.advance_minutes(2);
    env.until_runner_is_online().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.deployment.github.emulator.pause_assignment(false);
    env.until_task_ends(&format!("gh-{job}")).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_runner_that_does_not_connect_is_replaced_after_15_min() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.faults.inject("OpenSession", 1, Effect::Hold);
    let job = env.queue_job(UBUNTU);
    env.until_called(&env.deployment.github.faults, "OpenSession", 1).await;
    // The first run finds the scopes of its tasks' runners, the second finds the runner.
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.reconcile_after(5).await, @"nothing to repair");
    assert_snapshot!(env.job_phases().await, @"1 starting gh-1: its runner on pool ubuntu has not connected to GitHub, and is replaced after 15 minutes: check the pool's route to GitHub");
    assert_snapshot!(env.reconcile_after(9).await, @"nothing to repair");
    env.advance_minutes(1);
    assert_snapshot!(env.reconcile().await, @"
    runner gh-1 removed: it has been offline for 15 minutes: check the pool's route to GitHub
    1 repairs done
    ");
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.reconcile_after(2).await, @"
    runner gh-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.deployment.github.faults.release();
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn rejected_jobs_do_not_count_as_failures_of_the_waiting_job() {
    let mut env = start_with_failures(RunOutcome::Exited(77), 6).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    for number in 2..=7 {
        // The first five are replaced immediately.
        env.advance_minutes(if number == 7 { 2 } else { 0 });
        let logged = env.reconcile().await;
        assert!(
            logged.starts_with(&format!("runner gh-1-{number} of profile ubuntu requested")),
            "{logged}"
        );
        let task = format!("gh-{job}-{number}");
        if number < 7 {
            env.until_task_ends(&task).await;
        } else {
            env.until_task_is_added(&task).await;
        }
    }
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("group").await, @"task gh-1 rejected the job that its runner was assigned: setting AllowedRepositories does not allow the repository (narrow the runner group), or the hook failed; the log of the job shows which");
    env.end().await;
}

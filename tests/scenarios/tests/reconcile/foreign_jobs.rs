//! Jobs that this deployment does not serve, and that GitHub gives to its runners because their labels fit: the jobs
//! that lose their runners get others at once, without reconciliation and without a wait.

use github_emulator::NewJob;
use insta::{allow_duplicates, assert_snapshot};
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Lets the only idle runner be assigned the oldest job that waits.
async fn assign_oldest(env: &TestEnvironment) {
    let idle = |env: &TestEnvironment| {
        let runners = env.deployment.github.emulator.runners();
        runners.iter().any(|runner| runner.online && !runner.busy)
    };
    env.until_true("an idle runner", idle).await;
    let github = &env.deployment.github.emulator;
    github.pause_assignment(false);
    github.pause_assignment(true);
}

/// Queues a foreign job, and then one of ours, and lets the runner of ours be assigned the foreign job.
async fn deprive(env: &TestEnvironment, foreign: NewJob) -> u64 {
    env.deployment.github.emulator.pause_assignment(true);
    env.queue(foreign);
    let own = env.queue_job(UBUNTU);
    assign_oldest(env).await;
    own
}

/// Checks that the second job got another runner, and that nothing is left to repair.
async fn assert_replaced(mut env: TestEnvironment) {
    env.until_logged("another runner requested for job").await;
    env.deployment.github.emulator.pause_assignment(false);
    env.until_quiescent().await;
    allow_duplicates! {
        assert_snapshot!(env.jobs(), @r"
        <1> success on gh-2
        <2> success on gh-2-2
        ");
        assert_snapshot!(env.tasks(), @r"
        runners-ubuntu: gh-2 completed 0
        runners-ubuntu: gh-2-2 completed 0
        ");
    }
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_job_with_a_hosted_label_on_our_runner_is_answered_at_once() {
    let env = TestEnvironment::start(PROGRAM).await;
    deprive(&env, NewJob::new("octo/app", &["ubuntu-latest"])).await;
    assert_replaced(env).await;
}

#[tokio::test]
async fn a_job_without_self_hosted_on_our_runner_is_answered_at_once() {
    let env = TestEnvironment::start(PROGRAM).await;
    deprive(&env, NewJob::new("octo/app", &["linux", "x64"])).await;
    assert_replaced(env).await;
}

#[tokio::test]
async fn the_end_of_a_foreign_job_suffices() {
    let env = TestEnvironment::start(PROGRAM).await;
    let (faults, delivery) = (&env.deployment.functions.faults, "ProvideActionsRunner");
    env.deployment.github.emulator.pause_assignment(true);
    env.queue(NewJob::new("octo/app", &["ubuntu-latest"]));
    env.queue_job(UBUNTU);
    // A ping and two events.
    env.until_called(faults, delivery, 3).await;
    let lost = emulator_core::faults::Effect::Fail { status: 503, retry_after: None };
    faults.inject(delivery, 1, lost);
    assign_oldest(&env).await;
    assert_replaced(env).await;
}

#[tokio::test]
async fn many_foreign_jobs_do_not_keep_a_job_from_a_runner() {
    // More than the five runners after which a failing job waits.
    const FOREIGN: usize = 7;
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    for _ in 0..FOREIGN {
        env.queue(NewJob::new("octo/app", &["ubuntu-latest"]));
    }
    let own = env.queue_job(UBUNTU);
    for served in 1..=FOREIGN {
        assign_oldest(&env).await;
        env.until_task_is_added(&format!("gh-{own}-{}", served + 1)).await;
    }
    env.deployment.github.emulator.pause_assignment(false);
    env.settle().await;
    assert!(env.jobs().ends_with(&format!("success on gh-{}-{}", FOREIGN + 1, FOREIGN + 1)));
    assert_eq!(env.tasks().lines().count(), FOREIGN + 1, "{}", env.tasks());
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

/// The name of a runner proves nothing: a person can register a runner of this name.
#[tokio::test]
async fn an_event_of_a_runner_that_only_has_our_name_requests_nothing() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let own = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let waiting = env.queue_job(UBUNTU);
    env.until_task_is_added(&format!("gh-{waiting}")).await;
    let minted = env.deployment.github.emulator.runners()[0].id;
    let event = |runner: u64, id: u64, again: bool| {
        format!(
            r#"{{"v":2,"reassigned":{{"job":7,"repository":"octo/app","runner":"gh-{runner}","runner_id":{id},"again":{again}}}}}"#
        )
    };
    for event in [
        event(own, minted + 1, false),
        event(own, minted, true),
        event(waiting, minted, false),
        event(8, minted, false),
    ] {
        env.add_message("runner-requests", &event).await;
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.until_logged("job 7 runs on runner gh-8, for which Batch has no task").await;
    env.until_no_message().await;
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 running
    runners-ubuntu: gh-2 active
    ");
    assert!(!env.log().contains("another runner requested"), "{}", env.log());
    env.end().await;
}

/// In an organization a runner may be given a job of a repository that is not, or no longer, allowed.
#[tokio::test]
async fn a_job_of_a_repository_that_is_not_allowed_is_answered_at_once() {
    let mut env = crate::start(&[("RunnerScope", "organization")]).await;
    env.deployment.github.emulator.pause_assignment(true);
    env.without_webhook(|| env.queue(NewJob::new("octo/site", UBUNTU))).await;
    let own = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.change_settings(&[("AllowedRepositories", "octo/app")]).await;
    env.deployment.github.emulator.pause_assignment(false);
    env.until_task_is_added(&format!("gh-{own}-2")).await;
    env.end().await;
}

//! Events in which GitHub left a field empty: they are neither rejected nor redelivered, and their jobs are served.

use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Queues a job in whose events these fields are null, and returns the reason with which its event is ignored.
async fn ignored(env: &mut TestEnvironment, nulls: &[&str]) -> String {
    let nulls: Vec<String> = nulls.iter().map(|&path| path.to_owned()).collect();
    env.queue(NewJob { nulls, ..NewJob::new("octo/app", UBUNTU) });
    env.until_delivered(200).await;
    env.until_logged(" ignored: ").await;
    let log = env.log();
    let line = log.lines().rfind(|line| line.contains(" is null: ")).unwrap_or_default();
    let (_, reason) = line.split_once(" ignored: ").unwrap_or_default();
    reason.split(" function=").next().unwrap_or_default().to_owned()
}

/// Checks that reconciliation requests the runner of the job, which is served, and redelivers nothing.
async fn assert_served(mut env: TestEnvironment) {
    let requested = env.reconcile_after(2).await;
    assert_eq!(requested, "runner gh-1 of profile ubuntu requested for octo/app\n1 repairs done");
    env.settle().await;
    assert_eq!(env.jobs(), "<1> success on gh-1");
    for _ in 0..2 {
        assert_eq!(env.reconcile_after(10).await, "nothing to repair");
    }
    assert!(!env.log().contains("alarm="), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_job_whose_labels_are_null_is_found_and_served() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let reason = ignored(&mut env, &["/workflow_job/labels"]).await;
    assert_snapshot!(reason, @"workflow_job.labels, or one of them, is null: reconciliation lists the job if it waits");
    assert_served(env).await;
}

#[tokio::test]
async fn a_job_whose_repository_is_null_is_found_and_served() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let reason = ignored(&mut env, &["/repository", "/organization", "/sender"]).await;
    assert_snapshot!(reason, @"repository is null: reconciliation lists the job if it waits");
    assert_served(env).await;
}

#[tokio::test]
async fn a_job_is_served_at_once_if_only_other_fields_are_null() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let nulls =
        ["/workflow_job/created_at", "/workflow_job/steps", "/repository/owner", "/organization"];
    let nulls = nulls.map(str::to_owned).into();
    env.queue(NewJob { nulls, ..NewJob::new("octo/app", UBUNTU) });
    env.until_delivered(202).await;
    env.settle().await;
    assert_eq!(env.jobs(), "<1> success on gh-1");
    assert_eq!(env.reconcile_after(10).await, "nothing to repair");
    env.end().await;
}

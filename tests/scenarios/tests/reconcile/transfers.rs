//! Repositories that are transferred to another organization while their runners are registered: a runner stays at the
//! level where it was registered, and is known and removed there.

use std::time::Duration;

use github_emulator::{JobStatus, NewJob, Scope};
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use scenarios::container::{claim, runner, serve, until_running};
use tokio::sync::watch;

use crate::{UBUNTU, container};

const SETTINGS: &[(&str, &str)] =
    &[("RunnerScope", "organization"), ("AllowedRepositories", "octo/*,corp/*")];

fn transfer(env: &TestEnvironment) {
    assert!(env.deployment.github.emulator.rename_repository("octo/app", "corp/app"));
}

/// Lists the registered runners with their organizations; the number of the first job is 1.
fn registered(env: &TestEnvironment, job: u64) -> String {
    let organization = |scope| match scope {
        Scope::Organization(name) => name,
        other => format!("{other:?}"),
    };
    let runners = env.deployment.github.emulator.runners().into_iter();
    let lines: Vec<String> =
        runners.map(|one| format!("{} of {}", one.name, organization(one.scope))).collect();
    lines.join(", ").replace(&job.to_string(), "1")
}

/// Checks that no runner is left, that nothing is left to repair, and that no runner of ours counted as foreign.
async fn assert_clean(mut env: TestEnvironment, job: u64) {
    for _ in 0..2 {
        assert_eq!(env.reconcile().await, "nothing to repair");
    }
    assert_eq!(registered(&env, job), "");
    assert!(!env.log().contains("alarm=\"deployment\""), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_runner_with_a_job_during_a_transfer_is_cleaned_up() {
    let mut long = NewJob::new("octo/app", UBUNTU);
    long.runs_for = Duration::from_secs(3600);
    let (mut env, job) = container::start_with(SETTINGS, long).await;
    let task = format!("gh-{job}");
    let configuration = claim(&env, &task).await.body;
    assert_eq!(registered(&env, job), "gh-1 of octo");
    let transferred = async {
        let runs = |env: &TestEnvironment| {
            let known = env.deployment.github.emulator.job(job);
            known.is_some_and(|job| job.status == JobStatus::InProgress)
        };
        env.until_true("a running job", runs).await;
        transfer(&env);
        env.deployment.github.emulator.cancel_job(job)
    };
    let (served, cancelled) = tokio::join!(serve(&env, &configuration), transferred);
    assert_eq!((served, cancelled), (job, true));
    // Its container goes on.
    for _ in 0..2 {
        assert_eq!(env.reconcile().await, "nothing to repair");
    }
    env.advance_minutes(5);
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: its job has ended or its runner was deregistered, and it still ran
    1 repairs done
    ");
    env.until_task_ends(&task).await;
    assert_clean(env, job).await;
}

#[tokio::test]
async fn a_runner_that_claimed_after_a_transfer_is_removed() {
    let (mut env, job) = container::start(SETTINGS).await;
    let task = format!("gh-{job}");
    env.deployment.github.emulator.pause_assignment(true);
    transfer(&env);
    assert_eq!(claim(&env, &task).await.status, 200);
    assert_eq!(registered(&env, job), "gh-1 of corp");
    assert!(env.deployment.github.emulator.cancel_job(job));
    // The container lost the configuration. The first run learns where the runner is.
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(
        env.reconcile_after(15).await,
        "runner gh-1 removed: it has been offline for 15 minutes: check the pool's route to GitHub\n1 repairs done"
    );
    env.until_task_ends(&task).await;
    assert_clean(env, job).await;
}

#[tokio::test]
async fn a_lost_configuration_is_created_again_after_a_transfer() {
    let (env, job) = container::start(SETTINGS).await;
    let task = format!("gh-{job}");
    assert_eq!(claim(&env, &task).await.status, 200);
    assert_eq!(registered(&env, job), "gh-1 of octo");
    transfer(&env);
    assert_eq!(claim(&env, &task).await.status, 200);
    assert_eq!(registered(&env, job), "gh-1 of corp");
    let third = claim(&env, &task).await;
    assert_eq!(third.status, 200, "{third}");
    assert_eq!(serve(&env, &third.body).await, job);
    env.change_batch(&format!("jobs/runners-ubuntu/tasks/{task}/terminate"), serde_json::json!({}))
        .await;
    let mut env = env;
    env.until_task_ends(&task).await;
    assert_clean(env, job).await;
}

/// GitHub does not give the job to the runner any more, which is registered at the former organization.
#[tokio::test]
async fn a_job_that_left_its_runner_by_a_transfer_is_served() {
    let (mut env, job) = container::start(SETTINGS).await;
    let (task, replacement) = (format!("gh-{job}"), format!("gh-{job}-2"));
    env.deployment.github.emulator.pause_assignment(true);
    let left = runner(&env, &claim(&env, &task).await.body);
    let (stop, stopped) = watch::channel(false);
    let listening = tokio::spawn(async move { left.run(stopped).await.map(|served| served.job) });
    env.until_runner_is_online().await;
    transfer(&env);
    env.deployment.github.emulator.pause_assignment(false);
    assert_snapshot!(env.reconcile_after(2).await, @r"
    runner gh-1-2 of profile ubuntu requested for corp/app
    1 repairs done
    ");
    env.until_task_is_added(&replacement).await;
    until_running(&env, &replacement).await;
    let configuration = claim(&env, &replacement).await.body;
    assert_eq!(registered(&env, job), "gh-1 of octo, gh-1-2 of corp");
    assert_eq!(serve(&env, &configuration).await, job);
    env.until_true("the end of the job", |env| env.jobs().contains("success")).await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(env.reconcile_after(10).await, @r"
    runner gh-1 removed: no job needs it
    task gh-1-2 terminated: its job has ended or its runner was deregistered, and it still ran
    2 repairs done
    ");
    drop(stop);
    assert_eq!(listening.await.expect("the runner ends"), None);
    env.until_task_ends(&task).await;
    assert_clean(env, job).await;
}

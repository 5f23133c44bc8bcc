//! Runners that GitHub assigned to other jobs: every job is served, and there is no surplus runner.

use github_emulator::NewJob;
use scenarios::TestEnvironment;

use crate::UBUNTU;

/// Two profiles. A job without the label of either is served by the first, but can run on runners of both.
const PROFILES: &str = r#"[
  {"name":"small","labels":["self-hosted","linux","small"],"pool":"ubuntu","image":"r:1"},
  {"name":"large","labels":["self-hosted","linux","large"],"pool":"ubuntu","image":"r:1"}
]"#;

/// Runs reconciliation as time passes, until every job is completed and every runner has ended.
async fn serve_all(env: &mut TestEnvironment) {
    for _ in 0..40 {
        env.until_quiescent().await;
        let completed = !env.jobs().contains("open");
        if completed && env.deployment.github.emulator.runners().is_empty() {
            break;
        }
        let logged = env.reconcile().await;
        for requested in logged.lines().filter_map(|line| line.strip_prefix("runner ")) {
            if let Some((task, _)) = requested.split_once(" of ") {
                let added = |env: &TestEnvironment| env.tasks().contains(&format!(": {task} "));
                env.until_true(task, added).await;
            }
        }
        env.advance_minutes(2);
    }
    assert_eq!(env.reconcile().await, "nothing to repair");
    let jobs = env.jobs();
    assert_eq!(jobs.matches(" success on gh-").count(), jobs.lines().count(), "{jobs}");
}

fn count_reassigned(env: &TestEnvironment) -> usize {
    let has_own_runner = |job: &&str| {
        let (id, runner) =
            (job.split('>').next().unwrap_or("")[1..].to_owned(), job.rsplit('-').next());
        runner == Some(id.as_str())
    };
    let jobs = env.jobs();
    jobs.lines().count() - jobs.lines().filter(has_own_runner).count()
}

#[tokio::test]
async fn all_jobs_are_served_if_half_of_their_deliveries_are_lost() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for number in 0..10 {
        let mut job = NewJob::new("octo/app", UBUNTU);
        job.silent = number % 2 == 0;
        env.queue(job);
    }
    for _ in 0..5 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    serve_all(&mut env).await;
    assert!(count_reassigned(&env) > 0, "no runner was reassigned:\n{}", env.jobs());
    assert_eq!(env.tasks().lines().count(), 10, "surplus runners:\n{}", env.tasks());
    env.end().await;
}

#[tokio::test]
async fn all_jobs_are_served_by_runners_of_two_profiles() {
    let mut env = crate::start(&[("RunnerProfiles", PROFILES)]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..4 {
        env.queue_job(&["self-hosted", "linux"]);
        env.queue_job(&["self-hosted", "linux", "large"]);
    }
    for _ in 0..8 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    serve_all(&mut env).await;
    env.end().await;
}

#[tokio::test]
async fn all_jobs_of_several_repositories_are_served() {
    let mut env = crate::start(&[("RunnerScope", "organization")]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for number in 0..8 {
        let mut job = NewJob::new(["octo/app", "octo/site"][number % 2], UBUNTU);
        job.silent = number % 4 == 3;
        env.queue(job);
    }
    for _ in 0..6 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    serve_all(&mut env).await;
    assert_eq!(env.tasks().lines().count(), 8, "surplus runners:\n{}", env.tasks());
    env.end().await;
}

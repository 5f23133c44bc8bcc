//! Runners that were given each other's jobs: nobody starves, and there is no runner too many.

use github_emulator::NewJob;
use scenarios::World;

use crate::UBUNTU;

/// Two profiles; a job that names neither is served by the first, and either's runner may be given it.
const PROFILES: &str = r#"[
  {"name":"small","labels":["self-hosted","linux","small"],"pool":"ubuntu","image":"r:1"},
  {"name":"large","labels":["self-hosted","linux","large"],"pool":"ubuntu","image":"r:1"}
]"#;

/// Reconciles, as time passes, until every job is over and every runner is gone.
async fn serve_all(world: &mut World) {
    for _ in 0..40 {
        world.until_still().await;
        let over = !world.jobs().contains("open");
        if over && world.cloud.github.emulator.runners().is_empty() {
            break;
        }
        let said = world.reconcile().await;
        for asked in said.lines().filter_map(|line| line.strip_prefix("runner ")) {
            if let Some((task, _)) = asked.split_once(" of ") {
                let added = |world: &World| world.tasks().contains(&format!(": {task} "));
                world.until_so(task, added).await;
            }
        }
        world.pass(2);
    }
    assert_eq!(world.reconcile().await, "nothing to repair");
    let jobs = world.jobs();
    assert_eq!(jobs.matches(" success on gh-").count(), jobs.lines().count(), "{jobs}");
}

fn taken(world: &World) -> usize {
    let own = |job: &&str| {
        let (id, runner) =
            (job.split('>').next().unwrap_or("")[1..].to_owned(), job.rsplit('-').next());
        runner == Some(id.as_str())
    };
    let jobs = world.jobs();
    jobs.lines().count() - jobs.lines().filter(own).count()
}

#[tokio::test]
async fn jobs_whose_deliveries_are_lost_take_the_runners_of_others_and_all_are_served() {
    let mut world = crate::world(&[]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for number in 0..10 {
        let mut job = NewJob::new("octo/app", UBUNTU);
        job.silent = number % 2 == 0;
        world.queue(job);
    }
    for _ in 0..5 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    serve_all(&mut world).await;
    assert!(taken(&world) > 0, "somebody's runner was taken:\n{}", world.jobs());
    assert_eq!(world.tasks().lines().count(), 10, "no runner too many:\n{}", world.tasks());
    world.end().await;
}

#[tokio::test]
async fn jobs_take_runners_of_another_profile_and_all_are_served() {
    let mut world = crate::world(&[("RunnerProfiles", PROFILES)]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..4 {
        world.queue_job(&["self-hosted", "linux"]);
        world.queue_job(&["self-hosted", "linux", "large"]);
    }
    for _ in 0..8 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    serve_all(&mut world).await;
    world.end().await;
}

#[tokio::test]
async fn jobs_of_several_repositories_take_each_others_runners_and_all_are_served() {
    let mut world = crate::world(&[("RunnerScope", "organization")]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for number in 0..8 {
        let mut job = NewJob::new(["octo/app", "octo/site"][number % 2], UBUNTU);
        job.silent = number % 4 == 3;
        world.queue(job);
    }
    for _ in 0..6 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    serve_all(&mut world).await;
    assert_eq!(world.tasks().lines().count(), 8, "no runner too many:\n{}", world.tasks());
    world.end().await;
}

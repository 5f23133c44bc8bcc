//! Labels that a job makes up, and that its runner carries.

use insta::assert_snapshot;
use scenarios::World;

use crate::PROGRAM;

const PROFILES: &str = r#"[{"name":"big","labels":["self-hosted","linux","big"],"pin":"run-*","pool":"ubuntu",
    "image":"githubactions-runner:ubuntu-24.04"}]"#;

async fn world() -> World {
    World::with(PROGRAM, |options| {
        options.settings.insert("RunnerProfiles".to_owned(), PROFILES.to_owned());
    })
    .await
}

#[tokio::test]
async fn jobs_with_labels_of_their_own_get_the_runners_that_were_made_for_them() {
    let mut world = world().await;
    for run in ["run-1", "run-2", "Run-3"] {
        world.queue_job(&["self-hosted", "big", run]);
    }
    world.settle().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    <3> success on gh-3
    ");
    let tasks = world.cloud.batch.emulator.tasks("runners-big");
    let pinned_to =
        |label: &str| tasks.iter().find(|task| task.environment["RUNNER_LABELS"].ends_with(label));
    let task = pinned_to(",Run-3").expect("the third job's task");
    assert_eq!(task.environment["RUNNER_LABELS"], "self-hosted,linux,big,Run-3");
    assert_eq!(task.environment["RUNNER_PINNED_LABELS"], "Run-3");
    world.end().await;
}

#[tokio::test]
async fn a_pinned_runner_whose_job_was_taken_away_leaves_other_pins_to_others() {
    let mut world = world().await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // The pinned runner may be given the plain job; the plain one can never be given the pinned.
    world.queue_job(&["self-hosted", "big"]);
    world.queue_job(&["self-hosted", "big", "run-1"]);
    world.queue_job(&["self-hosted", "big", "run-2"]);
    for _ in 0..3 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 3, "{}", world.jobs());
    world.end().await;
}

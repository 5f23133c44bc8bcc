//! A job-started hook that fails or refuses: which steps begin after it.

use insta::assert_snapshot;

use crate::world::{World, course};

/// Leaves at the INT that run.sh sends to the whole group: the Worker hears of the shutdown 20 ms later.
const HASTY: &str = r#"
echo "::error::not for you"
trap 'kill $!; exit 1' INT TERM
sleep 30 &
kill -TERM "$RUNNER_ENTRYPOINT_PID"
wait $!
exit 1
"#;

/// Outlives that INT; the Worker ends it once it knows of the shutdown.
const PATIENT: &str = r#"
echo "::error::not for you"
trap '' INT TERM
kill -TERM "$RUNNER_ENTRYPOINT_PID"
sleep 30
exit 1
"#;

/// Finds the Worker among its ancestors and kills it.
const KILLER: &str = r#"
pid=$PPID
until [[ $(cat /proc/$pid/comm) == Runner.Worker ]]; do
  pid=$(cut -d' ' -f4 /proc/$pid/stat)
done
kill -KILL $pid
"#;

#[tokio::test]
async fn after_a_hook_that_only_fails_pre_and_always_steps_run() {
    let world = World::new().await;
    world.hook("echo '::error::not for you'; exit 1");
    let job = world.queue(|job| {
        job.pre = Some("touch $GITHUB_WORKSPACE/pre".to_owned());
        job.script = Some("touch $GITHUB_WORKSPACE/script".to_owned());
        job.always = vec!["touch $GITHUB_WORKSPACE/always".to_owned()];
    });
    assert_eq!(world.run().ended().await, 0);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(course(&job), @r#"
    job failure
      Set up job: success
      Set up runner: failure
      Pre Run action: success
      Run script: skipped
      Always 1: success
      Complete job: success
    "#);
    assert_eq!(job.annotations, ["not for you", "Process completed with exit code 1."]);
    let made = ["pre", "script", "always"].map(|file| world.has(&format!("_work/app/app/{file}")));
    assert_eq!(made, [true, false, true]);
}

#[tokio::test]
async fn a_hook_that_leaves_at_int_mostly_lets_an_always_step_begin() {
    let mut begun = 0;
    for _ in 0..10 {
        let world = World::new().await;
        world.hook(HASTY);
        let job = world.queue(|job| job.always = vec!["exec sleep 1000".to_owned()]);
        let code = world.run().ended().await;
        let job = world.github.until_completed(job).await;
        assert_eq!((code, job.annotations[0].as_str()), (143, "not for you"));
        begun += usize::from(course(&job).contains("Always 1: cancelled"));
    }
    assert!(begun > 0, "the real runner: 49 of 60");
}

#[tokio::test]
async fn a_hook_that_outlives_int_lets_no_step_begin() {
    let world = World::new().await;
    world.hook(PATIENT);
    let job = world.queue(|job| {
        job.pre = Some("true".to_owned());
        job.always = vec!["true".to_owned()];
    });
    assert_eq!(world.run().ended().await, 143);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(course(&job), @r#"
    job failure
      Set up job: success
      Set up runner: cancelled
      Pre Run action: skipped
      Run script: skipped
      Always 1: skipped
      Complete job: success
    "#);
    assert!(job.annotations.contains(&"not for you".to_owned()), "{:?}", job.annotations);
}

#[tokio::test]
async fn a_hook_that_kills_the_worker_lets_no_step_begin_and_leaves_no_reason() {
    let world = World::new().await;
    world.hook(KILLER);
    let job = world.queue(|job| job.always = vec!["true".to_owned()]);
    assert_eq!(world.run().ended().await, 0);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(course(&job), @"job failure");
    assert!(job.annotations.is_empty());
}

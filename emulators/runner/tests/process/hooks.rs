//! A job-started hook that fails or rejects: which steps start after it.

use insta::assert_snapshot;

use crate::world::{World, steps_of};

/// Exits at the INT that run.sh sends to the whole group; the Worker receives the shutdown 20 ms later.
const EXITS_AT_INT: &str = r#"
echo "::error::not for you"
trap 'kill $!; exit 1' INT TERM
sleep 30 &
kill -TERM "$RUNNER_ENTRYPOINT_PID"
wait $!
exit 1
"#;

/// Ignores that INT; the Worker stops it once it received the shutdown.
const IGNORES_INT: &str = r#"
echo "::error::not for you"
trap '' INT TERM
kill -TERM "$RUNNER_ENTRYPOINT_PID"
sleep 30
exit 1
"#;

/// Finds the Worker among its ancestors and kills it.
const KILLS_WORKER: &str = r#"
pid=$PPID
until [[ $(cat /proc/$pid/comm) == Runner.Worker ]]; do
  pid=$(cut -d' ' -f4 /proc/$pid/stat)
done
kill -KILL $pid
"#;

#[tokio::test]
async fn after_a_failed_hook_pre_and_always_steps_run() {
    let world = World::new().await;
    world.hook("echo '::error::not for you'; exit 1");
    let job = world.queue(|job| {
        job.pre = Some("touch $GITHUB_WORKSPACE/pre".to_owned());
        job.script = Some("touch $GITHUB_WORKSPACE/script".to_owned());
        job.always = vec!["touch $GITHUB_WORKSPACE/always".to_owned()];
    });
    assert_eq!(world.run().ended().await, 0);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(steps_of(&job), @r#"
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
async fn after_a_hook_exits_at_int_an_always_step_may_start() {
    let mut started = 0;
    for _ in 0..10 {
        let world = World::new().await;
        world.hook(EXITS_AT_INT);
        let job = world.queue(|job| job.always = vec!["exec sleep 1000".to_owned()]);
        let code = world.run().ended().await;
        let job = world.github.until_completed(job).await;
        assert_eq!((code, job.annotations[0].as_str()), (143, "not for you"));
        started += usize::from(steps_of(&job).contains("Always 1: cancelled"));
    }
    assert!(started > 0, "the real runner: 49 of 60");
}

#[tokio::test]
async fn after_a_hook_that_ignores_int_no_step_starts() {
    let world = World::new().await;
    world.hook(IGNORES_INT);
    let job = world.queue(|job| {
        job.pre = Some("true".to_owned());
        job.always = vec!["true".to_owned()];
    });
    assert_eq!(world.run().ended().await, 143);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(steps_of(&job), @r#"
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
async fn after_a_hook_killed_the_worker_no_step_starts() {
    let world = World::new().await;
    world.hook(KILLS_WORKER);
    let job = world.queue(|job| job.always = vec!["true".to_owned()]);
    assert_eq!(world.run().ended().await, 0);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(steps_of(&job), @"job failure");
    assert!(job.annotations.is_empty());
}

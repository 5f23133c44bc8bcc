//! Pausing and resuming a profile: running jobs go on, others wait, and nothing is lost, doubled, or reported as a fault.

use azure_batch_emulator::Loss;
use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::{Value, json};

use crate::{PROGRAM, UBUNTU};

mod meanwhile;

const WINDOWS: &[&str] = &["self-hosted", "windows-latest"];
const BUSY: Effect = Effect::Fail { status: 503, retry_after: None };
/// The value of a setting with one profile that the default settings do not have.
const OTHER_PROFILE: &str =
    r#"[{"name":"gpu","labels":["self-hosted","gpu"],"pool":"ubuntu","image":"gpu:1"}]"#;

fn pause(profile: &str) -> Value {
    json!({ "operation": "pause", "profile": profile, "why": "a new image", "who": "ann@desk" })
}

fn resume(profile: &str) -> Value {
    json!({ "operation": "resume", "profile": profile })
}

/// A job that runs until its file exists.
struct LongJob {
    folder: tempfile::TempDir,
    id: u64,
}

impl LongJob {
    /// Queues the job, and waits until it runs.
    async fn start(env: &mut TestEnvironment) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut job = NewJob::new("octo/app", UBUNTU);
        let file = folder.path().join("end");
        job.script = Some(format!("until test -e {}; do sleep 0.05; done", file.display()));
        let id = env.queue(job);
        env.until_job_starts(id).await;
        Self { folder, id }
    }

    /// Ends the job, and waits until its task has ended.
    async fn end(self, env: &mut TestEnvironment) {
        std::fs::write(self.folder.path().join("end"), "").expect("a file");
        env.until_task_ends(&format!("gh-{}", self.id)).await;
    }
}

/// Returns a text without times.
fn timeless(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.contains("T") && word.ends_with('Z') {
        true => "TIME",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Runs reconciliation every half hour for two hours, and returns its log lines.
async fn two_hours(env: &mut TestEnvironment) -> String {
    let mut logged = Vec::new();
    for _ in 0..4 {
        env.advance_minutes(30);
        logged.push(env.reconcile().await);
    }
    logged.join("\n")
}

/// Waits until every job has succeeded, and returns the jobs.
async fn served(env: &mut TestEnvironment) -> String {
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.jobs()
}

/// Returns the alerts so far.
fn alarms(env: &TestEnvironment) -> String {
    let log = env.log();
    log.lines().filter(|line| line.contains("alarm=")).collect::<Vec<_>>().join("\n")
}

fn state_of(env: &TestEnvironment, batch_job: &str) -> String {
    let jobs = env.deployment.batch.emulator.jobs();
    jobs.into_iter().find(|job| job.id == batch_job).map_or("missing", |job| job.state).to_owned()
}

#[tokio::test]
async fn a_paused_profile_loses_no_job_in_two_hours() {
    let mut env = crate::start(&[("CancelUnservable", "true")]).await;
    let running = LongJob::start(&mut env).await;
    assert_snapshot!(env.operate(pause("ubuntu")).await, @"profile ubuntu paused: running jobs go on, others wait until it is resumed");
    assert_eq!(state_of(&env, "runners-ubuntu"), "disabling");
    for _ in 0..2 {
        let waiting = env.queue_job(UBUNTU);
        env.until_task_is_added(&format!("gh-{waiting}")).await;
    }
    let other = env.queue_job(WINDOWS);
    env.until_task_ends(&format!("gh-{other}")).await;
    env.until_no_message().await;
    // Its delivery is lost.
    let mut silent = NewJob::new("octo/app", UBUNTU);
    silent.silent = true;
    env.queue(silent);
    assert_snapshot!(timeless(&env.job_phases().await), @r"
    5 requested: profile ubuntu is paused since TIME by ann@desk: a new image
    2 waiting-for-node gh-2: profile ubuntu is paused since TIME by ann@desk: a new image
    3 waiting-for-node gh-3: profile ubuntu is paused since TIME by ann@desk: a new image
    1 running gh-1
    ");
    let mut logged = two_hours(&mut env).await;
    running.end(&mut env).await;
    logged += &format!("\n{}", env.reconcile().await);
    assert_eq!(logged.replace("nothing to repair", "").trim(), "");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-2 active
    runners-ubuntu: gh-3 active
    runners-windows: gh-4 completed 0
    ");
    let report = env.status().await;
    let paused: Vec<String> = report
        .paused
        .iter()
        .map(|one| format!("{} by {}: {}", one.profile, one.who, one.why))
        .collect();
    assert_eq!(paused, ["ubuntu by ann@desk: a new image"]);
    assert_eq!(alarms(&env), "");
    all_are_served_afterwards(env).await;
}

/// Resumes the profile: the waiting jobs are served once each, and the record is forgotten after `NoCapacityMinutes`.
async fn all_are_served_afterwards(mut env: TestEnvironment) {
    assert_snapshot!(env.operate(resume("ubuntu")).await, @"profile ubuntu resumed");
    assert_eq!(env.status().await.paused, []);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-5 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.settle().await;
    // GitHub may give a job to a runner that was made for another one.
    let jobs = env.jobs();
    let mut runners: Vec<&str> =
        jobs.lines().filter_map(|line| Some(line.split_once(" success on ")?.1)).collect();
    runners.sort_unstable();
    assert_eq!(runners, ["gh-1", "gh-2", "gh-3", "gh-4", "gh-5"]);
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-2 completed 0
    runners-ubuntu: gh-3 completed 0
    runners-ubuntu: gh-5 completed 0
    runners-windows: gh-4 completed 0
    ");
    assert_snapshot!(env.reconcile_after(29).await, @"nothing to repair");
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @r"
    the pause of profile ubuntu has ended
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(alarms(&env), "");
    env.end().await;
}

#[tokio::test]
async fn a_pause_that_fails_half_way_is_continued() {
    let mut env = crate::start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    // The record is written, its response is lost, and Batch does not answer.
    env.deployment.blobs.faults.inject("PutBlob", 1, Effect::DropResponse);
    env.deployment.batch.faults.inject("DisableJob", 1, BUSY);
    assert_snapshot!(env.operate(pause("ubuntu")).await, @r"
    profile ubuntu paused: running jobs go on, others wait until it is resumed
    Batch job runners-ubuntu: disabling a Batch job failed: Batch is unavailable (503 ServerBusy); the next run of reconciliation disables it
    ");
    assert_eq!(state_of(&env, "runners-ubuntu"), "active");
    env.kill_handler("http").await;
    assert_snapshot!(env.reconcile().await, @r"
    Batch job runners-ubuntu disabled: profile ubuntu is paused
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(state_of(&env, "runners-ubuntu"), "disabled");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    env.deployment.blobs.faults.inject("PutBlob", 1, Effect::DropResponse);
    env.deployment.batch.faults.inject("EnableJob", 1, BUSY);
    assert_snapshot!(env.operate(resume("ubuntu")).await, @r"
    profile ubuntu resumed
    Batch job runners-ubuntu: enabling a Batch job failed: Batch is unavailable (503 ServerBusy); the next run of reconciliation enables it
    ");
    assert_snapshot!(env.operate(resume("ubuntu")).await, @"profile ubuntu is not paused");
    assert_eq!(state_of(&env, "runners-ubuntu"), "disabled");
    assert_snapshot!(env.reconcile().await, @r"
    Batch job runners-ubuntu enabled: profile ubuntu was resumed
    1 repairs done
    ");
    assert_eq!(served(&mut env).await.matches(" success on ").count(), 2);
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-2 completed 0
    ");
    env.end().await;
}

#[tokio::test]
async fn a_pause_without_its_record_changes_nothing() {
    let mut env = crate::start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let down = Effect::Fail { status: 403, retry_after: None };
    env.deployment.blobs.faults.inject("PutBlob", 1, down);
    assert_snapshot!(env.operate(pause("ubuntu")).await, @"503 record the pause: blob paused in the container of setting StateContainerUrl could not be written: 403 AuthorizationFailure");
    assert_eq!(state_of(&env, "runners-ubuntu"), "active");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_message_waits_if_batch_rejects_tasks_meanwhile() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.batch_rules.disabled_jobs_reject_tasks = true;
    })
    .await;
    env.deployment.batch.faults.inject("AddTask", 1, Effect::Hold);
    env.queue_job(UBUNTU);
    env.until_called(&env.deployment.batch.faults, "AddTask", 1).await;
    // The message is in work when the profile is paused, before the first Batch job exists.
    assert_snapshot!(env.operate(pause("ubuntu")).await, @"profile ubuntu paused: running jobs go on, others wait until it is resumed");
    env.deployment.batch.faults.release();
    env.until_logged(" s: profile ubuntu is paused").await;
    assert_snapshot!(env.tasks(), @"");
    assert_snapshot!(timeless(&env.job_phases().await), @"1 requested: profile ubuntu is paused since TIME by ann@desk: a new image");
    assert_snapshot!(two_hours(&mut env).await, @r"
    nothing to repair
    nothing to repair
    nothing to repair
    nothing to repair
    ");
    assert_snapshot!(env.operate(resume("ubuntu")).await, @"profile ubuntu resumed");
    // The message was postponed for five minutes, and for up to half of that in addition.
    env.advance_minutes(8);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(served(&mut env).await, @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_eq!(alarms(&env), "");
    env.end().await;
}

#[tokio::test]
async fn a_profile_is_paused_before_its_first_job() {
    let mut env = crate::start(&[]).await;
    env.operate(pause("ubuntu")).await;
    assert_eq!(state_of(&env, "runners-ubuntu"), "disabled");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    assert_snapshot!(env.reconcile_after(2).await, @"nothing to repair");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 active");
    env.operate(resume("ubuntu")).await;
    assert_snapshot!(served(&mut env).await, @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_profile_is_resumed_while_a_job_of_it_runs() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.batch_rules.disabling_jobs_reject_enable = true;
    })
    .await;
    let running = LongJob::start(&mut env).await;
    env.operate(pause("ubuntu")).await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    assert_snapshot!(env.operate(resume("ubuntu")).await, @r"
    profile ubuntu resumed
    Batch job runners-ubuntu: enabling a Batch job failed: Batch is unavailable (409 OperationInvalidForCurrentState); the next run of reconciliation enables it
    ");
    assert_snapshot!(env.reconcile().await, @"0 repairs done, 1 failed, 0 postponed");
    running.end(&mut env).await;
    assert_snapshot!(env.reconcile().await, @r"
    Batch job runners-ubuntu enabled: profile ubuntu was resumed
    1 repairs done
    ");
    assert_eq!(served(&mut env).await.matches(" success on ").count(), 2);
    env.end().await;
}

#[tokio::test]
async fn a_request_that_changes_nothing_says_why() {
    let env = crate::start(&[]).await;
    let first = env.operate(pause("ubuntu")).await;
    let other = json!({ "operation": "pause", "profile": "ubuntu", "why": "me too" });
    let responses = [
        first,
        env.operate(other).await,
        env.operate(pause("gpu")).await,
        env.operate(resume("gpu")).await,
        env.operate(resume("windows")).await,
        env.operate(json!({ "operation": "pause", "profile": "windows", "why": "a\nb" })).await,
    ];
    assert_snapshot!(timeless(&responses.join("\n")), @r#"
    profile ubuntu paused: running jobs go on, others wait until it is resumed
    profile ubuntu is already paused since TIME by ann@desk: a new image
    404 setting RunnerProfiles has no profile "gpu": its profiles are ubuntu, ubuntu-2204, windows, windows-2019
    404 setting RunnerProfiles has no profile "gpu": its profiles are ubuntu, ubuntu-2204, windows, windows-2019
    profile windows is not paused
    400 why has a control character
    "#);
    let log = env.log();
    let logged = log.lines().find(|line| line.contains("pause of profile ubuntu by ann@desk"));
    assert!(logged.is_some_and(|line| line.contains(" from 127.0.0.1")), "{log}");
    env.end().await;
}

#[tokio::test]
async fn the_commands_pause_and_resume_a_profile() {
    let env = TestEnvironment::start(PROGRAM).await;
    let pause = ["pause", "ubuntu", "--why", "a new image", "--who", "ann"];
    assert_snapshot!(env.command(PROGRAM, &pause).await, @"0: profile ubuntu paused: running jobs go on, others wait until it is resumed");
    assert_snapshot!(timeless(&env.command(PROGRAM, &pause).await), @"0: profile ubuntu is already paused since TIME by ann: a new image");
    let status = timeless(&env.command(PROGRAM, &["status"]).await);
    assert!(
        status.contains("\nprofile ubuntu is paused since TIME by ann: a new image\n"),
        "{status}"
    );
    assert_snapshot!(env.command(PROGRAM, &["pause", "gpu", "--why", "x"]).await, @r#"1: ERROR failed to call Operate: 404 Not Found: setting RunnerProfiles has no profile "gpu": its profiles are ubuntu, ubuntu-2204, windows, windows-2019"#);
    assert_snapshot!(env.command(PROGRAM, &["resume", "ubuntu"]).await, @"0: profile ubuntu resumed");
    let json = env.command(PROGRAM, &["resume", "ubuntu", "--json"]).await;
    assert_snapshot!(json, @r#"0: {"operation":"resume","done":["profile ubuntu is not paused"],"skipped":[]}"#);
    env.end().await;
}

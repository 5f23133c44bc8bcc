//! Tests of paused profiles: their Batch jobs follow the record, and nothing else is done about their jobs.

use super::*;
use crate::batch::JobState;
use crate::batch_job::BatchJobId;
use crate::pauses::{Pause, Pauses};

fn pause(resumed: Option<i64>) -> Pause {
    Pause {
        at: at(0),
        who: "ann@desk".to_owned(),
        why: "a new image".to_owned(),
        batch_jobs: [1].into(),
        resumed: resumed.map(at),
    }
}

/// Returns the records of one profile.
fn pauses(profile: &str, resumed: Option<i64>) -> Pauses {
    let mut pauses = Pauses::default();
    pauses.pause(profile, pause(resumed));
    pauses
}

fn paused(snapshot: Snapshot, state: Option<JobState>, resumed: Option<i64>) -> Snapshot {
    let batch_jobs = state.map(|state| (BatchJobId::new("ubuntu", 1), state));
    let batch_jobs = batch_jobs.into_iter().collect();
    Snapshot { pauses: pauses("ubuntu", resumed), batch_jobs, ..snapshot }
}

#[test]
fn a_batch_job_follows_the_record() {
    let empty = || snapshot([], [], []);
    let cases = [
        (Some(JobState::Open), None, "31: disable runners-ubuntu"),
        (None, None, "31: disable runners-ubuntu"),
        (Some(JobState::Disabled), None, ""),
        (Some(JobState::Closed), None, ""),
        (Some(JobState::Disabled), Some(1), "31: enable runners-ubuntu"),
        (Some(JobState::Open), Some(2), ""),
        (Some(JobState::Open), Some(1), "31: forget the pause of ubuntu"),
        (None, Some(1), "31: forget the pause of ubuntu"),
        (Some(JobState::Closed), Some(1), "31: forget the pause of ubuntu"),
    ];
    for (state, resumed, expected) in cases {
        let snapshot = paused(empty(), state, resumed);
        assert_eq!(runs(&snapshot, [31]), expected, "{state:?} {resumed:?}");
    }
}

/// Without the pause each of these jobs would be reported, and get a runner or be cancelled.
#[test]
fn nothing_is_done_about_the_jobs_of_a_paused_profile() {
    let failed = |id| {
        task(id, "ubuntu", ended(0, Ending::Failed(Failure::Batch("ContainerInvalid".to_owned()))))
    };
    let jobs =
        || [(1, job("queued", UBUNTU)), (2, job("queued", UBUNTU)), (3, job("queued", UBUNTU))];
    let tasks = || {
        let failed = ["gh-2", "gh-2-2", "gh-2-3", "gh-2-4", "gh-2-5"].map(failed);
        [vec![task("gh-1", "ubuntu", Stage::Waiting)], failed.to_vec()].concat()
    };
    let state = Some(JobState::Disabled);
    let held = paused(snapshot(jobs(), tasks(), []), state, None);
    let repairs_of = |snapshot: &Snapshot, minutes: &[i64]| {
        let repairs = runs(snapshot, minutes.iter().copied());
        let of_jobs = repairs.lines().filter(|line| !line.contains("alert image"));
        of_jobs.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(repairs_of(&held, &[0, 2, 31, 121]), "");
    // Half an hour after the end of the pause an alert states why a job still waits.
    let resumed = paused(snapshot(jobs(), tasks(), []), Some(JobState::Open), Some(121));
    insta::assert_snapshot!(repairs_of(&resumed, &[121, 123, 152]), @r"
    121: request gh-3-1 on ubuntu
    123: request gh-3-1 on ubuntu
    152: report job 1: its task waits for a node of pool ubuntu, which cannot be read: check the handler's role on the Batch account
    152: cancel run 45: its runners fail (ContainerInvalid): check stderr.txt of their tasks, and the image
    152: report job 2: its runners fail (ContainerInvalid): check stderr.txt of their tasks, and the image
    152: request gh-3-1 on ubuntu
    152: report job 3: its runner is requested, or will be by the next run of reconciliation
    152: forget the pause of ubuntu
    ");
}

#[test]
fn a_waiting_task_of_a_paused_profile_covers_no_other_job() {
    let (running, waiting) =
        (job("in_progress gh-2", OLDER), job("queued", &["self-hosted", "linux"]));
    let tasks = [task("gh-1", "ubuntu-2204", Stage::Waiting), task("gh-2", "ubuntu", STARTED)];
    let snapshot = || snapshot([(1, running.clone()), (2, waiting.clone())], tasks.clone(), []);
    assert_eq!(runs(&snapshot(), [0, 2]), "", "gh-1 is to serve job 2");
    let batch_jobs = [(BatchJobId::new("ubuntu-2204", 1), JobState::Disabled)].into();
    let paused = Snapshot { pauses: pauses("ubuntu-2204", None), batch_jobs, ..snapshot() };
    insta::assert_snapshot!(runs(&paused, [0, 2]), @"2: request gh-2-2 on ubuntu");
}

#[test]
fn a_pause_of_a_removed_profile_is_reported_once() {
    let removed =
        |resumed| Snapshot { removed_pauses: pauses("gone", resumed), ..snapshot([], [], []) };
    insta::assert_snapshot!(runs(&removed(None), [1, 2, 60]), @"1: alert settings: profile gone is paused since 1970-01-10T00:00:00Z by ann@desk: a new image, and is not in setting RunnerProfiles any more: the pause has no effect; add the profile again, or run `mayfly resume gone`");
    assert_eq!(runs(&removed(Some(1)), [1]), "1: forget the pause of gone");
}

#[test]
fn a_pool_of_paused_profiles_raises_no_alert() {
    let error = Some("AutoScalingFormulaEvaluationError".to_owned());
    let state = PoolState { autoscale_error: error, ..PoolState::default() };
    let failing = |profiles: &[&str]| {
        let mut pauses = Pauses::default();
        profiles.iter().for_each(|profile| pauses.pause(profile, pause(None)));
        let states = profiles.iter().map(|one| (BatchJobId::new(one, 1), JobState::Disabled));
        let pools = [("ubuntu".to_owned(), state.clone())].into();
        Snapshot { pauses, pools, batch_jobs: states.collect(), ..snapshot([], [], []) }
    };
    let all: Vec<String> = rules().policy.profiles.into_iter().map(|one| one.name).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(runs(&failing(&all), [1]), "");
    assert!(runs(&failing(&["ubuntu"]), [1]).starts_with("1: alert pool: "));
}

//! Tests of the checks of paused profiles.

use super::*;

/// Returns a scenario of one job, with a pause of a profile from second 600 to second 6,600.
fn paused(profile: &str) -> Scenario {
    let kind =
        FaultKind::ProfilePaused { deployment: 0, profile: profile.to_owned(), seconds: 6000 };
    let mut scenario = scenario(1);
    scenario.scheduled_faults = vec![ScheduledFault { at: 600, kind }];
    scenario.deployments[0].pools.iter_mut().for_each(|pool| pool.scaled = false);
    scenario
}

/// Returns the record of a job that was ready at second 620 and started at another.
fn served_at(start: u64) -> Record {
    let mut record = fine();
    record.jobs[0] = job(0, 620, Some(("gh-1", start, start + 100)));
    record.runners = vec![runner("gh-1", (start - 10, start + 101), Some((start, 1)))];
    record.tasks =
        vec![TaskRecord { added_at: 630_000, ..task("gh-1", &[(start - 20, start + 102)]) }];
    record.ended_at = 20_000_000;
    record
}

#[test]
fn no_task_of_a_paused_profile_starts() {
    assert_eq!(faults(&paused("ubuntu"), &served_at(700)), "", "before the pause has effect");
    insta::assert_snapshot!(faults(&paused("ubuntu"), &served_at(3000)), @"incorrect: started although its profile was paused: task gh-1 in runners-ubuntu from 0:10:30, ran 0:49:40 to 0:51:42 with 0, ended at 0:51:42");
    assert_eq!(faults(&paused("windows"), &served_at(700)), "");
}

#[test]
fn a_wait_is_excused_for_the_paused_profile_only() {
    assert_eq!(faults(&paused("ubuntu"), &served_at(6700)), "");
    insta::assert_snapshot!(faults(&paused("windows"), &served_at(6700)), @"incorrect: starved for 101 minutes while pool ubuntu had room: job 1 (index 0, attempt 1) of octo/app [self-hosted, Linux]; ready at 0:10:20; started at 1:51:40; ended at 1:53:20; on gh-1; task gh-1 in runners-ubuntu from 0:10:30, ran 1:51:20 to 1:53:22 with 0, ended at 1:53:22");
    insta::assert_snapshot!(faults(&paused("ubuntu"), &served_at(11_000)), @"incorrect: starved for 58 minutes while pool ubuntu had room: job 1 (index 0, attempt 1) of octo/app [self-hosted, Linux]; ready at 0:10:20; started at 3:03:20; ended at 3:05:00; on gh-1; task gh-1 in runners-ubuntu from 0:10:30, ran 3:03:00 to 3:05:02 with 0, ended at 3:05:02");
}

//! Since when jobs wait: GitHub creates a job before its gates open, and may leave it behind.

use super::super::snapshot::UnfinishedRuns;
use super::*;

const DAY: i64 = 24 * 60;

/// A job of a run that was last updated at a minute.
fn updated(state: &str, minute: i64) -> Snapshot {
    let runs =
        UnfinishedRuns { updated: [(45, at(minute))].into(), complete: true, ..Default::default() };
    Snapshot { runs, ..snapshot([(1, job(state, UBUNTU))], [], []) }
}

/// Runs at each of these minutes on the snapshot of that minute, and lists the repairs of each run.
fn repairs(snapshots: &[(i64, &Snapshot)]) -> String {
    let mut state = ReconcileState::default();
    let mut lines = Vec::new();
    for &(minute, snapshot) in snapshots {
        let (repairs, next) = plan(snapshot, &state, &rules(), at(minute));
        state = next;
        lines.extend(repairs.iter().map(|repair| format!("{minute}: {}", line(repair))));
    }
    lines.join("\n")
}

#[test]
fn a_job_that_a_gate_held_for_a_day_gets_a_runner() {
    let (gated, queued) = (updated("waiting", 0), updated("queued", 0));
    let seen = repairs(&[(0, &gated), (1560, &queued), (1590, &queued)]);
    insta::assert_snapshot!(seen, @"
    1560: request gh-1-1 on ubuntu
    1590: request gh-1-1 on ubuntu
    1590: report job 1: its runner is requested, or will be by the next run of reconciliation
    ");
    let released = updated("queued", 1560);
    let unseen = repairs(&[(1560, &released)]);
    insta::assert_snapshot!(unseen, @"1560: request gh-1-1 on ubuntu");
}

#[test]
fn the_day_of_a_released_job_ends() {
    let (gated, queued) = (updated("pending", 0), updated("queued", 0));
    let end = 1560 + DAY;
    let all = repairs(&[(0, &gated), (1560, &queued), (end - 1, &queued), (end, &queued)]);
    insta::assert_snapshot!(all, @"
    1560: request gh-1-1 on ubuntu
    2999: request gh-1-1 on ubuntu
    2999: report job 1: its runner is requested, or will be by the next run of reconciliation
    3000: report job 1: it has been queued for more than 24 hours, after which GitHub cancels a job: GitHub has left it behind, and no runner is started for it; cancel its run, or start it again
    ");
}

#[test]
fn a_job_that_github_left_behind_is_reported_once() {
    let left = updated("queued", 0);
    let week = 7 * DAY;
    let unread = Snapshot::default();
    let all = repairs(&[
        (week, &left),
        (week + 2, &left),
        (week + 4, &unread),
        (week + 6, &left),
        (week + 100, &left),
    ]);
    insta::assert_snapshot!(all, @"10080: report job 1: it has been queued for more than 24 hours, after which GitHub cancels a job: GitHub has left it behind, and no runner is started for it; cancel its run, or start it again");
}

/// A run without a known time proves nothing about the job.
#[test]
fn a_job_of_unknown_age_counts_from_the_first_look() {
    let unknown = snapshot([(1, job("queued", UBUNTU))], [], []);
    let week = 7 * DAY;
    insta::assert_snapshot!(repairs(&[(week, &unknown)]), @"10080: request gh-1-1 on ubuntu");
}

#[test]
fn a_job_that_waits_for_other_runners_is_neither_reported_nor_cancelled() {
    let runs = UnfinishedRuns { complete: true, ..Default::default() };
    let none = Snapshot { runs, ..snapshot([(1, job("queued", &[]))], [], []) };
    assert_eq!(repairs(&[(0, &none), (30, &none), (60, &none)]), "");
    let other = snapshot([(1, job("queued", &["linux", "x64"]))], [], []);
    assert_eq!(repairs(&[(0, &other), (30, &other), (60, &other)]), "");
}

#[test]
fn a_job_of_a_users_repository_gets_no_runner() {
    let runs = UnfinishedRuns { of_users: [repository()].into(), ..Default::default() };
    let of_user = Snapshot { runs, ..snapshot([(1, job("queued", UBUNTU))], [], []) };
    insta::assert_snapshot!(repairs(&[(0, &of_user), (2, &of_user), (30, &of_user)]), @"30: report job 1: a user owns its repository, and runners of setting RunnerScope serve organizations only: move the repository to an organization, or use RunnerScope=repository");
}

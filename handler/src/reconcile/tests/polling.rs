//! What is decided if no webhook reports jobs: the runs are 30 seconds apart.

use super::*;

/// Returns the rules of a deployment without webhooks.
fn polling() -> Rules {
    let (demand, period) = (DemandSource::Polling, TimeDelta::seconds(30));
    Rules { demand, period, ..rules() }
}

/// Runs at each of these seconds, each on its own snapshot, and lists the repairs of each run.
fn runs_at<'a>(snapshots: impl IntoIterator<Item = (i64, &'a Snapshot)>) -> String {
    let mut state = ReconcileState::default();
    let mut lines = Vec::new();
    for (second, snapshot) in snapshots {
        let now = at(0) + TimeDelta::seconds(second);
        let (repairs, next) = plan(snapshot, &state, &polling(), now);
        state = next;
        lines.extend(repairs.iter().map(|repair| format!("{second}: {}", line(repair))));
    }
    lines.join("\n")
}

fn every_30_seconds(snapshot: &Snapshot, until: usize) -> String {
    runs_at((0..=until as i64).step_by(30).map(|second| (second, snapshot)))
}

#[test]
fn the_first_run_that_sees_a_job_requests_its_runner_once() {
    let new = snapshot([(1, job("queued", UBUNTU))], [], []);
    insta::assert_snapshot!(every_30_seconds(&new, 240), @"
    0: request gh-1-1 on ubuntu
    120: request gh-1-1 on ubuntu
    240: request gh-1-1 on ubuntu
    ");
}

#[test]
fn a_clock_of_github_that_is_ahead_delays_no_request() {
    let mut early = job("queued", UBUNTU);
    early.created_at = at(5);
    insta::assert_snapshot!(every_30_seconds(&snapshot([(1, early)], [], []), 30), @"0: request gh-1-1 on ubuntu");
}

#[test]
fn a_job_whose_runner_serves_a_new_job_is_replaced_by_the_next_run() {
    let waiting = snapshot(
        [(1, job("queued", UBUNTU))],
        [task("gh-1", "ubuntu", STARTED)],
        [runner("gh-1", false)],
    );
    let jobs = [(1, job("queued", UBUNTU)), (2, job("in_progress gh-1", UBUNTU))];
    let reassigned = snapshot(jobs, [task("gh-1", "ubuntu", STARTED)], [runner("gh-1", true)]);
    let runs = [(0, &waiting), (30, &reassigned), (60, &reassigned), (90, &reassigned)];
    insta::assert_snapshot!(runs_at(runs), @"60: request gh-1-2 on ubuntu");
}

#[test]
fn another_failed_runner_is_replaced_although_a_request_was_sent() {
    let failed = |id| task(id, "ubuntu", ended(0, Ending::Failed(Failure::Exit(75))));
    let jobs = || [(1, job("queued", UBUNTU))];
    let first = snapshot(jobs(), [failed("gh-1")], []);
    let second = snapshot(jobs(), [failed("gh-1"), failed("gh-1-2")], []);
    let runs = [(0, &first), (30, &first), (60, &second), (90, &second)];
    insta::assert_snapshot!(runs_at(runs), @"
    0: request gh-1-2 on ubuntu
    60: request gh-1-3 on ubuntu
    ");
}

#[test]
fn more_repositories_than_can_be_polled_raise_one_alert() {
    let of = |polled| {
        let runs = super::super::snapshot::UnfinishedRuns { polled, ..Default::default() };
        Snapshot { runs, ..snapshot([], [], []) }
    };
    let (few, many, more) = (of(54), of(55), of(56));
    insta::assert_snapshot!(runs_at([(0, &few), (30, &many), (60, &more)]), @"30: alert settings: Demand is polling, and one token polls 55 repositories: GitHub's limits allow 54 every 30 seconds, and jobs of the others wait longer. Name fewer in AllowedRepositories, make ReconcileSchedule slower, or use webhooks");
}

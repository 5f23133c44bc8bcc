//! Which jobs get a runner, and which waiting tasks are terminated.

use super::*;

#[test]
fn a_job_without_a_runner_gets_one_30_seconds_after_it_was_created() {
    let mut new = job("queued", UBUNTU);
    for (age, requests) in [(0, ""), (29, ""), (30, "0: request gh-1-1 on ubuntu")] {
        new.created_at = at(0) - TimeDelta::seconds(age);
        assert_eq!(runs(&snapshot([(1, new.clone())], [], []), 0..=0), requests, "{age} s");
    }
}

#[test]
fn a_job_that_a_run_did_not_read_still_counts_as_uncovered() {
    let ended = task("gh-1", "ubuntu", ended(0, Ending::Clean));
    let lost = snapshot([(1, job("queued", UBUNTU))], [ended], []);
    let unread = Snapshot { jobs: std::collections::BTreeMap::new(), ..lost.clone() };
    let snapshots = [(0, &lost), (1, &unread), (2, &lost)];
    let mut state = ReconcileState::default();
    let repaired = snapshots.map(|(minute, snapshot)| {
        let (repairs, next) = plan(snapshot, &state, &rules(), at(minute));
        state = next;
        repairs.iter().map(line).collect::<String>()
    });
    assert_eq!(repaired, ["", "", "request gh-1-2 on ubuntu"]);
}

#[test]
fn a_job_whose_runner_serves_a_job_without_a_task_is_uncovered() {
    let jobs = [(1, job("queued", UBUNTU)), (2, job("in_progress gh-1", UBUNTU))];
    let reassigned = snapshot(jobs, [task("gh-1", "ubuntu", STARTED)], [runner("gh-1", true)]);
    insta::assert_snapshot!(runs(&reassigned, 0..=2), @"2: request gh-1-2 on ubuntu");
}

#[test]
fn a_job_whose_runner_served_another_waits_for_missing_runs() {
    let ended = task("gh-1", "ubuntu", ended(0, Ending::Clean));
    let complete = snapshot([(1, job("queued", UBUNTU))], [ended], []);
    let missing = Snapshot { missing_runs: true, ..complete.clone() };
    insta::assert_snapshot!(runs(&missing, 0..=4), @"");
    insta::assert_snapshot!(runs(&complete, 0..=2), @"2: request gh-1-2 on ubuntu");
}

#[test]
fn two_runners_that_exchanged_their_jobs_need_nothing() {
    let jobs = [(1, job("queued", UBUNTU)), (2, job("in_progress gh-1", UBUNTU))];
    let tasks = [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu", Stage::Waiting)];
    assert_eq!(runs(&snapshot(jobs, tasks, [runner("gh-1", true)]), 0..20), "");
}

#[test]
fn a_waiting_task_is_terminated_by_its_chain_alone() {
    let jobs = [
        (1, job("completed gh-2", UBUNTU)),
        (2, job("queued", UBUNTU)),
        (3, job("completed", UBUNTU)),
        (4, job("waiting", UBUNTU)),
    ];
    let waiting = |id| task(id, "ubuntu", Stage::Waiting);
    let own = task("gh-2", "ubuntu", ended(0, Ending::Clean));
    let tasks = ["gh-1", "gh-3", "gh-4", "gh-5"].map(waiting).into_iter().chain([own]);
    insta::assert_snapshot!(runs(&snapshot(jobs, tasks, []), [0]), @r"
    0: terminate gh-3: the job ended without a runner
    0: terminate gh-4: the job waits for an approval or a concurrency group
    ");
}

#[test]
fn a_task_of_a_closed_batch_job_ends_once_its_job_is_served() {
    let tasks =
        |other| [task("gh-1", "ubuntu", Stage::Unschedulable), task("gh-1-2", "ubuntu", other)];
    let waiting = snapshot([(1, job("queued", UBUNTU))], tasks(Stage::Waiting), []);
    assert_eq!(runs(&waiting, [0]), "");
    let served = [(1, job("completed gh-1-2", UBUNTU))];
    let served = snapshot(served, tasks(ended(0, Ending::Clean)), []);
    insta::assert_snapshot!(runs(&served, [0]), @"0: terminate gh-1: the job already has a runner");
}

#[test]
fn a_chain_that_is_a_cycle_terminates_a_waiting_task() {
    let jobs = [
        (1, job("completed gh-2-2", UBUNTU)),
        (2, job("in_progress gh-1-2", UBUNTU)),
        (3, job("completed gh-1", UBUNTU)),
    ];
    let waiting = task("gh-3", "ubuntu", Stage::Waiting);
    let over = |id| task(id, "ubuntu", ended(0, Ending::Clean));
    let tasks = [waiting, over("gh-1"), over("gh-2-2"), task("gh-1-2", "ubuntu", STARTED)];
    let cycle = snapshot(jobs, tasks, []);
    insta::assert_snapshot!(runs(&cycle, [0]), @"0: terminate gh-3: the job already has a runner");
}

#[test]
fn a_registered_runner_of_another_profile_covers_nothing() {
    let jobs = [(1, job("completed gh-2", UBUNTU)), (2, job("queued", OLDER))];
    let tasks =
        [task("gh-1", "ubuntu", STARTED), task("gh-2", "ubuntu-2204", ended(0, Ending::Clean))];
    insta::assert_snapshot!(runs(&snapshot(jobs, tasks, [runner("gh-1", false)]), [0, 2, 10]), @"
    2: request gh-2-2 on ubuntu-2204
    10: request gh-2-2 on ubuntu-2204
    10: deregister gh-1, of runners-ubuntu: no job needs it
    ");
}

#[test]
fn a_job_does_not_wait_for_room_in_another_pool() {
    let jobs = || [(1, job("in_progress gh-2", UBUNTU)), (2, job("queued", OLDER))];
    let own = || task("gh-2", "ubuntu-2204", STARTED);
    let waiting = [task("gh-1", "ubuntu", Stage::Waiting), own()];
    insta::assert_snapshot!(runs(&snapshot(jobs(), waiting, [runner("gh-2", true)]), 0..=2), @"2: request gh-2-2 on ubuntu-2204");
    let claiming = [task("gh-1", "ubuntu", STARTED), own()];
    assert_eq!(runs(&snapshot(jobs(), claiming, [runner("gh-2", true)]), 0..=2), "");
}

#[test]
fn a_failed_runner_is_replaced_immediately_five_times_at_most() {
    let failed = |id| task(id, "ubuntu", ended(0, Ending::Failed(Failure::Exit(75))));
    let jobs = || [(1, job("queued", UBUNTU))];
    insta::assert_snapshot!(runs(&snapshot(jobs(), [failed("gh-1")], []), [0]), @"0: request gh-1-2 on ubuntu");
    let by_node = task("gh-1", "ubuntu", ended(0, Ending::Node));
    insta::assert_snapshot!(runs(&snapshot(jobs(), [by_node], []), [0]), @"0: request gh-1-2 on ubuntu");
    let five = ["gh-1", "gh-1-2", "gh-1-3", "gh-1-4", "gh-1-5"].map(failed);
    insta::assert_snapshot!(runs(&snapshot(jobs(), five, []), [0, 29, 30]), @"
    30: request gh-1-6 on ubuntu
    30: report job 1: its runners fail (exit code 75, no credential could be claimed): check stderr.txt of their tasks, and the image
    ");
}

#[test]
fn five_runners_with_another_failure_are_the_last() {
    let failed = |id| task(id, "ubuntu", ended(0, Ending::Failed(Failure::Exit(1))));
    let five = ["gh-1", "gh-1-2", "gh-1-3", "gh-1-4", "gh-1-5"].map(failed);
    let lines = runs(&snapshot([(1, job("queued", UBUNTU))], five, []), [0, 30, 300]);
    assert!(!lines.contains("request"), "{lines}");
}

#[test]
fn a_runner_without_a_job_is_replaced_after_a_growing_delay() {
    let without_job = |id| task(id, "ubuntu", ended(0, Ending::NoJob));
    let jobs = || [(1, job("queued", UBUNTU))];
    insta::assert_snapshot!(runs(&snapshot(jobs(), [without_job("gh-1")], []), 0..=1), @"1: request gh-1-2 on ubuntu");
    let twice = [without_job("gh-1"), without_job("gh-1-2")];
    insta::assert_snapshot!(runs(&snapshot(jobs(), twice, []), 0..=3), @"3: request gh-1-3 on ubuntu");
}

#[test]
fn rejected_jobs_do_not_abandon_the_job_that_waits() {
    let rejected = |n: u32| {
        let name = if n == 1 { "gh-1".to_owned() } else { format!("gh-1-{n}") };
        task(&name, "ubuntu", ended(0, Ending::Rejected))
    };
    let requests = |rejections: u32| {
        let tasks: Vec<LedgerTask> = (1..=rejections).map(rejected).collect();
        let taken = snapshot([(1, job("queued", UBUNTU))], tasks, []);
        let lines = runs(&taken, [0, 1, 2]);
        lines.lines().filter(|line| line.contains("request")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(requests(5), @r"
    0: request gh-1-6 on ubuntu
    2: request gh-1-6 on ubuntu
    ");
    insta::assert_snapshot!(requests(6), @"2: request gh-1-7 on ubuntu");
    insta::assert_snapshot!(requests(300), @"2: request gh-1-301 on ubuntu");
    assert_eq!(requests(1000), "");
}

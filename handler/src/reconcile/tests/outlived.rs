//! Which tasks end because they have outlived the job of their runner.

use super::*;
use crate::task::run_name;

fn started(id: &str, minute: i64) -> LedgerTask {
    task(id, "ubuntu", Stage::Started { at: Some(at(minute)) })
}

/// Returns a job that ended at this minute.
fn ended_at(state: &str, minute: Option<i64>) -> ListedJob {
    ListedJob { ended_at: minute.map(at), ..job(state, UBUNTU) }
}

/// Returns the claim of the run of `gh-1` that started at this minute, with the id of its runner.
fn claim(minute: i64, runner: u64) -> StoredClaim {
    let blob = format!("claims/gh-1/{}", run_name(at(minute)));
    let minted = Some(at(minute));
    StoredClaim { task: "gh-1".to_owned(), blob, runner: Some(runner), minted, level: None }
}

#[test]
fn a_task_is_terminated_five_minutes_after_its_job() {
    let over = snapshot([(1, ended_at("completed gh-1", Some(3)))], [started("gh-1", 0)], []);
    insta::assert_snapshot!(runs(&over, [4, 6, 8]), @"8: terminate gh-1: after its job");
    let unknown = snapshot([(1, ended_at("completed gh-1", None))], [started("gh-1", 0)], []);
    assert_eq!(runs(&unknown, [4, 8, 9]), "");
    let claims = Some(vec![StoredClaim { runner: None, ..claim(0, 7) }]);
    let unknown = Snapshot { claims, ..unknown };
    insta::assert_snapshot!(runs(&unknown, [4, 8, 9]), @"9: terminate gh-1: after its job");
}

#[test]
fn a_runner_stays_while_its_job_runs_or_it_is_busy() {
    let running = snapshot([(1, job("in_progress gh-1", UBUNTU))], [started("gh-1", 0)], []);
    assert_eq!(runs(&running, [0, 5, 30]), "");
    let jobs = [(1, ended_at("completed gh-1", Some(0)))];
    assert_eq!(runs(&snapshot(jobs, [started("gh-1", 0)], [runner("gh-1", true)]), [0, 30]), "");
}

#[test]
fn a_registration_that_outlives_its_job_is_removed() {
    let offline = RegisteredRunner { online: false, ..runner("gh-1", false) };
    let jobs = [(1, ended_at("completed gh-1", Some(1)))];
    let stopped = snapshot(jobs, [started("gh-1", 0)], [offline]);
    insta::assert_snapshot!(runs(&stopped, [2, 6]), @"6: deregister gh-1, of runners-ubuntu: its job has ended, and its task still runs");
}

/// The job of another task ran on the runner, and its run is not listed any more.
#[test]
fn a_task_ends_once_its_recorded_runner_is_deregistered() {
    let jobs = || [(1, job("in_progress gh-2", UBUNTU)), (2, job("queued", UBUNTU))];
    let tasks = || [started("gh-1", 0), started("gh-2", 0)];
    let registered = snapshot(jobs(), tasks(), [runner("gh-2", true)]);
    let gone = Snapshot { claims: Some(vec![claim(0, 7)]), ..registered.clone() };
    let ends = "5: terminate gh-1: after its job";
    assert!(runs(&gone, [0, 4, 5]).contains(ends));
    // A claim of an earlier run says nothing about the present one.
    let rerun = Snapshot { claims: Some(vec![claim(-60, 7)]), ..registered };
    assert!(!runs(&rerun, [0, 4, 5]).contains("after its job"));
}

#[test]
fn a_task_ends_once_its_busy_runner_is_deregistered() {
    let jobs = || [(1, job("in_progress gh-2", UBUNTU)), (2, job("queued", UBUNTU))];
    let gh_2 = || task("gh-2", "ubuntu", ended(0, Ending::Clean));
    let busy = snapshot(jobs(), [started("gh-1", 0), gh_2()], [runner("gh-1", true)]);
    let gone = snapshot(jobs(), [started("gh-1", 0), gh_2()], []);
    // Batch has run the task again after its node died.
    let again = snapshot(jobs(), [started("gh-1", 1), gh_2()], []);
    let after = |later: &Snapshot| {
        let (_, state) = plan(&busy, &ReconcileState::default(), &rules(), at(0));
        let (_, state) = plan(later, &state, &rules(), at(2));
        let (repairs, _) = plan(later, &state, &rules(), at(7));
        repairs.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    assert!(after(&gone).contains("terminate gh-1: after its job"), "{}", after(&gone));
    assert!(!after(&again).contains("terminate"), "{}", after(&again));
}

#[test]
fn the_ids_of_others_of_the_name_are_left_out_of_the_look_up() {
    let another = RegisteredRunner { id: 9, ephemeral: false, ..runner("gh-1", true) };
    let jobs = [(1, ended_at("completed gh-1", Some(0)))];
    let over = Snapshot {
        claims: Some(vec![claim(0, 7)]),
        ..snapshot(jobs, [started("gh-1", 0)], [another])
    };
    let (_, state) = plan(&over, &ReconcileState::default(), &rules(), at(3));
    let (repairs, _) = plan(&over, &state, &rules(), at(5));
    let others = repairs.iter().find_map(|repair| match repair {
        Repair::EndWithoutRunner { others, .. } => Some(others.as_slice()),
        _ => None,
    });
    assert_eq!(others, Some(&[9][..]));
}

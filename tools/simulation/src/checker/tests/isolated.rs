//! Nodes of pools whose profiles have `nodePerJob`.

use super::*;
use crate::record::Placement;
use crate::scenario::{FaultKind, ScheduledFault};

/// Returns a record of two jobs, whose runners were on these nodes.
fn on_nodes(first: &str, second: &str) -> Record {
    let placed = |(node, task, at): (&str, &str, u64)| Placement {
        deployment: 0,
        pool: "ubuntu".to_owned(),
        node: node.to_owned(),
        task: task.to_owned(),
        started_at: at * 1000,
    };
    Record {
        jobs: vec![job(0, 10, Some(("gh-1", 40, 100))), job(1, 10, Some(("gh-2", 240, 300)))],
        tasks: vec![task("gh-1", &[(30, 101)]), task("gh-2", &[(230, 301)])],
        runners: vec![
            runner("gh-1", (35, 101), Some((40, 1))),
            runner("gh-2", (235, 301), Some((240, 2))),
        ],
        placements: vec![placed((first, "gh-1", 30)), placed((second, "gh-2", 230))],
        quiescent: true,
        ended_at: 1_000_000,
        ..Record::default()
    }
}

#[test]
fn a_node_of_its_own_runs_no_task_after_a_registered_runner() {
    let mut isolated = scenario(2);
    assert_eq!(faults(&isolated, &on_nodes("n1", "n1")), "");
    isolated.deployments[0].pools[0].node_per_job = true;
    assert_eq!(faults(&isolated, &on_nodes("n1", "n2")), "");
    let found = faults(&isolated, &on_nodes("n1", "n1"));
    assert_eq!(found, "duplicated: node n1 ran gh-2 after the runner of gh-1\n");
    let mut unregistered = on_nodes("n1", "n1");
    unregistered.runners.remove(0);
    assert!(!faults(&isolated, &unregistered).contains("node n1"), "the first runner got no job");
}

#[test]
fn the_machine_that_replaces_a_preempted_one_has_its_node_id() {
    let mut preempted = scenario(2);
    preempted.deployments[0].pools[0].node_per_job = true;
    let kind =
        |preempted| FaultKind::LoseNode { deployment: 0, pool: "ubuntu".to_owned(), preempted };
    preempted.scheduled_faults = vec![ScheduledFault { at: 150, kind: kind(true) }];
    assert!(!faults(&preempted, &on_nodes("n1", "n1")).contains("node n1"));
    preempted.scheduled_faults[0].kind = kind(false);
    assert!(faults(&preempted, &on_nodes("n1", "n1")).contains("node n1"));
}

#[test]
fn a_used_node_that_stays_is_a_leak() {
    let mut left = on_nodes("n1", "n2");
    left.left.nodes.push("gh: n1 was used".to_owned());
    assert_eq!(faults(&scenario(2), &left), "leaked: node: gh: n1 was used\n");
}

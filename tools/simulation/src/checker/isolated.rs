//! Checks pools whose profiles have `nodePerJob`: no task starts on a node on which a runner had a credential.

use std::collections::BTreeMap;

use super::{Record, Scenario};
use crate::record::Placement;
use crate::scenario::FaultKind;

/// Lists nodes that ran a further task after a registered runner.
pub(super) fn shared(scenario: &Scenario, record: &Record) -> Vec<String> {
    let isolated = |placement: &&Placement| {
        let pools = &scenario.deployments[placement.deployment].pools;
        pools.iter().any(|pool| pool.node_per_job && pool.id == placement.pool)
    };
    let mut nodes: BTreeMap<(usize, &str), Vec<&Placement>> = BTreeMap::new();
    for placement in record.placements.iter().filter(isolated) {
        nodes.entry((placement.deployment, &placement.node)).or_default().push(placement);
    }
    let of_node = |((_, node), runs): ((usize, &str), Vec<&Placement>)| {
        let registered = |run: &&&Placement| has_registration(record, run);
        let used = runs
            .windows(2)
            .find(|pair| registered(&&pair[0]) && !may_be_replaced(scenario, pair[0], pair[1]))?;
        Some(format!("node {node} ran {} after the runner of {}", used[1].task, used[0].task))
    };
    nodes.into_iter().filter_map(of_node).collect()
}

/// Returns whether a machine may have been preempted between two runs on a node: another machine gets the id of its node.
fn may_be_replaced(scenario: &Scenario, first: &Placement, second: &Placement) -> bool {
    scenario.scheduled_faults.iter().any(|fault| {
        let preempts = matches!(&fault.kind, FaultKind::LoseNode { deployment, pool, preempted: true }
            if *deployment == first.deployment && *pool == first.pool);
        preempts && (first.started_at..=second.started_at).contains(&(fault.at * 1000))
    })
}

/// Returns whether a runner was registered in this run.
fn has_registration(record: &Record, run: &Placement) -> bool {
    let task =
        record.tasks.iter().find(|task| task.deployment == run.deployment && task.id == run.task);
    let ended_at = task.and_then(|task| {
        let of_run = task.runs.iter().find(|one| one.started_at == run.started_at);
        of_run.and_then(|one| one.ended_at)
    });
    let within = run.started_at..=ended_at.unwrap_or(record.ended_at);
    record.runners.iter().any(|runner| {
        runner.deployment == Some(run.deployment)
            && runner.name == run.task
            && within.contains(&runner.registered_at)
    })
}

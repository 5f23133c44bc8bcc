//! Checks agents: each has a task, and is removed after it.

use super::super::describe::clock;
use super::super::starvation::{AFTERMATH, Span, longest_free};
use super::Checked;
use super::results::reservations;
use crate::record::pipelines::AgentRecord;

/// The time for which a claim may be under way after the end of its container.
const CLAIM_TIMEOUT: u64 = 120_000;
/// The longest time for which an agent may stay after the end of its task, without other faults: an agent that died keeps
/// its session for five minutes, and its job until the lock ends, fifteen minutes later.
const MAX_STAY: u64 = 30 * 60_000;
/// The highest share of faulty calls at which a reconciliation succeeds.
const MAX_FAULT_RATE: f64 = 0.1;

/// Returns whether a job was ever assigned to an agent.
pub(super) fn had_job(checked: Checked<'_>, agent: &AgentRecord) -> bool {
    let until = agent.removed_at.unwrap_or(checked.record.ended_at);
    reservations(checked, &agent.name).any(|one| (agent.registered_at..=until).contains(&one.at))
}

/// Lists agents without a task.
pub(super) fn incorrect(checked: Checked<'_>) -> Vec<String> {
    let agents = checked.pipelines.agents.iter();
    let needless = agents.clone().filter(|agent| !has_task(checked, agent));
    let needless = needless.map(|agent| {
        format!("agent {} registered without a task at {}", agent.name, clock(agent.registered_at))
    });
    let troubles = troubles(checked);
    let stayed = agents.filter_map(|agent| stayed(checked, agent, &troubles));
    needless.chain(stayed).collect()
}

/// Returns whether a run of the task of an agent had begun when it was registered, and had not ended long before.
fn has_task(checked: Checked<'_>, agent: &AgentRecord) -> bool {
    let at = agent.registered_at;
    let mut runs = checked.tasks_of(&agent.name).flat_map(|task| &task.runs);
    runs.any(|run| {
        run.started_at <= at && run.ended_at.is_none_or(|ended_at| ended_at + CLAIM_TIMEOUT >= at)
    })
}

/// Describes an agent that stayed for too long after its last task had ended.
fn stayed(checked: Checked<'_>, agent: &AgentRecord, troubles: &[Span]) -> Option<String> {
    let ended = checked.tasks_of(&agent.name).map(|task| task.ended_at);
    let ended = ended.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    let from = ended.max(agent.registered_at);
    let removed_at = agent.removed_at?;
    let longest = longest_free((from, removed_at), troubles.to_vec());
    let minutes = longest / 60_000;
    (longest > MAX_STAY)
        .then(|| format!("agent {} stayed for {minutes} minutes after its task", agent.name))
}

/// Returns when faults were active that concern agents.
pub(super) fn troubles(checked: Checked<'_>) -> Vec<Span> {
    let scenario = checked.scenario;
    let faults = scenario.all_scheduled_faults();
    let mut spans: Vec<Span> =
        faults.map(|fault| (fault.at * 1000, fault.ends_at() * 1000 + AFTERMATH)).collect();
    if scenario.fault_rates.faulty_calls > MAX_FAULT_RATE {
        spans.push((0, scenario.faults_end_at * 1000 + AFTERMATH));
    }
    spans.retain(|&(from, _)| from < checked.record.ended_at);
    spans
}

//! Lists duplicated runners: two in one run, a replayed ticket, and runners that no job needed.

use super::{Record, Scenario, demand, describe, runners};
use crate::record::RunnerRecord;

/// Lists duplicated and unneeded runners, without the surplus that the handler accepts.
pub(super) fn duplicated<'a>(
    scenario: &'a Scenario,
    record: &'a Record,
) -> impl Iterator<Item = String> + use<'a> {
    let replays = record.ticket_replays.iter();
    let replays = replays.map(|task| format!("a replayed ticket of {task} got a credential"));
    let twice = record.tasks.iter().flat_map(|task| runners::twice(record, task));
    let unneeded = unneeded(scenario, record)
        .filter(|runner| !has_competitor(scenario, record, runner))
        .map(|runner| format!("no job needed {}", describe::of_runner(record, runner)));
    replays.chain(twice).chain(unneeded)
}

/// Lists unneeded runners whose job another task's chain ended at as well.
pub(super) fn surplus<'a>(
    scenario: &'a Scenario,
    record: &'a Record,
) -> impl Iterator<Item = &'a RunnerRecord> {
    unneeded(scenario, record).filter(|runner| has_competitor(scenario, record, runner))
}

fn unneeded<'a>(
    scenario: &'a Scenario,
    record: &'a Record,
) -> impl Iterator<Item = &'a RunnerRecord> {
    runners::without_job(record).filter(|runner| {
        demand::is_unneeded(scenario, record, runner, runners::claiming_since(record, runner))
    })
}

fn has_competitor(scenario: &Scenario, record: &Record, runner: &RunnerRecord) -> bool {
    demand::has_competitor(scenario, record, runner, runners::claiming_since(record, runner))
}

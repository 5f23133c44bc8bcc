//! Simulations: the real handler and the emulators in one process, in virtual time, under faults.
//!
//! `tests/suites/simulation.sh` runs longer ones; docs/reliability.md describes how to run any number of them.

use std::path::{Path, PathBuf};

use simulation::checker::Findings;
use simulation::environment::simulate;
use simulation::run::read_scenario;
use simulation::scenario::{FaultKind, Group, Scenario, ScheduledFault, Service, Size};

const SIZE: Size = Size { jobs: 12, fault_rate: Some(0.1), service: None };

#[test]
fn a_seed_gives_one_trace_byte_for_byte() {
    let (five, six) = (Scenario::generated(5, &SIZE), Scenario::generated(6, &SIZE));
    assert_ne!(repeated(&five), simulate(&six).1.to_string());
}

#[test]
fn both_services_give_one_trace_byte_for_byte() {
    let scenario = Scenario::generated(5, &Size { service: Some(Service::Both), ..SIZE });
    repeated(&scenario);
}

#[test]
fn claims_that_are_lost_together_give_one_trace() {
    let size = Size { jobs: 30, fault_rate: Some(0.2), service: None };
    let kill =
        |at| ScheduledFault { at, kind: FaultKind::Kill { deployment: 0, group: Group::Http } };
    let scheduled_faults = (0..960).map(|n| kill(n * 15)).collect();
    let mut scenario = Scenario { scheduled_faults, ..Scenario::generated(5, &size) };
    scenario.faults_end_at = scenario.earliest_faults_end();
    repeated(&scenario);
}

#[test]
fn a_small_simulation_has_no_violation() {
    let scenario = Scenario::generated(7, &SIZE);
    let findings = Findings::of(&scenario, &simulate(&scenario).0);
    assert!(findings.is_clean(), "{:#?}", findings.violations().collect::<Vec<_>>());
}

#[test]
fn no_scenario_that_failed_once_fails_again() {
    for file in failed_scenarios() {
        let scenario = read_scenario(&file).expect("a committed scenario");
        let findings = Findings::of(&scenario, &simulate(&scenario).0);
        let violations = findings.violations().collect::<Vec<_>>();
        assert!(findings.is_clean(), "{}: {violations:#?}", file.display());
    }
}

/// Runs a scenario twice, and returns the trace of both runs.
fn repeated(scenario: &Scenario) -> String {
    let traces = [(); 2].map(|()| simulate(scenario).1.to_string());
    let differs = traces[0].lines().zip(traces[1].lines()).find(|(one, other)| one != other);
    assert!(traces[0] == traces[1], "the same scenario gave two traces: {differs:?}");
    traces[0].clone()
}

/// Lists the shrunk scenarios of past failures.
fn failed_scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulations");
    let files = std::fs::read_dir(folder).expect("a folder of scenarios");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}

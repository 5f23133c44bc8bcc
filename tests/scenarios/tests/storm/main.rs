//! Storms: the real handler and the emulators in one process, in virtual time, under faults.
//!
//! Longer ones are played by `tests/suites/storms.sh`, and by whoever asks; docs/reliability.md tells how.

use std::path::{Path, PathBuf};

use simulation::plan::{Accident, Group, Mishap, Plan, Size};
use simulation::run::read_plan;
use simulation::verdict::Verdict;
use simulation::world::play;

const SIZE: Size = Size { jobs: 12, faulty: Some(0.1) };

#[test]
fn a_seed_is_the_same_storm_to_the_byte_and_another_seed_another() {
    assert_ne!(repeated(&Plan::drawn(5, &SIZE)), repeated(&Plan::drawn(6, &SIZE)));
}

#[test]
fn a_storm_in_which_many_claims_are_lost_together_is_the_same_again() {
    let size = Size { jobs: 60, faulty: Some(0.2) };
    let killed = |at| Accident { at, what: Mishap::Kill { deployment: 0, group: Group::Http } };
    let mut plan =
        Plan { accidents: (0..960).map(|n| killed(n * 15)).collect(), ..Plan::drawn(5, &size) };
    plan.calm_at = plan.earliest_calm();
    repeated(&plan);
}

#[test]
fn nothing_is_lost_doubled_or_left_in_a_small_storm() {
    let plan = Plan::drawn(7, &SIZE);
    let verdict = Verdict::of(&plan, &play(&plan).0);
    assert!(verdict.is_clean(), "{:#?}", verdict.faults().collect::<Vec<_>>());
}

#[test]
fn no_storm_that_failed_once_fails_again() {
    for file in kept() {
        let plan = read_plan(&file).expect("a plan that was kept");
        let verdict = Verdict::of(&plan, &play(&plan).0);
        let faults = verdict.faults().collect::<Vec<_>>();
        assert!(verdict.is_clean(), "{}: {faults:#?}", file.display());
    }
}

/// Plays a plan twice, and gives the trace of both.
fn repeated(plan: &Plan) -> String {
    let (once, again) = (play(plan).1.to_string(), play(plan).1.to_string());
    let differs = once.lines().zip(again.lines()).find(|(one, other)| one != other);
    assert!(once == again, "the same plan went two ways: {differs:?}");
    once
}

/// The plans of past failures, as they were shrunk.
fn kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("storms");
    let files = std::fs::read_dir(folder).expect("a folder of plans");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}

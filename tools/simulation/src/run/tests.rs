use clap::Parser;

use super::*;
use crate::record::{Conclusion, JobRecord};
use crate::scenario::PlannedJob;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    simulation: SimulationOptions,
}

/// Parses options; only the jobs of GitHub are simulated.
fn options(arguments: &str) -> SimulationOptions {
    let arguments = std::iter::once("sim").chain(arguments.split_whitespace());
    let parsed = Options::parse_from(arguments).simulation;
    SimulationOptions { service: Some(crate::scenario::Service::Github), ..parsed }
}

/// Serves every job except those of one repository.
fn serve_except(unserved: &str, scenario: &Scenario) -> (Record, Trace) {
    let served = |(planned, job): (usize, &PlannedJob)| {
        let runner = (job.repository != unserved).then(|| format!("gh-{planned}"));
        JobRecord {
            planned,
            id: planned as u64,
            attempt: 1,
            ready_at: Some(0),
            started_at: runner.as_ref().map(|_| 1000),
            ended_at: Some(2000),
            conclusion: runner.as_ref().map(|_| Conclusion::Success),
            runners: runner.into_iter().collect(),
            cancelled_at: None,
            deleted_at: None,
            progress: None,
        }
    };
    let jobs = scenario.jobs.iter().enumerate().map(served).collect();
    let record = Record { jobs, quiescent: true, ..Record::default() };
    (record, Trace(vec![format!("seed {}", scenario.seed)]))
}

fn serving_all(scenario: &Scenario) -> (Record, Trace) {
    serve_except("", scenario)
}

fn serving_some(scenario: &Scenario) -> (Record, Trace) {
    serve_except("octo/site", scenario)
}

/// Starts a runtime, as a real simulation does.
fn serving_some_in_a_runtime(scenario: &Scenario) -> (Record, Trace) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without drivers").block_on(async { serving_some(scenario) })
}

fn panicking(scenario: &Scenario) -> (Record, Trace) {
    assert!(scenario.seed != 2, "the second simulation fails");
    serving_all(scenario)
}

#[tokio::test]
async fn results_do_not_depend_on_the_number_of_threads() {
    let mut runs = Vec::new();
    for threads in [1, 3] {
        let options = options(&format!("--seeds 5 --jobs 20 --threads {threads} --json"));
        runs.push(run(&options, serving_all).await.expect("no file is written").json());
    }
    assert_eq!(runs[0], runs[1]);
    let expected = r#"{"event":"summary","seeds":5,"jobs":100,"served":100,"#;
    assert!(runs[0].starts_with(expected), "{}", runs[0]);
}

#[tokio::test]
async fn a_failing_scenario_is_shrunk_and_still_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let out_dir = folder.path().display();
    let two = options(&format!("--first-seed 2 --seeds 2 --jobs 60 --out-dir {out_dir} --json"));
    let summary = run(&two, serving_some_in_a_runtime).await;
    assert!(!summary.expect("files can be written").is_clean());
    let file = folder.path().join("simulation-2.json");
    let scenario = read_scenario(&file).expect("it was written");
    assert_eq!((scenario.jobs.len(), scenario.scheduled_faults.len()), (1, 0));
    let repeat = options(&format!("--scenario {} --shrink 0", file.display()));
    assert!(!run(&repeat, serving_some).await.expect("no file is written").is_clean());
}

#[tokio::test]
async fn a_panic_fails_its_simulation_alone() {
    let options = options("--seeds 3 --jobs 5 --shrink 0 --json");
    let line = run(&options, panicking).await.expect("no file is written").json();
    let seeds = line.contains(r#""seeds":3,"jobs":10,"#);
    assert!(seeds && line.ends_with(r#""failed_seeds":[2]}"#), "{line}");
}

#[tokio::test]
async fn stop_at_failure_starts_no_further_simulation() {
    let options = options(
        "--first-seed 2 --seeds 1000000 --jobs 60 --threads 2 --shrink 0 --stop-at-failure",
    );
    let line = run(&options, serving_some).await.expect("no file is written").json();
    assert!(line.contains(r#""seeds":1,"#), "{line}");
}

#[tokio::test]
async fn a_trace_is_written_for_one_simulation_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace");
    let at = trace.display();
    let one = options(&format!("--seeds 1 --first-seed 9 --jobs 3 --trace {at}"));
    run(&one, serving_all).await.expect("a trace");
    assert_eq!(fs::read_to_string(&trace).expect("it was written"), "seed 9\n");
    let two = options(&format!("--seeds 2 --trace {at}"));
    let err = run(&two, serving_all).await.expect_err("two traces");
    insta::assert_snapshot!(format!("{err:#}"), @"write the trace of 2 simulations: --trace needs --seeds 1");
    let no_scenario = options(&format!("--scenario {at}"));
    let err = run(&no_scenario, serving_all).await.expect_err("not a scenario");
    assert!(format!("{err:#}").starts_with("read the scenario in "), "{err:#}");
}

#[test]
fn a_fault_rate_is_a_share() {
    for wrong in ["1.5", "-1", "much"] {
        let parsed = Options::try_parse_from(["sim", &format!("--fault-rate={wrong}")]);
        assert!(parsed.is_err(), "{wrong}");
    }
    assert_eq!(options("--fault-rate 0.2").fault_rate, Some(0.2));
}

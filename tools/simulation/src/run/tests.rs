use clap::Parser;

use super::*;
use crate::record::{Conclusion, JobRecord};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    storm: Storm,
}

fn options(arguments: &str) -> Storm {
    Options::parse_from(std::iter::once("storm").chain(arguments.split_whitespace())).storm
}

/// Serves every job but those whose repository somebody does not like.
fn serve_but(unloved: &str, plan: &Plan) -> (Record, Trace) {
    let served = |(planned, job): (usize, &super::super::plan::PlannedJob)| {
        let runner = (job.repository != unloved).then(|| format!("gh-{planned}"));
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
            progress: None,
        }
    };
    let jobs = plan.jobs.iter().enumerate().map(served).collect();
    let record = Record { jobs, came_to_rest: true, ..Record::default() };
    (record, Trace(vec![format!("seed {}", plan.seed)]))
}

fn fair(plan: &Plan) -> (Record, Trace) {
    serve_but("", plan)
}

fn unfair(plan: &Plan) -> (Record, Trace) {
    serve_but("octo/site", plan)
}

/// Does as a real play does: it starts a runtime.
fn unfair_in_a_runtime(plan: &Plan) -> (Record, Trace) {
    runtime().block_on(async { unfair(plan) })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime without anything")
}

fn panicking(plan: &Plan) -> (Record, Trace) {
    assert!(plan.seed != 2, "the second storm goes wrong");
    fair(plan)
}

#[test]
fn fair_storms_are_clean_on_any_number_of_threads() {
    let runs = ["1", "3"].map(|threads| {
        let options = options(&format!("--seeds 5 --jobs 20 --threads {threads} --json"));
        run(&options, fair).expect("nothing is written").json()
    });
    assert_eq!(runs[0], runs[1]);
    assert!(
        runs[0].starts_with(r#"{"event":"summary","seeds":5,"jobs":100,"served":100,"#),
        "{}",
        runs[0]
    );
}

#[test]
fn a_failing_storm_is_shrunk_into_a_file_that_fails_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().display();
    let options_of_two =
        options(&format!("--first-seed 2 --seeds 2 --jobs 60 --into {into} --json"));
    let summary = runtime().block_on(async { run(&options_of_two, unfair_in_a_runtime) });
    assert!(!summary.expect("files can be written").is_clean());
    let kept = folder.path().join("storm-2.json");
    let plan = read_plan(&kept).expect("it was written");
    assert_eq!((plan.jobs.len(), plan.accidents.len()), (1, 0));
    let again = run(&options(&format!("--plan {} --shrink 0", kept.display())), unfair);
    assert!(!again.expect("nothing is written").is_clean());
}

#[test]
fn a_panic_fails_its_storm_and_no_other() {
    let summary =
        run(&options("--seeds 3 --jobs 5 --shrink 0 --json"), panicking).expect("no file");
    let line = summary.json();
    assert!(
        line.contains(r#""seeds":3,"jobs":10,"#) && line.ends_with(r#""failed_seeds":[2]}"#),
        "{line}"
    );
}

#[test]
fn after_a_failure_no_other_storm_begins_where_that_is_asked() {
    let options = options(
        "--first-seed 2 --seeds 1000000 --jobs 60 --threads 2 --shrink 0 --stop-at-failure",
    );
    let line = run(&options, unfair).expect("no file").json();
    assert!(line.contains(r#""seeds":1,"#), "{line}");
}

#[test]
fn a_trace_is_of_one_storm() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace");
    let at = trace.display();
    run(&options(&format!("--seeds 1 --first-seed 9 --jobs 3 --trace {at}")), fair)
        .expect("a trace");
    assert_eq!(fs::read_to_string(&trace).expect("it was written"), "seed 9\n");
    let err = run(&options(&format!("--seeds 2 --trace {at}")), fair).expect_err("two traces");
    insta::assert_snapshot!(format!("{err:#}"), @"write the trace of 2 storms: --trace takes --seeds 1");
    let err = run(&options(&format!("--plan {at}")), fair).expect_err("not a plan");
    assert!(format!("{err:#}").starts_with("read the plan in "), "{err:#}");
}

#[test]
fn a_share_is_between_none_and_all() {
    for wrong in ["1.5", "-1", "much"] {
        assert!(
            Options::try_parse_from(["storm", &format!("--faulty={wrong}")]).is_err(),
            "{wrong}"
        );
    }
    assert_eq!(options("--faulty 0.2").faulty, Some(0.2));
}

use super::{faults, fine, job, runner, scenario, task};
use crate::checker::Findings;
use crate::record::{Conclusion, End, Fault, Progress, Record, RunnerRecord};
use crate::scenario::{PlannedJob, Scenario};

/// Returns a scenario with a job of the deployment and one of a repository that it does not serve.
fn with_neighbour() -> Scenario {
    let mut scenario = scenario(2);
    let neighbour =
        PlannedJob { repository: "octo/neighbour".to_owned(), ..scenario.jobs[1].clone() };
    scenario.jobs[1] = PlannedJob { deployment: None, ..neighbour };
    scenario
}

/// The first runner of a job is assigned the neighbour's job, and the second serves the job.
fn refused(progress: Option<Progress>) -> Record {
    let mut record = fine();
    let given = job(1, 10, Some(("gh-1", 40, 41)));
    let conclusion = Some(Conclusion::Failure);
    record.jobs = vec![
        job(0, 10, Some(("gh-1-2", 140, 200))),
        super::JobRecord { progress, conclusion, ..given },
    ];
    record.runners =
        vec![runner("gh-1", (35, 42), Some((40, 2))), runner("gh-1-2", (135, 201), Some((140, 1)))];
    record.tasks = vec![task("gh-1", &[(30, 43)]), task("gh-1-2", &[(130, 201)])];
    record.tasks[0].runs[0].exit_code = Some(77);
    record
}

#[test]
fn refusing_a_job_of_another_repository_is_correct() {
    let findings = Findings::of(&with_neighbour(), &refused(Some(Progress::Refused)));
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!((findings.served, findings.refused, findings.interrupted), (1, 1, 0));
    let interrupted = Findings::of(&with_neighbour(), &refused(None));
    assert!(interrupted.is_clean(), "its node was lost as it refused: {interrupted:?}");
    let mut cancelled = refused(None);
    cancelled.jobs[1].conclusion = Some(Conclusion::Cancelled);
    let cancelled = Findings::of(&with_neighbour(), &cancelled);
    assert!(cancelled.is_clean(), "cancelled after its runner had ended: {cancelled:?}");
}

#[test]
fn a_refused_job_of_which_a_step_ran_is_a_duplicate() {
    let stepped = refused(Some(Progress::Stepped));
    assert!(
        faults(&with_neighbour(), &stepped)
            .starts_with("duplicated: served although it must not be: job 2")
    );
    let mut silent = refused(None);
    silent.jobs[1].conclusion = Some(Conclusion::Success);
    assert!(
        faults(&with_neighbour(), &silent)
            .starts_with("duplicated: served although it must not be: job 2")
    );
}

#[test]
fn refusing_a_job_of_an_own_repository_is_incorrect() {
    let mut record = fine();
    record.jobs[0].progress = Some(Progress::Refused);
    record.jobs[0].conclusion = Some(Conclusion::Failure);
    let faults = faults(&scenario(1), &record);
    assert!(faults.starts_with("incorrect: refused although it is allowed: job 1"), "{faults}");
}

#[test]
fn a_job_is_lost_if_all_its_runners_refused_others() {
    let mut record = refused(Some(Progress::Refused));
    record.jobs[0] = job(0, 10, None);
    record.runners.pop();
    record.tasks.pop();
    let faults = faults(&with_neighbour(), &record);
    assert!(faults.starts_with("lost: job 1"), "{faults}");
}

#[test]
fn a_job_that_fails_in_its_set_up_counts_as_served() {
    let mut record = fine();
    record.jobs[0].progress = Some(Progress::SetUpFailed);
    record.jobs[0].conclusion = Some(Conclusion::Failure);
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!((findings.served, findings.setup_failed, findings.interrupted), (1, 1, 0));
}

/// A runner that never connects, from second 30 to the given one, and then the runner that serves the job.
fn offline(until: u64) -> Record {
    let mut record = fine();
    let served = (until + 240, until + 300);
    record.jobs[0] = job(0, 10, Some(("gh-1-2", served.0, served.1)));
    let never = runner("gh-1", (35, until), None);
    let end = Some(End::Deregistered);
    record.runners = vec![
        RunnerRecord { online_at: None, end, ..never },
        runner("gh-1-2", (served.0 - 5, served.1 + 1), Some((served.0, 1))),
    ];
    record.tasks =
        vec![task("gh-1", &[(30, until)]), task("gh-1-2", &[(served.0 - 10, served.1 + 1)])];
    record.tasks[0].runs[0].fault = Some(Fault::NoSession);
    record.tasks[0].runs[0].exit_code = Some(143);
    record.ended_at = 10_000_000;
    record
}

fn calm() -> Scenario {
    let mut scenario = scenario(1);
    scenario.fault_rates.faulty_calls = 0.0;
    scenario.deployments[0].pools[0].scaled = false;
    scenario
}

#[test]
fn a_runner_without_a_session_is_replaced_in_time() {
    for minutes in [16, 20, 24] {
        assert_eq!(faults(&calm(), &offline(minutes * 60)), "", "{minutes} minutes");
    }
    let findings = Findings::of(&calm(), &offline(1200));
    assert_eq!((findings.without_session, findings.served), (1, 1));
}

#[test]
fn a_runner_without_a_session_that_stays_is_incorrect() {
    let found = faults(&calm(), &offline(4000));
    assert!(found.contains("incorrect: starved for"), "{found}");
    assert!(
        found.contains("incorrect: stayed for 66 minutes without a session: task gh-1"),
        "{found}"
    );
    let mut scaled = calm();
    scaled.deployments[0].pools[0].scaled = true;
    let alone = faults(&scaled, &offline(4000));
    assert!(alone.contains("stayed for 66 minutes") && !alone.contains("starved"), "{alone}");
}

#[test]
fn a_runner_has_time_to_connect() {
    let early = faults(&calm(), &offline(300));
    assert!(
        early.contains("incorrect: deregistered before it could connect although job 1"),
        "{early}"
    );
    let mut renewed = offline(300);
    renewed.runners.insert(1, runner("gh-1", (36, 300), None));
    assert!(!faults(&calm(), &renewed).contains("before it could connect"), "claimed again");
    let mut lost = offline(300);
    lost.tasks[0].runs[0].ended_at = Some(200_000);
    assert!(!faults(&calm(), &lost).contains("before it could connect"), "its node was lost");
    lost.tasks[0].runs[0].ended_at = Some(400_000);
    lost.tasks[0].runs[0].exit_code = None;
    assert!(!faults(&calm(), &lost).contains("before it could connect"), "before it claimed again");
}

use super::*;
use crate::record::{Conclusion, RunnerRecord, TaskRecord};
use crate::scenario::{FaultKind, PlannedJob, ScheduledFault, Size};

mod incorrect;
mod runners;

/// A scenario of so many jobs of `octo/app`, for runners that register with the organization.
fn scenario(jobs: usize) -> Scenario {
    let mut scenario = Scenario::generated(1, &Size { jobs: 1, fault_rate: None });
    scenario.deployments[0].level = Level::Organization;
    let job = PlannedJob {
        deployment: Some(0),
        repository: "octo/app".to_owned(),
        labels: vec!["self-hosted".to_owned(), "Linux".to_owned()],
        cancellation: None,
        ..scenario.jobs[0].clone()
    };
    scenario.jobs = vec![job; jobs];
    scenario.scheduled_faults = Vec::new();
    scenario
}

/// A job that could run at this second, and ran from and to these on a runner, if it did.
fn job(planned: usize, ready: u64, ran: Option<(&str, u64, u64)>) -> JobRecord {
    JobRecord {
        planned,
        id: planned as u64 + 1,
        attempt: 1,
        ready_at: Some(ready * 1000),
        started_at: ran.map(|(_, from, _)| from * 1000),
        ended_at: ran.map(|(_, _, to)| to * 1000),
        conclusion: ran.map(|_| Conclusion::Success),
        runners: ran.map(|(name, ..)| name.to_owned()).into_iter().collect(),
        cancelled_at: None,
        progress: None,
    }
}

/// A runner of the first deployment that was registered at this second and gone at the other.
fn runner(name: &str, (from, to): (u64, u64), job: Option<(u64, u64)>) -> RunnerRecord {
    RunnerRecord {
        id: from,
        name: name.to_owned(),
        deployment: Some(0),
        repository: None,
        labels: vec!["self-hosted".to_owned(), "linux".to_owned()],
        registered_at: from * 1000,
        online_at: Some(from * 1000 + 500),
        job: job.map(|(at, job)| (at * 1000, job)),
        gone_at: Some(to * 1000),
        end: None,
    }
}

fn task(id: &str, runs: &[(u64, u64)]) -> TaskRecord {
    let run = |&(from, to): &(u64, u64)| super::super::record::Run {
        started_at: from * 1000,
        ended_at: Some(to * 1000),
        exit_code: Some(0),
        was_claiming: false,
        fault: None,
    };
    TaskRecord {
        deployment: 0,
        id: id.to_owned(),
        batch_job: "runners-ubuntu".to_owned(),
        added_at: 0,
        runs: runs.iter().map(run).collect(),
        ended_at: runs.last().map(|&(_, to)| to * 1000),
    }
}

/// One job, served by the runner that was made for it.
fn fine() -> Record {
    Record {
        jobs: vec![job(0, 10, Some(("gh-1", 40, 100)))],
        tasks: vec![task("gh-1", &[(30, 101)])],
        runners: vec![runner("gh-1", (35, 101), Some((40, 1)))],
        quiescent: true,
        ended_at: 1_000_000,
        ..Record::default()
    }
}

fn faults(scenario: &Scenario, record: &Record) -> String {
    let findings = Findings::of(scenario, record);
    let described = findings
        .violations()
        .flat_map(|(kind, faults)| faults.iter().map(move |fault| format!("{kind}: {fault}\n")));
    described.collect()
}

#[test]
fn a_job_on_its_runner_is_served_and_nothing_is_wrong() {
    let findings = Findings::of(&scenario(1), &fine());
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!((findings.jobs, findings.served, findings.unused_runners), (1, 1, 0));
    assert_eq!((findings.idle, findings.busy, findings.waits), (4500, 60_000, vec![30_000]));
}

#[test]
fn a_job_without_a_runner_is_lost_and_its_story_told() {
    let mut record = fine();
    record.jobs[0] = job(0, 10, None);
    record.runners[0].job = None;
    record.tasks.push(task("gh-1-2", &[]));
    insta::assert_snapshot!(faults(&scenario(1), &record), @"lost: job 1 (place 0, attempt 1) of octo/app [self-hosted, Linux]; could run at 0:00:10; task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41; task gh-1-2 in runners-ubuntu from 0:00:00, has not ended");
    insta::assert_snapshot!(faults(&scenario(2), &fine()), @"lost: the job at place 1 of the scenario was never queued");
}

#[test]
fn who_cancelled_a_job_or_took_it_elsewhere_has_not_lost_it() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, None), job(1, 10, Some(("theirs", 20, 30)))];
    record.jobs[0].cancelled_at = Some(12_000);
    record.tasks.clear();
    record.runners =
        vec![RunnerRecord { deployment: None, ..runner("theirs", (5, 99), Some((20, 2))) }];
    let findings = Findings::of(&scenario(2), &record);
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!(
        (findings.cancelled, findings.foreign, findings.served, findings.busy),
        (1, 1, 0, 0)
    );
}

#[test]
fn a_second_runner_in_one_run_is_doubled_and_one_in_the_next_run_is_not() {
    let mut record = fine();
    record.runners.insert(0, runner("gh-1", (31, 34), None));
    record.tasks[0].runs = task("gh-1", &[(20, 33), (34, 101)]).runs;
    assert_eq!(faults(&scenario(1), &record), "");
    record.tasks[0].runs.remove(0);
    record.tasks[0].runs[0].started_at = 30_000;
    insta::assert_snapshot!(faults(&scenario(1), &record), @"duplicated: two runners in one run: task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41");
}

#[test]
fn a_runner_that_never_connected_is_a_lost_answer_and_not_a_runner() {
    let mut record = fine();
    record.runners.insert(0, RunnerRecord { online_at: None, ..runner("gh-1", (31, 32), None) });
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean() && findings.runners == 1, "{findings:?}");
}

#[test]
fn a_runner_made_while_another_waits_for_the_only_job_is_one_too_many() {
    let mut record = fine();
    record.runners.push(runner("gh-1-2", (38, 700), None));
    record.tasks.push(task("gh-1-2", &[(36, 700)]));
    insta::assert_snapshot!(faults(&scenario(1), &record), @"duplicated: nobody needed gh-1-2 (registered at 0:00:38, connected at 0:00:38, gone at 0:11:40); task gh-1-2 in runners-ubuntu from 0:00:00, ran 0:00:36 to 0:11:40 with 0, ended at 0:11:40");
    let other = Record { jobs: vec![record.jobs[0].clone(), job(1, 37, None)], ..record.clone() };
    assert!(!faults(&scenario(2), &other).contains("nobody needed"), "a second job waited");
    let mut unlike = scenario(2);
    unlike.jobs[1].labels.push("gpu".to_owned());
    assert!(faults(&unlike, &other).contains("nobody needed"), "but it could not take that one");
}

#[test]
fn a_task_is_not_to_be_replaced_while_it_waits_for_its_node() {
    let mut record = fine();
    let second = TaskRecord { added_at: 200_000, ..task("gh-1-2", &[(400, 401)]) };
    record.jobs[0] = job(0, 10, Some(("gh-1", 305, 500)));
    record.runners = vec![runner("gh-1", (302, 501), Some((305, 1)))];
    record.tasks = vec![task("gh-1", &[(300, 501)]), second];
    let mut scenario = scenario(1);
    insta::assert_snapshot!(faults(&scenario, &record), @"duplicated: replaced while it waited: task gh-1 in runners-ubuntu from 0:00:00, ran 0:05:00 to 0:08:21 with 0, ended at 0:08:21");
    let what = FaultKind::JobDisabled { deployment: 0, profile: "ubuntu".to_owned() };
    scenario.scheduled_faults = vec![ScheduledFault { at: 100, kind: what.clone() }];
    assert_eq!(faults(&scenario, &record), "", "its Batch job was closed");
    record.tasks[0].batch_job = "runners-ubuntu_2".to_owned();
    assert!(faults(&scenario, &record).contains("replaced"), "the one before was closed");
    scenario.scheduled_faults.push(ScheduledFault { at: 110, kind: what });
    assert_eq!(faults(&scenario, &record), "", "that one was closed, too");
}

#[test]
fn a_runner_whose_job_was_cancelled_while_its_claim_was_decided_was_needed() {
    let mut record = fine();
    record.jobs[0] =
        JobRecord { cancelled_at: Some(34_000), ended_at: Some(34_000), ..job(0, 10, None) };
    record.runners[0].job = None;
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean() && findings.unused_runners == 1, "{findings:?}");
}

#[test]
fn a_runner_whose_job_was_cancelled_is_no_other_jobs_while_github_gives_none_to_anybody() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, None), job(1, 30, None)];
    record.jobs[0].ended_at = Some(20_000);
    record.jobs[1].ended_at = Some(600_000);
    record.jobs.iter_mut().for_each(|job| job.cancelled_at = job.ended_at);
    record.tasks = vec![task("gh-1", &[(14, 700)]), task("gh-2", &[(44, 700)])];
    record.runners = vec![runner("gh-1", (15, 700), None), runner("gh-2", (45, 700), None)];
    let mut scenario = scenario(2);
    scenario.deployments[0].name = "gh".to_owned();
    assert!(faults(&scenario, &record).contains("nobody needed gh-2"));
    let still = FaultKind::NoAssignment { seconds: 3600 };
    scenario.scheduled_faults = vec![ScheduledFault { at: 12, kind: still }];
    assert_eq!(faults(&scenario, &record), "");
}

#[test]
fn whose_runner_could_serve_another_job_leaves_that_one_to_it() {
    // Two kinds of runners wait for two jobs; each finds one only if the first takes what only it can.
    let mut scenario = scenario(2);
    scenario.jobs[0].labels = vec!["self-hosted".to_owned(), "a".to_owned()];
    let ab = vec!["self-hosted".to_owned(), "a".to_owned(), "linux".to_owned()];
    let mut record = fine();
    record.jobs = vec![job(0, 10, None), job(1, 10, None)];
    record.jobs.iter_mut().for_each(|job| job.cancelled_at = Some(900_000));
    record.jobs.iter_mut().for_each(|job| job.ended_at = Some(900_000));
    record.tasks = vec![task("gh-1", &[(20, 999)]), task("gh-2", &[(30, 999)])];
    record.runners = vec![
        RunnerRecord { labels: ab, ..runner("gh-1", (21, 999), None) },
        runner("gh-2", (31, 999), None),
    ];
    assert_eq!(faults(&scenario, &record), "");
}

#[test]
fn a_stolen_ticket_that_works_is_doubled_and_so_is_a_job_that_was_not_theirs() {
    let record = Record { ticket_replays: vec!["gh-1".to_owned()], ..fine() };
    let mut forbidden = scenario(1);
    forbidden.jobs[0].deployment = None;
    insta::assert_snapshot!(faults(&forbidden, &record), @r"
    duplicated: not its to serve: job 1 (place 0, attempt 1) of octo/app [self-hosted, Linux]; could run at 0:00:10; started at 0:00:40; ended at 0:01:40; on gh-1; task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41
    duplicated: a stolen ticket of gh-1 got a credential
    ");
}

#[test]
fn everything_left_is_named() {
    let mut record = Record { quiescent: false, ..fine() };
    record.jobs[0].ended_at = None;
    record.left.tasks.push("gh-7".to_owned());
    record.left.claims.push("claims/gh-8".to_owned());
    record.left.poison.push("{}".to_owned());
    insta::assert_snapshot!(faults(&scenario(1), &record), @r"
    leaked: task that has not ended: gh-7
    leaked: claim: claims/gh-8
    leaked: poison message: {}
    leaked: job that still runs: 1
    leaked: the simulation did not become quiescent
    ");
}

#[test]
fn time_in_which_github_gives_no_job_to_anybody_is_not_idled_away() {
    let mut scenario = scenario(1);
    let still = |at, seconds| ScheduledFault { at, kind: FaultKind::NoAssignment { seconds } };
    scenario.scheduled_faults = vec![still(30, 8), still(36, 3), still(39, 500)];
    let findings = Findings::of(&scenario, &fine());
    assert_eq!((findings.idle, findings.github_paused), (0, 4500));
}

#[test]
fn a_runner_on_a_lost_node_idles_no_longer_than_its_run() {
    let mut record = fine();
    record.runners =
        vec![runner("gh-1", (35, 900), None), runner("gh-1", (135, 201), Some((140, 1)))];
    record.jobs[0] = job(0, 10, Some(("gh-1", 140, 200)));
    record.tasks[0] = task("gh-1", &[(30, 45), (130, 201)]);
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!(findings.idle, 9500 + 4500);
}

use super::*;
use crate::record::{Conclusion, RunnerRecord, TaskRecord};
use crate::scenario::{FaultKind, PlannedJob, ScheduledFault, Size};

mod incorrect;
mod isolated;
mod others;
mod paused;
mod runners;

/// Returns a scenario with a number of jobs of `octo/app`, with runners in the organization.
fn scenario(jobs: usize) -> Scenario {
    let mut scenario = Scenario::generated(
        1,
        &Size { jobs: 1, fault_rate: None, service: Some(crate::scenario::Service::Github) },
    );
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
    let pools = scenario.deployments.iter_mut().flat_map(|deployment| &mut deployment.pools);
    pools.for_each(|pool| pool.node_per_job = false);
    scenario
}

/// Returns a job that was ready at this second, and ran between the given times on a runner, if any.
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
        deleted_at: None,
        progress: None,
    }
}

/// Returns a runner of the first deployment with the times of its registration and its end.
fn runner(name: &str, (from, to): (u64, u64), job: Option<(u64, u64)>) -> RunnerRecord {
    RunnerRecord {
        id: from,
        name: name.to_owned(),
        deployment: Some(0),
        persistent: false,
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

/// Returns a record of one job, served by the runner that was made for it.
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
fn a_job_on_its_runner_is_served_without_violation() {
    let findings = Findings::of(&scenario(1), &fine());
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!((findings.jobs, findings.served, findings.unused_runners), (1, 1, 0));
    assert_eq!((findings.idle, findings.busy, findings.waits), (4500, 60_000, vec![30_000]));
}

#[test]
fn a_job_without_a_runner_is_lost_and_described() {
    let mut record = fine();
    record.jobs[0] = job(0, 10, None);
    record.runners[0].job = None;
    record.tasks.push(task("gh-1-2", &[]));
    insta::assert_snapshot!(faults(&scenario(1), &record), @"lost: job 1 (index 0, attempt 1) of octo/app [self-hosted, Linux]; ready at 0:00:10; task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41; task gh-1-2 in runners-ubuntu from 0:00:00, unfinished");
    insta::assert_snapshot!(faults(&scenario(2), &fine()), @"lost: job 1 of the scenario was never queued");
}

#[test]
fn a_job_without_webhooks_must_have_a_task_within_a_minute() {
    let mut polling = scenario(1);
    polling.deployments[0].polls = true;
    polling.fault_rates = crate::scenario::FaultRates::default();
    let mut record = fine();
    record.jobs[0] = job(0, 10, Some(("gh-1", 140, 200)));
    record.tasks[0] = task("gh-1", &[(130, 201)]);
    record.runners[0] = runner("gh-1", (135, 201), Some((140, 1)));
    let added_at = |milliseconds| {
        let mut record = record.clone();
        record.tasks[0].added_at = milliseconds;
        (faults(&polling, &record), faults(&scenario(1), &record))
    };
    assert_eq!(added_at(70_000), (String::new(), String::new()));
    let (late, with_webhooks) = added_at(70_001);
    insta::assert_snapshot!(late, @"incorrect: no task within a minute: job 1 (index 0, attempt 1) of octo/app [self-hosted, Linux]; ready at 0:00:10; started at 0:02:20; ended at 0:03:20; on gh-1; task gh-1 in runners-ubuntu from 0:01:10, ran 0:02:10 to 0:03:21 with 0, ended at 0:03:21");
    assert_eq!(with_webhooks, "");
}

#[test]
fn cancelled_and_foreign_jobs_are_not_lost() {
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
fn a_second_runner_in_one_run_is_a_duplicate() {
    let mut record = fine();
    record.runners.insert(0, runner("gh-1", (31, 34), None));
    record.tasks[0].runs = task("gh-1", &[(20, 33), (34, 101)]).runs;
    assert_eq!(faults(&scenario(1), &record), "");
    record.tasks[0].runs.remove(0);
    record.tasks[0].runs[0].started_at = 30_000;
    insta::assert_snapshot!(faults(&scenario(1), &record), @"duplicated: two runners in one run: task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41");
}

#[test]
fn a_runner_that_never_connected_is_no_duplicate() {
    let mut record = fine();
    record.runners.insert(0, RunnerRecord { online_at: None, ..runner("gh-1", (31, 32), None) });
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean() && findings.runners == 1, "{findings:?}");
}

#[test]
fn a_second_runner_for_the_only_job_is_surplus() {
    let surplus = |scenario: &Scenario, record: &Record| {
        let findings = Findings::of(scenario, record);
        assert!(findings.duplicated.is_empty(), "{findings:?}");
        findings.surplus_runners
    };
    let mut record = fine();
    record.runners.push(runner("gh-1-2", (38, 700), None));
    record.tasks.push(task("gh-1-2", &[(36, 700)]));
    assert_eq!(surplus(&scenario(1), &record), 1);
    let other = Record { jobs: vec![record.jobs[0].clone(), job(1, 37, None)], ..record.clone() };
    assert_eq!(surplus(&scenario(2), &other), 0, "a second job waited");
    let mut unlike = scenario(2);
    unlike.jobs[1].labels.push("gpu".to_owned());
    assert_eq!(surplus(&unlike, &other), 1, "but the runner could not serve it");
}

#[test]
fn a_task_must_not_be_replaced_while_it_waits_for_a_node() {
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
fn a_job_cancelled_during_the_claim_needed_its_runner() {
    let mut record = fine();
    record.jobs[0] =
        JobRecord { cancelled_at: Some(34_000), ended_at: Some(34_000), ..job(0, 10, None) };
    record.runners[0].job = None;
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean() && findings.unused_runners == 1, "{findings:?}");
}

#[test]
fn a_registration_whose_task_has_ended_covers_no_job() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, Some(("gh-1-2", 60, 600)))];
    record.runners = vec![runner("gh-1", (15, 700), None), runner("gh-1-2", (55, 601), None)];
    record.tasks = vec![task("gh-1", &[(14, 700)]), task("gh-1-2", &[(50, 601)])];
    let scenario = scenario(1);
    assert_eq!(Findings::of(&scenario, &record).surplus_runners, 1);
    record.tasks[0] = task("gh-1", &[(14, 40)]);
    let findings = Findings::of(&scenario, &record);
    assert!(findings.surplus_runners == 0 && findings.duplicated.is_empty(), "{findings:?}");
}

#[test]
fn an_unassigned_runner_covers_no_job_while_github_pauses() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, None), job(1, 30, None)];
    record.jobs[0].ended_at = Some(20_000);
    record.jobs[1].ended_at = Some(600_000);
    record.jobs.iter_mut().for_each(|job| job.cancelled_at = job.ended_at);
    record.tasks = vec![task("gh-1", &[(14, 700)]), task("gh-2", &[(44, 700)])];
    record.runners = vec![runner("gh-1", (15, 700), None), runner("gh-2", (45, 700), None)];
    let mut scenario = scenario(2);
    scenario.deployments[0].name = "gh".to_owned();
    assert!(faults(&scenario, &record).contains("no job needed gh-2"));
    let still = FaultKind::NoAssignment { seconds: 3600 };
    scenario.scheduled_faults = vec![ScheduledFault { at: 12, kind: still }];
    assert_eq!(faults(&scenario, &record), "");
}

#[test]
fn runners_and_jobs_are_matched_as_well_as_possible() {
    // Two kinds of runners wait for two jobs; each gets one only if the first takes the job that it alone can serve.
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
fn a_replayed_ticket_and_a_wrong_deployment_are_duplicates() {
    let record = Record { ticket_replays: vec!["gh-1".to_owned()], ..fine() };
    let mut forbidden = scenario(1);
    forbidden.jobs[0].deployment = None;
    insta::assert_snapshot!(faults(&forbidden, &record), @"
    duplicated: served although it must not be: job 1 (index 0, attempt 1) of octo/app [self-hosted, Linux]; ready at 0:00:10; started at 0:00:40; ended at 0:01:40; on gh-1; task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41
    duplicated: a replayed ticket of gh-1 got a credential
    ");
}

#[test]
fn everything_that_remains_is_named() {
    let mut record = Record { quiescent: false, ..fine() };
    record.jobs[0].ended_at = None;
    record.left.tasks.push("gh-7".to_owned());
    record.left.claims.push("claims/gh-8".to_owned());
    record.left.poison.push("{}".to_owned());
    insta::assert_snapshot!(faults(&scenario(1), &record), @"
    leaked: unfinished task: gh-7
    leaked: claim: claims/gh-8
    leaked: poison message: {}
    leaked: running job: 1
    leaked: the simulation did not become quiescent
    ");
}

#[test]
fn time_in_which_github_assigns_no_jobs_is_not_idle_time() {
    let mut scenario = scenario(1);
    let still = |at, seconds| ScheduledFault { at, kind: FaultKind::NoAssignment { seconds } };
    scenario.scheduled_faults = vec![still(30, 8), still(36, 3), still(39, 500)];
    let findings = Findings::of(&scenario, &fine());
    assert_eq!((findings.idle, findings.github_paused), (0, 4500));
}

#[test]
fn a_runner_on_a_lost_node_idles_until_its_run_ends() {
    let mut record = fine();
    record.runners =
        vec![runner("gh-1", (35, 900), None), runner("gh-1", (135, 201), Some((140, 1)))];
    record.jobs[0] = job(0, 10, Some(("gh-1", 140, 200)));
    record.tasks[0] = task("gh-1", &[(30, 45), (130, 201)]);
    let findings = Findings::of(&scenario(1), &record);
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!(findings.idle, 9500 + 4500);
}

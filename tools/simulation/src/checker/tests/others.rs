use super::{JobRecord, faults, fine, job, runner, scenario, task};
use crate::checker::Findings;
use crate::record::{End, Fault, Record, RunnerRecord};
use crate::scenario::{FaultKind, Scenario, ScheduledFault};

fn of_others(name: &str, lived: (u64, u64), persistent: bool) -> RunnerRecord {
    let end = Some(End::Deregistered);
    RunnerRecord { deployment: None, persistent, end, ..runner(name, lived, None) }
}

/// Returns a scenario whose second job is for GitHub's own runners.
fn with_hosted() -> Scenario {
    let mut scenario = scenario(2);
    scenario.jobs[1].hosted_after = Some(60);
    scenario
}

/// The first job waits until 400 because its runner was given the second job, which is for GitHub's own runners.
fn deprived(replaced_at: u64) -> Record {
    let mut record = fine();
    record.jobs = vec![job(0, 10, Some(("gh-1-2", 400, 500))), job(1, 10, Some(("gh-1", 40, 100)))];
    record.tasks.push(task("gh-1-2", &[(390, 501)]));
    record.tasks[1].added_at = replaced_at * 1000;
    record.runners = vec![
        runner("gh-1", (35, 101), Some((40, 2))),
        runner("gh-1-2", (395, 501), Some((400, 1))),
    ];
    record
}

fn with(kind: FaultKind) -> Scenario {
    Scenario { scheduled_faults: vec![ScheduledFault { at: 5, kind }], ..scenario(1) }
}

fn narrowed(seconds: u64) -> Scenario {
    let repository = "octo/app".to_owned();
    with(FaultKind::SettingsNarrowed { deployment: 0, repository, seconds })
}

#[test]
fn a_runner_of_others_must_not_be_removed() {
    let mut record = fine();
    record.runners.push(of_others("gh-1", (1, 900), true));
    record.runners.swap(0, 1);
    insta::assert_snapshot!(faults(&scenario(1), &record), @"incorrect: removed a runner of others: gh-1 (registered at 0:00:01, connected at 0:00:01, gone at 0:15:00, Deregistered); task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:30 to 0:01:41 with 0, ended at 0:01:41");
    record.runners[0] = of_others("gh-1", (1, 900), false);
    assert_eq!(faults(&scenario(1), &record), "", "a claim may have registered it");
    record.runners[0] = of_others("gh-7", (1, 900), false);
    assert!(faults(&scenario(1), &record).contains("removed a runner of others: gh-7"));
}

#[test]
fn a_chain_does_not_lead_through_a_runner_of_others() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, Some(("gh-2", 20, 900))), job(1, 10, None)];
    record.jobs[1].cancelled_at = Some(900_000);
    record.jobs[1].ended_at = Some(900_000);
    record.tasks = vec![task("gh-1", &[(50, 60)])];
    record.runners = vec![runner("gh-2", (15, 901), Some((20, 1)))];
    assert!(faults(&scenario(2), &record).contains("rejected although job 2 waited for it"));
    record.runners[0].deployment = None;
    assert_eq!(faults(&scenario(2), &record), "");
}

/// In another repository a runner of this deployment may have had the name before.
#[test]
fn a_chain_leads_through_the_runner_that_had_the_name_at_the_time() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, Some(("gh-2", 20, 900))), job(1, 10, None)];
    record.jobs[1].cancelled_at = Some(900_000);
    record.jobs[1].ended_at = Some(900_000);
    record.tasks = vec![task("gh-1", &[(50, 60)])];
    let mut theirs = runner("gh-2", (12, 901), Some((20, 1)));
    theirs.deployment = None;
    record.runners = vec![theirs, runner("gh-2", (15, 18), None)];
    assert_eq!(faults(&scenario(2), &record), "");
}

#[test]
fn a_job_of_githubs_own_runners_needs_no_task() {
    let mut record = fine();
    record.jobs.push(job(1, 10, Some(("GitHub Actions 2", 70, 90))));
    let findings = Findings::of(&with_hosted(), &record);
    assert!(findings.is_clean(), "{findings:?}");
    assert_eq!((findings.foreign, findings.served), (1, 1));
    record.tasks.push(task("gh-2", &[]));
    let found = faults(&with_hosted(), &record);
    assert!(found.contains("a job that needs no runner got task gh-2"), "{found}");
}

#[test]
fn a_job_whose_runner_got_another_job_is_answered_soon() {
    let mut scenario = with_hosted();
    (scenario.fault_rates.faulty_calls, scenario.fault_rates.invocation_kills) = (0.0, 0.0);
    assert_eq!(faults(&scenario, &deprived(60)), "");
    let late = faults(&scenario, &deprived(300));
    assert!(late.contains("not replaced after its runner got another job: job 1"), "{late}");
    scenario.fault_rates.faulty_calls = 0.1;
    assert_eq!(faults(&scenario, &deprived(300)), "", "calls fail");
}

#[test]
fn a_container_must_not_outlive_its_job_for_long() {
    let outlived = |until: u64| {
        let mut record = fine();
        record.tasks = vec![task("gh-1", &[(30, until)])];
        record.tasks[0].runs[0].fault = Some(Fault::Outlived);
        let mut scenario = scenario(1);
        scenario.fault_rates.faulty_calls = 0.0;
        faults(&scenario, &Record { ended_at: 9_000_000, ..record })
    };
    assert_eq!(outlived(500), "");
    assert!(outlived(2400).starts_with("incorrect: outlived its job by 38 minutes: task gh-1"));
}

#[test]
fn the_task_of_a_deleted_job_ends() {
    let kept = |until: u64| {
        let mut record = Record { ended_at: 9_000_000, ..fine() };
        record.jobs[0] =
            JobRecord { deleted_at: Some(20_000), ended_at: Some(20_000), ..job(0, 10, None) };
        record.runners.clear();
        record.tasks = vec![task("gh-1", &[(until, until)])];
        let mut scenario = scenario(1);
        scenario.fault_rates.faulty_calls = 0.0;
        faults(&scenario, &record)
    };
    assert_eq!(kept(1000), "");
    let found = kept(3000);
    assert!(found.contains("kept for 49 minutes after its job was deleted: task gh-1"), "{found}");
}

#[test]
fn no_runner_is_registered_for_a_repository_that_was_removed() {
    let mut record = fine();
    assert_eq!(faults(&narrowed(3600), &record), "", "it may have claimed before");
    record.runners[0].registered_at = 600_000;
    record.tasks[0].runs[0].ended_at = Some(700_000);
    record.jobs[0] = job(0, 10, Some(("gh-1", 605, 650)));
    record.runners[0].gone_at = Some(651_000);
    let found = faults(&narrowed(3600), &record);
    assert!(found.contains("served although its repository was removed"), "{found}");
    assert!(!faults(&narrowed(500), &record).contains("was removed"), "it is served again");
}

#[test]
fn rejecting_the_runner_of_a_removed_repository_is_correct() {
    let mut record = fine();
    record.jobs = vec![job(0, 10, Some(("gh-1-2", 4000, 4100)))];
    record.tasks = vec![task("gh-1", &[(50, 60)]), task("gh-1-2", &[(3990, 4101)])];
    record.tasks[1].added_at = 3_980_000;
    record.runners = vec![runner("gh-1-2", (3995, 4101), Some((4000, 1)))];
    record.ended_at = 5_000_000;
    assert!(faults(&scenario(1), &record).contains("rejected although job 1 waited"));
    let found = faults(&narrowed(3600), &record);
    assert!(!found.contains("rejected"), "{found}");
}

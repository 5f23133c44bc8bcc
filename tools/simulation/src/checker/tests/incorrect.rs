use super::{faults, fine, job, runner, scenario, task};
use crate::record::{End, Poisoned, Record, RunnerRecord, TaskRecord};
use crate::scenario::Callee;
use crate::scenario::{FaultKind, ScheduledFault};

/// The first job waits from 10 to 500, the second runs on the runner that was made for the first.
fn reassigned() -> Record {
    let mut record = fine();
    record.jobs =
        vec![job(0, 10, Some(("gh-2", 100, 900))), job(1, 10, Some(("gh-1-2", 500, 900)))];
    record.tasks =
        vec![task("gh-1", &[(50, 60)]), task("gh-2", &[(20, 901)]), task("gh-1-2", &[(450, 901)])];
    record.runners = vec![
        runner("gh-2", (80, 901), Some((100, 1))),
        runner("gh-1-2", (470, 901), Some((500, 2))),
    ];
    record
}

#[test]
fn rejecting_a_runner_while_its_job_waits_is_incorrect() {
    let record = reassigned();
    insta::assert_snapshot!(faults(&scenario(2), &record), @"incorrect: rejected although job 1 waited for it: task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:50 to 0:01:00 with 0, ended at 0:01:00");
    let mut interrupted = record.clone();
    interrupted.tasks[0].runs[0].exit_code = None;
    assert_eq!(faults(&scenario(2), &interrupted), "", "its node was lost");
    let mut unlike = scenario(2);
    unlike.jobs[0].labels.push("gpu".to_owned());
    assert_eq!(faults(&unlike, &record), "", "it could not have served it");
    let mut lost = record.clone();
    lost.runners.push(RunnerRecord {
        online_at: None,
        end: Some(End::Deregistered),
        ..runner("gh-1", (52, 54), None)
    });
    assert_eq!(
        faults(&scenario(2), &lost),
        "",
        "its claim removed a runner and did not hear of it"
    );
    let mut taken = record;
    taken.jobs[0].started_at = Some(55_000);
    assert_eq!(faults(&scenario(2), &taken), "", "the job was taken while it asked");
}

#[test]
fn a_claim_in_flight_may_count_for_the_next_run() {
    let described = |was_claiming| {
        let mut record = reassigned();
        record.tasks[0] = task("gh-1", &[(10, 85), (85, 95)]);
        record.tasks[0].runs[0].exit_code = None;
        record.tasks[0].runs[0].was_claiming = was_claiming;
        record.tasks[0].runs[1].exit_code = Some(75);
        faults(&scenario(2), &record)
    };
    assert_eq!(described(true), "");
    assert!(described(false).contains("rejected although"));
}

#[test]
fn a_reassigned_job_leads_to_the_assigned_runners_job() {
    let mut record = reassigned();
    record.tasks[0] = task("gh-1", &[(150, 160)]);
    insta::assert_snapshot!(faults(&scenario(2), &record), @"incorrect: rejected although job 2 waited for it: task gh-1 in runners-ubuntu from 0:00:00, ran 0:02:30 to 0:02:40 with 0, ended at 0:02:40");
    record.jobs[0].runners = vec!["gh-1-3".to_owned()];
    assert!(!faults(&scenario(2), &record).contains("rejected although"), "it ran on its own");
    record.jobs[0].runners = vec!["theirs".to_owned()];
    assert!(
        !faults(&scenario(2), &record).contains("rejected although"),
        "it ran on a foreign one"
    );
}

#[test]
fn terminating_a_waiting_task_that_is_needed_is_incorrect() {
    let mut record = reassigned();
    record.tasks[0] = TaskRecord { ended_at: Some(400_000), ..task("gh-1", &[]) };
    insta::assert_snapshot!(faults(&scenario(2), &record), @"incorrect: terminated although job 2 waited for it: task gh-1 in runners-ubuntu from 0:00:00, ended at 0:06:40");
    let mut disabled = scenario(2);
    let what = FaultKind::JobDisabled { deployment: 0, profile: "ubuntu".to_owned() };
    disabled.scheduled_faults = vec![ScheduledFault { at: 300, kind: what }];
    assert_eq!(faults(&disabled, &record), "", "its Batch job was closed");
}

#[test]
fn deregistering_an_idle_runner_that_is_needed_is_incorrect() {
    let mut record = reassigned();
    let taken = RunnerRecord { end: Some(End::Deregistered), ..runner("gh-1", (60, 490), None) };
    record.runners.push(taken);
    record.tasks[0] = task("gh-1", &[(50, 491)]);
    insta::assert_snapshot!(faults(&scenario(2), &record), @"incorrect: deregistered although job 2 waited for it: task gh-1 in runners-ubuntu from 0:00:00, ran 0:00:50 to 0:08:11 with 0, ended at 0:08:11");
    record.tasks[0] = task("gh-1", &[(50, 300)]);
    assert_eq!(faults(&scenario(2), &record), "", "its node was lost before");
}

#[test]
fn a_message_may_become_poison_only_in_a_queue_outage() {
    let mut record = fine();
    let failing = Poisoned { deployment: 0, at: 500_000, message: "{}".to_owned(), failed: 5 };
    record.poisoned = vec![failing];
    insta::assert_snapshot!(faults(&scenario(1), &record), @"incorrect: became poison at 0:08:20: {}");
    let mut outage = scenario(1);
    let what = FaultKind::Outage { callee: Callee::Queues, seconds: 300 };
    outage.scheduled_faults = vec![ScheduledFault { at: 100, kind: what }];
    assert_eq!(faults(&outage, &record), "");
    record.poisoned[0].failed = 4;
    assert_eq!(faults(&scenario(1), &record), "", "the handler was not asked each time");
}

#[test]
fn rejecting_a_needed_runner_is_incorrect_beside_an_idle_one() {
    let mut record = fine();
    record.jobs[0] = job(0, 10, Some(("gh-2", 20, 100)));
    record.jobs.push(job(1, 10, Some(("gh-1-2", 400, 500))));
    record.runners = vec![
        runner("gh-2", (15, 101), Some((20, 1))),
        runner("gh-1-2", (210, 501), Some((400, 2))),
    ];
    record.tasks = vec![
        task("gh-1", &[(200, 230)]),
        task("gh-2", &[(10, 101)]),
        task("gh-1-2", &[(205, 501)]),
    ];
    let found = faults(&scenario(2), &record);
    assert!(found.contains("rejected although job 2 waited for it"), "{found}");
}

#[test]
fn a_job_that_waits_long_although_a_node_is_free_starves() {
    let mut record = fine();
    record.jobs[0] = job(0, 10, Some(("gh-1", 4000, 4100)));
    record.runners = vec![runner("gh-1", (3995, 4101), Some((4000, 1)))];
    record.tasks = vec![task("gh-1", &[(3990, 4101)])];
    record.ended_at = 5_000_000;
    let mut scenario = scenario(1);
    scenario.fault_rates.faulty_calls = 0.0;
    scenario.deployments[0].pools[0].scaled = false;
    insta::assert_snapshot!(faults(&scenario, &record), @"incorrect: starved for 66 minutes while pool ubuntu had room: job 1 (index 0, attempt 1) of octo/app [self-hosted, Linux]; ready at 0:00:10; started at 1:06:40; ended at 1:08:20; on gh-1; task gh-1 in runners-ubuntu from 0:00:00, ran 1:06:30 to 1:08:21 with 0, ended at 1:08:21");
    let mut taken = record.clone();
    let nodes = scenario.deployments[0].pools[0].nodes;
    taken.tasks.extend((0..nodes).map(|other| task(&format!("gh-9{other}"), &[(500, 3500)])));
    assert_eq!(faults(&scenario, &taken), "", "every node was taken");
    let mut passed_over = record.clone();
    passed_over.runners.extend((2..10_u64).map(|n| {
        let at = n * 400;
        runner(&format!("gh-1-{n}"), (at, at + 90), Some((at, 77)))
    }));
    assert_eq!(faults(&scenario, &passed_over), "", "its runners were assigned to other jobs");
    let outage = FaultKind::Outage { callee: Callee::Github, seconds: 900 };
    scenario.scheduled_faults = vec![ScheduledFault { at: 1000, kind: outage }];
    assert_eq!(faults(&scenario, &record), "", "a fault was active");
    (scenario.scheduled_faults, scenario.deployments[0].pools[0].scaled) = (Vec::new(), true);
    assert_eq!(faults(&scenario, &record), "", "the pool's nodes are Batch's doing");
}

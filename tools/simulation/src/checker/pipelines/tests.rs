//! What is found about jobs of Azure Pipelines.

use super::super::Findings;
use super::*;
use crate::record::pipelines::{AgentRecord, Reservation};
use crate::record::{Fault, Run};
use crate::scenario::{Service, Size};

const MINUTE: u64 = 60_000;

/// A scenario with one job of a pipeline, and without faults.
fn scenario() -> Scenario {
    let size = Size { jobs: 1, fault_rate: Some(0.0), service: Some(Service::Pipelines) };
    let mut scenario = Scenario::generated(1, &size);
    scenario.scheduled_faults.clear();
    let plan = scenario.pipelines.as_mut().expect("it was asked for");
    plan.scheduled_faults.clear();
    (plan.pool.scaled, plan.parallel_jobs, plan.rules.requeues) = (false, 5, true);
    plan.jobs[0].fails = false;
    scenario
}

fn task(id: &str, (from, until): (u64, u64)) -> TaskRecord {
    let run = Run {
        started_at: from + MINUTE,
        ended_at: Some(until),
        exit_code: Some(0),
        was_claiming: false,
        fault: None,
    };
    TaskRecord {
        deployment: 0,
        id: id.to_owned(),
        batch_job: "runners-agent".to_owned(),
        added_at: from,
        runs: vec![run],
        ended_at: Some(until),
    }
}

/// A job that is queued at 1 minute, gets its agent, and ends at 20 minutes.
fn fine() -> Record {
    let reservation = Reservation {
        agent: "gh-az-7".to_owned(),
        at: 4 * MINUTE,
        started_at: Some(4 * MINUTE),
        ended_at: Some(20 * MINUTE),
    };
    let job = PipelinesJobRecord {
        planned: 0,
        request: 7,
        queued_at: MINUTE,
        reservations: vec![reservation],
        ended_at: Some(20 * MINUTE),
        result: Some("succeeded".to_owned()),
        cancelled_at: None,
        is_orphaned: false,
    };
    let agent = AgentRecord {
        name: "gh-az-7".to_owned(),
        registered_at: 3 * MINUTE,
        online_at: Some(4 * MINUTE),
        removed_at: Some(22 * MINUTE),
    };
    let pipelines = PipelinesRecord {
        jobs: vec![job],
        tasks: vec![task("gh-az-7", (2 * MINUTE, 20 * MINUTE))],
        agents: vec![agent],
        rejected: Vec::new(),
        ready_at: Some(0),
    };
    Record { pipelines, quiescent: true, ended_at: 300 * MINUTE, ..Record::default() }
}

fn faults(change: impl FnOnce(&mut PipelinesRecord)) -> String {
    let mut record = fine();
    change(&mut record.pipelines);
    let findings = Findings::of(&scenario(), &record);
    let described = findings
        .violations()
        .flat_map(|(kind, faults)| faults.iter().map(move |fault| format!("{kind}: {fault}")));
    described.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_job_on_its_agent_is_served_without_violation() {
    let findings = Findings::of(&scenario(), &fine());
    assert!(findings.is_clean(), "{findings:?}");
    let found = findings.pipelines;
    assert_eq!((found.jobs, found.served, found.agents, found.unused_agents), (1, 1, 1, 0));
    assert_eq!(found.waits, [3 * MINUTE]);
}

#[test]
fn a_job_without_a_result_is_lost() {
    let found = faults(|record| (record.jobs[0].result, record.jobs[0].ended_at) = (None, None));
    assert!(found.starts_with("lost: job request 7 (index 0) queued at 0:01:00"), "{found}");
    assert_eq!(faults(|record| record.jobs.clear()), "lost: 1 jobs of pipelines were never queued");
    let orphaned = faults(|record| {
        (record.jobs[0].result, record.jobs[0].is_orphaned) = (None, true);
    });
    assert_eq!(orphaned, "");
}

#[test]
fn another_result_than_planned_needs_a_reason() {
    let lost = |record: &mut PipelinesRecord| record.jobs[0].result = Some("abandoned".to_owned());
    let found = faults(lost);
    assert!(found.starts_with("incorrect: ended without a fault: job request 7"), "{found}");
    let died = faults(|record| {
        lost(record);
        record.tasks[0].runs[0].fault = Some(Fault::ListenerKilled);
    });
    let cancelled = faults(|record| {
        lost(record);
        record.jobs[0].cancelled_at = Some(5 * MINUTE);
    });
    assert_eq!((died.as_str(), cancelled.as_str()), ("", ""));
}

#[test]
fn a_request_has_one_live_task_whose_agent_is_free() {
    let found = faults(|record| {
        record.tasks.insert(0, task("gh-az-7-2", (MINUTE, 30 * MINUTE)));
        record.tasks[1].added_at = 8 * MINUTE;
    });
    assert!(
        found.starts_with("duplicated: two tasks for job request 7: task gh-az-7-2"),
        "{found}"
    );
    // The first one had a job before.
    let busy = faults(|record| record.tasks.push(task("gh-az-7-2", (8 * MINUTE, 9 * MINUTE))));
    assert_eq!(busy, "");
}

#[test]
fn an_agent_has_a_task_and_goes_after_it() {
    let early = faults(|record| record.agents[0].registered_at = 2 * MINUTE);
    assert_eq!(early, "incorrect: agent gh-az-7 registered without a task at 0:02:00");
    let stays = faults(|record| record.agents[0].removed_at = Some(51 * MINUTE));
    assert_eq!(stays, "incorrect: agent gh-az-7 stayed for 31 minutes after its task");
    let rejected = faults(|record| record.rejected.push(MINUTE));
    assert_eq!(rejected, "incorrect: a job was rejected at 0:01:00 although placeholders exist");
}

#[test]
fn a_job_must_not_wait_while_the_pool_has_room() {
    let late = |record: &mut PipelinesRecord| {
        record.jobs[0].reservations.clear();
        record.jobs[0].ended_at = Some(60 * MINUTE);
        record.tasks.clear();
        record.agents.clear();
    };
    let found = faults(late);
    assert!(found.starts_with("incorrect: starved for 59 minutes: job request 7"), "{found}");
    let with_faults = {
        let mut record = fine();
        late(&mut record.pipelines);
        let mut scenario = scenario();
        scenario.fault_rates.faulty_calls = 0.2;
        (scenario.faults_end_at, record.ended_at) = (3600, 300 * MINUTE);
        Findings::of(&scenario, &record).is_clean()
    };
    assert!(with_faults);
}

use super::*;
use crate::plan::Size;

fn calm(accidents: Vec<Accident>) -> Plan {
    let plan = Plan::drawn(1, &Size { jobs: 1, faulty: Some(0.0) });
    let chances = Chances::default();
    Plan { accidents, chances, calm_at: 10_000, ..plan }
}

fn faulty(share: f64) -> Plan {
    let plan = calm(Vec::new());
    Plan { chances: Chances { faulty: share, ..plan.chances }, ..plan }
}

/// Draws the fates of a hundred calls.
fn hundred(plan: &Plan, callee: Callee, operation: &str) -> Vec<Fate> {
    let mut fates = Fates::of(plan);
    (0..100).map(|_| fates.next(callee, operation, 500)).collect()
}

#[test]
fn a_call_meets_its_fate_whatever_else_is_called() {
    let plan = faulty(0.3);
    let alone = hundred(&plan, Callee::Batch, "AddTask");
    let mut fates = Fates::of(&plan);
    let among = (0..100).map(|_| {
        fates.next(Callee::Batch, "GetTask", 500);
        fates.next(Callee::Batch, "AddTask", 500)
    });
    assert_eq!(among.collect::<Vec<_>>(), alone);
    assert_ne!(hundred(&Plan { seed: 2, ..plan }, Callee::Batch, "AddTask"), alone);
}

#[test]
fn the_share_of_faulty_calls_is_the_one_asked_for() {
    for share in [0.0, 0.2, 1.0] {
        let plan = faulty(share);
        let mut fates = Fates::of(&plan);
        let met = (0..5000).filter(|_| fates.next(Callee::Blobs, "GetBlob", 0).is_faulty()).count();
        let met = f64::from(u32::try_from(met).expect("a small number")) / 5000.0;
        assert!((met - share).abs() < 0.02, "{met} in place of {share}");
    }
}

#[test]
fn each_service_fails_in_its_own_ways() {
    let statuses = |callee, operation| {
        let mut statuses: Vec<u16> = hundred(&faulty(1.0), callee, operation)
            .iter()
            .filter_map(|fate| match fate {
                Fate::Fail { status, .. } => Some(*status),
                _ => None,
            })
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    };
    let of_jobs = statuses(Callee::Github, "GetJobForWorkflowRun");
    assert_eq!(of_jobs, [403, 404, 429, 500, 502, 503, 504]);
    let of_runners = statuses(Callee::Github, "DeleteSelfHostedRunnerFromOrg");
    assert_eq!(of_runners, [403, 429, 500, 502, 503, 504]);
    assert_eq!(statuses(Callee::Batch, "AddTask"), [408, 429, 500, 503]);
    assert_eq!(statuses(Callee::Queues, "PutMessage"), [500, 503]);
    assert_eq!(statuses(Callee::Claim, "ClaimRunner"), [429, 500, 502, 503]);
}

#[test]
fn an_outage_befalls_all_calls_of_its_service_and_no_other() {
    let outage = Mishap::Outage { callee: Callee::Batch, seconds: 60 };
    let mut fates = Fates::of(&calm(vec![Accident { at: 100, what: outage }]));
    let mut down = |callee, at| (0..20).filter(|_| fates.next(callee, "x", at).is_faulty()).count();
    let seen = [99, 100, 159, 160].map(|at| down(Callee::Batch, at));
    assert_eq!(seen, [0, 20, 20, 0]);
    assert_eq!(down(Callee::Github, 120), 0);
}

#[test]
fn a_rate_storm_tells_when_to_come_again() {
    let storm = Mishap::RateStorm { retry_after: 77, seconds: 60 };
    let mut fates = Fates::of(&calm(vec![Accident { at: 0, what: storm }]));
    let limited = Fate::Fail { status: 429, retry_after: Some(77) };
    let met = (0..100).filter(|_| fates.next(Callee::Github, "x", 1) == limited).count();
    assert!((60..100).contains(&met), "{met}");
    assert_eq!(fates.next(Callee::Batch, "x", 1), Fate::Pass);
}

#[test]
fn when_it_is_calm_nothing_befalls_anybody() {
    let plan = faulty(1.0);
    let plan = Plan { chances: Chances { deaths: 1.0, ..plan.chances }, ..plan };
    let mut fates = Fates::of(&plan);
    assert_eq!(fates.next(Callee::Github, "x", plan.calm_at), Fate::Pass);
    assert!(fates.dies((0, Group::Http), 1, plan.calm_at - 1).is_some());
    assert_eq!(fates.dies((0, Group::Http), 1, plan.calm_at), None);
}

#[test]
fn some_runs_lose_their_node_and_some_of_their_jobs_are_given_up() {
    let plan = calm(Vec::new());
    let plan = Plan { chances: Chances { losses: 0.5, ..plan.chances }, ..plan };
    let fates = Fates::of(&plan);
    let drawn = |second| {
        let losses = (0..1000).filter_map(|run| fates.loses_node("gh-1", run, second));
        losses.collect::<Vec<_>>()
    };
    let losses = drawn(500);
    assert!((400..600).contains(&losses.len()), "{} of 1000", losses.len());
    let given_up = losses.iter().filter(|loss| loss.gives_up).count();
    assert!((80..170).contains(&given_up), "{given_up} of {}", losses.len());
    assert!(losses.iter().all(|loss| loss.after <= Duration::from_secs(10)));
    assert_eq!(drawn(plan.calm_at), []);
}

#[test]
fn runs_have_each_fault_of_a_runner_until_faults_cease() {
    let plan = calm(Vec::new());
    let chances = Chances { offline: 0.2, listener_deaths: 0.2, terminations: 0.2, ..plan.chances };
    let plan = Plan { chances, ..plan };
    let fates = Fates::of(&plan);
    let drawn = |second| (0..1000).filter_map(move |run| fates.runner_fault("gh-1", run, second));
    let faults: Vec<RunnerFault> = drawn(500).collect();
    let count = |wanted: fn(&RunnerFault) -> bool| faults.iter().filter(|one| wanted(one)).count();
    let offline = count(|fault| matches!(fault, RunnerFault::Offline { .. }));
    let hanging = count(|fault| matches!(fault, RunnerFault::Offline { hangs: true }));
    let killed = count(|fault| matches!(fault, RunnerFault::ListenerDies { .. }));
    let terminated = count(|fault| matches!(fault, RunnerFault::Terminated { .. }));
    assert!((150..250).contains(&offline) && (50..120).contains(&hanging), "{offline} {hanging}");
    assert!((110..210).contains(&killed), "{killed}");
    assert!((80..180).contains(&terminated), "{terminated}");
    assert_eq!(Fates::of(&plan).runner_fault("gh-1", 1, plan.calm_at), None);
}

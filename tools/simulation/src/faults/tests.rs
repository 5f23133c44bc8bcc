use super::*;
use crate::scenario::Size;

fn calm(scheduled_faults: Vec<ScheduledFault>) -> Scenario {
    let scenario = Scenario::generated(
        1,
        &Size { jobs: 1, fault_rate: Some(0.0), service: Some(crate::scenario::Service::Github) },
    );
    let fault_rates = FaultRates::default();
    Scenario { scheduled_faults, fault_rates, faults_end_at: 10_000, ..scenario }
}

fn faulty(share: f64) -> Scenario {
    let scenario = calm(Vec::new());
    Scenario { fault_rates: FaultRates { faulty_calls: share, ..scenario.fault_rates }, ..scenario }
}

fn call(callee: Callee, operation: &str) -> Call<'_> {
    Call { deployment: 0, callee, operation, path: "/repos/octo/app/actions/runs" }
}

/// Returns the outcomes of a hundred calls.
fn hundred(scenario: &Scenario, callee: Callee, operation: &str) -> Vec<FaultOutcome> {
    let mut injector = FaultInjector::of(scenario);
    (0..100).map(|_| injector.next(call(callee, operation), 500)).collect()
}

#[test]
fn the_outcome_of_a_call_depends_on_no_other_call() {
    let scenario = faulty(0.3);
    let alone = hundred(&scenario, Callee::Batch, "AddTask");
    let mut injector = FaultInjector::of(&scenario);
    let among = (0..100).map(|_| {
        injector.next(call(Callee::Batch, "GetTask"), 500);
        injector.next(call(Callee::Batch, "AddTask"), 500)
    });
    assert_eq!(among.collect::<Vec<_>>(), alone);
    assert_ne!(hundred(&Scenario { seed: 2, ..scenario }, Callee::Batch, "AddTask"), alone);
}

#[test]
fn the_share_of_faulty_calls_is_the_configured_rate() {
    for share in [0.0, 0.2, 1.0] {
        let scenario = faulty(share);
        let mut injector = FaultInjector::of(&scenario);
        let met = (0..5000)
            .filter(|_| injector.next(call(Callee::Blobs, "GetBlob"), 0).is_faulty())
            .count();
        let met = f64::from(u32::try_from(met).expect("a small number")) / 5000.0;
        assert!((met - share).abs() < 0.02, "{met} in place of {share}");
    }
}

#[test]
fn each_service_fails_with_its_own_statuses() {
    let statuses = |callee, operation| {
        let mut statuses: Vec<u16> = hundred(&faulty(1.0), callee, operation)
            .iter()
            .filter_map(|outcome| match outcome {
                FaultOutcome::Fail { status, .. } => Some(*status),
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
fn an_outage_fails_all_calls_of_its_service_only() {
    let outage = FaultKind::Outage { callee: Callee::Batch, seconds: 60 };
    let mut injector = FaultInjector::of(&calm(vec![ScheduledFault { at: 100, kind: outage }]));
    let mut down =
        |callee, at| (0..20).filter(|_| injector.next(call(callee, "x"), at).is_faulty()).count();
    let seen = [99, 100, 159, 160].map(|at| down(Callee::Batch, at));
    assert_eq!(seen, [0, 20, 20, 0]);
    assert_eq!(down(Callee::Github, 120), 0);
}

#[test]
fn a_rate_limit_burst_sends_retry_after() {
    let burst = FaultKind::RateLimitBurst { retry_after: 77, seconds: 60 };
    let mut injector = FaultInjector::of(&calm(vec![ScheduledFault { at: 0, kind: burst }]));
    let limited = FaultOutcome::Fail { status: 429, retry_after: Some(77) };
    let met = (0..100).filter(|_| injector.next(call(Callee::Github, "x"), 1) == limited).count();
    assert!((60..100).contains(&met), "{met}");
    assert_eq!(injector.next(call(Callee::Batch, "x"), 1), FaultOutcome::Pass);
}

#[test]
fn no_fault_is_injected_after_the_end() {
    let scenario = faulty(1.0);
    let scenario = Scenario {
        fault_rates: FaultRates { invocation_kills: 1.0, ..scenario.fault_rates },
        ..scenario
    };
    let mut injector = FaultInjector::of(&scenario);
    assert_eq!(
        injector.next(call(Callee::Github, "x"), scenario.faults_end_at),
        FaultOutcome::Pass
    );
    assert!(injector.kills((0, Group::Http), 1, scenario.faults_end_at - 1).is_some());
    assert_eq!(injector.kills((0, Group::Http), 1, scenario.faults_end_at), None);
}

#[test]
fn some_runs_lose_their_node_and_some_jobs_are_cancelled() {
    let scenario = calm(Vec::new());
    let scenario = Scenario {
        fault_rates: FaultRates { node_losses: 0.5, ..scenario.fault_rates },
        ..scenario
    };
    let injector = FaultInjector::of(&scenario);
    let generated = |second| {
        let losses = (0..1000).filter_map(|run| injector.node_loss("gh-1", run, second));
        losses.collect::<Vec<_>>()
    };
    let losses = generated(500);
    assert!((400..600).contains(&losses.len()), "{} of 1000", losses.len());
    let cancelled = losses.iter().filter(|loss| loss.cancels_job).count();
    assert!((80..170).contains(&cancelled), "{cancelled} of {}", losses.len());
    assert!(losses.iter().all(|loss| loss.after <= Duration::from_secs(10)));
    assert_eq!(generated(scenario.faults_end_at), []);
}

#[test]
fn runs_have_every_runner_fault_until_faults_end() {
    let scenario = calm(Vec::new());
    let fault_rates = FaultRates {
        offline_runners: 0.2,
        listener_kills: 0.2,
        terminations: 0.2,
        ..scenario.fault_rates
    };
    let scenario = Scenario { fault_rates, ..scenario };
    let injector = FaultInjector::of(&scenario);
    let generated =
        |second| (0..1000).filter_map(move |run| injector.runner_fault("gh-1", run, second));
    let faults: Vec<RunnerFault> = generated(500).collect();
    let count = |wanted: fn(&RunnerFault) -> bool| faults.iter().filter(|one| wanted(one)).count();
    let offline = count(|fault| matches!(fault, RunnerFault::Offline { .. }));
    let hanging = count(|fault| matches!(fault, RunnerFault::Offline { hangs: true }));
    let killed = count(|fault| matches!(fault, RunnerFault::ListenerDies { .. }));
    let terminated = count(|fault| matches!(fault, RunnerFault::Terminated { .. }));
    assert!((150..250).contains(&offline) && (50..120).contains(&hanging), "{offline} {hanging}");
    assert!((110..210).contains(&killed), "{killed}");
    assert!((80..180).contains(&terminated), "{terminated}");
    assert_eq!(FaultInjector::of(&scenario).runner_fault("gh-1", 1, scenario.faults_end_at), None);
}

#[test]
fn a_refusal_concerns_one_deployment_and_perhaps_one_operation() {
    let outcome = |kind: FaultKind, call: Call<'_>| {
        FaultInjector::of(&calm(vec![ScheduledFault { at: 0, kind }])).next(call, 1)
    };
    let refusal = Refusal::SingleSignOn;
    let all = FaultKind::Refusal { deployment: 0, operation: None, refusal, seconds: 9 };
    let own = call(Callee::Github, "GetJobForWorkflowRun");
    assert_eq!(outcome(all.clone(), own), FaultOutcome::Refuse(refusal));
    assert_eq!(outcome(all.clone(), Call { deployment: 1, ..own }), FaultOutcome::Pass);
    assert_eq!(outcome(all, call(Callee::Batch, "GetTask")), FaultOutcome::Pass);
    let operation = Some("ListWorkflowRunsForRepo".to_owned());
    let one = FaultKind::Refusal { deployment: 0, operation, refusal, seconds: 9 };
    assert_eq!(outcome(one, own), FaultOutcome::Pass);
    let hides = |repository: &str| FaultKind::RepositoryHidden {
        deployment: 0,
        repository: repository.to_owned(),
        seconds: 9,
    };
    let hidden = FaultOutcome::Fail { status: 404, retry_after: None };
    assert_eq!(outcome(hides("octo/app"), own), hidden);
    assert_eq!(outcome(hides("octo/ap"), own), FaultOutcome::Pass);
}

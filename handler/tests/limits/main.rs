//! Tests in virtual time that every invocation of every function ends in time, even if a service hangs or is slow.

mod services;

use std::time::Duration;

use services::{Function, Pace, Service, World};

/// Returns the limit of a function. host.json allows 300 seconds, and GitHub waits 10 for a response.
fn limit(function: Function) -> Duration {
    Duration::from_secs(match function {
        Function::ProvideActionsRunner => 8,
        Function::ClaimRunner => 60,
        _ => 200,
    })
}

/// Invokes every function with services of this pace, and returns each outcome in a line.
async fn outcomes(pace: Pace) -> String {
    let mut lines = String::new();
    for function in Function::ALL {
        let (status, took) = World::new(pace).invoke(function).await;
        assert!(took <= limit(function), "{function:?} took {took:?} with {pace:?}");
        lines += &format!("{function:?}: {status} after {:.1} s\n", took.as_secs_f64());
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn every_function_succeeds_if_no_service_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Prompt).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 200 after 0.0 s
    ClaimRunner: 200 after 0.0 s
    ReconcileRunners: 200 after 0.0 s
    RefreshFirewall: 200 after 0.0 s
    Status: 200 after 0.0 s
    Operate: 200 after 0.0 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_if_github_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Github)).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 200 after 40.0 s
    ClaimRunner: 503 after 40.0 s
    ReconcileRunners: 200 after 111.0 s
    RefreshFirewall: 500 after 40.0 s
    Status: 200 after 30.5 s
    Operate: 200 after 0.0 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_if_batch_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Batch)).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 200 after 40.0 s
    ClaimRunner: 503 after 50.0 s
    ReconcileRunners: 500 after 161.4 s
    RefreshFirewall: 200 after 0.0 s
    Status: 503 after 100.0 s
    Operate: 200 after 0.0 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_if_storage_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Storage)).await, @r"
    ProvideActionsRunner: 503 after 7.0 s
    SubmitRunnerTask: 503 after 40.0 s
    ClaimRunner: 503 after 50.0 s
    ReconcileRunners: 500 after 161.4 s
    RefreshFirewall: 500 after 161.4 s
    Status: 503 after 100.0 s
    Operate: 503 after 161.4 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_if_azures_management_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Management)).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 200 after 0.0 s
    ClaimRunner: 200 after 0.0 s
    ReconcileRunners: 200 after 0.0 s
    RefreshFirewall: 500 after 190.5 s
    Status: 200 after 0.0 s
    Operate: 200 after 0.0 s
    ");
}

/// The longest case: no request fails, and each of many responses arrives just before the timeout.
#[tokio::test(start_paused = true)]
async fn each_function_ends_if_every_response_takes_39_seconds() {
    insta::assert_snapshot!(outcomes(Pace::Slow).await, @r"
    ProvideActionsRunner: 503 after 7.0 s
    SubmitRunnerTask: 200 after 149.0 s
    ClaimRunner: 503 after 50.0 s
    ReconcileRunners: 500 after 199.0 s
    RefreshFirewall: 500 after 190.0 s
    Status: 503 after 100.0 s
    Operate: 200 after 199.0 s
    ");
}

/// A service may start to hang at any request, including the repairs of ReconcileRunners.
#[tokio::test(start_paused = true)]
async fn each_function_ends_from_whichever_request_on_all_hang() {
    for function in Function::ALL {
        let complete = World::new(Pace::Prompt);
        complete.invoke(function).await;
        let requests = complete.requests();
        assert!(requests > 0, "{function:?} sends no request");
        for prompt in 0..requests {
            let (_, took) = World::new(Pace::HangsAfter(prompt)).invoke(function).await;
            assert!(took <= limit(function), "{function:?} took {took:?} after request {prompt}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_messages_and_operations_end_in_time() {
    let world = World::new(Pace::Hangs(Service::Github));
    for function in [Function::SubmitRunnerTask, Function::Operate, Function::Status] {
        let invocations = (0..24).map(|_| world.invoke(function));
        for (_, took) in futures::future::join_all(invocations).await {
            assert!(took <= limit(function), "{function:?} took {took:?}");
        }
    }
}

//! Every invocation of every function ends in time, whatever it depends on hangs or is slow. In virtual time.

mod services;

use std::time::Duration;

use services::{Function, Pace, Service, World};

/// The limit of each function; host.json grants 300 seconds, and GitHub waits 10 for its answer.
fn limit(function: Function) -> Duration {
    Duration::from_secs(match function {
        Function::ProvideActionsRunner => 8,
        Function::ClaimRunner => 60,
        _ => 200,
    })
}

/// Invokes every function over services of this pace, and describes each outcome in a line.
async fn outcomes(pace: Pace) -> String {
    let mut lines = String::new();
    for function in Function::ALL {
        let (status, took) = World::new(pace).invoke(function).await;
        assert!(took <= limit(function), "{function:?} took {took:?} where {pace:?}");
        lines += &format!("{function:?}: {status} after {:.1} s\n", took.as_secs_f64());
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn where_nothing_hangs_every_function_does_its_work() {
    insta::assert_snapshot!(outcomes(Pace::Prompt).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 422 after 0.0 s
    ClaimRunner: 200 after 0.0 s
    ReconcileRunners: 200 after 0.0 s
    RefreshFirewall: 200 after 0.0 s
    Status: 200 after 0.0 s
    Operate: 200 after 0.0 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_where_github_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Github)).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 200 after 40.0 s
    ClaimRunner: 503 after 40.0 s
    ReconcileRunners: 200 after 100.5 s
    RefreshFirewall: 500 after 40.0 s
    Status: 200 after 30.5 s
    Operate: 200 after 0.0 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_where_batch_hangs() {
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
async fn each_function_ends_where_storage_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Storage)).await, @r"
    ProvideActionsRunner: 503 after 7.0 s
    SubmitRunnerTask: 422 after 0.0 s
    ClaimRunner: 503 after 50.0 s
    ReconcileRunners: 500 after 161.4 s
    RefreshFirewall: 500 after 161.4 s
    Status: 503 after 100.0 s
    Operate: 503 after 161.4 s
    ");
}

#[tokio::test(start_paused = true)]
async fn each_function_ends_where_azures_management_hangs() {
    insta::assert_snapshot!(outcomes(Pace::Hangs(Service::Management)).await, @r"
    ProvideActionsRunner: 202 after 0.0 s
    SubmitRunnerTask: 422 after 0.0 s
    ClaimRunner: 200 after 0.0 s
    ReconcileRunners: 200 after 0.0 s
    RefreshFirewall: 500 after 190.5 s
    Status: 200 after 0.0 s
    Operate: 200 after 0.0 s
    ");
}

/// The longest of all: nothing fails, and each of many answers comes just in time.
#[tokio::test(start_paused = true)]
async fn each_function_ends_where_every_answer_takes_39_seconds() {
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

/// A service may begin to hang at any request; the repairs of ReconcileRunners are among them.
#[tokio::test(start_paused = true)]
async fn each_function_ends_wherever_everything_begins_to_hang() {
    for function in Function::ALL {
        let whole = World::new(Pace::Prompt);
        whole.invoke(function).await;
        let requests = whole.requests();
        assert!(requests > 0, "{function:?} sends nothing");
        for prompt in 0..requests {
            let (_, took) = World::new(Pace::HangsAfter(prompt)).invoke(function).await;
            assert!(took <= limit(function), "{function:?} took {took:?} after request {prompt}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn messages_and_orders_that_wait_for_each_other_end_in_time_as_well() {
    let world = World::new(Pace::Hangs(Service::Github));
    for function in [Function::SubmitRunnerTask, Function::Operate, Function::Status] {
        let invocations = (0..24).map(|_| world.invoke(function));
        for (_, took) in futures::future::join_all(invocations).await {
            assert!(took <= limit(function), "{function:?} took {took:?}");
        }
    }
}

//! `run --once`: one job, and what goes wrong with it.

use std::time::Duration;

use azure_pipelines_emulator::{NewJob, TaskResult};
use emulator_core::faults::Effect;
use tokio::sync::watch;

use super::{Console, MINUTE, World, job, line, run};
use crate::Behaviour;

#[tokio::test(start_paused = true)]
async fn an_agent_serves_one_job_and_ends() {
    let mut world = World::new();
    let console = Console::default();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let agent = agent.printing_to(Box::new(console.clone()));
    let (first, second) = (world.queue(), world.queue());
    assert_eq!(line(&run(&agent).await), "0: succeeded");
    let result = |request| world.pipelines.request(request).unwrap().result;
    assert_eq!((result(first), result(second)), (Some(TaskResult::Succeeded), None));
    insta::assert_snapshot!(console.text(), @"
    2026-11-29 11:20:20Z: Listening for Jobs
    2026-11-29 11:20:20Z: Running job: build
    2026-11-29 11:21:20Z: Job build completed with result: Succeeded
    ");
    insta::assert_snapshot!(world.events(), @r#"
    AgentRegistered { agent: "az-1" }
    Queued { request: 890001 }
    Queued { request: 890002 }
    AgentOnline { agent: "az-1" }
    Assigned { request: 890001, agent: "az-1" }
    Started { request: 890001, agent: "az-1" }
    Done { request: 890001, result: "succeeded" }
    AgentOffline { agent: "az-1" }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_plan_before_version_8_is_completed_by_the_listener() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let old = NewJob { plan_version: 7, ..job() };
    let request = world.pipelines.queue_job(old).request();
    assert_eq!(line(&run(&agent).await), "0: succeeded");
    assert_eq!(world.service.faults.calls_of("PostPlanEvent"), 0);
    let known = world.pipelines.request(request).unwrap();
    assert_eq!(known.result, Some(TaskResult::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn a_long_job_keeps_its_lock() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let mut long = job();
    long.work.runs_for_ms = 3 * 3600 * 1000;
    let request = world.pipelines.queue_job(long).request();
    assert_eq!(line(&run(&agent).await), "0: succeeded");
    let known = world.pipelines.request(request).unwrap();
    assert_eq!(known.result, Some(TaskResult::Succeeded));
    // Two of them are repeated with a new token, since a token is valid for an hour.
    assert_eq!(world.service.faults.calls_of("UpdateJobRequest"), 182);
}

#[tokio::test(start_paused = true)]
async fn a_second_job_that_comes_while_the_agent_ends_waits_for_the_next_one() {
    let mut world = World::new();
    let behaviour = Behaviour { announces_end: false, lingers: MINUTE, ..Behaviour::default() };
    let agent = world.agent("az-1", behaviour).await;
    let (first, second) = (world.queue(), world.queue());
    let outcome = run(&agent).await;
    assert_eq!(outcome.job.as_ref().map(|job| job.request), Some(first));
    let known = world.pipelines.request(second).unwrap();
    assert_eq!((known.agent.as_deref(), known.result), (Some("az-1"), None));
    tokio::time::sleep(6 * MINUTE).await;
    assert_eq!(world.pipelines.request(second).unwrap().agent, None);
    let next = world.agent("az-2", Behaviour::default()).await;
    let outcome = run(&next).await;
    assert_eq!(outcome.job.map(|job| job.request), Some(second));
    insta::assert_snapshot!(world.events(), @r#"
    AgentRegistered { agent: "az-1" }
    Queued { request: 890001 }
    Queued { request: 890002 }
    AgentOnline { agent: "az-1" }
    Assigned { request: 890001, agent: "az-1" }
    Started { request: 890001, agent: "az-1" }
    Done { request: 890001, result: "succeeded" }
    Assigned { request: 890002, agent: "az-1" }
    AgentOffline { agent: "az-1" }
    Requeued { request: 890002, agent: "az-1" }
    AgentRegistered { agent: "az-2" }
    AgentOnline { agent: "az-2" }
    Assigned { request: 890002, agent: "az-2" }
    Started { request: 890002, agent: "az-2" }
    Done { request: 890002, result: "succeeded" }
    AgentOffline { agent: "az-2" }
    "#);
}

#[tokio::test(start_paused = true)]
async fn an_announced_end_is_heeded_or_ignored_by_the_service() {
    for heeds in [true, false] {
        let world = World::with(|options| options.heeds_shutting_down = heeds);
        let behaviour = Behaviour { lingers: MINUTE, ..Behaviour::default() };
        let agent = world.agent("az-1", behaviour).await;
        let (_, second) = (world.queue(), world.queue());
        run(&agent).await;
        let was_given = world.pipelines.request(second).unwrap().agent.is_some();
        assert_eq!(was_given, !heeds);
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_without_a_job_ends_with_4_and_during_a_job_after_it() {
    let world = World::new();
    let idle = world.agent("az-1", Behaviour::default()).await;
    let update = async {
        tokio::time::sleep(MINUTE).await;
        world.pipelines.update_agent("az-1", "4.275.0");
    };
    let (outcome, ()) = tokio::join!(run(&idle), update);
    assert_eq!(line(&outcome), "4: no job, now 4.275.0");
    let (first, second) = (world.queue(), world.queue());
    let update = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        world.pipelines.update_agent("az-1", "4.276.0");
    };
    let (outcome, ()) = tokio::join!(run(&idle), update);
    assert_eq!(line(&outcome), "4: succeeded, now 4.276.0");
    let known = world.pipelines.request(second).unwrap();
    assert_eq!((known.agent, outcome.job.unwrap().request), (None, first));
    // Started again by `run.sh`, it makes a new session and takes a second job.
    let outcome = run(&idle.with("4.276.0", &Default::default())).await;
    assert_eq!(outcome.job.unwrap().request, second);
}

#[tokio::test(start_paused = true)]
async fn an_update_to_an_older_version_is_ignored_if_a_variable_says_so() {
    for (variable, expected) in [("true", "0: no job"), ("false", "4: no job, now 4.1.0")] {
        let world = World::new();
        let environment = [("AZP_AGENT_DOWNGRADE_DISABLED".to_owned(), variable.to_owned())];
        let agent = world.agent("az-1", Behaviour::default()).await;
        let agent = agent.with("4.274.1", &environment.into());
        let (stop, stopped) = watch::channel(false);
        let script = async {
            tokio::time::sleep(MINUTE).await;
            world.pipelines.update_agent("az-1", "4.1.0");
            tokio::time::sleep(MINUTE).await;
            stop.send_replace(true);
        };
        let (outcome, ()) = tokio::join!(agent.run_once(stopped), script);
        assert_eq!(line(&outcome), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_not_deleted_comes_again_and_is_not_served_twice() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let request = world.queue();
    let effect = Effect::Fail { status: 503, retry_after: None };
    world.service.faults.inject("DeleteMessage", 9, effect);
    assert_eq!(line(&run(&agent).await), "0: succeeded");
    assert_eq!(world.pipelines.request(request).unwrap().result, Some(TaskResult::Succeeded));
    // The next listener of this agent gets the message again; its first renewal is rejected.
    assert_eq!(line(&run(&agent).await), "0: no job");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_its_running_job() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let request = world.queue();
    let run_id = world.pipelines.request(request).unwrap().run;
    let cancel = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(world.pipelines.cancel_run(run_id));
    };
    let (outcome, ()) = tokio::join!(run(&agent), cancel);
    assert_eq!(line(&outcome), "0: canceled");
    assert_eq!(world.pipelines.request(request).unwrap().result, Some(TaskResult::Canceled));
}

#[tokio::test(start_paused = true)]
async fn a_crashed_worker_and_a_dead_machine_leave_their_job_to_its_lock() {
    let crash = Behaviour { worker_crashes: true, ..Behaviour::default() };
    let death = Behaviour { dies_after: Some(Duration::from_secs(30)), ..Behaviour::default() };
    for (behaviour, expected) in [(crash, "0: succeeded"), (death, "died: canceled")] {
        let world = World::new();
        let agent = world.agent("az-1", behaviour).await;
        let request = world.queue();
        assert_eq!(line(&run(&agent).await), expected);
        assert_eq!(world.pipelines.request(request).unwrap().result, None);
        tokio::time::sleep(11 * MINUTE).await;
        let result = world.pipelines.request(request).unwrap().result;
        assert_eq!(result, Some(TaskResult::Abandoned));
        assert!(!world.pipelines.agent("az-1").unwrap().online);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_renewal_that_fails_ends_with_0_and_without_a_job() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    world.queue();
    let effect = Effect::Fail { status: 500, retry_after: None };
    world.service.faults.inject("UpdateJobRequest", 5, effect);
    assert_eq!(line(&run(&agent).await), "0: no job");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_cancels_the_job_and_ends_an_idle_agent() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    for (has_job, expected) in [(false, "0: no job"), (true, "0: canceled")] {
        let request = has_job.then(|| world.queue());
        let (stop, stopped) = watch::channel(false);
        let interrupt = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            stop.send_replace(true);
        };
        let (outcome, ()) = tokio::join!(agent.run_once(stopped), interrupt);
        assert_eq!(line(&outcome), expected);
        let result = request.and_then(|request| world.pipelines.request(request).unwrap().result);
        assert_eq!(result, has_job.then_some(TaskResult::Canceled));
    }
}

#[tokio::test(start_paused = true)]
async fn a_removed_agent_cancels_its_job_and_ends_with_2() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    world.queue();
    let remove = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(world.pipelines.remove_agent("az-1"));
    };
    let (outcome, ()) = tokio::join!(run(&agent), remove);
    assert_eq!(line(&outcome), "2: canceled");
}

//! Sessions: their creation, conflicts and ends.

use std::time::Duration;

use emulator_core::faults::Effect;

use super::{MINUTE, World, line, run};
use crate::Behaviour;

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_registration_ends_with_1() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    world.pipelines.remove_agent("az-1");
    let started = world.clock.now();
    assert_eq!(line(&run(&agent).await), "1: no job");
    assert_eq!(world.clock.now(), started);
}

#[tokio::test(start_paused = true)]
async fn a_session_of_another_listener_is_waited_for_four_minutes() {
    let world = World::new();
    let death = Behaviour { dies_after: Some(Duration::ZERO), ..Behaviour::default() };
    let files = world.register("az-1").await;
    world.queue();
    run(&world.configured(&files).with_behaviour(death)).await;
    let started = world.clock.now();
    let second = world.configured(&files);
    assert_eq!(line(&run(&second).await), "1: no job");
    assert_eq!((world.clock.now() - started).num_seconds(), 240);
    // The session of the dead listener has expired a minute later.
    tokio::time::sleep(MINUTE).await;
    world.pipelines.pause_assignment(true);
    let stop = tokio::time::timeout(MINUTE, run(&second)).await;
    assert!(stop.is_err(), "the agent listens");
    assert!(world.pipelines.agent("az-1").unwrap().online);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_deleted_is_created_again() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let script = async {
        tokio::time::sleep(MINUTE).await;
        world.pipelines.end_session("az-1");
        tokio::time::sleep(MINUTE).await;
        assert!(world.pipelines.agent("az-1").unwrap().online);
        world.queue();
    };
    let (outcome, ()) = tokio::join!(run(&agent), script);
    assert_eq!(line(&outcome), "0: succeeded");
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_service_are_outlasted() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    world.queue();
    for (operation, times) in
        [("CreateSession", 3), ("GetMessage", 3), ("PostPlanEvent", 2), ("UpdateJobRequest", 2)]
    {
        let effect = Effect::Fail { status: 503, retry_after: None };
        world.service.faults.inject(operation, times, effect);
    }
    assert_eq!(line(&run(&agent).await), "0: succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_is_requested_again() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let script = async {
        tokio::time::sleep(3 * 60 * MINUTE).await;
        world.queue();
    };
    let (outcome, ()) = tokio::join!(run(&agent), script);
    assert_eq!(line(&outcome), "0: succeeded");
    assert!(world.service.faults.calls_of("RequestAgentToken") >= 3);
}

#[tokio::test(start_paused = true)]
async fn another_key_of_the_agent_ends_it_with_2() {
    let world = World::new();
    let agent = world.agent("az-1", Behaviour::default()).await;
    let script = async {
        tokio::time::sleep(MINUTE).await;
        world.pipelines.revoke_agent_tokens("az-1");
        let effect = Effect::Fail { status: 401, retry_after: None };
        world.service.faults.inject("RequestAgentToken", u32::MAX, effect);
    };
    let (outcome, ()) = tokio::join!(run(&agent), script);
    assert_eq!(line(&outcome), "2: no job");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_hangs_at_its_start_never_comes_online() {
    let world = World::new();
    let hangs = Behaviour { hangs_at_start: true, ..Behaviour::default() };
    let agent = world.agent("az-1", hangs).await;
    assert!(tokio::time::timeout(60 * MINUTE, run(&agent)).await.is_err());
    assert!(!world.pipelines.agent("az-1").unwrap().online);
}

//! What is put back on the road by hand.

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::World;
use serde_json::json;

use crate::{PROGRAM, UBUNTU};

fn silent() -> NewJob {
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.silent = true;
    job
}

fn job(repository: &str, id: u64) -> serde_json::Value {
    json!({ "operation": "replay", "job": { "repository": repository, "id": id } })
}

#[tokio::test]
async fn poison_goes_back_without_its_rest_and_once() {
    let mut world = World::start(PROGRAM).await;
    let id = world.queue(silent());
    let now = world.cloud.site.clock.now();
    let mut request = json!({ "v": 1, "job": id, "run": 1, "repository": "octo/app",
        "profile": "ubuntu", "replacement": 1, "requested_at": now });
    world.poison(&request.to_string()).await;
    request["profile"] = "gpu".into();
    world.poison(&request.to_string()).await;
    let report = world.status().await;
    let handles: Vec<&str> = report.poison.iter().map(|one| one.handle.as_str()).collect();
    let order = json!({ "operation": "replay", "poison": handles[0] });
    assert_snapshot!(world.operate(order.clone()).await, @"runner gh-1 of ubuntu is asked for, for octo/app, out of the poison");
    world.settle().await;
    // What was taken into the hand is hidden for half a minute.
    world.pass(1);
    let again = world.operate(order).await.replace(handles[0], "HANDLE");
    assert_snapshot!(again, @"message HANDLE: it is not among the oldest 32 of the poison");
    let all = world.operate(json!({ "operation": "replay", "poison": "all" })).await;
    assert_snapshot!(all.replace(handles[1], "HANDLE"), @"message HANDLE: its profile is not in setting RunnerProfiles");
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn a_job_that_waits_gets_its_next_runner_at_once_and_one_only() {
    let mut world = World::start(PROGRAM).await;
    let id = world.queue(silent());
    // No task is there yet when the second order comes.
    let busy = Effect::Fail { status: 503, retry_after: None };
    world.cloud.batch.faults.inject("AddTask", 2, busy);
    assert_snapshot!(world.operate(job("octo/app", id)).await, @"runner gh-1 of ubuntu is asked for, for octo/app");
    assert_snapshot!(world.operate(job("octo/app", id)).await, @"runner gh-1 of ubuntu is asked for, for octo/app");
    // Two orders, and each of the two messages once more with a delay.
    world.until_called(&world.cloud.queues.faults, "PutMessage", 4).await;
    world.until_messages(2).await;
    world.pass(10);
    world.settle().await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(world.operate(job("octo/app", id)).await, @"job 1: it is completed on gh-1");
    world.end().await;
}

#[tokio::test]
async fn a_job_that_has_a_runner_on_its_way_gets_no_other() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let id = world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(world.operate(job("octo/app", id)).await, @"job 1: task gh-1 is for it: every node of pool ubuntu is taken: raise its maximum, or wait");
    world.end().await;
}

#[tokio::test]
async fn a_job_that_is_not_to_be_served_is_left_with_the_reason() {
    let mut world = crate::world(&[("AllowedRepositories", "octo/app, octo/site")]).await;
    let gpu = world.queue_job(&["self-hosted", "gpu"]);
    let hosted = world.queue_job(&["ubuntu-latest"]);
    let mut gated = NewJob::new("octo/app", UBUNTU);
    gated.gate = Gate::WaitingFirst;
    let gated = world.queue(gated);
    let mut public = NewJob::new("octo/site", UBUNTU);
    public.visibility = github_emulator::Visibility::Public;
    public.silent = true;
    let public = world.queue(public);
    world.until_invoked("ProvideActionsRunner").await;
    let told = [
        world.operate(job("octo/app", gpu)).await,
        world.operate(job("octo/app", hosted)).await,
        world.operate(job("octo/app", gated)).await,
        world.operate(job("octo/site", public)).await,
        world.operate(job("octo/app", 7)).await,
        world.operate(job("corp/tool", gpu)).await,
    ];
    assert_snapshot!(told.join("\n"), @r"
    job 1: no profile in setting RunnerProfiles carries all of its labels
    job 2: its labels do not ask for a runner of ours
    job 3: it is waiting
    job 4: its repository is public: see AllowPublicRepositories
    job 7: GitHub shows no such job of octo/app
    job 1: its repository matches no glob of AllowedRepositories
    ");
    assert_eq!(world.messages().await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_delivery_that_was_given_up_is_asked_for_again_by_hand() {
    let mut world = World::start(PROGRAM).await;
    // The webhook is looked for where tasks belong, and where the setting names repositories.
    world.queue_job(UBUNTU);
    world.settle().await;
    world.reconcile().await;
    let down = Effect::Fail { status: 403, retry_after: None };
    world.cloud.queues.faults.inject("PutMessage", 1000, down);
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::WaitingFirst;
    let job = world.queue(job);
    world.cloud.github.emulator.approve(job);
    for minutes in [0, 2, 4, 8, 16, 32] {
        lost(&mut world).await;
        world.pass(minutes);
        world.reconcile().await;
    }
    world.alarm("delivery").await;
    world.cloud.queues.faults.release();
    let report = world.status().await;
    let lost: Vec<_> = report.lost.iter().map(|lost| (lost.attempts, lost.given_up)).collect();
    assert_eq!(lost, [(5, true)]);
    let all = json!({ "operation": "replay", "deliveries": "all" });
    let said = world.operate(all.clone()).await.replace(&report.lost[0].guid, "GUID");
    assert!(said.starts_with("GitHub delivers GUID of orgs/octo/hooks/"), "{said}");
    world.settle().await;
    assert_eq!(world.operate(all).await, "", "it has come");
    world.end().await;
}

async fn lost(world: &mut World) {
    let lost = |what: &EventKind| {
        matches!(what, EventKind::Delivered { action: "queued", status: 503, .. })
    };
    world.until("a delivery in vain", lost).await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_changes_nothing() {
    let world = World::start(PROGRAM).await;
    let mut told = Vec::new();
    for order in [
        json!({ "operation": "replay", "poison": "all", "deliveries": "all" }),
        json!({ "operation": "doctor" }),
        json!({ "operation": "replay", "job": { "repository": "octo/app/../x", "id": 1 } }),
        json!("x".repeat(20_000)),
    ] {
        told.push(world.operate(order).await);
    }
    assert_snapshot!(told.join("\n"), @r#"
    400 replay takes one of poison, deliveries and job
    400 operation "doctor" is not known: there is "replay"
    400 the body is not an order: a repository is named owner/name, in letters, digits, '-', '_' and '.' at line 1 column 44
    413 the body is larger than 16384 bytes
    "#);
    world.end().await;
}

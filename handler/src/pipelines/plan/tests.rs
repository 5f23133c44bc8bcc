//! What is decided for requests, agents and tasks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::*;
use crate::profiles::parse_all;

const PROFILES: &str = r#"[
  {"name":"az","service":"pipelines","pipelinesPool":"p","pool":"ubuntu","image":"i","capabilities":{"java":"17"}},
  {"name":"gpu","service":"pipelines","pipelinesPool":"p","pool":"gpu","image":"i","capabilities":{"gpu":"1"}}
]"#;

fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().expect("a time")
}

fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

/// A request that waits for five minutes less than others serve it, matched by the placeholders of profiles.
fn request(id: u64, profiles: &[&str]) -> Value {
    let matched: Vec<Value> = profiles
        .iter()
        .map(|name| json!({ "id": 1, "name": format!("mayfly-gh-{name}") }))
        .collect();
    json!({ "requestId": id, "queueTime": minutes_ago(1), "matchedAgents": matched, "owner": { "id": 7 } })
}

fn agent(name: &str, change: Value) -> Value {
    let mut agent = json!({
        "id": 40, "name": name, "enabled": true, "status": "online",
        "createdOn": minutes_ago(3), "statusChangedOn": minutes_ago(2),
    });
    if let (Some(agent), Value::Object(change)) = (agent.as_object_mut(), change) {
        agent.extend(change);
    }
    agent
}

fn ended(minutes: i64, how: Ending) -> Stage {
    Stage::Ended { at: minutes_ago(minutes), how }
}

/// Returns the decision in lines: actions but those about placeholders, then requests without a task.
fn decide(requests: &[Value], agents: &[Value], tasks: &[(&str, Stage)]) -> String {
    decide_from(requests, agents, tasks, |_| {})
}

/// The same, from a snapshot that differs in other members.
fn decide_from(
    requests: &[Value],
    agents: &[Value],
    tasks: &[(&str, Stage)],
    change: impl FnOnce(&mut PoolSnapshot<'_>),
) -> String {
    let profiles = parse_all(PROFILES).expect("profiles").pipelines;
    let deployment: DeploymentName = "gh".parse().expect("a name");
    let task = |(name, stage): &(&str, Stage)| AgentTask {
        id: deployment.of_agents().parse_task(name).expect("a name"),
        profile: "az".to_owned(),
        batch_job: BatchJobId::new("az", 1),
        stage: stage.clone(),
        began: None,
        node: None,
        exit: None,
    };
    let mut snapshot = PoolSnapshot {
        profiles: profiles.iter().collect(),
        agents: serde_json::from_value(agents.into()).expect("agents"),
        requests: serde_json::from_value(requests.into()).expect("requests"),
        tasks: tasks.iter().map(task).collect(),
        complete: true,
        paused: BTreeSet::new(),
    };
    change(&mut snapshot);
    let rules = PlanRules {
        deployment: deployment.clone(),
        idle: TimeDelta::minutes(10),
        retention: TimeDelta::hours(48),
    };
    let plan = plan(&snapshot, &rules, now());
    let actions = plan.actions.iter().filter_map(|action| match action {
        Action::Placeholder(..) => None,
        Action::Add { id, profile, check } => Some(format!("add {id} {profile} {check:?}")),
        Action::Disable(_, name) => Some(format!("disable {name}")),
        Action::Remove { name, task, why, .. } => {
            Some(format!("remove {name} {why:?} task {}", task.is_some()))
        }
        Action::Terminate(_, id, why) => Some(format!("terminate {id} {why:?}")),
        Action::Delete(_, id) => Some(format!("delete {id}")),
    });
    let waiting = plan.waiting.iter().map(|one| format!("{} {:?}", one.request, one.why));
    actions.chain(waiting).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_waiting_request_gets_one_task_of_its_profile() {
    assert_eq!(decide(&[request(5, &["az"])], &[], &[]), "add gh-az-5 az None");
    assert_eq!(decide(&[request(5, &["gpu"])], &[], &[]), "add gh-az-5 gpu None");
    let all = json!({ "requestId": 5, "matchesAllAgentsInPool": true });
    assert_eq!(decide(&[all], &[], &[]), "add gh-az-5 az None");
    assert_eq!(decide(&[request(5, &["az"])], &[], &[("gh-az-5", Stage::Waiting)]), "");
    assert_eq!(decide(&[request(5, &[])], &[], &[]), "5 NoProfile");
    let twice = [request(5, &["az"]), request(5, &["az"])];
    assert_eq!(decide(&twice, &[], &[]), "add gh-az-5 az None");
    let received = json!({ "requestId": 5, "receiveTime": now(), "matchesAllAgentsInPool": true });
    assert_eq!(decide(&[received], &[], &[]), "");
}

#[test]
fn a_paused_profile_gets_no_task_and_keeps_those_that_it_has() {
    let both = [request(5, &["az"]), request(6, &["gpu"])];
    let decided = |tasks: &[(&str, Stage)]| {
        decide_from(&both, &[], tasks, |snapshot| {
            snapshot.paused.insert("az".to_owned());
        })
    };
    assert_eq!(decided(&[]), "add gh-az-6 gpu None; 5 Paused");
    assert_eq!(decided(&[("gh-az-5", Stage::Waiting)]), "add gh-az-6 gpu None");
}

#[test]
fn a_task_covers_another_request_if_its_own_does_not_wait() {
    let both = [request(5, &["az"]), request(6, &["az"])];
    assert_eq!(decide(&both[1..], &[], &[("gh-az-5", Stage::Waiting)]), "");
    assert_eq!(decide(&both, &[], &[("gh-az-5", Stage::Waiting)]), "add gh-az-6 az None");
    assert_eq!(decide(&[], &[], &[("gh-az-5", Stage::Waiting)]), "terminate gh-az-5 NotNeeded");
}

#[test]
fn an_agent_with_a_job_covers_no_other_request() {
    let running = json!({
        "requestId": 5, "receiveTime": now(), "reservedAgent": { "id": 40, "name": "gh-az-6" },
    });
    let requests = [running, request(6, &["az"])];
    let busy = agent("gh-az-6", json!({ "assignedRequest": { "requestId": 5 } }));
    let tasks = [("gh-az-6", Stage::Started { at: Some(minutes_ago(3)) })];
    assert_eq!(decide(&requests, &[busy], &tasks), "disable gh-az-6; add gh-az-6-2 az None");
}

#[test]
fn an_agent_is_removed_when_its_time_is_over() {
    let started = [("gh-az-5", Stage::Started { at: Some(minutes_ago(20)) })];
    let of = |change: Value| decide(&[], &[agent("gh-az-5", change)], &started);
    assert_eq!(of(json!({})), "");
    assert_eq!(of(json!({ "statusChangedOn": minutes_ago(10) })), "remove gh-az-5 Idle task true");
    let offline = json!({ "status": "offline", "statusChangedOn": minutes_ago(15) });
    assert_eq!(of(offline), "remove gh-az-5 Lost task true");
    let served = json!({ "status": "offline", "lastCompletedRequest": { "requestId": 5 } });
    assert_eq!(of(served), "remove gh-az-5 Served task false");
    let done = ended(1, Ending::Clean);
    assert_eq!(
        decide(&[], &[agent("gh-az-5", json!({}))], &[("gh-az-5", done)]),
        "remove gh-az-5 TaskEnded task false"
    );
    assert_eq!(decide(&[], &[], &started), "terminate gh-az-5 Lost");
    let old = json!({ "createdOn": minutes_ago(10) });
    assert_eq!(decide(&[], &[agent("gh-az-5", old)], &[]), "remove gh-az-5 NoTask task false");
    for foreign in ["gh-5", "two-az-5", "linux-1", "mayfly-two-az"] {
        let old = json!({ "statusChangedOn": minutes_ago(900), "createdOn": minutes_ago(900) });
        assert_eq!(decide(&[], &[agent(foreign, old)], &[]), "", "{foreign}");
    }
    assert_eq!(
        decide(&[], &[agent("mayfly-gh-old", json!({}))], &[]),
        "remove mayfly-gh-old FormerProfile task false"
    );
}

#[test]
fn a_request_gets_replacements_with_growing_delays() {
    let five = &[request(5, &["az"])];
    let failed = |minutes| ended(minutes, Ending::Node);
    let one = [("gh-az-5", failed(0))];
    assert_eq!(decide(five, &[], &one), "add gh-az-5-2 az Some(7)");
    let two = [("gh-az-5", failed(5)), ("gh-az-5-2", failed(1))];
    assert_eq!(decide(five, &[], &two), "5 Later");
    let two = [("gh-az-5", failed(5)), ("gh-az-5-2", failed(2))];
    assert_eq!(decide(five, &[], &two), "add gh-az-5-3 az Some(7)");
    let idle = |name, minutes| (name, ended(minutes, Ending::Terminated));
    let three = [idle("gh-az-5", 90), idle("gh-az-5-2", 60), idle("gh-az-5-3", 30)];
    assert_eq!(decide(five, &[], &three), "5 NotAssigned");
}

#[test]
fn deployments_share_the_requests_of_a_pool() {
    let mut shared = request(6, &["az"]);
    shared["matchedAgents"] =
        json!([{ "id": 1, "name": "mayfly-gh-az" }, { "id": 2, "name": "mayfly-two-x" }]);
    assert_eq!(decide(std::slice::from_ref(&shared), &[], &[]), "add gh-az-6 az None");
    shared["requestId"] = 7.into();
    assert_eq!(decide(std::slice::from_ref(&shared), &[], &[]), "7 OfOthers");
    shared["queueTime"] = json!(minutes_ago(5));
    assert_eq!(decide(&[shared], &[], &[]), "add gh-az-7 az None");
}

#[test]
fn nothing_is_removed_if_something_could_not_be_read() {
    let incomplete = |requests: &[Value], agents: &[Value], tasks: &[(&str, Stage)]| {
        decide_from(requests, agents, tasks, |snapshot| snapshot.complete = false)
    };
    assert_eq!(incomplete(&[], &[], &[("gh-az-5", Stage::Waiting)]), "");
    let idle = agent("gh-az-5", json!({ "statusChangedOn": minutes_ago(10) }));
    assert_eq!(incomplete(&[], &[idle], &[]), "");
    assert_eq!(incomplete(&[request(5, &["az"])], &[], &[]), "add gh-az-5 az None");
    // The agent that cannot be read may be the reserved one.
    let mut reserved = request(5, &["az"]);
    reserved["reservedAgent"] = json!({ "id": 41 });
    assert_eq!(incomplete(std::slice::from_ref(&reserved), &[], &[]), "");
    assert_eq!(decide(&[reserved], &[], &[]), "add gh-az-5 az None");
}

#[test]
fn a_task_is_deleted_long_after_its_end() {
    let old = |hours: i64| [("gh-az-5", ended(hours * 60, Ending::Clean))];
    assert_eq!(decide(&[], &[], &old(47)), "");
    assert_eq!(decide(&[], &[], &old(48)), "delete gh-az-5");
}

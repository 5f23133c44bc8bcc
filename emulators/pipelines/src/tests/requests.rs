//! Job requests as providers of agents read them.

use http::Method;
use serde_json::{Value, json};

use super::World;
use crate::{NewJob, Options, Queued};

const REQUESTS: &str = "distributedtask/pools/1/jobrequests";

fn job() -> NewJob {
    NewJob::new("shop", "linux")
}

/// Writes each request with the parts that decide whether it waits for whom.
fn lines(body: &Value) -> String {
    let names = |agents: &Value| {
        let agents = agents.as_array().map(Vec::as_slice).unwrap_or_default();
        agents.iter().map(|agent| agent["name"].to_string()).collect::<Vec<_>>().join("+")
    };
    let line = |request: &Value| {
        format!(
            "{} all={} matched={} reserved={} received={} result={}",
            request["demands"][0],
            request["matchesAllAgentsInPool"],
            names(&request["matchedAgents"]),
            request["reservedAgent"]["name"],
            !request["receiveTime"].is_null(),
            request["result"],
        )
    };
    body["value"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_job_waits_for_offline_agents_that_meet_its_demands() {
    let world = World::new();
    world.register("small", json!({ "size": "small" })).await;
    world.register("gpu", json!({ "size": "large", "gpu": "A100" })).await;
    world.pipelines.queue_job(job());
    world.pipelines.queue_job(job().with_demands(&["size"]));
    world.pipelines.queue_job(job().with_demands(&["gpu -equals A100"]));
    let waiting = world.get(&format!("{REQUESTS}?completedRequestCount=0")).await;
    insta::assert_snapshot!(lines(&waiting), @r#"
    "gpu -equals A100" all=null matched="gpu" reserved=null received=false result=null
    "size" all=null matched="small"+"gpu" reserved=null received=false result=null
    "Agent.Version -gtVersion 2.182.1" all=true matched= reserved=null received=false result=null
    "#);
    let first = &waiting["value"][2];
    for field in ["assignTime", "receiveTime", "result", "reservedAgent", "lockedUntil"] {
        assert_eq!(first[field], Value::Null, "{field}");
    }
    // An agent that is registered later is matched as well.
    world.register("gpu-2", json!({ "GPU": "a100" })).await;
    let waiting = world.get(&format!("{REQUESTS}?completedRequestCount=0")).await;
    assert_eq!(waiting["value"][0]["matchedAgents"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_job_that_no_registered_agent_could_serve_is_rejected() {
    let world = World::new();
    let rejected = |queued: Queued| matches!(queued, Queued::Rejected { .. });
    assert!(rejected(world.pipelines.queue_job(job())), "the pool has no agent");
    world.register("small", json!({})).await;
    assert!(rejected(world.pipelines.queue_job(job().with_demands(&["gpu"]))));
    let newer = NewJob { minimum_version: "4.999.0".to_owned(), ..job() };
    assert!(rejected(world.pipelines.queue_job(newer)));
    assert!(matches!(
        world.pipelines.queue_job(NewJob::new("shop", "windows")),
        Queued::Invalid(_)
    ));
    assert_eq!(world.get(REQUESTS).await["count"], 0);
}

#[tokio::test]
async fn the_query_chooses_a_method_of_the_service() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let first = world.queue();
    world.renew(&agent, first).await;
    world.finish(&agent, first).await;
    world.queue();
    world.queue();
    let count = async |query: &str| {
        let body = world.get(&format!("{REQUESTS}?{query}")).await;
        let has_matches = lines(&body).contains("all=true");
        format!("{query}: {} {has_matches}", body["count"])
    };
    let id = agent.id;
    let lines = [
        count("").await,
        count("completedRequestCount=0").await,
        count("completedRequestCount=1").await,
        count("$top=2").await,
        count(&format!("agentIds={id},99&completedRequestCount=5")).await,
        count(&format!("agentId={id}&completedRequestCount=0")).await,
        count("agentIds=99").await,
        count("planId=00000000-0000-0000-0000-000000000000").await,
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    : 3 true
    completedRequestCount=0: 2 true
    completedRequestCount=1: 3 true
    $top=2: 2 false
    agentIds=1,99&completedRequestCount=5: 2 false
    agentId=1&completedRequestCount=0: 1 false
    agentIds=99: 0 false
    planId=00000000-0000-0000-0000-000000000000: 0 false
    ");
}

#[tokio::test]
async fn a_request_is_of_a_build_and_says_why_it_waits() {
    let world = World::with(|options: &mut Options| options.parallel_jobs = 1);
    let agent = world.online("az-1", json!({})).await;
    let first = world.queue();
    let second = world.pipelines.queue_job(job());
    let Queued::Waiting { run, request } = second else { panic!("{second:?}") };
    let read = world.get(&format!("{REQUESTS}/{request}?includeStatus=true")).await;
    assert_eq!(read["statusMessage"], "The job waits for a parallel job.");
    assert_eq!(read["owner"]["id"], run);
    let build = world.get(&format!("build/builds/{run}")).await;
    assert_eq!(build["orchestrationPlan"]["planId"], read["planId"]);
    assert_eq!(
        (&build["status"], &build["project"]["id"]),
        (&json!("inProgress"), &read["scopeId"])
    );
    let usage = "distributedtask/resourceusage?parallelismTag=Private&poolIsHosted=false&includeRunningRequests=true";
    let usage = world.get(usage).await;
    assert_eq!(
        (&usage["usedCount"], &usage["resourceLimit"]["totalCount"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(usage["runningRequests"][0]["requestId"], first);
    world.renew(&agent, first).await;
    world.finish(&agent, first).await;
    assert_eq!(world.message(&agent, 0).await["messageType"], "PipelineAgentJobRequest");
    let (status, body) = world.api(Method::GET, &format!("{REQUESTS}/7"), Value::Null).await;
    assert_eq!((status, &body["typeKey"]), (404, &json!("TaskAgentJobNotFoundException")));
}

#[tokio::test]
async fn a_cancelled_run_ends_its_waiting_request_or_leaves_it_behind() {
    let world = World::new();
    world.register("small", json!({})).await;
    for (orphaned, expected) in [(false, json!("canceled")), (true, Value::Null)] {
        let queued = world.pipelines.queue_job(job());
        let Queued::Waiting { run, request } = queued else { panic!("{queued:?}") };
        let cancelled = match orphaned {
            false => world.pipelines.cancel_run(run),
            true => world.pipelines.orphan_run(run),
        };
        assert!(cancelled && !world.pipelines.cancel_run(run));
        let read = world.get(&format!("{REQUESTS}/{request}")).await;
        assert_eq!(read["result"], expected);
        assert_eq!(world.get(&format!("build/builds/{run}")).await["result"], "canceled");
    }
    let open = world.get(&format!("{REQUESTS}?completedRequestCount=0")).await;
    assert_eq!(lines(&open).lines().count(), 1);
    let small = world.get("distributedtask/pools/1/agents").await["value"][0]["id"].clone();
    world.open_session(small.as_u64().unwrap(), "small", json!({})).await;
    let open = world.get(&format!("{REQUESTS}?completedRequestCount=0")).await;
    assert_eq!(open["value"][0]["reservedAgent"], Value::Null, "an orphan gets no agent");
}

//! Calls of ProvideAzDOAgent by tasks without an agent.

use azure_pipelines_emulator::{Completion, FunctionTask, ServerTask, TaskResult};
use emulator_core::faults::Effect;
use serde_json::Value;

use super::{PROJECT, World};

const UBUNTU: &str = r#"{"AgentOSType":"ubuntu-latest","AgentBuildType":""}"#;

impl World {
    fn task(&self, body: &str) -> FunctionTask {
        let host = &self.env.deployment;
        let url = format!("{}/api/ProvideAzDOAgent", host.ports.functions.url);
        FunctionTask::new(PROJECT, &url, &host.function_key, body)
    }

    /// Calls the function, and waits for its response.
    async fn call(&self, task: &FunctionTask) -> ServerTask {
        let id = self.pipelines.call_function(task);
        let answered = |known: &azure_pipelines_emulator::Pipelines| {
            known.server_task(&id).filter(|task| task.status.is_some())
        };
        self.pipelines.until(answered).await
    }

    /// Sends a body with the function key and without the headers of a task, as a person does.
    async fn post(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> (u16, String) {
        let task = self.task("");
        let url = format!("{}?code={}&", task.function, task.key);
        let client = handler::transport::http_client(None).expect("a client");
        let mut request = client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        let text = response.text().await.unwrap_or_default();
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let text = body["error"].as_str().map_or(text, str::to_owned);
        (status, text)
    }

    fn events(&self) -> u64 {
        self.service.faults.calls_of("PostPlanEvent")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_after_the_call_is_served_and_the_task_completed_once() {
    let mut world = World::start().await;
    let task = world.call(&world.task(UBUNTU)).await;
    assert_eq!((task.status, task.result), (Some(202), Some("succeeded")), "{}", world.env.log());
    assert_eq!(world.events(), 1);
    // The job that depends on the task is queued now.
    let request = world.queue();
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    world.until_tasks_ended().await;
    world.settle().await;
    assert_eq!(world.agents(), "mayfly-gh-az");
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    assert_eq!(world.events(), 2, "the second one completes the job of the agent");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_is_served_by_a_task_that_ends_with_the_answer() {
    let world = World::start().await;
    let request = world.queue();
    let task = FunctionTask { completion: Completion::ApiResponse, ..world.task(UBUNTU) };
    let task = world.call(&task).await;
    assert_eq!((task.status, task.result), (Some(202), Some("succeeded")));
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    world.until_tasks_ended().await;
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_sent_to_the_own_organization_only() {
    let world = World::start().await;
    let mut task = world.task(UBUNTU);
    task.headers.insert("PlanUrl".to_owned(), "https://dev.azure.com/contoso/".to_owned());
    let task = world.call(&task).await;
    assert_eq!((task.status, task.result), (Some(400), Some("failed")));
    let log = world.env.log();
    assert!(
        log.contains("header PlanUrl is not the organization of setting AzureDevOpsUrl"),
        "{log}"
    );
    assert_eq!(world.events(), 0);
    assert_eq!(world.env.deployment.queues.faults.calls_of("PutMessage"), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_served_is_answered_with_the_reason() {
    let world = World::start().await;
    let unknown = world.call(&world.task(r#"{"AgentOSType":"ubuntu-18.04"}"#)).await;
    assert_eq!((unknown.status, unknown.result), (Some(400), Some("failed")));
    let post = |body: &str| world.post(body.as_bytes().to_vec(), &[]);
    let mut answers = Vec::new();
    for body in [
        UBUNTU,
        r#"{"AgentOSType":"macos"}"#,
        r#"{"AgentOSType":"az","AgentBuildType":"java"}"#,
        "",
    ] {
        let (status, text) = post(body).await;
        answers.push(format!("{status} {text}"));
    }
    let (status, text) = world.post(vec![b' '; (1 << 20) + 1], &[]).await;
    answers.push(format!("{status} {text}"));
    let (status, text) = world.post(UBUNTU.into(), &[("AuthToken", "eyJ0")]).await;
    answers.push(format!("{status} {text}"));
    insta::assert_snapshot!(answers.join("\n"), @r#"
    202 {"completed":false,"decision":"accepted","profile":"az"}
    400 no profile serves AgentOSType "macos": use ubuntu-latest or windows-latest, if a profile has this system, or the name of a profile: az
    400 no profile serves AgentBuildType "java" with AgentOSType "az": leave it empty, or name a profile: az
    400 the body is not of the form {"AgentOSType":"ubuntu-latest","AgentBuildType":""}: EOF while parsing a value
    413 the body is larger than 1048576 bytes
    400 header PlanUrl is missing or malformed: send the default headers of the task, or none of them
    "#);
    assert_eq!(world.events(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_fails_fails_the_task() {
    let world = World::start().await;
    let down = Effect::Fail { status: 503, retry_after: None };
    world.service.faults.inject("PostPlanEvent", 1, down);
    let task = world.call(&world.task(UBUNTU)).await;
    assert_eq!((task.status, task.result), (Some(503), Some("failed")));
    world.env.deployment.queues.faults.inject("PutMessage", 4, down);
    let task = world.call(&world.task(UBUNTU)).await;
    assert_eq!((task.status, task.result), (Some(503), Some("failed")));
    world.end().await;
}

//! The storage account as the service answers. Every scenario runs on the emulator's byte order marks, chunked
//! lists, required lengths and checksums; these are the answers that need a cause.

use std::time::Duration;

use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Calls the storage account at the address of a setting, which has a SAS.
async fn call(env: &TestEnvironment, method: &str, setting: &str, query: &str) -> String {
    let client = handler::transport::http_client(None).expect("a client");
    let url = format!("{}{query}", env.deployment.settings[setting]);
    let method = method.parse().expect("a method");
    let response = client.request(method, url).send().await.expect("a response");
    let code = response.headers().get("x-ms-error-code").map(|code| code.to_str().expect("ASCII"));
    format!("{} {}", response.status().as_u16(), code.unwrap_or("-"))
}

#[tokio::test]
async fn a_delivery_fails_while_its_queue_is_being_deleted() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let queue = "RunnerQueueUrl";
    assert_eq!(call(&env, "DELETE", queue, "").await, "204 -");
    let job = env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    assert!(env.log().contains("404 QueueNotFound"), "{}", env.log());
    let report = env.status().await;
    assert!(!report.complete, "{report:?}");

    assert_eq!(call(&env, "PUT", queue, "").await, "409 QueueBeingDeleted");
    env.deployment.context.clock.advance(Duration::from_secs(30));
    assert_eq!(call(&env, "PUT", queue, "").await, "201 -");
    env.deployment.github.emulator.redeliver(job);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_run_without_its_container_changes_nothing() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let (container, query) = ("StateContainerUrl", "&restype=container");
    assert_eq!(call(&env, "DELETE", container, query).await, "202 -");
    assert_eq!(call(&env, "PUT", container, query).await, "409 ContainerBeingDeleted");
    let outcome = env.reconcile().await;
    assert!(env.log().contains("404 ContainerNotFound"), "{outcome} {}", env.log());

    env.deployment.context.clock.advance(Duration::from_secs(30));
    assert_eq!(call(&env, "PUT", container, query).await, "201 -");
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

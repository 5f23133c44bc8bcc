//! Effects of the Functions host: lower-case URLs, large bodies, and a handler whose storage does not answer.

use emulator_core::faults::Effect;
use github_emulator::Scope;
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// The host lists the URLs of its functions in lower case, for the portal and the Azure CLI.
#[tokio::test]
async fn a_webhook_with_the_portals_url_starts_a_runner() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let (host, key) = (&env.deployment.ports.functions.url, &env.deployment.function_key);
    let listed = format!("{host}/api/provideactionsrunner?code={key}");
    let github = &env.deployment.github.emulator;
    github.remove_hooks();
    github.add_hook(&listed, WEBHOOK_SECRET, Scope::Organization("octo".to_owned()));
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

/// The handler reads the whole body before it rejects it; otherwise the host would answer 500.
#[tokio::test]
async fn a_delivery_of_maximum_size_is_answered_with_413() {
    let env = TestEnvironment::start(PROGRAM).await;
    let client = handler::transport::http_client(None).expect("a client");
    let large = client.post(&env.deployment.webhook_url).body(vec![b'x'; 25 << 20]);
    let response = large.send().await.expect("a response");
    assert_eq!(response.status(), 413);
    env.end().await;
}

/// GitHub's timeout is ten seconds; after a timeout it shows no cause.
#[tokio::test]
async fn a_delivery_is_answered_in_time_if_the_queue_hangs() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.queues.faults.inject("PutMessage", 100, Effect::Hold);
    let job = env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    let log = env.log();
    assert!(
        log.contains(&format!("about job {job} could not be added")) && log.contains("no response"),
        "{log}"
    );
    env.deployment.queues.faults.release();
    env.deployment.github.emulator.redeliver(job);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

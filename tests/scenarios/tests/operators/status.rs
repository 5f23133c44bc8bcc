//! Access to Status, and its content.

use std::time::Duration;

use emulator_core::faults::{Effect, SecondaryLimit};
use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use reqwest::Method;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn status_lists_every_job_with_its_phase() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.runs_for = Duration::from_secs(3600);
    let job = env.queue(job);
    env.until_job_starts(job).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    let mut gated = NewJob::new("octo/app", UBUNTU);
    gated.gate = Gate::WaitingFirst;
    env.queue(gated);
    env.queue_job(&["self-hosted", "gpu"]);
    env.queue_job(&["ubuntu-latest"]);
    env.until_no_message().await;
    assert_snapshot!(env.job_phases().await, @r#"
    3 gated: an approval, a concurrency group or another gate of GitHub
    4 unserved: no profile in setting RunnerProfiles has its label "gpu"
    2 waiting-for-node gh-2: all nodes of pool ubuntu are in use: raise its maximum, or wait
    1 running gh-1
    "#);
    let report = env.status().await;
    assert!(!report.cached);
    let (_, repeated) = env.call_function(Method::GET, "Status", None).await;
    assert_eq!((&repeated["cached"], &repeated["at"]), (&json!(true), &json!(report.at)));
    assert!(env.command(PROGRAM, &["status"]).await.contains("Z (cached: a new report is"));
    let pools = report.pools.iter().map(|pool| format!("{pool:?}")).collect::<Vec<_>>();
    assert_snapshot!(pools.join("\n"), @r#"
    PoolStatus { pool: "ubuntu", profiles: ["ubuntu", "ubuntu-2204"], nodes: Some(4), node_states: Some({"idle": 3, "running": 1}), target: Some(4), maximum: None, evaluated_at: None, pending_tasks: 1, running_tasks: 1, error: None }
    PoolStatus { pool: "windows", profiles: ["windows", "windows-2019"], nodes: Some(4), node_states: Some({"idle": 4}), target: Some(4), maximum: None, evaluated_at: None, pending_tasks: 0, running_tasks: 0, error: None }
    "#);
    assert_eq!(report.webhooks.len(), 1, "{:?}", report.webhooks);
    assert_eq!(report.messages, Some(0));
    let core = report.limits.iter().find(|limit| limit.resource.as_deref() == Some("core"));
    assert_eq!(core.and_then(|core| core.limit), Some(5000), "{:?}", report.limits);
    env.end().await;
}

#[tokio::test]
async fn status_requires_an_operator_address_and_the_key() {
    let env = TestEnvironment::start(PROGRAM).await;
    let functions = &env.deployment.functions.emulator;
    functions.set_client_address(Some("203.0.113.9".parse().expect("an address")));
    let rejected = [
        env.call_function(Method::GET, "Status", None).await,
        env.call_function(Method::POST, "Operate", None).await,
    ];
    functions.set_client_address(None);
    let keyless = [
        env.call_function_with_key("wrong", Method::GET, "Status", None).await,
        env.call_function_with_key("wrong", Method::POST, "Operate", None).await,
    ];
    let responses = rejected.into_iter().chain(keyless);
    let responses = responses.map(|(status, body)| format!("{status} {body}"));
    assert_snapshot!(responses.collect::<Vec<_>>().join("\n"), @r#"
    403 {"error":"203.0.113.9 is not in the ranges of setting OperatorRanges"}
    403 {"error":"203.0.113.9 is not in the ranges of setting OperatorRanges"}
    401 null
    401 null
    "#);
    assert_eq!(
        env.deployment.batch.faults.calls_of("ListJobs"),
        0,
        "a rejected request reads nothing"
    );
    env.end().await;
}

#[tokio::test]
async fn concurrent_status_requests_share_one_collection() {
    let env = TestEnvironment::start(PROGRAM).await;
    env.status().await;
    let collections = || env.deployment.batch.faults.calls_of("ListPools");
    let before = collections();
    env.advance_minutes(1);
    let call = || env.call_function(Method::GET, "Status", None);
    let responses = tokio::join!(call(), call(), call(), call());
    let responses = [responses.0, responses.1, responses.2, responses.3].map(|response| response.1);
    assert!(responses.iter().all(|report| report["at"] == responses[0]["at"]), "{responses:?}");
    let cached = responses.iter().filter(|report| report["cached"] == true).count();
    assert_eq!(cached, 3, "{responses:?}");
    assert_eq!(collections() - before, 1);
    env.end().await;
}

#[tokio::test]
async fn status_names_what_github_did_not_answer() {
    let env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    let down = Effect::Fail { status: 503, retry_after: None };
    env.deployment.github.faults.inject("ListWorkflowRunsForRepo", 1000, down);
    let report = env.status().await;
    assert_eq!((report.complete, report.unread), (false, vec!["jobs".to_owned()]));
    env.deployment.github.faults.release();
    assert!(env.status().await.complete);
    env.end().await;
}

#[tokio::test]
async fn a_refused_token_leaves_jobs_unknown() {
    for status in [401, 403] {
        let env = TestEnvironment::start(PROGRAM).await;
        let mut job = NewJob::new("octo/app", UBUNTU);
        job.silent = true;
        env.queue(job);
        for operation in [
            "ListWorkflowRunsForRepo",
            "ListSelfHostedRunnersForRepo",
            "ListJobsForWorkflowRun",
            "ReposListWebhooks",
            "OrgsListWebhooks",
            "ReposListForAuthenticatedUser",
            "ReposListForOrg",
        ] {
            let refused = Effect::Fail { status, retry_after: None };
            env.deployment.github.faults.inject(operation, 1000, refused);
        }
        let report = env.status().await;
        assert!(!report.complete && report.unread.contains(&"jobs".to_owned()), "{report:?}");
        let refused = report.refused.unwrap_or_default();
        assert!(
            refused.starts_with(&format!("GitHub refused the token ({status}): ")),
            "{refused}"
        );
        assert!(report.limits.iter().all(|limit| limit.resource.is_some()), "{:?}", report.limits);
        env.deployment.github.faults.release();
        env.end().await;
    }
}

#[tokio::test]
async fn the_status_command_fails_if_github_refuses_the_token() {
    let env = TestEnvironment::with(PROGRAM, |options| {
        let expired = ("GithubToken".to_owned(), "ghp_expired".to_owned());
        options.settings.extend([expired]);
    })
    .await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.silent = true;
    env.queue(job);
    let output = env.command(PROGRAM, &["status"]).await;
    assert!(output.starts_with("1: "), "the exit code and the output: {output}");
    assert!(output.contains("Z: jobs unknown, "), "{output}");
    assert!(output.contains("GitHub refused the token (401): "), "{output}");
    let json = env.command(PROGRAM, &["status", "--json"]).await;
    assert!(json.contains(r#""complete":false"#), "{json}");
    env.end().await;
}

#[tokio::test]
async fn a_credential_without_access_to_webhooks_is_not_refused() {
    let env = TestEnvironment::start(PROGRAM).await;
    for operation in ["ReposListWebhooks", "OrgsListWebhooks"] {
        let forbidden = Effect::Fail { status: 403, retry_after: None };
        env.deployment.github.faults.inject(operation, 1000, forbidden);
    }
    let report = env.status().await;
    assert_eq!((report.complete, report.refused), (true, None));
    assert!(report.webhooks.is_empty());
    env.deployment.github.faults.release();
    env.end().await;
}

#[tokio::test]
async fn status_reports_a_secondary_limit_as_a_pause() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    // A runner would call GitHub, too.
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    for form in SecondaryLimit::ALL {
        let limited = Effect::Secondary { form, retry_after: None };
        env.deployment.github.faults.inject("ListWorkflowRunsForRepo", 1, limited);
        let calls = || env.deployment.github.faults.calls().values().sum::<u64>();
        let report = env.status().await;
        assert_eq!((report.complete, report.refused), (false, None), "{form:?}");
        let pauses = report.limits.iter().filter(|limit| limit.resource.is_none());
        assert_eq!(pauses.count(), 1, "{form:?}: {:?}", report.limits);
        let before = calls();
        env.status().await;
        assert!(calls() <= before + 1, "{form:?}: requests were sent during the pause");
        env.advance_minutes(10);
        env.deployment.github.faults.release();
        assert!(env.status().await.complete, "{form:?}");
    }
    env.end().await;
}

#[tokio::test]
async fn status_fails_if_batch_does_not_answer() {
    let env = TestEnvironment::start(PROGRAM).await;
    let down = Effect::Fail { status: 503, retry_after: None };
    // Reads are retried three times.
    env.deployment.batch.faults.inject("ListJobs", 4, down);
    let (status, body) = env.call_function(Method::GET, "Status", None).await;
    assert_eq!(status, 503);
    assert_snapshot!(body["error"], @r#""list the tasks: listing the Batch jobs failed: Batch is unavailable (503 ServerBusy)""#);
    env.status().await;
    env.end().await;
}

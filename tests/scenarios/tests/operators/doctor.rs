//! The doctor: what is right passes, what is wrong fails with what to do, and nothing is changed.

use emulator_core::faults::Effect;
use github_emulator::Visibility;
use handler::doctor::{CheckStatus, DoctorReport, Finding};
use insta::assert_snapshot;
use reqwest::Method;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::{PROGRAM, UBUNTU};

/// The operations of storage, Batch and GitHub that change nothing.
const READS: [&str; 6] = ["Get", "List", "Peek", "Repos", "Orgs", "Users"];

/// Starts a deployment for `octo/app`, whose access restrictions are up to date.
async fn start() -> TestEnvironment {
    let env = crate::start(&[("AllowedRepositories", "octo/app")]).await;
    env.deployment.github.emulator.add_repository("octo/app", Visibility::Private);
    env.deployment.functions.emulator.trigger("RefreshFirewall").await.expect("a run");
    env
}

async fn examine(env: &TestEnvironment) -> DoctorReport {
    let request = json!({ "operation": "doctor" });
    let (status, body) = env.call_function(Method::POST, "Operate", Some(request)).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_value(body).expect("a report")
}

/// Returns one line per finding of these statuses.
fn lines(report: &DoctorReport, wanted: &[CheckStatus]) -> String {
    let findings = report.findings.iter().filter(|finding| wanted.contains(&finding.status));
    let line = |finding: &Finding| {
        let Finding { check, subject, status, text, .. } = finding;
        let subject = subject.as_deref().map(|one| format!(" ({one})")).unwrap_or_default();
        let text = text.replace(|c: char| c.is_ascii_digit(), "9");
        format!("{status:?} {check}{subject}: {text}")
    };
    findings.map(line).collect::<Vec<_>>().join("\n")
}

const ALL: [CheckStatus; 4] =
    [CheckStatus::Ok, CheckStatus::Unknown, CheckStatus::Warn, CheckStatus::Fail];
const WRONG: [CheckStatus; 2] = [CheckStatus::Warn, CheckStatus::Fail];

#[tokio::test]
async fn a_working_deployment_passes_and_is_not_changed() {
    let mut env = start().await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.reconcile().await;
    let before = env.calls();
    let report = examine(&env).await;
    assert_snapshot!(lines(&report, &ALL), @r"
    Ok key-vault: every setting is present: a Key Vault reference that was not resolved would refuse the start
    Ok allowed-repositories: each owner is named in full
    Ok operator-ranges: only listed networks may call Status and Operate
    Ok github-credential: GitHub accepts the token, and states no time at which it expires
    Ok github-permission (octo/app: Actions): Actions of octo/app can be read
    Ok github-permission (octo/app: Administration): Administration of octo/app can be read
    Ok github-permission (octo/app: Webhooks): Webhooks of octo/app can be read
    Ok webhook (orgs/octo/hooks/600000001): orgs/octo/hooks/999999999 delivers workflow_job as JSON to this app
    Unknown runner-version (ubuntu): GitHub lists no release of the runner
    Unknown runner-version (ubuntu-2204): GitHub lists no release of the runner
    Unknown runner-version (windows): GitHub lists no release of the runner
    Unknown runner-version (windows-2019): GitHub lists no release of the runner
    Ok github-rate-limit (actions_runner_registration): 9999 of 99999 requests of limit actions_runner_registration are left until 99:99 UTC
    Ok github-rate-limit (core): 9999 of 9999 requests of limit core are left until 99:99 UTC
    Ok pool (ubuntu): it has a fixed size, its target is 9 nodes, and it is steady
    Ok task-slots (ubuntu): a node has 9 task slots
    Ok nodes (ubuntu): no node has failed
    Ok pool (windows): it has a fixed size, its target is 9 nodes, and it is steady
    Ok task-slots (windows): a node has 9 task slots
    Ok nodes (windows): no node has failed
    Unknown quota: reading the quota of the Batch account failed: the management API is unavailable (999 Not Implemented NotImplemented)
    Ok queue: the request queue can be read, and has 9 messages
    Ok state: the container mayfly-state can be read; writing was not tried
    Ok poison: no message has failed permanently
    Ok paused: no profile is paused
    Ok webhook-ranges: the settings list who may send webhooks
    Ok access-restrictions: the app's access restrictions agree with the ranges
    Ok claim-address (127.0.0.1): ClaimRunner answers at 999.9.9.9
    Ok clock (storage): the clock agrees with that of storage
    Ok clock (GitHub): the clock agrees with that of GitHub
    Ok clock (Batch): the clock agrees with that of Batch
    Ok timers: ReconcileRunners last recorded a run 9 minutes ago
    ");
    assert!(!report.fails());
    let changed = |(call, count): &(String, u64)| {
        let reads = READS.iter().any(|read| call.starts_with(read));
        before.get(call) != Some(count) && (!reads || call.contains("Redeliver"))
    };
    let changes: Vec<_> = env.calls().into_iter().filter(changed).collect();
    assert_eq!(changes, [], "the host itself only reads");
    env.end().await;
}

#[tokio::test]
async fn what_is_wrong_fails_with_its_reason() {
    let mut env = crate::start(&[
        ("AllowedRepositories", "octo/app"),
        ("WindowsPool", "gone"),
        ("ClaimUrl", "http://127.0.0.1:1/api/ClaimRunner"),
    ])
    .await;
    env.queue_job(UBUNTU);
    env.until_invoked("ProvideActionsRunner").await;
    env.add_poison_message("{}").await;
    env.operate(json!({ "operation": "pause", "profile": "ubuntu", "why": "x", "who": "ann" }))
        .await;
    let report = examine(&env).await;
    assert_snapshot!(lines(&report, &WRONG), @r"
    Fail pool (gone): Batch has no pool gone, which setting RunnerProfiles names
    Warn poison: 9 messages have failed permanently
    Warn paused (ubuntu): profile ubuntu is paused since 9999-99-99T99:99:99Z by ann: x
    Warn access-restrictions: the app's access restrictions differ from the webhook ranges
    ");
    assert!(report.fails());
    env.end().await;
}

#[tokio::test]
async fn the_record_of_an_earlier_history_does_not_say_that_the_timers_stopped() {
    let mut env = start().await;
    env.reconcile().await;
    env.change_settings(&[("HistoryDays", "0")]).await;
    env.advance_minutes(60);
    let report = examine(&env).await;
    let timers = report.findings.iter().find(|finding| finding.check == "timers");
    let timers = timers.expect("the check");
    assert_snapshot!(format!("{:?} {}", timers.status, timers.text), @"Unknown the last run of ReconcileRunners is not known: HistoryDays is 0, so no run is recorded");
    env.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_unknown() {
    let env = start().await;
    let down = Effect::Fail { status: 503, retry_after: None };
    let deployment = &env.deployment;
    {
        for operation in ["ListPools", "ListJobs"] {
            deployment.batch.faults.inject(operation, 1000, down);
        }
        deployment.queues.faults.inject("GetQueueMetadata", 1000, down);
        deployment.queues.faults.inject("PeekMessages", 1000, down);
        deployment.github.faults.inject("UsersGetAuthenticated", 1000, down);
        deployment.github.faults.inject("ListWorkflowRunsForRepo", 1000, down);
        deployment.github.faults.inject("ReposListWebhooks", 1000, down);
        deployment.github.faults.inject("OrgsListWebhooks", 1000, down);
    }
    let report = examine(&env).await;
    assert_snapshot!(lines(&report, &[CheckStatus::Unknown, CheckStatus::Fail]), @r"
    Unknown github-credential: checking the credential failed: GitHub is unavailable (999 Service Unavailable)
    Unknown github-permission (octo/app: Actions): checking a permission failed: GitHub is unavailable (999 Service Unavailable)
    Unknown github-permission (octo/app: Webhooks): checking a permission failed: GitHub is unavailable (999 Service Unavailable)
    Unknown webhook: repos/octo/app/hooks cannot be read (listing webhooks failed: GitHub is unavailable (999 Service Unavailable)): whether a webhook delivers to this app is not known
    Unknown runner-version (ubuntu): GitHub lists no release of the runner
    Unknown runner-version (ubuntu-2204): GitHub lists no release of the runner
    Unknown runner-version (windows): GitHub lists no release of the runner
    Unknown runner-version (windows-2019): GitHub lists no release of the runner
    Unknown pool: listing the pools failed: Batch is unavailable (999 ServerBusy)
    Unknown queue: the messages of the queue of setting RunnerQueueUrl could not be counted: 999 ServerBusy
    Unknown poison: the poison queue of the queue of setting RunnerQueueUrl could not be listed: 999 ServerBusy
    Unknown clock (storage): the time of storage is not known: the messages of the queue of setting RunnerQueueUrl could not be counted: 999 ServerBusy
    Unknown clock (GitHub): the time of GitHub is not known: checking the credential failed: GitHub is unavailable (999 Service Unavailable)
    Unknown clock (Batch): the time of Batch is not known: reading Batch's time failed: Batch is unavailable (999 ServerBusy)
    Unknown timers: ReconcileRunners has recorded no run yet
    ");
    for faults in [&deployment.batch.faults, &deployment.queues.faults, &deployment.github.faults] {
        faults.release();
    }
    env.end().await;
}

#[tokio::test]
async fn the_command_prints_findings_and_fails_if_one_does() {
    let env = start().await;
    let output = env.command(PROGRAM, &["doctor"]).await;
    assert!(output.starts_with("0: ok       key-vault: "), "{output}");
    assert!(output.contains("0 fail, "), "{output}");
    let json = env.command(PROGRAM, &["doctor", "--json"]).await;
    assert!(json.starts_with(r#"0: {"at":""#), "{json}");
    env.change_settings(&[("UbuntuPool", "gone")]).await;
    let output = env.command(PROGRAM, &["doctor"]).await;
    assert!(output.starts_with("1: "), "{output}");
    assert!(output.contains("fail     pool (gone): Batch has no pool gone"), "{output}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.json");
    std::fs::write(&file, r#"{"GithubToken":"@Microsoft.KeyVault(x)"}"#).expect("a file");
    let file = file.to_str().expect("a path");
    let output = env.command(PROGRAM, &["doctor", "--settings", file]).await;
    assert!(output.contains("fail     key-vault (GithubToken): "), "{output}");
    let unreachable = ["doctor", "--url", "http://127.0.0.1:1/api"];
    let output = env.command(PROGRAM, &unreachable).await;
    assert_snapshot!(output, @"1: ERROR failed to connect to Operate at --url: Connection refused (os error 111)");
    env.end().await;
}

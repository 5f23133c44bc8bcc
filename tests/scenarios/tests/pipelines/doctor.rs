//! The doctor's checks of an organization: each passes, and fails, warns and is unknown for its reason.

use azure_pipelines_emulator::{AccessLevel, PersonalToken, SubscriptionStatus};
use emulator_core::faults::Effect;
use handler::doctor::{DoctorReport, Finding};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use super::{POOL, TOKEN, World};

const CHECKS: [&str; 6] = [
    "azure-devops-credential",
    "agent-pool",
    "agent-updates",
    "placeholder",
    "parallel-jobs",
    "service-hook",
];

impl World {
    /// Returns a line for each finding about the organization.
    async fn examine(&self) -> String {
        let request = json!({ "operation": "doctor" });
        let (status, body) = self.env.call_function(Method::POST, "Operate", Some(request)).await;
        assert_eq!(status, 200, "{body}");
        let report: DoctorReport = serde_json::from_value(body).expect("a report");
        let mut text = report.findings.iter().filter_map(line).collect::<Vec<_>>().join("\n");
        for subscription in self.pipelines.subscriptions() {
            text = text.replace(&subscription.id, "S").replace(&subscription.project, "P");
        }
        text
    }
}

fn line(finding: &Finding) -> Option<String> {
    let Finding { check, subject, status, text, .. } = finding;
    let subject = subject.as_deref().map(|one| format!(" ({one})")).unwrap_or_default();
    CHECKS.contains(&check.as_str()).then(|| format!("{status:?} {check}{subject}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_working_organization_passes_and_is_not_changed() {
    let world = World::start().await;
    world.subscribe().await;
    world.pipelines.set_parallel_jobs(3);
    let before = world.service.faults.calls();
    assert_snapshot!(world.examine().await, @r"
    Ok azure-devops-credential: Azure DevOps accepts the credential
    Ok agent-pool (mayfly-linux): the credential may manage it; a change was not tried
    Ok agent-updates (mayfly-linux): Azure DevOps does not update its agents
    Ok placeholder (az): it is registered and offline
    Ok parallel-jobs: 0 of 3 self-hosted parallel jobs are used
    Ok service-hook (P): subscription S is enabled
    ");
    let changes = world.service.faults.calls().into_iter().filter(|(call, count)| {
        let reads = call.starts_with("Get") || call.starts_with("List");
        !reads && before.get(call) != Some(count)
    });
    assert_eq!(changes.count(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_organization_is_reported() {
    let world = World::with(|_| {}, |_| {}).await;
    world.subscribe().await;
    let id = world.pipelines.subscriptions()[0].id.clone();
    world.pipelines.set_subscription_status(&id, SubscriptionStatus::DisabledByUser);
    world.pipelines.set_parallel_jobs(0);
    assert!(world.pipelines.remove_agent("mayfly-gh-az"));
    world.update_pool(json!({ "autoUpdate": true })).await;
    world
        .pipelines
        .set_token(PersonalToken { access: AccessLevel::Read, ..PersonalToken::new(TOKEN) });
    assert_snapshot!(world.examine().await, @r"
    Ok azure-devops-credential: Azure DevOps accepts the credential
    Fail agent-pool (mayfly-linux): the credential may not register agents in it
    Warn agent-updates (mayfly-linux): Azure DevOps updates its agents: an update at the start of an agent costs minutes, and a job may be lost by it
    Fail placeholder (az): there is none: Azure DevOps rejects jobs of the profile when they are queued
    Fail parallel-jobs: the organization has no parallel job
    Warn service-hook (P): subscription S is disabled by a user
    ");
    let expired = Some(world.env.deployment.context.clock.now());
    world.pipelines.set_token(PersonalToken { expires_at: expired, ..PersonalToken::new(TOKEN) });
    assert_snapshot!(world.examine().await, @r"
    Fail azure-devops-credential: reading the agent pool failed: Azure DevOps does not accept the credential (401): AzureDevOpsToken has expired: create a new one
    Unknown agent-pool (mayfly-linux): reading the agent pool failed: Azure DevOps does not accept the credential (401): AzureDevOpsToken has expired: create a new one
    Unknown parallel-jobs: reading the parallel jobs failed: Azure DevOps does not accept the credential (401): AzureDevOpsToken has expired: create a new one
    Unknown service-hook: listing the service hooks failed: Azure DevOps does not accept the credential (401): AzureDevOpsToken has expired: create a new one
    ");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_organization_does_not_answer_is_unknown() {
    let world = World::start().await;
    let down = Effect::Fail { status: 503, retry_after: None };
    for operation in ["ListPools", "GetResourceUsage", "ListSubscriptions"] {
        world.service.faults.inject(operation, 1, down);
    }
    assert_snapshot!(world.examine().await, @r"
    Unknown azure-devops-credential: reading the agent pool failed: Azure DevOps is unavailable (503 VssServiceException)
    Unknown agent-pool (mayfly-linux): reading the agent pool failed: Azure DevOps is unavailable (503 VssServiceException)
    Unknown parallel-jobs: reading the parallel jobs failed: Azure DevOps is unavailable (503 VssServiceException)
    Unknown service-hook: listing the service hooks failed: Azure DevOps is unavailable (503 VssServiceException)
    ");
    let refused = Effect::Fail { status: 403, retry_after: None };
    world.service.faults.inject("ListSubscriptions", 1, refused);
    let hooks = world.examine().await;
    assert_snapshot!(hooks.lines().last().unwrap_or_default(), @"Unknown service-hook: listing the service hooks failed: the identity may not do it (403): grant it View and Edit Subscriptions in the project, or leave the service hook to its administrator");
    world.end().await;
}

impl World {
    async fn update_pool(&self, change: serde_json::Value) {
        let id = self.pipelines.pools().iter().find(|pool| pool.name == POOL).expect("it").id;
        let url =
            format!("{}/contoso/_apis/distributedtask/pools/{id}?api-version=7.1", self.url());
        let client = handler::transport::http_client(None).expect("a client");
        let sent = client.patch(url).basic_auth("", Some(TOKEN)).json(&change).send().await;
        assert!(sent.expect("a response").status().is_success());
    }
}

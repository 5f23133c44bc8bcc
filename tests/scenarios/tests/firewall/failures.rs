//! Failures during RefreshFirewall: rejections, lost responses, a kill, and a concurrent run.

use std::time::Duration;

use emulator_core::faults::{Effect, Faults};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{KNOWN, NEW, start, start_with_new_range};

fn fail(faults: &Faults, operation: &str, status: u16) {
    faults.inject(operation, 1, Effect::Fail { status, retry_after: None });
}

/// Runs RefreshFirewall, expects that it completes the update, and that another run changes nothing.
async fn until_repaired(env: &TestEnvironment) {
    assert!(env.refresh_firewall().await, "{}", env.log());
    let writes = env.writes();
    assert_eq!(env.stored_ranges().await, format!("{NEW}\n{KNOWN}"));
    assert!(env.restrictions().contains(&format!("mayfly-hooks-1: Allow {NEW},{KNOWN}\n")));
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_eq!(env.writes(), writes);
}

#[tokio::test]
async fn a_failure_of_the_management_api_keeps_stored_ranges_current() {
    let mut alarms = String::new();
    for (operation, status) in [
        ("GetConfiguration", 403),
        ("GetConfiguration", 429),
        ("UpdateConfiguration", 403),
        ("UpdateConfiguration", 500),
    ] {
        let env = start_with_new_range().await;
        fail(&env.deployment.platform.management.faults, operation, status);
        assert!(!env.refresh_firewall().await);
        assert_eq!(env.stored_ranges().await, format!("{NEW}\n{KNOWN}"));
        assert!(env.restrictions().contains(&format!("mayfly-hooks-1: Allow {KNOWN}\n")));
        alarms += &format!("{}\n", env.alarms(1).await);
        until_repaired(&env).await;
        env.end().await;
    }
    assert_snapshot!(alarms, @r#"
    failed to update the access restrictions (the handler's own ranges are current; the next run retries): reading the app's access restrictions failed with 403 Forbidden AuthorizationFailed: grant the app's identity Microsoft.Web/sites/config/read and write on the app alarm="firewall" function="RefreshFirewall"
    failed to update the access restrictions (the handler's own ranges are current; the next run retries): reading the app's access restrictions failed: the management API is unavailable (429 Too Many Requests TooManyRequests) alarm="firewall" function="RefreshFirewall"
    failed to update the access restrictions (the handler's own ranges are current; the next run retries): writing the app's access restrictions failed with 403 Forbidden AuthorizationFailed: grant the app's identity Microsoft.Web/sites/config/read and write on the app alarm="firewall" function="RefreshFirewall"
    failed to update the access restrictions (the handler's own ranges are current; the next run retries): writing the app's access restrictions failed: the management API is unavailable (500 Internal Server Error InternalServerError) alarm="firewall" function="RefreshFirewall"
    "#);
}

#[tokio::test]
async fn a_write_whose_response_is_lost_is_not_repeated() {
    let env = start_with_new_range().await;
    env.deployment.platform.management.faults.inject(
        "UpdateConfiguration",
        1,
        Effect::DropResponse,
    );
    assert!(!env.refresh_firewall().await);
    let writes = env.writes();
    until_repaired(&env).await;
    assert_eq!(env.writes(), writes);
    env.end().await;
}

#[tokio::test]
async fn a_stored_blob_whose_response_is_lost_is_accepted() {
    let env = start_with_new_range().await;
    env.deployment.blobs.faults.inject("PutBlob", 1, Effect::DropResponse);
    // The client retries, and finds that the blob has been written.
    assert!(env.refresh_firewall().await, "{}", env.log());
    until_repaired(&env).await;
    env.end().await;
}

#[tokio::test]
async fn a_failure_of_storage_changes_nothing_and_raises_an_alert() {
    let env = start_with_new_range().await;
    let down = Effect::Fail { status: 500, retry_after: None };
    let rules = env.restrictions();
    for operation in ["GetBlob", "PutBlob"] {
        env.deployment.blobs.faults.inject(operation, 100, down);
        assert!(!env.refresh_firewall().await);
        env.deployment.blobs.faults.release();
        assert_eq!(
            (env.stored_ranges().await, env.restrictions()),
            (KNOWN.to_owned(), rules.clone())
        );
    }
    assert_snapshot!(env.alarms(2).await, @r#"
    failed to store the webhook ranges (check the role of the app's identity on the storage account; the next run retries): blob hook-ranges in the container of setting StateContainerUrl could not be read: 500 InternalError alarm="firewall" function="RefreshFirewall"
    failed to store the webhook ranges (check the role of the app's identity on the storage account; the next run retries): blob hook-ranges in the container of setting StateContainerUrl could not be written: 500 InternalError alarm="firewall" function="RefreshFirewall"
    "#);
    until_repaired(&env).await;
    env.end().await;
}

#[tokio::test]
async fn a_failure_of_github_changes_nothing_and_raises_an_alert() {
    let env = start_with_new_range().await;
    for status in [401, 502, 429] {
        fail(&env.deployment.github.faults, "MetaGet", status);
        assert!(!env.refresh_firewall().await);
    }
    assert_eq!(env.stored_ranges().await, KNOWN);
    assert_snapshot!(env.alarms(3).await, @r#"
    failed to read GitHub's webhook ranges (nothing was changed; the next run retries): reading the webhook ranges failed with 401 Unauthorized: check the token of setting GithubToken, or the id and the key of the GitHub App: it is wrong, has expired, or was revoked alarm="firewall" function="RefreshFirewall"
    failed to read GitHub's webhook ranges (nothing was changed; the next run retries): reading the webhook ranges failed: GitHub is unavailable (502 Bad Gateway) alarm="firewall" function="RefreshFirewall"
    failed to read GitHub's webhook ranges (nothing was changed; the next run retries): reading the webhook ranges failed: GitHub's rate limit is exhausted for another 60 s alarm="firewall" function="RefreshFirewall"
    "#);
    env.deployment.context.clock.advance(Duration::from_secs(60));
    until_repaired(&env).await;
    env.end().await;
}

#[tokio::test]
async fn a_failure_of_the_token_service_keeps_stored_ranges_current() {
    let env = start(&[KNOWN, NEW]).await;
    let down = Effect::Fail { status: 500, retry_after: None };
    env.deployment.platform.identity.faults.inject("GetToken", 100, down);
    assert!(!env.refresh_firewall().await);
    env.deployment.platform.identity.faults.release();
    assert_eq!(env.stored_ranges().await, format!("{NEW}\n{KNOWN}"));
    let alarm = env.alarms(1).await;
    assert!(alarm.contains("the app's identity got no token"), "{alarm}");
    until_repaired(&env).await;
    env.end().await;
}

#[tokio::test]
async fn the_next_run_completes_a_killed_run() {
    let env = start_with_new_range().await;
    let management = &env.deployment.platform.management;
    let calls = management.faults.calls_of("UpdateConfiguration");
    management.faults.inject("UpdateConfiguration", 1, Effect::Hold);
    let (succeeded, ()) = tokio::join!(env.refresh_firewall(), async {
        env.until_called(&management.faults, "UpdateConfiguration", calls + 1).await;
        env.kill_handler("function:RefreshFirewall").await;
    });
    assert!(!succeeded);
    assert_eq!(env.stored_ranges().await, format!("{NEW}\n{KNOWN}"));
    assert!(env.restrictions().contains(&format!("mayfly-hooks-1: Allow {KNOWN}\n")));
    until_repaired(&env).await;
    env.end().await;
}

#[tokio::test]
async fn concurrent_runs_are_harmless() {
    let env = start_with_new_range().await;
    // Both runs read the same state before either writes.
    let blobs = &env.deployment.blobs.faults;
    let calls = blobs.calls_of("PutBlob");
    blobs.inject("PutBlob", 2, Effect::Hold);
    let (one, other, ()) = tokio::join!(env.refresh_firewall(), env.refresh_firewall(), async {
        env.until_called(blobs, "PutBlob", calls + 2).await;
        blobs.release();
    });
    assert!(one && other, "{}", env.log());
    env.until_logged("another process has stored the webhook ranges").await;
    until_repaired(&env).await;
    assert_eq!(env.alarms(0).await, "");
    env.end().await;
}

#[tokio::test]
async fn invalid_stored_ranges_are_overwritten() {
    let env = start_with_new_range().await;
    env.corrupt_stored_ranges().await;
    until_repaired(&env).await;
    env.end().await;
}

#[tokio::test]
async fn no_token_is_logged() {
    let env = start_with_new_range().await;
    fail(&env.deployment.platform.management.faults, "UpdateConfiguration", 403);
    assert!(!env.refresh_firewall().await);
    env.alarms(1).await;
    let identity = &env.deployment.platform.identity.emulator;
    let requests = identity.token_requests();
    assert_eq!(requests.len(), 1, "only a token for the management API");
    let log = env.log();
    for secret in [
        identity.token(&requests[0].resource, &requests[0].client_id),
        "sig=".to_owned(),
        local_deployment::GITHUB_TOKEN.to_owned(),
    ] {
        assert!(!log.contains(&secret), "{log}");
    }
    env.end().await;
}

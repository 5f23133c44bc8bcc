//! Changed ranges are applied; unchanged ranges cause no write.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{IN_NEW, KNOWN, NEW, PROGRAM, set, start, start_with, start_with_new_range};

#[tokio::test]
async fn a_new_range_is_stored_applied_and_admitted() {
    let mut env = start_with_new_range().await;
    assert_eq!(env.deliver_from(IN_NEW).await, 403);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_snapshot!(env.stored_ranges().await, @r"
    20.1.2.0/28
    140.82.112.0/20
    ");
    assert_snapshot!(env.restrictions(), @r"
    100 mayfly-hooks-1: Allow 20.1.2.0/28,140.82.112.0/20
    200 mayfly-pool: Allow pool
    2147483647 Deny all: Deny Any
    ");
    // After a rejection, the webhook's process immediately reads the stored ranges.
    let read = env.deployment.blobs.faults.calls_of("GetBlob");
    if env.deliver_from(IN_NEW).await == 403 {
        env.until_called(&env.deployment.blobs.faults, "GetBlob", read + 1).await;
        env.until_logged("applied new webhook ranges").await;
        assert_eq!(env.deliver_from(IN_NEW).await, 200);
    }
    assert_eq!(env.deliver_from("140.82.115.7").await, 200);
    assert_eq!(env.alarms(0).await, "");
    env.end().await;
}

#[tokio::test]
async fn github_ranges_are_read_every_six_hours() {
    let mut env = start_with(&[KNOWN], |options| options.manual_timers = false).await;
    assert!(env.refresh_firewall().await, "{}", env.log());
    env.until_invoked("RefreshFirewall").await;
    env.deployment.github.emulator.publish_hook_ranges(&[KNOWN, NEW]);
    env.deployment.context.clock.advance(Duration::from_secs(6 * 3600));
    env.until_invoked("RefreshFirewall").await;
    assert_eq!(env.stored_ranges().await, format!("{NEW}\n{KNOWN}"));
    env.end().await;
}

#[tokio::test]
async fn a_range_that_github_removed_is_no_longer_admitted() {
    let mut env = start(&[KNOWN, NEW]).await;
    assert!(env.refresh_firewall().await, "{}", env.log());
    env.deployment.github.emulator.publish_hook_ranges(&[KNOWN]);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_snapshot!(env.stored_ranges().await, @"140.82.112.0/20");
    assert_snapshot!(env.restrictions(), @r"
    100 mayfly-hooks-1: Allow 140.82.112.0/20
    200 mayfly-pool: Allow pool
    2147483647 Deny all: Deny Any
    ");
    env.kill_handler("http").await;
    assert_eq!(env.deliver_from(IN_NEW).await, 403);
    env.end().await;
}

#[tokio::test]
async fn unchanged_ranges_cause_no_write() {
    let env = start(&[KNOWN, NEW]).await;
    assert!(env.refresh_firewall().await, "{}", env.log());
    let writes = env.writes();
    assert_eq!(writes, 2);
    assert!(env.refresh_firewall().await, "{}", env.log());
    env.deployment.github.emulator.publish_hook_ranges(&[NEW, KNOWN, NEW]);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_eq!(env.writes(), writes, "{}", env.log());
    env.until_logged_times("nothing has changed", 2).await;
    env.end().await;
}

#[tokio::test]
async fn a_new_process_reads_the_ranges_before_it_rejects() {
    let mut env = start_with_new_range().await;
    assert!(env.refresh_firewall().await, "{}", env.log());
    env.deployment.blobs.faults.inject("GetBlob", 1, Effect::Hold);
    let read = env.deployment.blobs.faults.calls_of("GetBlob");
    env.kill_handler("http").await;
    env.until_called(&env.deployment.blobs.faults, "GetBlob", read + 1).await;
    let blobs = std::sync::Arc::clone(&env.deployment.blobs);
    let (status, ()) = tokio::join!(env.deliver_from(IN_NEW), async move {
        // The delivery is in progress, or it will use the result of the read.
        tokio::task::yield_now().await;
        blobs.faults.release();
    });
    assert_eq!(status, 200);
    env.end().await;
}

#[tokio::test]
async fn ranges_in_the_setting_replace_those_of_github() {
    let mut env =
        TestEnvironment::with(PROGRAM, |options| set(options, "GithubHookRanges", NEW)).await;
    env.deployment.github.emulator.publish_hook_ranges(&[KNOWN]);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_snapshot!(env.restrictions(), @r"
    100 mayfly-hooks-1: Allow 20.1.2.0/28
    200 mayfly-pool: Allow pool
    2147483647 Deny all: Deny Any
    ");
    assert_eq!(env.stored_ranges().await, "none");
    assert_eq!(env.deployment.github.faults.calls_of("MetaGet"), 0);
    assert_eq!(env.deliver_from(IN_NEW).await, 200);
    assert_eq!(env.deliver_from("140.82.115.7").await, 403);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_eq!(env.writes(), 1);
    env.end().await;
}

#[tokio::test]
async fn without_the_resource_id_only_the_ranges_are_stored() {
    let env = TestEnvironment::with(PROGRAM, |options| {
        set(options, "GithubHookRanges", "meta");
        set(options, "FunctionAppResourceId", "");
    })
    .await;
    env.deployment.github.emulator.publish_hook_ranges(&[KNOWN]);
    for _ in 0..2 {
        assert!(env.refresh_firewall().await, "{}", env.log());
    }
    assert_eq!(env.stored_ranges().await, KNOWN);
    assert_eq!(env.deployment.platform.management.faults.calls().len(), 0);
    assert_eq!(env.writes(), 1);
    env.end().await;
}

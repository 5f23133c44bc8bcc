//! The ranges change, and everything follows; they do not, and nothing is written.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::World;

use crate::{IN_NEW, NEW, OLD, PROGRAM, publishing, set, world, world_with_news};

#[tokio::test]
async fn a_new_range_is_kept_laid_and_admitted_by_another_process() {
    let mut world = world_with_news().await;
    assert_eq!(world.deliver_from(IN_NEW).await, 403);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_snapshot!(world.kept_ranges().await, @r"
    20.1.2.0/28
    140.82.112.0/20
    ");
    assert_snapshot!(world.restrictions(), @r"
    100 mayfly-hooks-1: Allow 20.1.2.0/28,140.82.112.0/20
    200 mayfly-pool: Allow pool
    2147483647 Deny all: Deny Any
    ");
    // A refusal makes the webhook's process look at once.
    let read = world.cloud.blobs.faults.calls_of("GetBlob");
    if world.deliver_from(IN_NEW).await == 403 {
        world.until_called(&world.cloud.blobs.faults, "GetBlob", read + 1).await;
        world.until_logged("took over").await;
        assert_eq!(world.deliver_from(IN_NEW).await, 200);
    }
    assert_eq!(world.deliver_from("140.82.115.7").await, 200);
    assert_eq!(world.alarms(0).await, "");
    world.end().await;
}

#[tokio::test]
async fn github_is_asked_every_six_hours() {
    let mut world = publishing(&[OLD], |options| options.timers_by_hand = false).await;
    assert!(world.refresh_firewall().await, "{}", world.log());
    world.until_invoked("RefreshFirewall").await;
    world.cloud.github.emulator.publish_hook_ranges(&[OLD, NEW]);
    world.cloud.site.clock.advance(Duration::from_secs(6 * 3600));
    world.until_invoked("RefreshFirewall").await;
    assert_eq!(world.kept_ranges().await, format!("{NEW}\n{OLD}"));
    world.end().await;
}

#[tokio::test]
async fn a_range_that_github_dropped_goes_from_both_gates() {
    let mut world = world(&[OLD, NEW]).await;
    assert!(world.refresh_firewall().await, "{}", world.log());
    world.cloud.github.emulator.publish_hook_ranges(&[OLD]);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_snapshot!(world.kept_ranges().await, @"140.82.112.0/20");
    assert_snapshot!(world.restrictions(), @r"
    100 mayfly-hooks-1: Allow 140.82.112.0/20
    200 mayfly-pool: Allow pool
    2147483647 Deny all: Deny Any
    ");
    world.kill_handler("http").await;
    assert_eq!(world.deliver_from(IN_NEW).await, 403);
    world.end().await;
}

#[tokio::test]
async fn nothing_is_written_when_nothing_has_changed() {
    let world = world(&[OLD, NEW]).await;
    assert!(world.refresh_firewall().await, "{}", world.log());
    let writes = world.writes();
    assert_eq!(writes, 2);
    assert!(world.refresh_firewall().await, "{}", world.log());
    world.cloud.github.emulator.publish_hook_ranges(&[NEW, OLD, NEW]);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_eq!(world.writes(), writes, "{}", world.log());
    world.until_logged_times("nothing has changed", 2).await;
    world.end().await;
}

#[tokio::test]
async fn a_process_that_a_delivery_starts_reads_before_it_refuses() {
    let mut world = world_with_news().await;
    assert!(world.refresh_firewall().await, "{}", world.log());
    world.cloud.blobs.faults.inject("GetBlob", 1, Effect::Hold);
    let read = world.cloud.blobs.faults.calls_of("GetBlob");
    world.kill_handler("http").await;
    world.until_called(&world.cloud.blobs.faults, "GetBlob", read + 1).await;
    let blobs = std::sync::Arc::clone(&world.cloud.blobs);
    let (status, ()) = tokio::join!(world.deliver_from(IN_NEW), async move {
        // The delivery is under way, or will find the reading done.
        tokio::task::yield_now().await;
        blobs.faults.release();
    });
    assert_eq!(status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_list_of_a_setting_wins_and_github_is_not_asked() {
    let mut world = World::with(PROGRAM, |options| set(options, "GithubHookRanges", NEW)).await;
    world.cloud.github.emulator.publish_hook_ranges(&[OLD]);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_snapshot!(world.restrictions(), @r"
    100 mayfly-hooks-1: Allow 20.1.2.0/28
    200 mayfly-pool: Allow pool
    2147483647 Deny all: Deny Any
    ");
    assert_eq!(world.kept_ranges().await, "none");
    assert_eq!(world.cloud.github.faults.calls_of("MetaGet"), 0);
    assert_eq!(world.deliver_from(IN_NEW).await, 200);
    assert_eq!(world.deliver_from("140.82.115.7").await, 403);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_eq!(world.writes(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_app_without_its_resource_id_is_left_alone() {
    let world = World::with(PROGRAM, |options| {
        set(options, "GithubHookRanges", "meta");
        set(options, "FunctionAppResourceId", "");
    })
    .await;
    world.cloud.github.emulator.publish_hook_ranges(&[OLD]);
    for _ in 0..2 {
        assert!(world.refresh_firewall().await, "{}", world.log());
    }
    assert_eq!(world.kept_ranges().await, OLD);
    assert_eq!(world.cloud.platform.management.faults.calls().len(), 0);
    assert_eq!(world.writes(), 1);
    world.end().await;
}

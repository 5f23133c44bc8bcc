//! What the outside does to a run: refusals, lost answers, a kill, and another run at once.

use std::time::Duration;

use emulator_core::faults::{Effect, Faults};
use insta::assert_snapshot;
use scenarios::World;

use crate::{NEW, OLD, world, world_with_news};

fn fail(faults: &Faults, operation: &str, status: u16) {
    faults.inject(operation, 1, Effect::Fail { status, retry_after: None });
}

/// Runs once more, expects that it repairs what is left to do, and that another run has nothing to do.
async fn until_repaired(world: &World) {
    assert!(world.refresh_firewall().await, "{}", world.log());
    let writes = world.writes();
    assert_eq!(world.kept_ranges().await, format!("{NEW}\n{OLD}"));
    assert!(world.restrictions().contains(&format!("mayfly-hooks-1: Allow {NEW},{OLD}\n")));
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_eq!(world.writes(), writes);
}

#[tokio::test]
async fn a_management_api_that_does_not_serve_leaves_the_kept_ranges_current() {
    let mut told = String::new();
    for (operation, status) in [
        ("GetConfiguration", 403),
        ("GetConfiguration", 429),
        ("UpdateConfiguration", 403),
        ("UpdateConfiguration", 500),
    ] {
        let world = world_with_news().await;
        fail(&world.cloud.platform.management.faults, operation, status);
        assert!(!world.refresh_firewall().await);
        assert_eq!(world.kept_ranges().await, format!("{NEW}\n{OLD}"));
        assert!(world.restrictions().contains(&format!("mayfly-hooks-1: Allow {OLD}\n")));
        told += &format!("{}\n", world.alarms(1).await);
        until_repaired(&world).await;
        world.end().await;
    }
    assert_snapshot!(told, @r#"
    failed to bring the access restrictions to the webhook ranges (the handler's own are current; the next run tries again): reading the app's access restrictions was refused with 403 Forbidden AuthorizationFailed: grant the app's identity Microsoft.Web/sites/config/read and write on the app alarm="firewall" function="RefreshFirewall"
    failed to bring the access restrictions to the webhook ranges (the handler's own are current; the next run tries again): reading the app's access restrictions met a management API that cannot answer now (429 Too Many Requests TooManyRequests) alarm="firewall" function="RefreshFirewall"
    failed to bring the access restrictions to the webhook ranges (the handler's own are current; the next run tries again): writing the app's access restrictions was refused with 403 Forbidden AuthorizationFailed: grant the app's identity Microsoft.Web/sites/config/read and write on the app alarm="firewall" function="RefreshFirewall"
    failed to bring the access restrictions to the webhook ranges (the handler's own are current; the next run tries again): writing the app's access restrictions met a management API that cannot answer now (500 Internal Server Error InternalServerError) alarm="firewall" function="RefreshFirewall"
    "#);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_found_done() {
    let world = world_with_news().await;
    world.cloud.platform.management.faults.inject("UpdateConfiguration", 1, Effect::DropResponse);
    assert!(!world.refresh_firewall().await);
    let writes = world.writes();
    until_repaired(&world).await;
    assert_eq!(world.writes(), writes);
    world.end().await;
}

#[tokio::test]
async fn ranges_whose_writing_was_answered_by_nobody_are_kept_all_the_same() {
    let world = world_with_news().await;
    world.cloud.blobs.faults.inject("PutBlob", 1, Effect::DropResponse);
    // The client tries again, and finds that somebody has written.
    assert!(world.refresh_firewall().await, "{}", world.log());
    until_repaired(&world).await;
    world.end().await;
}

#[tokio::test]
async fn a_storage_that_does_not_serve_changes_nothing_and_alarms() {
    let world = world_with_news().await;
    let down = Effect::Fail { status: 500, retry_after: None };
    let rules = world.restrictions();
    for operation in ["GetBlob", "PutBlob"] {
        world.cloud.blobs.faults.inject(operation, 100, down);
        assert!(!world.refresh_firewall().await);
        world.cloud.blobs.faults.release();
        assert_eq!(
            (world.kept_ranges().await, world.restrictions()),
            (OLD.to_owned(), rules.clone())
        );
    }
    assert_snapshot!(world.alarms(2).await, @r#"
    failed to keep the webhook ranges (check the role of the app's identity on the storage account; the next run tries again): blob hook-ranges in the container of setting StateContainerUrl could not be read: 500 InternalError alarm="firewall" function="RefreshFirewall"
    failed to keep the webhook ranges (check the role of the app's identity on the storage account; the next run tries again): blob hook-ranges in the container of setting StateContainerUrl could not be written: 500 InternalError alarm="firewall" function="RefreshFirewall"
    "#);
    until_repaired(&world).await;
    world.end().await;
}

#[tokio::test]
async fn a_github_that_does_not_serve_changes_nothing_and_alarms() {
    let world = world_with_news().await;
    for status in [401, 502, 429] {
        fail(&world.cloud.github.faults, "MetaGet", status);
        assert!(!world.refresh_firewall().await);
    }
    assert_eq!(world.kept_ranges().await, OLD);
    assert_snapshot!(world.alarms(3).await, @r#"
    failed to learn GitHub's webhook ranges (nothing was changed; the next run asks again): reading where webhooks come from was refused with 401 Unauthorized: check the token of setting GithubToken, or the GitHub App, and its permissions alarm="firewall" function="RefreshFirewall"
    failed to learn GitHub's webhook ranges (nothing was changed; the next run asks again): reading where webhooks come from met a GitHub that cannot answer now (502 Bad Gateway) alarm="firewall" function="RefreshFirewall"
    failed to learn GitHub's webhook ranges (nothing was changed; the next run asks again): reading where webhooks come from met one of GitHub's limits, for another 60 s alarm="firewall" function="RefreshFirewall"
    "#);
    world.cloud.site.clock.advance(Duration::from_secs(60));
    until_repaired(&world).await;
    world.end().await;
}

#[tokio::test]
async fn a_token_service_that_does_not_serve_leaves_the_kept_ranges_current() {
    let world = world(&[OLD, NEW]).await;
    let down = Effect::Fail { status: 500, retry_after: None };
    world.cloud.platform.identity.faults.inject("GetToken", 100, down);
    assert!(!world.refresh_firewall().await);
    world.cloud.platform.identity.faults.release();
    assert_eq!(world.kept_ranges().await, format!("{NEW}\n{OLD}"));
    let alarm = world.alarms(1).await;
    assert!(alarm.contains("the app's identity got no token"), "{alarm}");
    until_repaired(&world).await;
    world.end().await;
}

#[tokio::test]
async fn a_run_that_was_killed_between_the_gates_is_made_up_for() {
    let world = world_with_news().await;
    let management = &world.cloud.platform.management;
    let asked = management.faults.calls_of("UpdateConfiguration");
    management.faults.inject("UpdateConfiguration", 1, Effect::Hold);
    let (content, ()) = tokio::join!(world.refresh_firewall(), async {
        world.until_called(&management.faults, "UpdateConfiguration", asked + 1).await;
        world.kill_handler("function:RefreshFirewall").await;
    });
    assert!(!content);
    assert_eq!(world.kept_ranges().await, format!("{NEW}\n{OLD}"));
    assert!(world.restrictions().contains(&format!("mayfly-hooks-1: Allow {OLD}\n")));
    until_repaired(&world).await;
    world.end().await;
}

#[tokio::test]
async fn two_runs_at_once_do_no_harm() {
    let world = world_with_news().await;
    // Both have read the same before either writes.
    let blobs = &world.cloud.blobs.faults;
    let asked = blobs.calls_of("PutBlob");
    blobs.inject("PutBlob", 2, Effect::Hold);
    let (one, other, ()) =
        tokio::join!(world.refresh_firewall(), world.refresh_firewall(), async {
            world.until_called(blobs, "PutBlob", asked + 2).await;
            blobs.release();
        });
    assert!(one && other, "{}", world.log());
    world.until_logged("another process was quicker").await;
    until_repaired(&world).await;
    assert_eq!(world.alarms(0).await, "");
    world.end().await;
}

#[tokio::test]
async fn ranges_that_nobody_can_read_are_written_over() {
    let world = world_with_news().await;
    world.spoil_kept_ranges().await;
    until_repaired(&world).await;
    world.end().await;
}

#[tokio::test]
async fn no_token_is_logged() {
    let world = world_with_news().await;
    fail(&world.cloud.platform.management.faults, "UpdateConfiguration", 403);
    assert!(!world.refresh_firewall().await);
    world.alarms(1).await;
    let identity = &world.cloud.platform.identity.emulator;
    let asked = identity.asked();
    assert_eq!(asked.len(), 1, "a token for the management API alone");
    let log = world.log();
    for secret in [
        identity.token(&asked[0].resource, &asked[0].client_id),
        "sig=".to_owned(),
        local_deployment::GITHUB_TOKEN.to_owned(),
    ] {
        assert!(!log.contains(&secret), "{log}");
    }
    world.end().await;
}

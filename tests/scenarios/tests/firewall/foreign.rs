//! Rules that RefreshFirewall did not make, and apps that others have opened or closed.

use insta::assert_snapshot;
use scenarios::World;
use serde_json::{Value, json};

use crate::{NEW, OLD, world};

fn restrict(world: &World, rules: &[Value], default_action: Option<&str>) {
    let management = &world.cloud.platform.management.emulator;
    management.restrict(rules, default_action).expect("rules that the service takes");
}

fn rule(name: &str, priority: u32, ranges: &str) -> Value {
    json!({ "name": name, "priority": priority, "ipAddress": ranges, "action": "Allow" })
}

#[tokio::test]
async fn rules_of_others_are_not_touched() {
    let world = world(&[OLD, NEW]).await;
    let front_door = json!({
        "name": "front-door", "description": "by hand", "priority": 101, "action": "Allow",
        "tag": "ServiceTag", "ipAddress": "AzureFrontDoor.Backend",
        "headers": { "x-azure-fdid": ["6d617966-6c79-4170-b000-000000000009"] },
    });
    let denied =
        json!({ "name": "out", "priority": 1, "ipAddress": "9.0.0.0/8", "action": "Deny" });
    let operators = rule("mayfly-operators-1", 300, "9.1.0.0/16");
    let old = rule("mayfly-hooks-3", 101, OLD);
    restrict(&world, &[denied.clone(), old, front_door.clone(), operators.clone()], Some("Deny"));
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_snapshot!(world.restrictions(), @r"
    100 mayfly-hooks-1: Allow 20.1.2.0/28,140.82.112.0/20
    1 out: Deny 9.0.0.0/8
    101 front-door: Allow AzureFrontDoor.Backend
    300 mayfly-operators-1: Allow 9.1.0.0/16
    2147483647 Deny all: Deny Any
    ");
    let rules = world.cloud.platform.management.emulator.rules();
    assert_eq!(rules[1..4], [denied, front_door, operators]);
    assert!(world.refresh_firewall().await, "{}", world.log());
    assert_eq!(world.cloud.platform.management.emulator.writes(), 1);
    world.end().await;
}

#[tokio::test]
async fn rules_that_were_laid_in_another_partition_stay() {
    let world = world(&[OLD, NEW]).await;
    restrict(&world, &[rule("mayfly-hooks-1", 100, OLD), rule("mayfly-hooks-2", 101, NEW)], None);
    for _ in 0..2 {
        assert!(world.refresh_firewall().await, "{}", world.log());
    }
    assert_eq!(world.cloud.platform.management.emulator.writes(), 0);
    world.end().await;
}

#[tokio::test]
async fn an_app_that_allows_by_choice_gets_its_rules_and_stays_so() {
    let world = world(&[OLD]).await;
    restrict(&world, &[], Some("Allow"));
    for _ in 0..2 {
        assert!(world.refresh_firewall().await, "{}", world.log());
    }
    assert_snapshot!(world.restrictions(), @r"
    100 mayfly-hooks-1: Allow 140.82.112.0/20
    2147483647 Allow all: Allow Any
    ");
    assert_eq!(world.writes(), 2);
    world.end().await;
}

#[tokio::test]
async fn an_app_that_has_lost_all_its_rules_is_not_closed_to_its_pool() {
    let world = world(&[OLD]).await;
    restrict(&world, &[], None);
    for _ in 0..2 {
        assert!(!world.refresh_firewall().await);
    }
    assert_eq!(world.kept_ranges().await, OLD);
    assert_eq!(world.cloud.platform.management.emulator.writes(), 0);
    let alarms = world.alarms(2).await;
    assert_snapshot!(alarms.lines().next().unwrap_or_default(), @r#"failed to lay access restrictions for the webhook ranges (the handler's own are current): the app has no access restrictions at all and is open to everybody: add the rule of the pool's subnet, or choose its default action alarm="firewall" function="RefreshFirewall""#);
    world.end().await;
}

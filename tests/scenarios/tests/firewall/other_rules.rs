//! Access restrictions that RefreshFirewall did not create, and apps with other default actions.

use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::{Value, json};

use crate::{KNOWN, NEW, start};

fn restrict(env: &TestEnvironment, rules: &[Value], default_action: Option<&str>) {
    let management = &env.deployment.platform.management.emulator;
    management.restrict(rules, default_action).expect("rules that the service takes");
}

fn rule(name: &str, priority: u32, ranges: &str) -> Value {
    json!({ "name": name, "priority": priority, "ipAddress": ranges, "action": "Allow" })
}

#[tokio::test]
async fn other_rules_do_not_change() {
    let env = start(&[KNOWN, NEW]).await;
    let front_door = json!({
        "name": "front-door", "description": "added manually", "priority": 101, "action": "Allow",
        "tag": "ServiceTag", "ipAddress": "AzureFrontDoor.Backend",
        "headers": { "x-azure-fdid": ["6d617966-6c79-4170-b000-000000000009"] },
    });
    let denied =
        json!({ "name": "out", "priority": 1, "ipAddress": "9.0.0.0/8", "action": "Deny" });
    let operators = rule("mayfly-operators-1", 300, "9.1.0.0/16");
    let old = rule("mayfly-hooks-3", 101, KNOWN);
    restrict(&env, &[denied.clone(), old, front_door.clone(), operators.clone()], Some("Deny"));
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_snapshot!(env.restrictions(), @r"
    100 mayfly-hooks-1: Allow 20.1.2.0/28,140.82.112.0/20
    1 out: Deny 9.0.0.0/8
    101 front-door: Allow AzureFrontDoor.Backend
    300 mayfly-operators-1: Allow 9.1.0.0/16
    2147483647 Deny all: Deny Any
    ");
    let rules = env.deployment.platform.management.emulator.rules();
    assert_eq!(rules[1..4], [denied, front_door, operators]);
    assert!(env.refresh_firewall().await, "{}", env.log());
    assert_eq!(env.deployment.platform.management.emulator.writes(), 1);
    env.end().await;
}

#[tokio::test]
async fn rules_with_another_partition_of_ranges_do_not_change() {
    let env = start(&[KNOWN, NEW]).await;
    restrict(&env, &[rule("mayfly-hooks-1", 100, KNOWN), rule("mayfly-hooks-2", 101, NEW)], None);
    for _ in 0..2 {
        assert!(env.refresh_firewall().await, "{}", env.log());
    }
    assert_eq!(env.deployment.platform.management.emulator.writes(), 0);
    env.end().await;
}

#[tokio::test]
async fn an_app_that_allows_by_default_keeps_its_default_action() {
    let env = start(&[KNOWN]).await;
    restrict(&env, &[], Some("Allow"));
    for _ in 0..2 {
        assert!(env.refresh_firewall().await, "{}", env.log());
    }
    assert_snapshot!(env.restrictions(), @r"
    100 mayfly-hooks-1: Allow 140.82.112.0/20
    2147483647 Allow all: Allow Any
    ");
    assert_eq!(env.writes(), 2);
    env.end().await;
}

#[tokio::test]
async fn an_app_without_rules_is_not_closed_to_its_pool() {
    let env = start(&[KNOWN]).await;
    restrict(&env, &[], None);
    for _ in 0..2 {
        assert!(!env.refresh_firewall().await);
    }
    assert_eq!(env.stored_ranges().await, KNOWN);
    assert_eq!(env.deployment.platform.management.emulator.writes(), 0);
    let alarms = env.alarms(2).await;
    assert_snapshot!(alarms.lines().next().unwrap_or_default(), @r#"failed to create access restrictions for the webhook ranges (the handler's own ranges are current): the app has no access restrictions at all and is open to the internet: add the rule of the pool's subnet, or choose its default action alarm="firewall" function="RefreshFirewall""#);
    env.end().await;
}

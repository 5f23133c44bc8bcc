use super::*;
use crate::firewall::ranges::built_in;

fn denied() -> Value {
    json!({ "ipAddress": "Any", "action": "Deny", "priority": 2_147_483_647, "name": "Deny all",
            "description": "Deny all access" })
}

/// The pool's rule in the platform's format, with a property that the handler does not know.
fn pool() -> Value {
    json!({ "vnetSubnetResourceId": "/subscriptions/s/subnets/pool", "action": "Allow", "tag": "Default",
            "priority": 200, "name": "mayfly-pool", "headers": null, "yetUnknown": [1, { "a": null }] })
}

fn restrictions(rules: &[Value], default_action: &Value) -> Restrictions {
    let properties = json!({ "ipSecurityRestrictions": rules,
                             "ipSecurityRestrictionsDefaultAction": default_action });
    Restrictions::parse(&json!({ "properties": properties })).expect("a configuration")
}

fn range(text: &str) -> Vec<IpNet> {
    networks(text).expect("networks")
}

/// Returns the rules that would be written, one per line.
fn written(rules: &[Value], default_action: &Value, ranges: &[IpNet]) -> String {
    let line = |rule: &Value| {
        let [name, address] = ["name", "ipAddress"].map(|key| text(rule, key).unwrap_or("-"));
        format!("{} {name}: {address}", priority(rule).expect("a priority"))
    };
    match restrictions(rules, default_action).admitting(ranges) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(rules)) => rules.iter().map(line).collect::<Vec<_>>().join("\n"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn new_rules_come_before_the_others_and_are_written_once() {
    let others = [pool(), denied()];
    insta::assert_snapshot!(written(&others, &Value::Null, &built_in()), @r"
    100 mayfly-hooks-1: 9.234.98.160/28,9.234.98.176/28,9.234.106.48/28,140.82.112.0/20,143.55.64.0/20,185.199.108.0/22,192.30.252.0/22,2606:50c0::/32
    101 mayfly-hooks-2: 2a0a:a440::/29
    200 mayfly-pool: -
    2147483647 Deny all: Any
    ");
    let rules =
        restrictions(&others, &Value::Null).admitting(&built_in()).expect("room").expect("rules");
    assert_eq!(rules[2..], others, "the others are as they were");
    assert_eq!(written(&rules, &Value::Null, &built_in()), "nothing");
}

#[test]
fn order_and_partition_of_ranges_do_not_matter() {
    let maintained = |number: u32, priority: u32, ranges: &str| {
        json!({ "name": format!("Mayfly-Hooks-{number}"), "action": "allow", "priority": priority,
                "ipAddress": ranges, "headers": {}, "tag": null })
    };
    let rules = [
        denied(),
        maintained(7, 149, "20.1.2.3/28"),
        pool(),
        maintained(1, 100, "9.0.0.0/8, 20.1.2.0/28"),
    ];
    assert_eq!(written(&rules, &Value::Null, &range("20.1.2.0/28 9.0.0.0/8")), "nothing");
    let other = written(&rules, &Value::Null, &range("20.1.2.0/28"));
    insta::assert_snapshot!(other, @r"
    100 mayfly-hooks-1: 20.1.2.0/28
    2147483647 Deny all: Any
    200 mayfly-pool: -
    ");
}

#[test]
fn a_maintained_rule_that_was_edited_manually_is_replaced() {
    let valid = json!({ "name": "mayfly-hooks-1", "action": "Allow", "priority": 100, "tag": "Default",
                        "ipAddress": "9.0.0.0/8" });
    let written_with = |name: &str, value: Value| {
        let mut rule = valid.clone();
        rule[name] = value;
        written(&[rule, denied()], &Value::Null, &range("9.0.0.0/8"))
    };
    assert_eq!(written_with("description", json!("mine")), "nothing");
    for (name, value) in [
        ("action", json!("Deny")),
        ("priority", json!(99)),
        ("priority", json!("100")),
        ("tag", json!("ServiceTag")),
        ("headers", json!({ "x-azure-fdid": ["a"] })),
        ("vnetSubnetResourceId", json!("/subscriptions/s")),
        ("ipAddress", json!("9.0.0.0/8,10.0.0.0/8")),
        ("ipAddress", json!("AzureCloud")),
        ("ipAddress", json!("9.0.0.0/8,".repeat(9))),
    ] {
        let written = written_with(name, value.clone());
        assert!(
            written.starts_with("100 mayfly-hooks-1: 9.0.0.0/8\n"),
            "{name} {value}: {written}"
        );
    }
}

#[test]
fn a_rule_with_a_similar_name_is_left_unchanged() {
    for name in ["mayfly-hooks-", "mayfly-hooks-old", "my-mayfly-hooks-1", "mayfly-operators-1"] {
        let other =
            json!({ "name": name, "action": "Deny", "priority": 100, "ipAddress": "9.0.0.0/8" });
        let written = written(&[other], &Value::Null, &range("20.1.2.0/28"));
        assert_eq!(written, format!("101 mayfly-hooks-1: 20.1.2.0/28\n100 {name}: 9.0.0.0/8"));
    }
}

#[test]
fn an_app_without_rules_is_not_closed_to_its_pool() {
    let allowed = json!({ "ipAddress": "Any", "action": "Allow", "priority": 2_147_483_647 });
    let ranges = range("20.1.2.0/28");
    insta::assert_snapshot!(
        written(std::slice::from_ref(&allowed), &Value::Null, &ranges),
        @"the app has no access restrictions at all and is open to the internet: add the rule of the pool's subnet, or choose its default action"
    );
    assert_eq!(restrictions(&[], &Value::Null).admitting(&ranges), Err(RestrictionsError::Open));
    for chosen in ["Allow", "Deny"] {
        let written = written(std::slice::from_ref(&allowed), &json!(chosen), &ranges);
        assert!(written.starts_with("100 mayfly-hooks-1: 20.1.2.0/28"), "{chosen}: {written}");
    }
}

#[test]
fn the_priorities_hold_400_ranges_beside_other_rules() {
    let ranges: Vec<IpNet> = (0..=255)
        .flat_map(|a| [(a, 0), (a, 1)])
        .map(|(a, b)| range(&format!("20.{a}.{b}.0/24"))[0])
        .collect();
    let rules = restrictions(&[pool()], &Value::Null).admitting(&ranges[..400]);
    let rules = rules.expect("room").expect("rules");
    assert_eq!((rules.len(), priority(&rules[49])), (51, Some(149)));
    let written_of = |rules: &[Value]| written(rules, &Value::Null, &ranges[..400]);
    let used = json!({ "name": "mine", "priority": 120, "ipAddress": "9.0.0.0/8" });
    assert_eq!(
        written_of(&[used]),
        "50 rules are needed, and 49 priorities from 100 to 149 are free"
    );
}

#[test]
fn a_configuration_without_a_list_is_malformed() {
    for faulty in ["{}", r#"{"properties":{}}"#, r#"{"properties":{"ipSecurityRestrictions":{}}}"#]
    {
        let configuration = serde_json::from_str(faulty).expect("JSON");
        assert_eq!(Restrictions::parse(&configuration), Err(MalformedRestrictions), "{faulty}");
    }
}

//! Samples are deserialized from JSON, and errors name the variable.
#![cfg(feature = "serde")]

use autoscale_formula::{Samples, parse};
use insta::assert_snapshot;

fn error(json: &str) -> String {
    let text = serde_json::from_str::<Samples>(json).expect_err("it is no samples").to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

#[test]
fn a_list_is_samples_and_a_number_a_present_value() {
    let json = r#"{
        "$PendingTasks": [["2026-11-21T10:00:30Z", 7], ["2026-11-21T11:00:00.5+01:00", 5]],
        "$TaskSlotsPerNode": 2,
        "$CurrentDedicated": 4,
        "$TargetDedicatedNodes": 3,
        "$TargetLowPriority": 1
    }"#;
    let samples: Samples = serde_json::from_str(json).unwrap();
    let formula = "tasks = $PendingTasks.GetSample(9); since = $PendingTasks.HistoryBeginTime();
        slots = $TaskSlotsPerNode; nodes = $CurrentDedicatedNodes";
    let now = "2026-11-21T10:01:00Z".parse().unwrap();
    assert_snapshot!(
        parse(formula).unwrap().evaluate(&samples, now),
        @"$TargetDedicatedNodes=3;$TargetLowPriorityNodes=1;$NodeDeallocationOption=requeue;nodes=4;since=2026-11-21T10:00:00.500Z;slots=2;tasks=[5,7]"
    );
}

#[test]
fn an_invalid_variable_or_value_is_named() {
    assert_snapshot!(error(r#"{"$Tasks": 1}"#), @"$Tasks: unknown variable");
    assert_snapshot!(error(r#"{"$PendingTasks": "many"}"#), @"$PendingTasks: expected a number, or a list of [time, number]");
    assert_snapshot!(error(r#"{"$PendingTasks": [["now", 1]]}"#), @r#"$PendingTasks: "now" is no time: write it as 2026-11-21T10:00:00Z"#);
    assert_snapshot!(error(r#"{"$PendingTasks": [[1, 1]]}"#), @"$PendingTasks: expected a number, or a list of [time, number]");
    assert_snapshot!(error(r#"{"$TargetDedicatedNodes": 1.5}"#), @"$TargetDedicatedNodes: a target is a whole number of nodes");
    assert_snapshot!(error(r#"{"$TargetDedicatedNodes": []}"#), @"$TargetDedicatedNodes: a target is a number, not samples");
    assert_snapshot!(error("[]"), @"invalid type: sequence, expected variables by their names");
}

//! Reads orders, and tells what becomes of them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{BadOrder, MOST_DELIVERIES, Plan, Replay, Which, deliveries};
use crate::reconcile::LostEvent;
use crate::reconcile::snapshot::DeliveryAttempt;

fn read(json: &str) -> String {
    match Replay::read(json.as_bytes()) {
        Ok(order) => format!("{order:?}"),
        Err(bad) => bad.to_string(),
    }
}

#[test]
fn an_order_asks_for_one_thing() {
    let orders = [
        r#"{"operation":"replay","poison":"all"}"#,
        r#"{"operation":"replay","deliveries":"a-guid"}"#,
        r#"{"operation":"replay","job":{"repository":"octo/app","id":7}}"#,
        r#"{"operation":"replay"}"#,
        r#"{"operation":"replay","poison":"all","deliveries":"all"}"#,
        r#"{"operation":"replay","job":{"repository":"../x","id":7}}"#,
        r#"{"operation":"replay","everything":true}"#,
        r#"{"operation":"forget","poison":"all"}"#,
        r#"{"poison":"all"}"#,
        "[]",
        "",
    ];
    insta::assert_snapshot!(orders.map(read).join("\n"), @r#"
    Poison(All)
    Deliveries(One("a-guid"))
    Job { repository: Repository { owner: "octo", name: "app" }, id: 7 }
    replay takes one of poison, deliveries and job
    replay takes one of poison, deliveries and job
    the body is not an order: a repository is named owner/name, in letters, digits, '-', '_' and '.' at line 1 column 48
    the body is not an order: unknown field `everything`, expected one of `operation`, `poison`, `deliveries`, `job` at line 1 column 34
    operation "forget" is not known: there is "replay"
    the body is not an order: missing field `operation` at line 1 column 16
    the body is not an order: invalid length 0, expected struct OrderBody with 4 elements at line 1 column 2
    the body is not an order: EOF while parsing a value at line 1 column 0
    "#);
    assert!(matches!(Replay::read(b"{"), Err(BadOrder::Malformed(_))));
}

fn lost(guid: &str, id: u64) -> DeliveryAttempt {
    DeliveryAttempt {
        hook: "orgs/octo/hooks/1".to_owned(),
        id,
        guid: guid.to_owned(),
        event: "workflow_job".to_owned(),
        action: Some("queued".to_owned()),
        at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(9),
        succeeded: false,
    }
}

fn lines(plan: &Plan) -> String {
    let done = plan.repairs.iter().map(|(name, _)| format!("do {name}"));
    let left = plan.left.iter().map(|left| format!("leave {}: {}", left.what, left.why));
    done.chain(left).collect::<Vec<_>>().join("\n")
}

#[test]
fn deliveries_are_asked_for_that_are_asked_for_no_more_by_themselves() {
    let (given_up, tried) = (lost("given-up", 1), lost("tried", 2));
    let all = [
        LostEvent { last: &given_up, redeliveries: 5, abandoned: true },
        LostEvent { last: &tried, redeliveries: 2, abandoned: false },
    ];
    insta::assert_snapshot!(lines(&deliveries(&all, &Which::All)), @r"
    do delivery given-up
    leave delivery tried: GitHub is asked for it again without you, 2 times so far
    ");
    insta::assert_snapshot!(lines(&deliveries(&all, &Which::One("tried".to_owned()))), @"do delivery tried");
    insta::assert_snapshot!(lines(&deliveries(&all, &Which::One("other".to_owned()))), @"leave delivery other: no webhook of ours has lost it within a day");
}

#[test]
fn an_order_does_not_spend_all_of_githubs_limits() {
    let one = lost("a", 1);
    let given_up = LostEvent { last: &one, redeliveries: 5, abandoned: true };
    let plan = deliveries(&vec![given_up; MOST_DELIVERIES + 2], &Which::All);
    assert_eq!((plan.repairs.len(), plan.left.len()), (MOST_DELIVERIES, 2));
}

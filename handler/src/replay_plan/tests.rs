//! Tests of parsing requests, and of planning redeliveries.

use chrono::{DateTime, TimeDelta, Utc};

use super::{MAX_DELIVERIES, Plan, Selection, deliveries};
use crate::operation::{BadRequest, Operation};
use crate::reconcile::LostEvent;
use crate::reconcile::snapshot::DeliveryAttempt;

fn read(json: &str) -> String {
    match Operation::parse(json.as_bytes()) {
        Ok(Operation::Replay(request)) => format!("{request:?}"),
        Ok(other) => format!("{other:?}"),
        Err(bad) => bad.to_string(),
    }
}

#[test]
fn a_request_selects_one_kind_of_item() {
    let requests = [
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
    insta::assert_snapshot!(requests.map(read).join("\n"), @r#"
    Poison(All)
    Deliveries(One("a-guid"))
    Job { repository: Repository("octo/app"), id: 7 }
    replay takes exactly one of poison, deliveries and job
    replay takes exactly one of poison, deliveries and job
    the body is not a valid request: a repository name is owner/name, in letters, digits, '-', '_' and '.' at line 1 column 48
    the body is not a valid request: unknown field `everything`, expected one of `operation`, `poison`, `deliveries`, `job` at line 1 column 34
    unknown operation "forget": use "replay", "pause", "resume", "doctor", "logs" or "history"
    the body is not a valid request: missing field `operation` at line 1 column 16
    the body is not a valid request: invalid length 0, expected struct Head with 1 element at line 1 column 2
    the body is not a valid request: EOF while parsing a value at line 1 column 0
    "#);
    assert!(matches!(Operation::parse(b"{"), Err(BadRequest::Malformed(_))));
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
    let skipped =
        plan.skipped.iter().map(|skipped| format!("skip {}: {}", skipped.item, skipped.reason));
    done.chain(skipped).collect::<Vec<_>>().join("\n")
}

#[test]
fn all_abandoned_deliveries_or_any_single_one_are_replayed() {
    let (abandoned, tried) = (lost("abandoned", 1), lost("tried", 2));
    let all = [
        LostEvent { last: &abandoned, redeliveries: 5, abandoned: true },
        LostEvent { last: &tried, redeliveries: 2, abandoned: false },
    ];
    insta::assert_snapshot!(lines(&deliveries(&all, &Selection::All)), @r"
    do delivery abandoned
    skip delivery tried: it is redelivered automatically, 2 times so far
    ");
    insta::assert_snapshot!(lines(&deliveries(&all, &Selection::One("tried".to_owned()))), @"do delivery tried");
    insta::assert_snapshot!(lines(&deliveries(&all, &Selection::One("other".to_owned()))), @"skip delivery other: no webhook of this deployment failed to deliver it within a day");
}

#[test]
fn one_replay_does_not_use_up_githubs_rate_limit() {
    let one = lost("a", 1);
    let abandoned = LostEvent { last: &one, redeliveries: 5, abandoned: true };
    let plan = deliveries(&vec![abandoned; MAX_DELIVERIES + 2], &Selection::All);
    assert_eq!((plan.repairs.len(), plan.skipped.len()), (MAX_DELIVERIES, 2));
}

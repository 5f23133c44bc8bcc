//! Which lost deliveries are redelivered.

use super::*;

fn attempt(id: u64, guid: &str, minutes: i64, succeeded: bool) -> DeliveryAttempt {
    DeliveryAttempt {
        hook: "orgs/octo/hooks/1".to_owned(),
        id,
        guid: guid.to_owned(),
        event: "workflow_job".to_owned(),
        action: Some("queued".to_owned()),
        at: at(minutes),
        succeeded,
    }
}

#[test]
fn a_lost_delivery_is_redelivered_five_times() {
    let deliveries = vec![
        attempt(3, "a", 2, true),
        attempt(2, "b", 1, false),
        attempt(1, "a", 0, false),
        attempt(0, "c", -24 * 60, false),
    ];
    let mut lost = Snapshot { deliveries, ..snapshot([], [], []) };
    let mut state = ReconcileState::default();
    let mut lines = Vec::new();
    for minutes in (2..200).step_by(2) {
        let (repairs, next) = plan(&lost, &state, &rules(), at(minutes));
        state = next;
        for repair in &repairs {
            lines.push(format!("{minutes}: {}", line(repair)));
            // GitHub rejects the third request.
            if let Repair::Redeliver { delivery, .. } = repair
                && minutes != 8
            {
                let again = attempt(delivery + 10, "b", minutes, false);
                lost.deliveries.push(again);
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    2: redeliver 2
    4: redeliver 12
    8: redeliver 22
    10: redeliver 22
    18: redeliver 32
    34: redeliver 42
    36: alert delivery: delivery b of orgs/octo/hooks/1 failed again after 5 redeliveries: its page on GitHub shows the response of the function
    ");
}

#[test]
fn a_delivered_event_stays_known_while_a_list_is_incomplete() {
    let failed = attempt(1, "a", 0, false);
    let deliveries = vec![attempt(2, "a", 2, true), failed.clone()];
    let complete = Snapshot { deliveries, ..snapshot([], [], []) };
    let nothing = Snapshot { all_deliveries: false, ..snapshot([], [], []) };
    let part = Snapshot { deliveries: vec![failed], ..nothing.clone() };
    let mut state = ReconcileState::default();
    let repaired = [&complete, &nothing, &part].map(|snapshot| {
        let (repairs, next) = plan(snapshot, &state, &rules(), at(4));
        state = next;
        repairs.len()
    });
    assert_eq!(repaired, [0, 0, 0]);
    assert_eq!(runs(&part, [4]), "4: redeliver 1", "without the state");
}

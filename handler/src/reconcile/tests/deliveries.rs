//! Which lost deliveries are asked for again.

use super::*;

fn attempt(id: u64, guid: &str, minutes: i64, succeeded: bool) -> SeenDelivery {
    SeenDelivery {
        hook: "orgs/octo/hooks/1".to_owned(),
        id,
        guid: guid.to_owned(),
        event: ("workflow_job".to_owned(), Some("queued".to_owned())),
        at: at(minutes),
        succeeded,
    }
}

#[test]
fn a_lost_delivery_is_asked_for_again_five_times() {
    let deliveries = vec![
        attempt(3, "a", 2, true),
        attempt(2, "b", 1, false),
        attempt(1, "a", 0, false),
        attempt(0, "c", -24 * 60, false),
    ];
    let mut lost = Snapshot { deliveries, ..seen([], [], []) };
    let mut memory = ReconcileState::default();
    let mut said = Vec::new();
    for minutes in (2..200).step_by(2) {
        let (repairs, next) = plan(&lost, &memory, &rules(), at(minutes));
        memory = next;
        for repair in &repairs {
            said.push(format!("{minutes}: {}", line(repair)));
            // GitHub refuses the third time.
            if let Repair::Redeliver { delivery, .. } = repair
                && minutes != 8
            {
                let again = attempt(delivery + 10, "b", minutes, false);
                lost.deliveries.push(again);
            }
        }
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    2: redeliver 2
    4: redeliver 12
    8: redeliver 22
    10: redeliver 22
    18: redeliver 32
    34: redeliver 42
    36: alarm delivery: delivery b of orgs/octo/hooks/1 was lost 5 times more: its page on GitHub shows what the function answers
    ");
}

#[test]
fn an_event_that_was_brought_is_not_asked_for_while_a_list_is_not_reached() {
    let failed = attempt(1, "a", 0, false);
    let deliveries = vec![attempt(2, "a", 2, true), failed.clone()];
    let whole = Snapshot { deliveries, ..seen([], [], []) };
    let nothing = Snapshot { all_deliveries: false, ..seen([], [], []) };
    let part = Snapshot { deliveries: vec![failed], ..nothing.clone() };
    let mut memory = ReconcileState::default();
    let repaired = [&whole, &nothing, &part].map(|seen| {
        let (repairs, next) = plan(seen, &memory, &rules(), at(4));
        memory = next;
        repairs.len()
    });
    assert_eq!(repaired, [0, 0, 0]);
    assert_eq!(runs(&part, [4]), "4: redeliver 1", "without that memory");
}

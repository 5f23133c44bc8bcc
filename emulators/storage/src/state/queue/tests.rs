use chrono::TimeDelta;

use super::*;

fn second(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn receipt(number: u128) -> PopReceipt {
    PopReceipt(id(number))
}

/// Puts a message whose id, text and receipt are `number`.
fn put(queue: &mut Queue, number: u128, visible_from: i64, expires: i64) {
    let new = NewMessage {
        id: id(number),
        receipt: receipt(number),
        text: number.to_string().into(),
        visible_from: second(visible_from),
        expires: second(expires),
    };
    queue.put(new, second(0));
}

fn get(queue: &mut Queue, count: usize, hidden_until: i64, now: i64) -> Vec<u128> {
    let got = queue.get(count, second(hidden_until), second(now), || receipt(99));
    got.iter().map(|message| message.id.as_u128()).collect()
}

#[test]
fn get_messages_moves_a_message_to_the_end_of_the_queue() {
    let mut queue = Queue::default();
    for number in 1..=3 {
        put(&mut queue, number, 0, 1000);
    }
    assert_eq!(get(&mut queue, 2, 30, 0), [1, 2]);
    assert_eq!(get(&mut queue, 32, 60, 10), [3]);
    assert_eq!(get(&mut queue, 32, 90, 29), []);
    assert_eq!(get(&mut queue, 1, 90, 30), [1]);
    assert_eq!(get(&mut queue, 32, 100, 60), [2, 3]);
}

#[test]
fn an_expired_message_is_removed_from_every_index() {
    let mut queue = Queue::default();
    put(&mut queue, 1, 0, 10);
    put(&mut queue, 2, 50, 60);
    put(&mut queue, 3, 0, 1000);
    assert_eq!(queue.count(second(9)), 3);
    assert_eq!(queue.count(second(10)), 2);
    assert_eq!(get(&mut queue, 32, 100, 60), [3]);
    assert_eq!((queue.messages.len(), queue.by_visibility.len(), queue.by_expiry.len()), (1, 1, 1));
}

#[test]
fn an_update_cannot_hide_a_message_beyond_its_expiry() {
    let mut queue = Queue::default();
    put(&mut queue, 1, 0, 100);
    let hide = |until| Change { text: None, visible_from: second(until), receipt: receipt(1) };
    assert!(queue.update(id(1), receipt(1), hide(100), second(0)).is_ok());
    let rejected = queue.update(id(1), receipt(1), hide(101), second(0));
    assert_eq!(rejected.unwrap_err().code, "InvalidQueryParameterValue");
}

#[test]
fn only_the_latest_receipt_can_update_or_delete() {
    let mut queue = Queue::default();
    put(&mut queue, 1, 0, 100);
    get(&mut queue, 1, 10, 0);
    let change = || Change { text: None, visible_from: second(5), receipt: receipt(7) };
    let rejected = queue.update(id(1), receipt(1), change(), second(0));
    assert_eq!(rejected.unwrap_err().code, "PopReceiptMismatch");
    queue.update(id(1), receipt(99), change(), second(0)).unwrap();
    assert_eq!(queue.delete(id(1), receipt(99), second(0)).unwrap_err().code, "PopReceiptMismatch");
    queue.delete(id(1), receipt(7), second(0)).unwrap();
    assert_eq!(queue.delete(id(1), receipt(7), second(0)).unwrap_err().code, "MessageNotFound");
}

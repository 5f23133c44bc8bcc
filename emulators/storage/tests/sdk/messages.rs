//! Messages: put, handed out, hidden, given back, changed and deleted, while the clock goes on.

use azure_storage_queue::QueueClient;
use azure_storage_queue::models::{
    PeekedMessage, QueueClientPeekMessagesOptions, QueueClientReceiveMessagesOptions,
    QueueClientSendMessageOptions, QueueClientUpdateMessageOptions, ReceivedMessage, SentMessage,
};
use emulator_core::events::EventKind;
use insta::assert_snapshot;

use crate::place::{Place, code_of, noon, request};
use crate::queues::message;

async fn open() -> (Place, QueueClient) {
    let place = Place::open().await;
    let queue = place.queue("runner-requests");
    queue.create(None).await.unwrap();
    (place, queue)
}

async fn send(queue: &QueueClient, text: &str) -> SentMessage {
    send_with(queue, text, None, None).await.expect("it is put")
}

async fn send_with(
    queue: &QueueClient,
    text: &str,
    visibility_timeout: Option<i32>,
    message_time_to_live: Option<i32>,
) -> azure_core::Result<SentMessage> {
    let options = QueueClientSendMessageOptions {
        visibility_timeout,
        message_time_to_live,
        ..Default::default()
    };
    let sent = queue.send_message(message(text), Some(options)).await?.into_model()?;
    Ok(sent.items.expect("one message").remove(0))
}

async fn receive(queue: &QueueClient, count: i32, hidden: i32) -> Vec<ReceivedMessage> {
    let options = QueueClientReceiveMessagesOptions {
        number_of_messages: Some(count),
        visibility_timeout: Some(hidden),
        ..Default::default()
    };
    let got = queue.receive_messages(Some(options)).await.expect("an answer");
    got.into_model().expect("the documented XML").items.unwrap_or_default()
}

async fn peek(queue: &QueueClient, count: i32) -> Vec<PeekedMessage> {
    let options =
        QueueClientPeekMessagesOptions { number_of_messages: Some(count), ..Default::default() };
    let seen = queue.peek_messages(Some(options)).await.expect("an answer");
    seen.into_model().expect("the documented XML").items.unwrap_or_default()
}

/// What proves that the caller holds a message.
fn held(message: &ReceivedMessage) -> (&str, &str) {
    (message.message_id.as_deref().unwrap(), message.pop_receipt.as_deref().unwrap())
}

fn texts(messages: &[ReceivedMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.message_text.as_deref().unwrap()).collect()
}

/// Minutes after noon.
fn minute(time: Option<azure_core::time::OffsetDateTime>) -> i64 {
    (time.unwrap().unix_timestamp() - noon().timestamp()) / 60
}

#[tokio::test]
async fn a_message_carries_any_text_and_its_times() {
    let (place, queue) = open().await;
    let mut happenings = place.site.subscribe();
    let text = "  <job id=\"1\"> & ünïcode 🪰 ]]>\n\tend  ";
    let sent = send(&queue, text).await;
    assert_eq!((minute(sent.insertion_time), minute(sent.time_next_visible)), (0, 0));
    assert_eq!(minute(sent.expiration_time), 7 * 24 * 60);

    place.advance(300);
    let got = receive(&queue, 1, 600).await.remove(0);
    assert_eq!(got.message_text.as_deref(), Some(text));
    assert_eq!((minute(got.insertion_time), minute(got.time_next_visible)), (0, 15));
    assert_eq!(got.message_id, sent.message_id);
    assert_ne!(got.pop_receipt, sent.pop_receipt);

    let what = happenings.try_recv().unwrap().kind;
    let (queue, text) = ("runner-requests".to_owned(), text.to_owned());
    assert_eq!(what, EventKind::MessagePut { queue, text });
}

#[tokio::test]
async fn a_message_that_nobody_deletes_comes_back_and_counts_its_deliveries() {
    let (place, queue) = open().await;
    send(&queue, "job").await;
    for delivery in 1..=5 {
        let got = receive(&queue, 1, 600).await;
        assert_eq!(got[0].dequeue_count, Some(delivery));
        place.advance(500);
        assert!(receive(&queue, 1, 600).await.is_empty());
        assert!(!place.queues.emulator.messages("runner-requests")[0].visible);
        place.advance(100);
    }
    let seen = place.queues.emulator.messages("runner-requests").remove(0);
    assert_eq!((seen.text.as_str(), seen.dequeue_count, seen.visible), ("job", 5, true));
}

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_became_visible() {
    let (place, queue) = open().await;
    send_with(&queue, "delayed", Some(300), None).await.unwrap();
    for text in ["first", "second", "third"] {
        send(&queue, text).await;
    }
    assert_eq!(texts(&receive(&queue, 2, 600).await), ["first", "second"]);
    place.advance(600);
    assert_eq!(texts(&receive(&queue, 32, 600).await), ["third", "delayed", "first", "second"]);
    assert!(receive(&queue, 32, 600).await.is_empty());
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let (_place, queue) = open().await;
    send(&queue, "job").await;
    for _ in 0..2 {
        let seen = peek(&queue, 32).await;
        assert_eq!((seen.len(), seen[0].dequeue_count), (1, Some(0)));
        assert_eq!(seen[0].message_text.as_deref(), Some("job"));
    }
    receive(&queue, 1, 600).await;
    assert!(peek(&queue, 32).await.is_empty());
}

#[tokio::test]
async fn a_stale_receipt_deletes_nothing() {
    let (place, queue) = open().await;
    send(&queue, "job").await;
    let first = receive(&queue, 1, 600).await.remove(0);
    place.advance(600);
    let second = receive(&queue, 1, 600).await.remove(0);
    let (id, stale) = held(&first);
    assert_eq!(code_of(queue.delete_message(id, stale, None).await), "400 PopReceiptMismatch");
    assert_eq!(
        code_of(queue.delete_message(id, "bm90IGEgcmVjZWlwdA==", None).await),
        "400 PopReceiptMismatch"
    );
    // A receipt outlives the time for which it hid the message, as long as nobody else got it.
    place.advance(6000);
    let (id, receipt) = held(&second);
    queue.delete_message(id, receipt, None).await.unwrap();
    assert_eq!(code_of(queue.delete_message(id, receipt, None).await), "404 MessageNotFound");
    assert!(place.queues.emulator.messages("runner-requests").is_empty());
}

#[tokio::test]
async fn an_update_renews_the_receipt_and_changes_the_text_only_if_there_is_one() {
    let (place, queue) = open().await;
    send(&queue, "job").await;
    let got = receive(&queue, 1, 600).await.remove(0);
    let (id, receipt) = held(&got);
    let update = async |receipt: &str, hidden, text: Option<&str>| {
        let options = QueueClientUpdateMessageOptions {
            queue_message: text.map(message),
            ..Default::default()
        };
        let updated = queue.update_message(id, receipt, hidden, Some(options)).await?;
        let name = azure_core::http::headers::HeaderName::from_static("x-ms-popreceipt");
        updated.headers().get_str(&name).map(str::to_owned)
    };
    let renewed = update(receipt, 6000, None).await.unwrap();
    assert_eq!(code_of(update(receipt, 6000, None).await), "400 PopReceiptMismatch");
    place.advance(5000);
    assert!(receive(&queue, 1, 600).await.is_empty());
    update(&renewed, 0, Some("job, second try")).await.unwrap();
    let got = receive(&queue, 1, 600).await.remove(0);
    assert_eq!(
        (got.message_text.as_deref(), got.dequeue_count),
        (Some("job, second try"), Some(2))
    );
}

#[tokio::test]
async fn a_message_vanishes_when_its_time_to_live_is_over() {
    let (place, queue) = open().await;
    send_with(&queue, "short", None, Some(900)).await.unwrap();
    send(&queue, "a week").await;
    let forever = send_with(&queue, "forever", None, Some(-1)).await.unwrap();
    assert_eq!(forever.expiration_time.unwrap().year(), 9999);
    let got = receive(&queue, 1, 600).await.remove(0);
    place.advance(900);
    let (id, receipt) = held(&got);
    assert_eq!(code_of(queue.delete_message(id, receipt, None).await), "404 MessageNotFound");
    let left = |place: &Place| {
        let left = place.queues.emulator.messages("runner-requests");
        left.into_iter().map(|message| message.text).collect::<Vec<_>>()
    };
    assert_eq!(left(&place), ["a week", "forever"]);
    place.advance(7 * 24 * 3600);
    assert_eq!(left(&place), ["forever"]);
}

#[tokio::test]
async fn a_queue_is_cleared_of_hidden_messages_too() {
    let (place, queue) = open().await;
    send(&queue, "one").await;
    send(&queue, "two").await;
    receive(&queue, 1, 600).await;
    queue.clear(None).await.unwrap();
    place.advance(600);
    assert!(receive(&queue, 32, 600).await.is_empty());
}

#[tokio::test]
async fn what_is_out_of_range_is_refused_by_its_code() {
    let (_place, queue) = open().await;
    let limit = "a".repeat(64 << 10);
    send(&queue, &limit).await;
    let beyond = format!("{limit}a");
    let sent = async |text: &str, hidden, ttl| code_of(send_with(&queue, text, hidden, ttl).await);
    assert_eq!(sent(&beyond, None, None).await, "413 RequestBodyTooLarge");
    assert_eq!(sent("a", Some(604_801), None).await, "400 OutOfRangeQueryParameterValue");
    assert_eq!(sent("a", Some(60), Some(60)).await, "400 InvalidQueryParameterValue");
    assert_eq!(sent("a", None, Some(0)).await, "400 InvalidQueryParameterValue");
    for (number_of_messages, visibility_timeout) in
        [(Some(0), None), (Some(33), None), (None, Some(0)), (None, Some(604_801))]
    {
        let options = QueueClientReceiveMessagesOptions {
            number_of_messages,
            visibility_timeout,
            ..Default::default()
        };
        assert_eq!(
            code_of(queue.receive_messages(Some(options)).await),
            "400 OutOfRangeQueryParameterValue"
        );
    }
}

#[tokio::test]
async fn a_queue_that_is_not_there_takes_no_message() {
    let place = Place::open().await;
    let queue = place.queue("nowhere");
    assert_eq!(code_of(queue.send_message(message("job"), None).await), "404 QueueNotFound");
    assert_eq!(code_of(queue.receive_messages(None).await), "404 QueueNotFound");
    assert_eq!(code_of(queue.clear(None).await), "404 QueueNotFound");
}

#[tokio::test(start_paused = true)]
async fn each_operation_shows_of_a_message_what_the_service_shows() {
    let place = Place::open().await;
    let call = async |method: &str, path: &str, body: &str| {
        let uri = format!("/mayfly/jobs{path}&{}", place.sas());
        let answer = place.queues.call(request(method, &uri, body)).await.unwrap();
        String::from_utf8(answer.into_body().to_vec()).unwrap().replace("><", ">\n<")
    };
    call("PUT", "?timeout=9", "").await;
    let body = "<QueueMessage><MessageText>&lt;job&gt;</MessageText></QueueMessage>";
    assert_snapshot!(call("POST", "/messages?visibilitytimeout=60&messagettl=600", body).await, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <QueueMessagesList>
    <QueueMessage>
    <MessageId>72f0e3c1-b5f9-499f-9758-35de1c9756ce</MessageId>
    <InsertionTime>Sat, 21 Nov 2026 12:00:00 GMT</InsertionTime>
    <ExpirationTime>Sat, 21 Nov 2026 12:10:00 GMT</ExpirationTime>
    <PopReceipt>MXScfebqRLSdCxTk2wGP7Q==</PopReceipt>
    <TimeNextVisible>Sat, 21 Nov 2026 12:01:00 GMT</TimeNextVisible>
    </QueueMessage>
    </QueueMessagesList>
    "#);
    place.advance(60);
    assert_snapshot!(call("GET", "/messages?peekonly=true", "").await, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <QueueMessagesList>
    <QueueMessage>
    <MessageId>72f0e3c1-b5f9-499f-9758-35de1c9756ce</MessageId>
    <InsertionTime>Sat, 21 Nov 2026 12:00:00 GMT</InsertionTime>
    <ExpirationTime>Sat, 21 Nov 2026 12:10:00 GMT</ExpirationTime>
    <DequeueCount>0</DequeueCount>
    <MessageText>&lt;job&gt;</MessageText>
    </QueueMessage>
    </QueueMessagesList>
    "#);
    assert_snapshot!(call("GET", "/messages?numofmessages=32", "").await, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <QueueMessagesList>
    <QueueMessage>
    <MessageId>72f0e3c1-b5f9-499f-9758-35de1c9756ce</MessageId>
    <InsertionTime>Sat, 21 Nov 2026 12:00:00 GMT</InsertionTime>
    <ExpirationTime>Sat, 21 Nov 2026 12:10:00 GMT</ExpirationTime>
    <PopReceipt>Cb6xgKLwT9a9ZKXZre/gAA==</PopReceipt>
    <TimeNextVisible>Sat, 21 Nov 2026 12:01:30 GMT</TimeNextVisible>
    <DequeueCount>1</DequeueCount>
    <MessageText>&lt;job&gt;</MessageText>
    </QueueMessage>
    </QueueMessagesList>
    "#);
    assert_snapshot!(call("GET", "/messages?numofmessages=32", "").await, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <QueueMessagesList/>
    "#);
}

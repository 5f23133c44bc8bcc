//! Messages: their visibility, changes, expiry and order while the clock advances.

use azure_storage_queue::QueueClient;
use azure_storage_queue::models::{
    PeekedMessage, QueueClientPeekMessagesOptions, QueueClientReceiveMessagesOptions,
    QueueClientSendMessageOptions, QueueClientUpdateMessageOptions, ReceivedMessage, SentMessage,
};
use emulator_core::events::EventKind;
use insta::assert_snapshot;

use crate::account::{TestAccount, code_of, noon, request};
use crate::queues::message;

async fn create_queue() -> (TestAccount, QueueClient) {
    let account = TestAccount::open().await;
    let queue = account.queue("runner-requests");
    queue.create(None).await.unwrap();
    (account, queue)
}

async fn send(queue: &QueueClient, text: &str) -> SentMessage {
    send_with(queue, text, None, None).await.expect("the message is sent")
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
    let got = queue.receive_messages(Some(options)).await.expect("a response");
    got.into_model().expect("the documented XML").items.unwrap_or_default()
}

async fn peek(queue: &QueueClient, count: i32) -> Vec<PeekedMessage> {
    let options =
        QueueClientPeekMessagesOptions { number_of_messages: Some(count), ..Default::default() };
    let seen = queue.peek_messages(Some(options)).await.expect("a response");
    seen.into_model().expect("the documented XML").items.unwrap_or_default()
}

/// Returns the message id and the pop receipt.
fn id_and_receipt(message: &ReceivedMessage) -> (&str, &str) {
    (message.message_id.as_deref().unwrap(), message.pop_receipt.as_deref().unwrap())
}

fn texts(messages: &[ReceivedMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.message_text.as_deref().unwrap()).collect()
}

/// Returns the minutes after noon.
fn minute(time: Option<azure_core::time::OffsetDateTime>) -> i64 {
    (time.unwrap().unix_timestamp() - noon().timestamp()) / 60
}

#[tokio::test]
async fn a_message_has_its_text_and_times() {
    let (account, queue) = create_queue().await;
    let mut emitted = account.events.subscribe();
    let text = "  <job id=\"1\"> & ünïcode 🪰 ]]>\n\tend  ";
    let sent = send(&queue, text).await;
    assert_eq!((minute(sent.insertion_time), minute(sent.time_next_visible)), (0, 0));
    assert_eq!(minute(sent.expiration_time), 7 * 24 * 60);

    account.advance(300);
    let got = receive(&queue, 1, 600).await.remove(0);
    assert_eq!(got.message_text.as_deref(), Some(text));
    assert_eq!((minute(got.insertion_time), minute(got.time_next_visible)), (0, 15));
    assert_eq!(got.message_id, sent.message_id);
    assert_ne!(got.pop_receipt, sent.pop_receipt);

    let kind = emitted.try_recv().unwrap().kind;
    let (queue, text) = ("runner-requests".to_owned(), text.to_owned());
    assert_eq!(kind, EventKind::MessagePut { queue, text });
}

#[tokio::test]
async fn a_message_reappears_until_it_is_deleted() {
    let (account, queue) = create_queue().await;
    send(&queue, "job").await;
    for delivery in 1..=5 {
        let got = receive(&queue, 1, 600).await;
        assert_eq!(got[0].dequeue_count, Some(delivery));
        account.advance(500);
        assert!(receive(&queue, 1, 600).await.is_empty());
        assert!(!account.queues.emulator.messages("runner-requests")[0].visible);
        account.advance(100);
    }
    let seen = account.queues.emulator.messages("runner-requests").remove(0);
    assert_eq!((seen.text.as_str(), seen.dequeue_count, seen.visible), ("job", 5, true));
}

#[tokio::test]
async fn messages_are_returned_in_order_of_visibility() {
    let (account, queue) = create_queue().await;
    send_with(&queue, "delayed", Some(300), None).await.unwrap();
    for text in ["first", "second", "third"] {
        send(&queue, text).await;
    }
    assert_eq!(texts(&receive(&queue, 2, 600).await), ["first", "second"]);
    account.advance(600);
    assert_eq!(texts(&receive(&queue, 32, 600).await), ["third", "delayed", "first", "second"]);
    assert!(receive(&queue, 32, 600).await.is_empty());
}

#[tokio::test]
async fn peek_messages_changes_nothing() {
    let (_place, queue) = create_queue().await;
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
    let (account, queue) = create_queue().await;
    send(&queue, "job").await;
    let first = receive(&queue, 1, 600).await.remove(0);
    account.advance(600);
    let second = receive(&queue, 1, 600).await.remove(0);
    let (id, stale) = id_and_receipt(&first);
    assert_eq!(code_of(queue.delete_message(id, stale, None).await), "400 PopReceiptMismatch");
    assert_eq!(
        code_of(queue.delete_message(id, "bm90IGEgcmVjZWlwdA==", None).await),
        "400 InvalidQueryParameterValue"
    );
    // A receipt remains valid after the visibility timeout, until another caller gets the message.
    account.advance(6000);
    let (id, receipt) = id_and_receipt(&second);
    queue.delete_message(id, receipt, None).await.unwrap();
    assert_eq!(code_of(queue.delete_message(id, receipt, None).await), "404 MessageNotFound");
    assert!(account.queues.emulator.messages("runner-requests").is_empty());
}

#[tokio::test]
async fn an_update_renews_the_receipt_and_may_change_the_text() {
    let (account, queue) = create_queue().await;
    send(&queue, "job").await;
    let got = receive(&queue, 1, 600).await.remove(0);
    let (id, receipt) = id_and_receipt(&got);
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
    account.advance(5000);
    assert!(receive(&queue, 1, 600).await.is_empty());
    update(&renewed, 0, Some("job, second try")).await.unwrap();
    let got = receive(&queue, 1, 600).await.remove(0);
    assert_eq!(
        (got.message_text.as_deref(), got.dequeue_count),
        (Some("job, second try"), Some(2))
    );
}

#[tokio::test]
async fn a_message_is_removed_after_its_time_to_live() {
    let (account, queue) = create_queue().await;
    send_with(&queue, "short", None, Some(900)).await.unwrap();
    send(&queue, "a week").await;
    let forever = send_with(&queue, "forever", None, Some(-1)).await.unwrap();
    assert_eq!(forever.expiration_time.unwrap().year(), 9999);
    let got = receive(&queue, 1, 600).await.remove(0);
    account.advance(900);
    let (id, receipt) = id_and_receipt(&got);
    assert_eq!(code_of(queue.delete_message(id, receipt, None).await), "404 MessageNotFound");
    let left = |account: &TestAccount| {
        let left = account.queues.emulator.messages("runner-requests");
        left.into_iter().map(|message| message.text).collect::<Vec<_>>()
    };
    assert_eq!(left(&account), ["a week", "forever"]);
    account.advance(7 * 24 * 3600);
    assert_eq!(left(&account), ["forever"]);
}

#[tokio::test]
async fn clear_messages_removes_hidden_messages() {
    let (account, queue) = create_queue().await;
    send(&queue, "one").await;
    send(&queue, "two").await;
    receive(&queue, 1, 600).await;
    queue.clear(None).await.unwrap();
    account.advance(600);
    assert!(receive(&queue, 32, 600).await.is_empty());
}

#[tokio::test]
async fn a_value_out_of_range_is_rejected() {
    let (_place, queue) = create_queue().await;
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
async fn a_missing_queue_rejects_messages() {
    let account = TestAccount::open().await;
    let queue = account.queue("nowhere");
    assert_eq!(code_of(queue.send_message(message("job"), None).await), "404 QueueNotFound");
    assert_eq!(code_of(queue.receive_messages(None).await), "404 QueueNotFound");
    assert_eq!(code_of(queue.clear(None).await), "404 QueueNotFound");
}

#[tokio::test(start_paused = true)]
async fn each_operation_returns_the_documented_elements() {
    let account = TestAccount::open().await;
    let call = async |method: &str, path: &str, body: &str| {
        let uri = format!("/mayfly/jobs{path}&{}", account.sas());
        let response = account.queues.call(request(method, &uri, body)).await.unwrap();
        String::from_utf8(response.into_body().to_vec()).unwrap().replace("><", ">\n<")
    };
    call("PUT", "?timeout=9", "").await;
    let body = "<QueueMessage><MessageText>&lt;job&gt;</MessageText></QueueMessage>";
    assert_snapshot!(call("POST", "/messages?visibilitytimeout=60&messagettl=600", body).await, @r#"
    ﻿<?xml version="1.0" encoding="utf-8"?>
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
    account.advance(60);
    assert_snapshot!(call("GET", "/messages?peekonly=true", "").await, @r#"
    ﻿<?xml version="1.0" encoding="utf-8"?>
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
    ﻿<?xml version="1.0" encoding="utf-8"?>
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
    ﻿<?xml version="1.0" encoding="utf-8"?>
    <QueueMessagesList/>
    "#);
}

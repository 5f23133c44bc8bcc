//! Queues: creation, metadata, lists and deletion.

use std::collections::HashMap;

use azure_core::http::RequestContent;
use azure_storage_queue::models::{
    QueueClientCreateOptions, QueueClientGetPropertiesResultHeaders,
    QueueServiceClientListQueuesOptions,
};
use futures::TryStreamExt;

use crate::account::{TestAccount, code_of};

fn metadata(value: &str) -> Option<HashMap<String, String>> {
    Some(HashMap::from([("purpose".to_owned(), value.to_owned())]))
}

#[tokio::test]
async fn a_queue_is_created_again_only_with_the_same_metadata() {
    let account = TestAccount::open().await;
    let queue = account.queue("runner-requests");
    let create = async |value| {
        let options = QueueClientCreateOptions { metadata: metadata(value), ..Default::default() };
        queue.create(Some(options)).await
    };
    assert!(!queue.exists().await.unwrap());
    assert_eq!(create("jobs").await.unwrap().status(), 201);
    assert_eq!(create("jobs").await.unwrap().status(), 204);
    assert_eq!(code_of(create("others").await), "409 QueueAlreadyExists");
    assert!(queue.exists().await.unwrap());

    queue.delete(None).await.unwrap();
    assert_eq!(code_of(queue.delete(None).await), "404 QueueNotFound");
    assert_eq!(code_of(queue.get_properties(None).await), "404 QueueNotFound");
}

#[tokio::test]
async fn properties_have_metadata_and_message_count() {
    let account = TestAccount::open().await;
    let queue = account.queue("runner-requests");
    queue.create(None).await.unwrap();
    queue.set_metadata(&metadata("jobs").unwrap(), None).await.unwrap();
    for text in ["one", "two", "three"] {
        queue.send_message(message(text), None).await.unwrap();
    }
    queue.receive_messages(None).await.unwrap();

    let got = queue.get_properties(None).await.unwrap();
    assert_eq!(got.metadata().unwrap(), metadata("jobs").unwrap());
    assert_eq!(got.approximate_messages_count().unwrap(), Some(3));
}

#[tokio::test]
async fn an_invalid_queue_name_is_rejected() {
    let account = TestAccount::open().await;
    for (name, error) in [
        ("ab", "400 OutOfRangeInput"),
        ("Runner-Requests", "400 InvalidResourceName"),
        ("runner--requests", "400 InvalidResourceName"),
    ] {
        assert_eq!(code_of(account.queue(name).create(None).await), error);
    }
}

#[tokio::test]
async fn a_list_of_queues_has_pages() {
    let account = TestAccount::open().await;
    for name in ["apples", "runner-1", "runner-2", "runner-3", "zebras"] {
        let options = QueueClientCreateOptions { metadata: metadata(name), ..Default::default() };
        account.queue(name).create(Some(options)).await.unwrap();
    }
    let options = QueueServiceClientListQueuesOptions {
        prefix: Some("runner-".to_owned()),
        maxresults: Some(2),
        include: Some(vec![azure_storage_queue::models::ListQueuesIncludeType::Metadata]),
        ..Default::default()
    };
    let pages = account.queue_service().list_queues(Some(options)).unwrap().into_pages();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let mut shown = Vec::new();
    for page in pages {
        let items = page.into_model().unwrap().queue_items;
        let item = |item: azure_storage_queue::models::QueueItem| {
            (item.name.unwrap(), item.metadata.unwrap()["purpose"].clone())
        };
        shown.push(items.into_iter().map(item).collect::<Vec<_>>());
    }
    let pair = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(shown, [vec![pair("runner-1"), pair("runner-2")], vec![pair("runner-3")]]);
}

pub(crate) fn message(
    text: &str,
) -> RequestContent<azure_storage_queue::models::QueueMessage, azure_core::http::XmlFormat> {
    azure_storage_queue::models::QueueMessage { message_text: Some(text.to_owned()) }
        .try_into()
        .expect("a text is XML")
}

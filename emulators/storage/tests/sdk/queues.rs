//! Queues: made, described, listed and deleted.

use std::collections::HashMap;

use azure_core::http::RequestContent;
use azure_storage_queue::models::{
    QueueClientCreateOptions, QueueClientGetPropertiesResultHeaders,
    QueueServiceClientListQueuesOptions,
};
use futures::TryStreamExt;

use crate::place::{Place, code_of};

fn metadata(value: &str) -> Option<HashMap<String, String>> {
    Some(HashMap::from([("purpose".to_owned(), value.to_owned())]))
}

#[tokio::test]
async fn a_queue_is_made_once_and_again_only_alike() {
    let place = Place::open().await;
    let queue = place.queue("runner-requests");
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
async fn a_queue_tells_its_metadata_and_how_many_messages_it_has() {
    let place = Place::open().await;
    let queue = place.queue("runner-requests");
    queue.create(None).await.unwrap();
    queue.set_metadata(&metadata("jobs").unwrap(), None).await.unwrap();
    for text in ["one", "two", "three"] {
        queue.send_message(message(text), None).await.unwrap();
    }
    queue.receive_messages(None).await.unwrap();

    let told = queue.get_properties(None).await.unwrap();
    assert_eq!(told.metadata().unwrap(), metadata("jobs").unwrap());
    assert_eq!(told.approximate_messages_count().unwrap(), Some(3));
}

#[tokio::test]
async fn a_name_out_of_the_rules_is_refused() {
    let place = Place::open().await;
    for (name, refusal) in [
        ("ab", "400 OutOfRangeInput"),
        ("Runner-Requests", "400 InvalidResourceName"),
        ("runner--requests", "400 InvalidResourceName"),
    ] {
        assert_eq!(code_of(place.queue(name).create(None).await), refusal);
    }
}

#[tokio::test]
async fn a_list_of_queues_comes_page_by_page() {
    let place = Place::open().await;
    for name in ["apples", "runner-1", "runner-2", "runner-3", "zebras"] {
        let options = QueueClientCreateOptions { metadata: metadata(name), ..Default::default() };
        place.queue(name).create(Some(options)).await.unwrap();
    }
    let options = QueueServiceClientListQueuesOptions {
        prefix: Some("runner-".to_owned()),
        maxresults: Some(2),
        include: Some(vec![azure_storage_queue::models::ListQueuesIncludeType::Metadata]),
        ..Default::default()
    };
    let pages = place.queue_service().list_queues(Some(options)).unwrap().into_pages();
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

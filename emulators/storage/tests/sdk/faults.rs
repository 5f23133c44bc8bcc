//! What the control port can do to both services, and what neither of them models.

use azure_core::http::RequestContent;
use emulator_core::faults::Effect;

use crate::place::{Place, code_of, plain, request};
use crate::queues::message;

#[tokio::test]
async fn a_lost_answer_did_its_work() {
    let place = Place::open().await;
    let (queue, container) = (place.queue("runner-requests"), place.container("mayfly-state"));
    queue.create(None).await.unwrap();
    container.create(None).await.unwrap();
    place.queues.faults.inject("PutMessage", 1, Effect::DropResponse);
    place.blobs.faults.inject("PutBlob", 1, Effect::DropResponse);

    assert!(queue.send_message(message("job"), None).await.is_err());
    let blob = container.blob_client("claim");
    assert!(blob.upload(RequestContent::from(b"nonce".to_vec()), None).await.is_err());
    assert_eq!(place.queues.emulator.messages("runner-requests").len(), 1);
    assert_eq!(place.blobs.emulator.names("mayfly-state"), ["claim"]);
}

#[tokio::test]
async fn a_failed_call_did_nothing_and_says_when_to_come_back() {
    let place = Place::open().await;
    let queue = place.queue("runner-requests");
    queue.create(None).await.unwrap();
    let fault = r#"{"operation":"PutMessage","kind":"fail","status":503,"retry_after":7}"#;
    let control = format!("{}/faults", place.queue_port.control);
    plain().post(control).body(fault).send().await.unwrap();

    let sent = queue.send_message(message("job"), None).await;
    assert_eq!(code_of(sent), "503 ServerBusy");
    assert!(place.queues.emulator.messages("runner-requests").is_empty());
    queue.send_message(message("job"), None).await.unwrap();
}

#[tokio::test]
async fn what_is_not_modelled_is_not_implemented() {
    let place = Place::open().await;
    let call = async |url: reqwest::Url, method: &str, header: Option<(&str, &str)>| {
        let mut request = plain().request(method.parse().unwrap(), url);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        format!("{status} {}", answer.text().await.unwrap())
    };
    let sas = place.sas();
    let leased = place.blob_url("/mayfly-state/claim", &format!("comp=lease&{sas}"));
    let answer = call(leased, "PUT", Some(("x-ms-lease-action", "acquire"))).await;
    assert!(answer.contains("PUT /mayfly/mayfly-state/claim is not modelled"), "{answer}");
    for (url, method, header) in [
        (place.queue_url("/", "restype=service&comp=properties"), "GET", None),
        (place.queue_url("/runner-requests", "comp=acl"), "GET", None),
        (place.queue_url("/runner-requests/messages", "sr=q&sig=x"), "POST", None),
        (place.blob_url("/", "comp=list"), "GET", None),
        (place.blob_url("/mayfly-state/claim", "snapshot=2026-11-21"), "GET", None),
        (place.blob_url("/mayfly-state/claim", ""), "PUT", Some(("x-ms-blob-type", "PageBlob"))),
        (place.blob_url("/mayfly-state/claim", ""), "PUT", Some(("x-ms-tags", "a=b"))),
        (place.blob_url("/mayfly-state/claim", ""), "PUT", Some(("content-md5", "x"))),
        (place.blob_url("/mayfly-state/claim", ""), "PATCH", None),
    ] {
        let told = format!("{method} {url} {header:?}");
        assert!(call(url, method, header).await.starts_with("501 "), "{told}");
    }
}

#[tokio::test]
async fn both_services_name_themselves_when_they_are_ready() {
    let place = Place::open().await;
    assert!(place.queue_port.ready_line().contains(r#""ready":"queue""#));
    assert!(place.blob_port.ready_line().contains(r#""ready":"blob""#));
}

#[tokio::test(start_paused = true)]
async fn a_run_repeats_itself() {
    let run = async || {
        let place = Place::open().await;
        let mut told = String::new();
        for (method, path, body) in [
            ("PUT", "/jobs", ""),
            ("POST", "/jobs/messages", "<QueueMessage><MessageText>1</MessageText></QueueMessage>"),
            ("GET", "/jobs/messages", ""),
        ] {
            let uri = format!("/mayfly{path}?{}", place.sas());
            let answer = place.queues.call(request(method, &uri, body)).await.unwrap();
            told += &format!("{:?} {:?}\n", answer.headers(), answer.body());
        }
        told
    };
    assert_eq!(run().await, run().await);
}

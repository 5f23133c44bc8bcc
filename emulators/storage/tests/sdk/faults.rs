//! Injected faults, and requests that are not modelled.

use azure_core::http::RequestContent;
use emulator_core::faults::Effect;

use crate::account::{TestAccount, code_of, http_client, request};
use crate::queues::message;

#[tokio::test]
async fn an_operation_with_a_dropped_response_is_executed() {
    let account = TestAccount::open().await;
    let (queue, container) = (account.queue("runner-requests"), account.container("mayfly-state"));
    queue.create(None).await.unwrap();
    container.create(None).await.unwrap();
    account.queues.faults.inject("PutMessage", 1, Effect::DropResponse);
    account.blobs.faults.inject("PutBlob", 1, Effect::DropResponse);

    assert!(queue.send_message(message("job"), None).await.is_err());
    let blob = container.blob_client("claim");
    assert!(blob.upload(RequestContent::from(b"nonce".to_vec()), None).await.is_err());
    assert_eq!(account.queues.emulator.messages("runner-requests").len(), 1);
    assert_eq!(account.blobs.emulator.names("mayfly-state"), ["claim"]);
}

#[tokio::test]
async fn a_failed_operation_is_not_executed() {
    let account = TestAccount::open().await;
    let queue = account.queue("runner-requests");
    queue.create(None).await.unwrap();
    let fault = r#"{"operation":"PutMessage","kind":"fail","status":503,"retry_after":7}"#;
    let port = &account.queue_port;
    let request = http_client().post(format!("{}/faults", port.control)).body(fault);
    let request =
        request.bearer_auth(port.token.as_str()).header("content-type", "application/json");
    assert_eq!(request.send().await.unwrap().status(), 202);

    let sent = queue.send_message(message("job"), None).await;
    assert_eq!(code_of(sent), "503 ServerBusy");
    assert!(account.queues.emulator.messages("runner-requests").is_empty());
    queue.send_message(message("job"), None).await.unwrap();
}

#[tokio::test]
async fn unmodelled_requests_are_answered_with_501() {
    let account = TestAccount::open().await;
    let call = async |url: reqwest::Url, method: &str, header: Option<(&str, &str)>| {
        let mut request = http_client().request(method.parse().unwrap(), url);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        format!("{status} {}", response.text().await.unwrap())
    };
    let sas = account.sas();
    let snapshot = account.blob_url("/mayfly-state/claim", &format!("comp=snapshot&{sas}"));
    let response = call(snapshot, "PUT", None).await;
    assert!(response.contains("PUT /mayfly/mayfly-state/claim is not modelled"), "{response}");
    for (url, method, header) in [
        (account.queue_url("/", "restype=service&comp=properties"), "PUT", None),
        (account.queue_url("/", "restype=service&comp=stats"), "GET", None),
        (account.queue_url("/runner-requests", "comp=acl"), "GET", None),
        (account.queue_url("/runner-requests/messages", "sr=q&sig=x"), "POST", None),
        (account.blob_url("/", "comp=list&include=deleted"), "GET", None),
        (account.blob_url("/", "restype=service&comp=properties"), "PUT", None),
        (account.blob_url("/mayfly-state", "restype=container&comp=acl"), "GET", None),
        (account.blob_url("/mayfly-state/claim", "snapshot=2026-11-21"), "GET", None),
        (account.blob_url("/$root", "restype=container"), "PUT", None),
        (account.blob_url("/$web/index.html", ""), "GET", None),
        (account.blob_url("/mayfly-state/claim", ""), "PUT", Some(("x-ms-blob-type", "PageBlob"))),
        (account.blob_url("/mayfly-state/claim", ""), "PUT", Some(("x-ms-tags", "a=b"))),
        (
            account.blob_url("/mayfly-state/claim", "comp=metadata"),
            "PUT",
            Some(("content-md5", "x")),
        ),
        (account.queue_url("/runner-requests", ""), "PUT", Some(("content-md5", "x"))),
        (account.blob_url("/mayfly-state/claim", ""), "PATCH", None),
    ] {
        let description = format!("{method} {url} {header:?}");
        assert!(call(url, method, header).await.starts_with("501 "), "{description}");
    }
}

#[tokio::test]
async fn the_ready_line_names_the_service() {
    let account = TestAccount::open().await;
    assert!(account.queue_port.ready_line().contains(r#""ready":"queue""#));
    assert!(account.blob_port.ready_line().contains(r#""ready":"blob""#));
}

#[tokio::test(start_paused = true)]
async fn a_run_is_deterministic() {
    let run = async || {
        let account = TestAccount::open().await;
        let mut trace = String::new();
        for (method, path, body) in [
            ("PUT", "/jobs", ""),
            ("POST", "/jobs/messages", "<QueueMessage><MessageText>1</MessageText></QueueMessage>"),
            ("GET", "/jobs/messages", ""),
        ] {
            let uri = format!("/mayfly{path}?{}", account.sas());
            let response = account.queues.call(request(method, &uri, body)).await.unwrap();
            trace += &format!("{:?} {:?}\n", response.headers(), response.body());
        }
        trace
    };
    assert_eq!(run().await, run().await);
}

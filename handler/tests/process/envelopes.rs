//! Requests that Microsoft's Functions host sent to a handler, captured byte for byte.

use std::path::{Path, PathBuf};

use handler::invocation::{queue_message, timer_is_late};

use crate::handler_under_test::{Handler, environment};

/// Returns the requests with the names of their files.
fn captures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/host-envelopes");
    let files = folder.read_dir().expect("the folder").map(|file| file.expect("a file").path());
    let name = |path: &PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "http")).collect();
    files.sort_by_key(name);
    files.iter().map(|path| (name(path), std::fs::read(path).expect("readable"))).collect()
}

/// Returns the body, which may be chunked.
fn body(request: &[u8]) -> Vec<u8> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let (head, mut rest) = request.split_at(end);
    if !String::from_utf8_lossy(head).contains("Transfer-Encoding: chunked") {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..line]).expect("digits");
        let size = usize::from_str_radix(size, 16).expect("hexadecimal");
        if size == 0 {
            return body;
        }
        body.extend(&rest[line + 2..][..size]);
        rest = &rest[line + 2 + size + 2..];
    }
}

#[tokio::test]
async fn the_handler_responds_to_all_requests_of_the_host() {
    let handler = Handler::start(&environment()).await;
    let mut lines = String::new();
    for (name, request) in captures() {
        // This handler's storage does not exist. The causes of the error depend on the system.
        let response = handler.exchange(&request).await;
        let response = response.split(" could not be read").next().expect("a text");
        lines += &format!("{name}: {response}\n");
    }
    insta::assert_snapshot!(lines, @r#"
    http-forwarded: 401 {"error":"header X-Hub-Signature-256 is missing: set a secret on the webhook"}
    http-forwarded-headers: 403 {"error":"1.1.1.1 is not in GitHub's webhook ranges"}
    http-not-forwarded: 404 {"error":"no function has this path"}
    queue-admin: 422 {"error":"the queue message was not written by this handler"}
    queue-json-array: 422 {"error":"the queue message was not written by this handler"}
    queue-json-message: 422 {"error":"the queue message was not written by this handler"}
    queue-number-message: 422 {"error":"the queue message was not written by this handler"}
    queue-odd-property-names: 422 {"error":"the queue message was not written by this handler"}
    queue-plain-text: 422 {"error":"the queue message was not written by this handler"}
    ready-probe: 200 {"ready":true}
    timer-admin: 500 {"error":"read the state of the last run: blob reconciliation in the container of setting StateContainerUrl
    timer-first-run: 500 {"error":"read the state of the last run: blob reconciliation in the container of setting StateContainerUrl
    timer-past-due: 500 {"error":"read the state of the last run: blob reconciliation in the container of setting StateContainerUrl
    "#);
}

#[test]
fn messages_and_timers_of_the_host_are_parsed() {
    let mut lines = String::new();
    for (name, request) in captures() {
        let body = body(&request);
        if name.starts_with("queue") {
            let message = queue_message(&body, "request").expect("a message");
            lines += &format!("{name}: {message}\n");
        } else if name.starts_with("timer") {
            lines += &format!("{name}: late {}\n", timer_is_late(&body, "timer"));
        }
    }
    insta::assert_snapshot!(lines, @r#"
    queue-admin: {"v":1}
    queue-json-array: [1,2]
    queue-json-message: {"v":1,"kind":"request","job":42,"repository":"octo/app"}
    queue-number-message: 42
    queue-odd-property-names: {"v":1,"DequeueCount":"abc","Id":7,"sys":"x","ExpirationTime":"never","RequestTrigger":1}
    queue-plain-text: plain text – ünïcode "quoted"
    timer-admin: late false
    timer-first-run: late false
    timer-past-due: late true
    "#);
}

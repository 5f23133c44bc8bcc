use std::fmt::Write;

use crate::handler_under_test::{GITHUB, Handler, environment, outcome, sign};

/// The payload of a queued job, with changes.
fn payload(changes: &[(&str, &str)]) -> String {
    let valid = r#"{"action":"queued","workflow_job":{"id":123,"run_id":45,"status":"queued","labels":["self-hosted","ubuntu-latest"]},"repository":{"full_name":"octo/app","private":true}}"#;
    changes.iter().fold(valid.to_owned(), |body, (from, to)| {
        assert!(body.contains(from), "{from} is part of the payload");
        body.replace(from, to)
    })
}

#[tokio::test]
async fn a_delivery_is_checked_for_address_size_and_signature() {
    let handler = Handler::start(&environment()).await;
    let body = payload(&[]);
    let bare = || {
        handler
            .post("/api/ProvideActionsRunner")
            .header("X-GitHub-Event", "workflow_job")
            .body(body.clone())
    };
    let from_github = || bare().header("X-Forwarded-For", GITHUB);
    let large = "x".repeat((1 << 20) + 1);
    let cases = [
        ("no address", bare()),
        ("foreign address", bare().header("X-Forwarded-For", "140.82.115.7, 203.0.113.9:55")),
        (
            "foreign header after GitHub's",
            from_github().header("X-Forwarded-For", "203.0.113.9:55"),
        ),
        ("too large, unsigned", from_github().body(large)),
        ("unsigned", from_github()),
        (
            "SHA-1 only",
            from_github()
                .header("X-Hub-Signature", "sha1=2f7ccd7fc8d3bb7e4a6b5c3a29c8ac4e0a4a7e9c"),
        ),
        ("another secret", from_github().header("X-Hub-Signature-256", sign("other", &body))),
        ("no hexadecimal", from_github().header("X-Hub-Signature-256", "sha256=zz")),
    ];
    let mut outcomes = String::new();
    for (name, request) in cases {
        writeln!(outcomes, "{name}: {}", outcome(request).await).expect("a string grows");
    }
    insta::assert_snapshot!(outcomes, @r#"
    no address: 403 {"error":"the source address is unknown"}
    foreign address: 403 {"error":"203.0.113.9 is not in GitHub's webhook ranges"}
    foreign header after GitHub's: 403 {"error":"203.0.113.9 is not in GitHub's webhook ranges"}
    too large, unsigned: 413 {"error":"the body is larger than 1048576 bytes"}
    unsigned: 401 {"error":"header X-Hub-Signature-256 is missing: set a secret on the webhook"}
    SHA-1 only: 401 {"error":"header X-Hub-Signature-256 is missing: set a secret on the webhook"}
    another secret: 401 {"error":"the signature does not match: the webhook's secret must equal setting GithubWebhookSecret"}
    no hexadecimal: 401 {"error":"header X-Hub-Signature-256 is not sha256= followed by 64 hexadecimal digits"}
    "#);
}

/// The host replaces a response with 500 if it comes while the host still writes the body.
#[tokio::test]
async fn a_rejection_comes_after_the_whole_body_was_read() {
    let handler = Handler::start(&environment()).await;
    let mut outcomes = String::new();
    for (path, source) in [
        ("/api/ProvideActionsRunner", GITHUB),
        ("/api/ProvideActionsRunner", "203.0.113.9:55"),
        ("/api/ClaimRunner", GITHUB),
        ("/api/Operate", GITHUB),
    ] {
        let response = handler.write_whole(path, source, 25 << 20).await;
        writeln!(outcomes, "{path} from {source}: {response}").expect("a string grows");
    }
    insta::assert_snapshot!(outcomes, @r#"
    /api/ProvideActionsRunner from 140.82.115.7:43210: HTTP/1.1 413 Payload Too Large
    /api/ProvideActionsRunner from 203.0.113.9:55: HTTP/1.1 403 Forbidden
    /api/ClaimRunner from 140.82.115.7:43210: HTTP/1.1 413 Payload Too Large
    /api/Operate from 140.82.115.7:43210: HTTP/1.1 403 Forbidden
    "#);
}

#[tokio::test]
async fn an_ignored_delivery_states_the_reason() {
    let handler = Handler::start(&environment()).await;
    let labels = |labels: &str| payload(&[(r#"["self-hosted","ubuntu-latest"]"#, labels)]);
    let cases = [
        ("ping", "ping", r#"{"zen":"Keep it logically awesome."}"#.to_owned()),
        ("push", "push", "{}".to_owned()),
        ("no JSON", "workflow_job", "{".to_owned()),
        ("form-encoded", "workflow_job", "payload=%7B%22action%22".to_owned()),
        (
            "no labels field",
            "workflow_job",
            payload(&[(r#","labels":["self-hosted","ubuntu-latest"]"#, "")]),
        ),
        ("id of the wrong kind", "workflow_job", payload(&[("123", r#""123""#)])),
        ("a path for a name", "workflow_job", payload(&[("octo/app", "octo/../../app")])),
        (
            "in progress",
            "workflow_job",
            payload(&[(r#""action":"queued""#, r#""action":"in_progress""#)]),
        ),
        (
            "a new action",
            "workflow_job",
            payload(&[(r#""action":"queued""#, r#""action":"paused ⏸""#)]),
        ),
        ("waiting", "workflow_job", payload(&[(r#""status":"queued""#, r#""status":"waiting""#)])),
        ("GitHub's own runner", "workflow_job", labels(r#"["ubuntu-latest"]"#)),
        ("empty labels", "workflow_job", labels("[]")),
        ("unserved label", "workflow_job", labels(r#"["self-hosted","größe-xl"]"#)),
        ("end of life", "workflow_job", labels(r#"["self-hosted","ubuntu-20.04"]"#)),
        ("foreign repository", "workflow_job", payload(&[("octo/app", "corp/app")])),
        ("public repository", "workflow_job", payload(&[("true", "false")])),
    ];
    let mut outcomes = String::new();
    for (name, event, body) in cases {
        writeln!(outcomes, "{name}: {}", outcome(handler.deliver(event, &body)).await)
            .expect("a string grows");
    }
    insta::assert_snapshot!(outcomes, @r#"
    ping: 200 {"decision":"ignored","reason":"ping"}
    push: 200 {"decision":"ignored","reason":"event push"}
    no JSON: 400 {"error":"the body: EOF while parsing an object"}
    form-encoded: 400 {"error":"the body is form-encoded: set the webhook's content type to application/json"}
    no labels field: 400 {"error":"\"workflow_job\": missing field `labels`"}
    id of the wrong kind: 400 {"error":"\"workflow_job.id\": expected u64"}
    a path for a name: 400 {"error":"repository.full_name: a repository name is owner/name, in letters, digits, '-', '_' and '.'"}
    in progress: 200 {"decision":"ignored","reason":"action in_progress"}
    a new action: 200 {"decision":"ignored","reason":"action paused ⏸"}
    waiting: 200 {"decision":"ignored","reason":"queued, but waiting"}
    GitHub's own runner: 200 {"decision":"ignored","reason":"github-hosted"}
    empty labels: 200 {"decision":"ignored","reason":"no labels: runs-on names a runner group only"}
    unserved label: 200 {"decision":"ignored","reason":"no profile serves label größe-xl"}
    end of life: 200 {"decision":"ignored","reason":"no profile serves label ubuntu-20.04, which has reached its end of life; to serve it nevertheless, add a profile with this label to setting RunnerProfiles"}
    foreign repository: 200 {"decision":"ignored","reason":"repository not allowed: it matches no pattern of setting AllowedRepositories"}
    public repository: 200 {"decision":"ignored","reason":"public repository: setting AllowPublicRepositories does not allow any"}
    "#);
}

/// The whole table is that of the module `webhook::nulls`.
#[tokio::test]
async fn a_null_is_ignored_with_the_name_of_its_field() {
    let handler = Handler::start(&environment()).await;
    let labels = |labels: &str| payload(&[(r#"["self-hosted","ubuntu-latest"]"#, labels)]);
    let repository = r#"{"full_name":"octo/app","private":true}"#;
    let cases = [
        ("null labels", labels("null")),
        ("a null label", labels(r#"["self-hosted",null]"#)),
        ("null repository", payload(&[(repository, "null")])),
    ];
    let mut outcomes = String::new();
    for (name, body) in cases {
        let response = outcome(handler.deliver("workflow_job", &body)).await;
        writeln!(outcomes, "{name}: {response}").expect("a string grows");
    }
    insta::assert_snapshot!(outcomes, @r#"
    null labels: 200 {"decision":"ignored","reason":"workflow_job.labels, or one of them, is null: reconciliation lists the job if it waits"}
    a null label: 200 {"decision":"ignored","reason":"workflow_job.labels, or one of them, is null: reconciliation lists the job if it waits"}
    null repository: 200 {"decision":"ignored","reason":"repository is null: reconciliation lists the job if it waits"}
    "#);
}

#[tokio::test]
async fn ten_thousand_labels_and_unknown_fields_are_handled() {
    let handler = Handler::start(&environment()).await;
    let many: Vec<String> = (0..10_000).map(|n| format!("\"label-{n}\"")).collect();
    let many = format!("[\"self-hosted\",{}]", many.join(","));
    let body = payload(&[
        (r#"["self-hosted","ubuntu-latest"]"#, &many),
        (r#""id":123"#, r#""id":123,"new":{"a":[null]}"#),
    ]);
    let response = outcome(handler.deliver("workflow_job", &body)).await;
    assert_eq!(
        response,
        r#"200 {"decision":"ignored","reason":"10001 labels: a runner has at most 100"}"#
    );
}

#[tokio::test]
async fn an_unreachable_queue_fails_the_delivery() {
    let handler = Handler::start(&environment()).await;
    let response = outcome(handler.deliver("workflow_job", &payload(&[]))).await;
    let expect = r#"503 {"error":"failed to queue the request; redeliver the event"}"#;
    assert_eq!(response, expect);
    let log = handler.end().await;
    assert!(
        log.contains("ERROR") && log.contains("the message about job 123 could not be added"),
        "{log}"
    );
}

#[tokio::test]
async fn a_claim_without_a_valid_ticket_is_rejected() {
    let handler = Handler::start(&environment()).await;
    let claim = |body: &str| handler.post("/api/ClaimRunner").body(body.to_owned());
    let nonce = "0123456789abcdef0123456789abcdef";
    let cases = [
        ("no JSON", claim("hello")),
        ("no nonce", claim(r#"{"ticket":"x"}"#)),
        ("a nonce of spaces", claim(r#"{"ticket":"x","nonce":"                    "}"#)),
        ("no ticket", claim(&format!(r#"{{"ticket":"x","nonce":"{nonce}"}}"#))),
        ("a forged ticket", claim(&format!(r#"{{"ticket":"1.e30.AAAA","nonce":"{nonce}"}}"#))),
        ("too large", claim(&"x".repeat(20_000))),
    ];
    let mut outcomes = String::new();
    for (name, request) in cases {
        writeln!(outcomes, "{name}: {}", outcome(request).await).expect("a string grows");
    }
    insta::assert_snapshot!(outcomes, @r#"
    no JSON: 400 {"error":"the body is not a claim: expected value"}
    no nonce: 400 {"error":"the body is not a claim: missing field `nonce`"}
    a nonce of spaces: 400 {"error":"the body is not a claim: nonce takes 16 to 128 letters and digits"}
    no ticket: 401 {"error":"the ticket is malformed"}
    a forged ticket: 401 {"error":"the ticket is not signed with the key of setting TicketKey"}
    too large: 413 {"error":"the claim is larger than 16384 bytes"}
    "#);
}

#[tokio::test]
async fn a_message_that_can_never_be_processed_fails() {
    let handler = Handler::start(&environment()).await;
    let invoke = |body: &str| handler.post("/SubmitRunnerTask").body(body.to_owned());
    let message = |json: &str| {
        let text = serde_json::to_string(json).expect("a string");
        serde_json::json!({ "Data": { "request": text }, "Metadata": {} }).to_string()
    };
    let unknown = r#"{"v":1,"job":1,"run":2,"repository":"octo/app","profile":"gone","replacement":1,"requested_at":"2026-01-01T00:00:00Z"}"#;
    let cases = [
        ("no envelope", invoke("hello")),
        ("no binding", invoke(r#"{"Data":{}}"#)),
        ("no request", invoke(&message("hello"))),
        ("a newer request", invoke(&message(&unknown.replace(r#""v":1"#, r#""v":9"#)))),
        ("no such profile", invoke(&message(unknown))),
    ];
    let mut outcomes = String::new();
    for (name, request) in cases {
        writeln!(outcomes, "{name}: {}", outcome(request).await).expect("a string grows");
    }
    insta::assert_snapshot!(outcomes, @r#"
    no envelope: 422 {"error":"the invocation is not in the Functions host's format"}
    no binding: 422 {"error":"the invocation has no text for binding \"request\""}
    no request: 422 {"error":"the queue message was not written by this handler"}
    a newer request: 422 {"error":"the queue message has version 9, and this handler reads up to 2: deploy the newer handler again"}
    no such profile: 422 {"error":"setting RunnerProfiles has no profile \"gone\": add the profile again, or delete the message"}
    "#);
}

#[tokio::test]
async fn no_secret_is_logged() {
    let handler = Handler::start(&environment()).await;
    let body = payload(&[
        ("octo/app", "octo/app-of-the-body"),
        (r#""run_id""#, r#""note":"body-mark","run_id""#),
    ]);
    let signature = sign(crate::handler_under_test::WEBHOOK_SECRET, &body);
    outcome(handler.deliver("workflow_job", &body)).await;
    let forged =
        handler.deliver("workflow_job", &body).header("X-Hub-Signature-256", "sha256=f00d");
    outcome(forged).await;
    let claim = r#"{"ticket":"1.eyJtYXJrIjoi.ticket-mark","nonce":"nonce0123456789mark"}"#;
    outcome(handler.post("/api/ClaimRunner").body(claim)).await;
    let log = handler.end().await;
    assert!(log.lines().count() >= 4, "each request is logged: {log}");
    for secret in [
        "hush",
        "aHVzaC1iYXRjaA",
        &signature,
        "f00d",
        "body-mark",
        "ticket-mark",
        "nonce0123",
        "panicked",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// The host logs a line of stderr that contains `warn` as a warning, whatever its level.
#[tokio::test]
async fn an_error_about_a_name_with_warn_stays_an_error() {
    let handler = Handler::start(&environment()).await;
    let request = r#"{"v":1,"job":1,"run":2,"repository":"octo/Warning-app","profile":"warn-me","replacement":1,"requested_at":"2026-01-01T00:00:00Z"}"#;
    let text = serde_json::to_string(request).expect("a string");
    let envelope = serde_json::json!({ "Data": { "request": text }, "Metadata": {} });
    outcome(handler.post("/SubmitRunnerTask").body(envelope.to_string())).await;
    outcome(handler.post("/api/ClaimRunner").body("hello")).await;
    let log = handler.end().await;
    let (errors, others): (Vec<&str>, Vec<&str>) =
        log.lines().filter(|line| !line.is_empty()).partition(|line| line.contains(" ERROR "));
    assert!(errors.iter().any(|line| line.contains(r"\u{77}arn-me")), "{log}");
    assert!(errors.iter().all(|line| !line.to_lowercase().contains("warn")), "{errors:#?}");
    assert!(others.iter().any(|line| line.contains(" WARN ")), "{log}");
}

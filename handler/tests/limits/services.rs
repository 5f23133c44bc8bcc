//! Replaces the services of the handler. Each has as much data as a function can have to process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use handler::app::App;
use handler::clock::Clock;
use handler::random::Random;
use handler::routes::routes;
use handler::secret::Rotating;
use handler::settings::Settings;
use handler::ticket::Ticket;
use handler::transport::{HttpTransport, Request, Response, Transports};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use sha2::Sha256;
use tokio::time::{Instant, sleep};
use tower_service::Service as _;

/// The functions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    ProvideActionsRunner,
    SubmitRunnerTask,
    ClaimRunner,
    ReconcileRunners,
    RefreshFirewall,
    Status,
    Operate,
}

/// A service of the handler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Service {
    Github,
    Batch,
    Storage,
    Management,
}

/// How the services respond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// Immediately.
    Prompt,
    /// This one never, the others immediately.
    Hangs(Service),
    /// The first requests immediately, and the later ones never.
    HangsAfter(usize),
    /// To each request a second before the transport's timeout.
    Slow,
}

/// A handler with its services.
pub(crate) struct World {
    app: Arc<App>,
    requests: Arc<AtomicUsize>,
}

impl Function {
    pub(crate) const ALL: [Self; 7] = [
        Self::ProvideActionsRunner,
        Self::SubmitRunnerTask,
        Self::ClaimRunner,
        Self::ReconcileRunners,
        Self::RefreshFirewall,
        Self::Status,
        Self::Operate,
    ];
}

impl World {
    pub(crate) fn new(pace: Pace) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let transport = |counted: Arc<AtomicUsize>| {
            HttpTransport::new(move |request: Request| {
                let number = counted.fetch_add(1, Ordering::Relaxed);
                respond(request, pace, number)
            })
        };
        let transports = Transports {
            azure: transport(Arc::clone(&requests)),
            external: transport(Arc::clone(&requests)),
        };
        let settings = Settings::read(|name| setting(name).map(str::to_owned)).expect("valid");
        let began = Instant::now();
        let clock = Clock::from_fn(move || {
            start() + TimeDelta::from_std(began.elapsed()).expect("less than a day")
        });
        let app =
            App::with_transports(settings, clock, Random::system(), &transports).expect("clients");
        Self { app: Arc::new(app), requests }
    }

    /// Returns the number of requests that the handler has sent.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Invokes a function. Returns the status and the duration.
    pub(crate) async fn invoke(&self, function: Function) -> (u16, Duration) {
        let began = Instant::now();
        let mut service = warp::service(routes(Arc::clone(&self.app)));
        let call = service.call(invocation(function).map(Full::new));
        let response = call.await.unwrap_or_else(|never| match never {});
        let (status, body) = (response.status().as_u16(), response.into_body());
        body.collect().await.expect("a whole response");
        (status, began.elapsed())
    }
}

async fn respond(
    request: Request,
    pace: Pace,
    number: usize,
) -> Result<Response, handler::transport::TransportError> {
    let service = service_of(request.uri().host().expect("an absolute URL"));
    match pace {
        Pace::Hangs(hanging) if hanging == service => std::future::pending().await,
        Pace::HangsAfter(prompt) if number >= prompt => std::future::pending().await,
        Pace::Slow => sleep(Duration::from_secs(39)).await,
        _ => {}
    }
    let path = request.uri().path();
    Ok(match service {
        Service::Github => github(path),
        Service::Batch => batch(request.method().as_str(), path, request.body()),
        Service::Storage => storage(request.method().as_str(), request.uri()),
        Service::Management => management(path),
    })
}

fn service_of(host: &str) -> Service {
    match host {
        "api.github.com" => Service::Github,
        "batch.test" => Service::Batch,
        "storage.test" => Service::Storage,
        _ => Service::Management,
    }
}

/// Every job waits, every list has one page, and a runner idles.
fn github(path: &str) -> Response {
    let job = r#""run_id":45,"status":"queued","labels":["self-hosted","ubuntu-latest"],"created_at":"2026-11-21T09:00:00Z","runner_name":null"#;
    json(&match path {
        "/meta" => r#"{"hooks":["140.82.112.0/20","4.208.26.196/32"]}"#.to_owned(),
        "/repos/octo/app" => r#"{"full_name":"octo/app","private":true}"#.to_owned(),
        path if path.ends_with("/generate-jitconfig") => {
            r#"{"runner":{"id":9,"name":"gh-7"},"encoded_jit_config":"e30="}"#.to_owned()
        }
        path if path.ends_with("/runs") => {
            r#"{"workflow_runs":[{"id":45,"repository":{"private":true}}]}"#.to_owned()
        }
        path if path.contains("/actions/jobs/") => format!("{{{job}}}"),
        path if path.ends_with("/jobs") => format!(r#"{{"jobs":[{{"id":123,{job}}}]}}"#),
        path if path.ends_with("/runners") => r#"{"runners":[]}"#.to_owned(),
        path if path.ends_with("/hooks") => {
            r#"[{"id":9,"active":true,"events":["workflow_job"],"config":{"url":"https://app.test/api/ProvideActionsRunner"}}]"#.to_owned()
        }
        _ => "[]".to_owned(),
    })
}

/// The first eight tasks of a job exist already and have ended, but are not listed yet, so the next number is tried. Eight
/// tasks of other jobs ended so long ago that they are deleted.
fn batch(method: &str, path: &str, body: &[u8]) -> Response {
    let ended = |id: &str, state: &str| {
        format!(
            r#"{{"id":"{id}","state":"{state}","stateTransitionTime":"2026-10-01T10:00:00Z","executionInfo":{{"startTime":"2026-10-01T10:00:00Z","endTime":"2026-10-01T10:00:00Z","exitCode":0}},"environmentSettings":[{{"name":"RUNNER_PROFILE","value":"ubuntu"}},{{"name":"RUNNER_REPOSITORY","value":"octo/app"}},{{"name":"RUNNER_RUN_ID","value":"45"}}]}}"#
        )
    };
    match (method, path.strip_prefix("/jobs").map(|rest| rest.split('/').count())) {
        ("POST", Some(3)) if !adds_ninth(body) => with_code(409, "TaskExists"),
        ("GET", Some(1)) => json(r#"{"value":[{"id":"runners-ubuntu","state":"active"}]}"#),
        ("GET", Some(3)) => {
            let tasks: Vec<String> =
                (1000..1008).map(|id| ended(&format!("gh-{id}"), "completed")).collect();
            json(&format!(r#"{{"value":[{}]}}"#, tasks.join(",")))
        }
        // The task whose runner claims is running.
        ("GET", Some(4)) if path.ends_with("/gh%2D7") => json(&ended("gh-7", "running")),
        ("GET", Some(4)) => json(&ended("gh-123", "completed")),
        ("GET", _) => json(r#"{"value":[]}"#),
        ("DELETE", _) => status(200),
        _ => status(202),
    }
}

/// Returns whether a request adds the ninth task of a job.
fn adds_ninth(body: &[u8]) -> bool {
    let id = serde_json::from_slice::<serde_json::Value>(body).expect("JSON")["id"].clone();
    id.as_str().expect("a name").ends_with("-9")
}

/// The poison queue contains eight requests; the container contains claims of tasks that no longer exist.
fn storage(method: &str, uri: &http::Uri) -> Response {
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let request = r#"{"v":1,"job":124,"run":45,"repository":"octo/app","profile":"ubuntu","replacement":1,"requested_at":"2026-11-21T09:00:00Z"}"#;
    let request = BASE64_STANDARD.encode(request);
    let message = |n: u32| {
        format!(
            "<QueueMessage><MessageId>00000000-0000-4000-8000-{n:012}</MessageId><InsertionTime>Sat, 21 Nov 2026 09:00:00 GMT</InsertionTime><ExpirationTime>Fri, 27 Nov 2026 09:00:00 GMT</ExpirationTime><DequeueCount>1</DequeueCount><PopReceipt>cmVjZWlwdA==</PopReceipt><TimeNextVisible>Sat, 21 Nov 2026 09:00:00 GMT</TimeNextVisible><MessageText>{request}</MessageText></QueueMessage>"
        )
    };
    if path.ends_with("-poison/messages") {
        let messages: String = (0..8).map(message).collect();
        return xml(&format!("<QueueMessagesList>{messages}</QueueMessagesList>"));
    }
    if query.contains("comp=list") {
        let blob = |n: u32| {
            format!("<Blob><Name>claims/gh-{n}/2026-11-20T090000Z</Name><Properties/></Blob>")
        };
        let blobs: String = (2000..2008).map(blob).collect();
        let (first, last) = (
            r#"<EnumerationResults ServiceEndpoint="https://storage.test/" ContainerName="mayfly-state">"#,
            "<NextMarker/></EnumerationResults>",
        );
        return xml(&format!("{first}<Blobs>{blobs}</Blobs>{last}"));
    }
    match method {
        "GET" if query.contains("comp=metadata") => {
            let response = http::Response::builder().header("x-ms-approximate-messages-count", "3");
            response.body(Bytes::new()).expect("a response")
        }
        "GET" => with_code(404, "BlobNotFound"),
        "PUT" if query.contains("comp=metadata") => status(200),
        "DELETE" if path.contains("/messages/") => status(204),
        "DELETE" => status(202),
        _ => status(201),
    }
}

fn management(path: &str) -> Response {
    if path.contains("/oauth2/token") {
        return json(
            r#"{"access_token":"t","expires_in":"86400","expires_on":"1795000000","resource":"r","token_type":"Bearer"}"#,
        );
    }
    json(
        r#"{"properties":{"ipSecurityRestrictions":[{"ipAddress":"10.0.0.0/24","action":"Allow","priority":200,"name":"mayfly-pool"}],"ipSecurityRestrictionsDefaultAction":"Deny"}}"#,
    )
}

fn status(status: u16) -> Response {
    http::Response::builder().status(status).body(Bytes::new()).expect("a response")
}

fn with_code(status: u16, code: &str) -> Response {
    let body = format!(r#"{{"code":"{code}"}}"#);
    let response = http::Response::builder().status(status).header("x-ms-error-code", code);
    response.header("content-type", "application/json").body(Bytes::from(body)).expect("a response")
}

fn json(body: &str) -> Response {
    let response = http::Response::builder().header("content-type", "application/json");
    response.body(Bytes::from(body.to_owned())).expect("a response")
}

fn xml(body: &str) -> Response {
    let response = http::Response::builder().header("content-type", "application/xml");
    response.body(Bytes::from(body.to_owned())).expect("a response")
}

fn start() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().expect("a time")
}

fn setting(name: &str) -> Option<&'static str> {
    Some(match name {
        "FUNCTIONS_CUSTOMHANDLER_PORT" => "0",
        "BatchAccountUrl" => "https://batch.test",
        "BatchAccountName" => "mine",
        "BatchAccountKey" => "aHVzaC1iYXRjaC1rZXktb2YtdGVzdHM=",
        "ContainerRegistryServer" => "mine.azurecr.io",
        "GithubToken" => "hush-token",
        "GithubWebhookSecret" => SECRET,
        "TicketKey" => TICKET_KEY,
        "RunnerQueueUrl" => "https://storage.test/runner-requests?sig=hush-queue",
        "StateContainerUrl" => "https://storage.test/mayfly-state?sig=hush-state",
        "ClaimUrl" => "https://app.test/api/ClaimRunner",
        "AllowedRepositories" => "octo/app",
        "OperatorRanges" => "203.0.113.0/28",
        "FunctionAppResourceId" => {
            "/subscriptions/0000/resourceGroups/g/providers/Microsoft.Web/sites/app"
        }
        _ => return None,
    })
}

const SECRET: &str = "hush-webhook-secret";
const TICKET_KEY: &str = "hush-ticket-key-of-tests";

fn invocation(function: Function) -> http::Request<Bytes> {
    let job = r#"{"action":"queued","workflow_job":{"id":123,"run_id":45,"status":"queued","labels":["self-hosted","ubuntu-latest"]},"repository":{"full_name":"octo/app","private":true}}"#;
    let post = |path: &str| http::Request::post(path.to_owned());
    let by_operator =
        |request: http::request::Builder| request.header("x-forwarded-for", "203.0.113.9:55");
    let (request, body) = match function {
        Function::ProvideActionsRunner => {
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
            mac.update(job.as_bytes());
            let tag = mac.finalize().into_bytes();
            let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
            let request = post("/api/ProvideActionsRunner")
                .header("x-forwarded-for", "140.82.115.7:43210")
                .header("x-github-event", "workflow_job")
                .header("x-hub-signature-256", format!("sha256={hex}"));
            (request, job.to_owned())
        }
        Function::SubmitRunnerTask => {
            let message = r#"{"v":1,"job":123,"run":45,"repository":"octo/app","profile":"ubuntu","replacement":1,"requested_at":"2026-11-21T09:59:00Z"}"#;
            let text = serde_json::to_string(message).expect("a string");
            let envelope = serde_json::json!({ "Data": { "request": text }, "Metadata": {} });
            (post("/SubmitRunnerTask"), envelope.to_string())
        }
        Function::ClaimRunner => {
            let expires = start() + TimeDelta::hours(1);
            let (task, profile) = ("gh-7".to_owned(), "ubuntu".to_owned());
            let ticket = Ticket { task, profile, generation: 1, expires };
            let ticket = ticket.seal(&Rotating::parse(TICKET_KEY).expect("a key"));
            let (ticket, nonce) = (ticket.expose(), "0123456789abcdef0123456789abcdef");
            let claim = serde_json::json!({ "ticket": ticket, "nonce": nonce });
            (post("/api/ClaimRunner"), claim.to_string())
        }
        Function::ReconcileRunners => (post("/ReconcileRunners"), "{}".to_owned()),
        Function::RefreshFirewall => (post("/RefreshFirewall"), "{}".to_owned()),
        Function::Status => (by_operator(http::Request::get("/api/Status")), String::new()),
        Function::Operate => {
            let replay = r#"{"operation":"replay","poison":"all"}"#;
            (by_operator(post("/api/Operate")), replay.to_owned())
        }
    };
    request.body(Bytes::from(body)).expect("a request")
}

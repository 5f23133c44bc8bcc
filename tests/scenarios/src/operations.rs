//! Requests to Status and Operate, as operators send them.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use handler::status_report::{JobStatus, StatusReport};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::{POLL_INTERVAL, TestEnvironment, WAIT_TIMEOUT};

/// The version of the storage REST API.
const VERSION: &str = "2026-04-06";

impl TestEnvironment {
    /// Returns the response of Status, after the cached response has expired.
    ///
    /// # Panics
    /// The response is no report.
    pub async fn status(&self) -> StatusReport {
        self.deployment.context.clock.advance(Duration::from_secs(10));
        let (status, body) = self.call_function(Method::GET, "Status", None).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_value(body).expect("a report")
    }

    /// Returns one line per job of the status: number, phase, task and wait reason.
    pub async fn job_phases(&self) -> String {
        let report = self.status().await;
        assert!(report.complete, "{report:?}");
        let line = |job: &JobStatus| {
            let phase = serde_json::to_value(job.phase).expect("a name");
            let task = job.task.as_deref().map(|task| format!(" {task}")).unwrap_or_default();
            let reason =
                job.wait_reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} {}{task}{reason}", job.job, phase.as_str().unwrap_or_default())
        };
        self.number_jobs(&report.jobs.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Sends a request to Operate, and returns one line per done or skipped item.
    pub async fn operate(&self, request: Value) -> String {
        let (status, body) = self.call_function(Method::POST, "Operate", Some(request)).await;
        if status != 200 {
            return self
                .number_jobs(&format!("{status} {}", body["error"].as_str().unwrap_or("-")));
        }
        let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let done = list("done").iter().map(text).collect::<Vec<_>>();
        let skipped = list("skipped");
        let skipped =
            skipped.iter().map(|one| format!("{}: {}", text(&one["item"]), text(&one["reason"])));
        self.number_jobs(&done.into_iter().chain(skipped).collect::<Vec<_>>().join("\n"))
    }

    /// Calls a function with its key.
    ///
    /// # Panics
    /// The function does not answer.
    pub async fn call_function(
        &self,
        method: Method,
        function: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.call_function_with_key(&self.deployment.function_key, method, function, body).await
    }

    /// Calls a function with a key.
    ///
    /// # Panics
    /// The function does not answer.
    pub async fn call_function_with_key(
        &self,
        key: &str,
        method: Method,
        function: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}/api/{function}", self.deployment.ports.functions.url);
        let request = self.client.request(method, url).header("x-functions-key", key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// Creates a request to a function, without a key, as a browser sends it.
    pub fn function_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/{path}", self.deployment.ports.functions.url))
    }

    /// Runs a command of `mayfly` on this deployment, and returns its exit code and output.
    ///
    /// # Panics
    /// The program cannot be run.
    pub async fn command(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).stdin(Stdio::null()).env_clear();
        command.env("MAYFLY_URL", format!("{}/api", self.deployment.ports.functions.url));
        command.env("MAYFLY_FUNCTION_KEY", &self.deployment.function_key);
        let output = command.output().await.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let printed = [text(&output.stdout), text(&output.stderr)].join("\n");
        let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
        self.number_jobs(&format!("{code}: {}", printed.trim()))
    }

    /// Starts `mayfly status --web` on this deployment with a key, and returns the process and the address that it prints.
    ///
    /// # Panics
    /// The program cannot be run, or prints no address.
    pub async fn serve_page(&self, program: &str, key: &str) -> (Child, Url) {
        let mut command = tokio::process::Command::new(program);
        command.args(["status", "--web"]).stdin(Stdio::null()).stdout(Stdio::piped()).env_clear();
        command.env("MAYFLY_URL", format!("{}/api", self.deployment.ports.functions.url));
        command.env("MAYFLY_FUNCTION_KEY", key).kill_on_drop(true);
        let mut process = command.spawn().expect("the program runs");
        let stdout = process.stdout.take().expect("a pipe");
        let line = BufReader::new(stdout).lines().next_line().await.expect("a line");
        let line = line.expect("a line");
        let address = line.strip_prefix("open ").and_then(|rest| rest.split(';').next());
        (process, address.and_then(|url| url.parse().ok()).expect("an address"))
    }

    /// Waits until the request queue is empty.
    ///
    /// # Panics
    /// The queue does not become empty in time.
    pub async fn until_no_message(&self) {
        self.until_messages(0).await;
    }

    /// Waits until the request queue has a number of messages, including invisible messages.
    ///
    /// # Panics
    /// The queue does not reach that number in time.
    pub async fn until_messages(&self, number: u64) {
        let counted = async {
            while self.messages().await != number {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, counted).await.is_err() {
            self.fail_waiting(&format!("{number} messages"));
        }
    }

    /// Adds a message to the poison queue, as the host does after its last attempt.
    ///
    /// # Panics
    /// The storage account rejects the message.
    pub async fn add_poison_message(&self, request: &str) {
        self.add_message("runner-requests-poison", request).await;
    }

    /// Adds a message to a queue, which is created if it does not exist.
    ///
    /// # Panics
    /// The storage account rejects the message.
    pub async fn add_message(&self, queue: &str, request: &str) {
        let storage = &self.deployment.storage;
        let queue = format!("{}/{queue}", storage.queues);
        let created = self.client.put(format!("{queue}?{}", storage.signature));
        let created = created.header("x-ms-version", VERSION).send().await.expect("a response");
        assert!(created.status().is_success(), "{}", created.status());
        let text = BASE64_STANDARD.encode(request);
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        let put = self.client.post(format!("{queue}/messages?{}", storage.signature)).body(body);
        let put = put.header("x-ms-version", VERSION).header("content-type", "application/xml");
        assert_eq!(put.send().await.expect("a response").status().as_u16(), 201);
    }
}

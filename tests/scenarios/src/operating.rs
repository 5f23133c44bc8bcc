//! Asks Status and Operate, as those who run a deployment do.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use handler::status::{JobStatus, StatusReport};
use reqwest::Method;
use serde_json::Value;

use crate::{LOOK, PATIENCE, World};

/// What reads and writes the messages by hand speaks this version of storage.
const VERSION: &str = "2026-04-06";

impl World {
    /// Asks Status, when the last answer is too old to be given again.
    ///
    /// # Panics
    /// When it does not answer with a report.
    pub async fn status(&self) -> StatusReport {
        self.cloud.site.clock.advance(Duration::from_secs(10));
        let (status, body) = self.ask(Method::GET, "Status", None).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_value(body).expect("a report")
    }

    /// Asks Status, and tells each job in a line: its number, its place, its task and what it waits for.
    pub async fn places(&self) -> String {
        let report = self.status().await;
        assert!(report.complete, "{report:?}");
        let line = |job: &JobStatus| {
            let place = serde_json::to_value(job.place).expect("a name");
            let on = job.task.as_deref().map(|task| format!(" {task}")).unwrap_or_default();
            let why = job.waits_for.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{} {}{on}{why}", job.job, place.as_str().unwrap_or_default())
        };
        self.by_place(&report.jobs.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Gives Operate an order, and tells what was done and what was left, in a line each.
    pub async fn operate(&self, order: Value) -> String {
        let (status, body) = self.ask(Method::POST, "Operate", Some(order)).await;
        if status != 200 {
            return self.by_place(&format!("{status} {}", body["error"].as_str().unwrap_or("-")));
        }
        let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let done = list("done").iter().map(text).collect::<Vec<_>>();
        let left = list("left");
        let left =
            left.iter().map(|left| format!("{}: {}", text(&left["what"]), text(&left["why"])));
        self.by_place(&done.into_iter().chain(left).collect::<Vec<_>>().join("\n"))
    }

    /// Sends a request to a function, with its key.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn ask(&self, method: Method, function: &str, body: Option<Value>) -> (u16, Value) {
        self.ask_with(&self.cloud.function_key, method, function, body).await
    }

    /// Sends a request to a function, with some key.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn ask_with(
        &self,
        key: &str,
        method: Method,
        function: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}/api/{function}", self.cloud.ports.functions.url);
        let request = self.client.request(method, url).header("x-functions-key", key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Runs a command of `mayfly` on this deployment, and tells its exit code and what it printed.
    ///
    /// # Panics
    /// When it cannot be run.
    pub async fn command(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).stdin(Stdio::null()).env_clear();
        command.env("MAYFLY_URL", format!("{}/api", self.cloud.ports.functions.url));
        command.env("MAYFLY_FUNCTION_KEY", &self.cloud.function_key);
        let ran = command.output().await.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let said = [text(&ran.stdout), text(&ran.stderr)].join("\n");
        let code = ran.status.code().map_or("none".to_owned(), |code| code.to_string());
        self.by_place(&format!("{code}: {}", said.trim()))
    }

    /// Waits until no message asks for a runner.
    ///
    /// # Panics
    /// When one stays.
    pub async fn until_no_message(&self) {
        self.until_messages(0).await;
    }

    /// Waits until so many messages ask for runners, hidden ones included.
    ///
    /// # Panics
    /// When there are others.
    pub async fn until_messages(&self, number: u64) {
        let counted = async {
            while self.messages().await != number {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, counted).await.is_err() {
            self.give_up(&format!("{number} messages"));
        }
    }

    /// Puts a message among the poison, as the host does with what it gives up.
    ///
    /// # Panics
    /// When storage does not take it.
    pub async fn poison(&self, request: &str) {
        let storage = &self.cloud.storage;
        let queue = format!("{}/runner-requests-poison", storage.queues);
        let made = self.client.put(format!("{queue}?{}", storage.signature));
        let made = made.header("x-ms-version", VERSION).send().await.expect("an answer");
        assert!(made.status().is_success(), "{}", made.status());
        let text = BASE64_STANDARD.encode(request);
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        let put = self.client.post(format!("{queue}/messages?{}", storage.signature)).body(body);
        let put = put.header("x-ms-version", VERSION).header("content-type", "application/xml");
        assert_eq!(put.send().await.expect("an answer").status().as_u16(), 201);
    }
}

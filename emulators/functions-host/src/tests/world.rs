//! An application folder, a host that runs it, and their events and lines.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

use super::handler;
use crate::http_client::{HttpClient, Length};
use crate::{FunctionsHost, Line, Options, StartError, Stream};
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::{Listening, Response, Service, serve};

/// The maximum wait of a test. It is longer than any operation here takes.
pub(super) const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A builder of an application.
pub(super) struct App {
    folder: TempDir,
    host_json: Value,
    pub(super) options: Options,
    pub(super) events: EventContext,
}

/// A running host with its events and lines.
pub(super) struct World {
    pub(super) host: Arc<FunctionsHost>,
    pub(super) service: Arc<Service<FunctionsHost>>,
    pub(super) listening: Listening,
    pub(super) events: EventContext,
    event_receiver: broadcast::Receiver<Event>,
    lines: mpsc::UnboundedReceiver<Line>,
    client: HttpClient,
    _folder: TempDir,
}

impl App {
    /// Creates an application without functions.
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let program = std::env::current_exe().expect("this program's path");
        symlink(program, folder.path().join("handler")).expect("a link to it");
        let description =
            json!({ "defaultExecutablePath": "handler", "arguments": handler::ARGUMENTS });
        let host_json = json!({
            "version": "2.0",
            "functionTimeout": "00:01:00",
            "customHandler": { "description": description, "enableForwardingHttpRequest": true },
            "extensions": { "queues": { "visibilityTimeout": "00:00:30" } },
        });
        let noon = "2026-11-21T12:00:00Z".parse().expect("a time");
        let options = Options::new(folder.path());
        Self { folder, host_json, options, events: EventContext::new(Clock::starting_at(noon)) }
    }

    /// Creates an application with an HTTP function.
    pub(super) fn with_http(name: &str, level: &str) -> Self {
        Self::new().function(
            name,
            json!([
                { "type": "httpTrigger", "direction": "in", "name": "request",
                  "authLevel": level, "methods": ["post"] },
                { "type": "http", "direction": "out", "name": "response" },
            ]),
        )
    }

    /// Adds a function.
    pub(super) fn function(self, name: &str, bindings: Value) -> Self {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        let text = json!({ "bindings": bindings }).to_string();
        std::fs::write(folder.join("function.json"), text).expect("a file");
        self
    }

    /// Sets a property of `customHandler` in host.json.
    pub(super) fn custom_handler(mut self, name: &str, value: Value) -> Self {
        self.host_json["customHandler"][name] = value;
        self
    }

    /// Sets `functionTimeout`.
    pub(super) fn function_timeout(mut self, span: &str) -> Self {
        self.host_json["functionTimeout"] = json!(span);
        self
    }

    /// Puts the front end of App Service before the host.
    pub(super) fn front_end(mut self) -> Self {
        self.options.front_end = true;
        self
    }

    /// Adds an application setting.
    pub(super) fn setting(mut self, name: &str, value: &str) -> Self {
        self.options.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the host, or returns its error.
    pub(super) async fn try_start(mut self) -> Result<World, StartError> {
        let text = self.host_json.to_string();
        std::fs::write(self.folder.path().join("host.json"), text).expect("a file");
        let (log, lines) = mpsc::unbounded_channel();
        self.options.log = Arc::new(move |line| {
            // The test can end while the handler still writes.
            let _ = log.send(line.clone());
        });
        let event_receiver = self.events.subscribe();
        let host = FunctionsHost::start(self.options, self.events.clone()).await?;
        let service = Service::new(Arc::clone(&host));
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listening = serve(Arc::clone(&service), any).await.expect("a free port");
        let (events, client) = (self.events, HttpClient::over_sockets());
        Ok(World {
            host,
            service,
            listening,
            events,
            event_receiver,
            lines,
            client,
            _folder: self.folder,
        })
    }

    /// Starts the host.
    pub(super) async fn start(self) -> World {
        self.try_start().await.expect("the host starts")
    }
}

impl World {
    /// Creates a POST request to the host.
    pub(super) fn post(&self, target: &str) -> http::request::Builder {
        http::Request::post(format!("{}{target}", self.listening.url))
    }

    /// Sends a request with `Content-Length`.
    pub(super) async fn send(&self, request: http::request::Builder, body: &[u8]) -> Response {
        self.send_with(Length::Known, request, body).await
    }

    /// Sends a request.
    pub(super) async fn send_with(
        &self,
        length: Length,
        request: http::request::Builder,
        body: &[u8],
    ) -> Response {
        let request = request.body(Bytes::copy_from_slice(body)).expect("a request");
        self.client.send(request, length).await.expect("a response")
    }

    /// Sends a request to the control port.
    pub(super) async fn control(&self, path: &str, body: Value) -> Response {
        let request = http::Request::post(format!("{}{path}", self.listening.control))
            .header("authorization", self.listening.token.authorization())
            .header("content-type", "application/json");
        self.send(request, body.to_string().as_bytes()).await
    }

    /// Waits for the next invocation of a function, and returns its status.
    pub(super) async fn invoked(&mut self, function: &str) -> u16 {
        loop {
            let event = timeout(TEST_TIMEOUT, self.event_receiver.recv())
                .await
                .expect("an invocation in time");
            if let EventKind::Invoked { function: name, status } =
                event.expect("the sender exists").kind
                && name == function
            {
                return status;
            }
        }
    }

    /// Waits for the next line that matches a predicate.
    pub(super) async fn line(&mut self, predicate: impl Fn(&Line) -> bool) -> Line {
        loop {
            let line = timeout(TEST_TIMEOUT, self.lines.recv()).await.expect("a line in time");
            let line = line.expect("the host exists");
            if predicate(&line) {
                return line;
            }
        }
    }

    /// Waits for the next request that the handler received, in its own description.
    pub(super) async fn received(&mut self) -> Value {
        let is_request =
            |line: &Line| line.stream == Stream::Stdout && line.text.contains("\"target\"");
        serde_json::from_str(&self.line(is_request).await.text).expect("the handler writes JSON")
    }

    /// Waits until the next process of a group has started.
    pub(super) async fn started(&mut self, group: &str) -> String {
        self.line(|line| line.group == group && line.text.contains("\"started\"")).await.text
    }

    /// Returns the process id of a group.
    pub(super) fn pid(&self, group: &str) -> u32 {
        self.host.worker_pids()[group]
    }
}
